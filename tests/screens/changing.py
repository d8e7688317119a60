"""How the estate of the screens' tests is changed: plans, applies, undo and the journal, in memory."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from console.agent.document import ConfigDocument
from console.changes.model import (
    BeaconChange,
    BeaconStep,
    DeviceChange,
    EntryState,
    JournalEntry,
    Lockout,
    Plan,
    PreferenceEdit,
    SettingEdit,
    TargetKind,
)
from console.errors import ChangeRefused, ConfigurationError
from console.readiness.model import (
    Verdict,
)
from console.services.job import Job, JobKind, Work
from console.services.recovery import OpenEntry, OpenState

if TYPE_CHECKING:
    from tests.screens.world import FakeEstate, World

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SITE = "Default Web Site"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def changed(content: bytes, change: DeviceChange) -> bytes:
    document = ConfigDocument.parse(content)
    for edit in change.edits:
        if edit.new is None:
            document = document.remove(edit.section, edit.key)
        else:
            document = document.set(edit.section, edit.key, edit.new)
    return document.to_bytes()


class FakeEditing:
    def __init__(self, world: World, estate: FakeEstate) -> None:
        self._world = world
        self._estate = estate
        self._plans = 0

    def _plan(self, kind: TargetKind, title: str) -> Plan:
        self._plans += 1
        return Plan(f"{self._plans:04d}", NOW, kind, title)

    def plan_devices(self, names: Sequence[str], edits: Mapping[str, str | None]) -> Plan:
        world = self._world
        changes: list[DeviceChange] = []
        unchanged: list[str] = []
        for name in names:
            content = world.files[name]
            document = ConfigDocument.parse(content)
            made: list[PreferenceEdit] = []
            for key, value in edits.items():
                component, _, short = key.rpartition(".")
                preference = world.profile.preference(short)
                section = world.profile.component(component).section if component else world.profile.common_section
                old = document.get(section, preference.name)
                if old != value:
                    made.append(PreferenceEdit(section, preference.name, old, value))
            change = DeviceChange(name, "config.ini", sha256(content), "", tuple(made))
            after = changed(content, change)
            if after == content:
                unchanged.append(name)
                continue
            diff = "".join(difflib.unified_diff(_lines(content), _lines(after), "config.ini", "config.ini"))
            changes.append(replace(change, after_sha256=sha256(after), diff=diff))
        plan = self._plan(TargetKind.DEVICE, f"{', '.join(key for key in edits if '.' not in key)}")
        return self._forecast(replace(plan, devices=tuple(changes), unchanged=tuple(unchanged)))

    def plan_beacons(self, names: Sequence[str], settings: Mapping[str, str]) -> Plan:
        changes = tuple(
            BeaconChange(
                name,
                SITE,
                "cd" * 32,
                tuple(SettingEdit(setting, self._world.modes[name], value) for setting, value in settings.items()),
                (BeaconStep("set-access", {}, {}, f"access flags of {SITE}"),),
                diff="-accept\n+require",
            )
            for name in names
        )
        plan = self._plan(TargetKind.BEACON, ", ".join(f"{key}={value}" for key, value in settings.items()))
        return self._forecast(replace(plan, beacons=changes))

    def _forecast(self, plan: Plan) -> Plan:
        through = {verdict.use for verdict in self._world.verdicts() if verdict.verdict is Verdict.READY}
        lost = [
            Lockout(verdict.use.device, verdict.use.beacon, "it sends no certificate")
            for verdict in self._estate.judge_with(plan)
            if verdict.use in through and verdict.verdict is Verdict.BLOCKED
        ]
        return replace(plan, lockouts=tuple(lost))

    def cut_off_by_require(self, beacon: str) -> tuple[str, ...]:
        lockouts = self.plan_beacons([beacon], {"client_certificates": "require"}).lockouts
        return tuple(dict.fromkeys(lockout.device for lockout in lockouts))

    def plan_undo(self, entry_id: str) -> Plan:
        entry = next((one for one in self._world.entries if one.entry == entry_id), None)
        if entry is None or entry.device_change is None:
            raise ConfigurationError(f"there is no entry {entry_id}")
        change = entry.device_change
        back = dataclasses.replace(
            change,
            before_sha256=change.after_sha256,
            after_sha256=change.before_sha256,
            edits=tuple(PreferenceEdit(one.section, one.key, one.new, one.old) for one in change.edits),
        )
        plan = self._plan(TargetKind.DEVICE, f"undo of {entry_id}")
        return self._forecast(replace(plan, devices=(back,), inverse_of=entry_id))

    def start_apply(self, plan: Plan, accept_lockout: int | None = None) -> Job:
        world = self._world
        if world.read_only:
            raise ChangeRefused("the console is read-only")
        world.applied.append((plan, accept_lockout))

        def apply(name: str) -> None:
            for change in plan.devices:
                if change.device == name:
                    world.files[name] = changed(world.files[name], change)
                    world.entries.insert(0, self._entry(plan, name, change))
                    if plan.inverse_of:
                        world.entries[:] = [
                            replace(one, state=EntryState.UNDONE) if one.entry == plan.inverse_of else one
                            for one in world.entries
                        ]
            for beacon in plan.beacons:
                if beacon.beacon == name:
                    world.modes[name] = beacon.edits[0].new
            world.tell(name)

        work = [Work(name, lambda _job, name=name: apply(name)) for name in plan.targets]  # type: ignore[misc]
        return world.jobs.start(JobKind.APPLY, f"apply {plan.id}", work)

    def _entry(self, plan: Plan, name: str, change: DeviceChange) -> JournalEntry:
        number = f"E-{len(self._world.entries) + 1:04d}"
        return JournalEntry(
            number, NOW, plan.id, plan.kind, name, EntryState.DONE, plan.title, change, undoes=plan.inverse_of
        )


def _lines(content: bytes) -> list[str]:
    return content.decode().splitlines(keepends=True)


class FakeRecovery:
    def __init__(self, world: World) -> None:
        self._world = world

    def open_entries(self) -> tuple[JournalEntry, ...]:
        return tuple(entry for entry in self._world.entries if entry.state is EntryState.OPEN)

    def inspect(self, entry: JournalEntry) -> OpenEntry:
        return OpenEntry(entry, OpenState.APPLIED, f"{entry.target}: it went through, only its record was missing.")

    def settle(self, opened: OpenEntry) -> None:
        self._world.entries[:] = [
            replace(one, state=EntryState.DONE) if one.entry == opened.entry.entry else one
            for one in self._world.entries
        ]


class FakeJournal:
    def __init__(self, world: World) -> None:
        self._world = world

    def entries(self, limit: int | None = None) -> Sequence[JournalEntry]:
        return tuple(self._world.entries[:limit])
