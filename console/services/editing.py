"""Edits of both sides: plan, apply, undo. Nothing writes but `apply`, and it takes nothing but a plan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from console.changes.beacon_plan import require_records
from console.changes.device_plan import content_after
from console.changes.inverse import inverse_beacon_change
from console.changes.lockout import locked_out_devices
from console.changes.model import BeaconChange, DeviceChange, EntryState, JournalEntry, Lockout, Plan, TargetKind
from console.changes.plan_file import is_of
from console.changes.summary import beacon_summary, device_summary
from console.errors import ChangeFailed, ChangeRefused, ConfigurationError, MtlsConsoleError
from console.fleet.model import Fleet
from console.ports import BeaconGateway, Clock, ConfigFile, DeviceGateway, Journal
from console.services.estate import Estate
from console.services.events import StepApplied
from console.services.jobs import Afterwards, Job, JobKind, JobRunner, Work
from console.services.planning import Planner
from console.services.recovery import OpenState, RecoveryService
from console.services.sweep import REVOCATION_SECONDS, SweepService

APPLY_SECONDS = 300.0
"""One target's time to be written. A target given up keeps its entry open: the journal says so at the next start."""
LOOK_SECONDS = 150.0
"""The time of the look afterwards, which never makes a failure of what was written."""


class EditingService:
    """Plans block until their targets were read: call them from a worker thread."""

    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        beacons: BeaconGateway,
        journal: Journal,
        estate: Estate,
        sweep: SweepService,
        runner: JobRunner,
        clock: Clock,
        *,
        read_only: bool = False,
    ) -> None:
        self._fleet = fleet
        self._devices = devices
        self._beacons = beacons
        self._journal = journal
        self._estate = estate
        self._sweep = sweep
        self._runner = runner
        self._clock = clock
        self._read_only = read_only
        self._changing: set[str] = set()
        self._to_look_at: set[str] = set()
        """Targets of which something was, or may have been, written."""
        self._to_ask: set[str] = set()
        """Targets that were looked at again."""
        self._changing_lock = threading.Lock()
        self._recovery = RecoveryService(fleet, devices, beacons, journal)
        self._planner = Planner(fleet, devices, journal, estate, sweep, runner, clock)

    def plan_devices(self, names: Sequence[str], edits: Mapping[str, str | None]) -> Plan:
        """Read each config.ini and plan these preferences (`Name`, or `Component.Name`; None: no line).

        A device that can't be read is in `refused`, one that already is so in `unchanged`; lock-outs are forecast.
        Raises ConfigurationError for an unknown name, preference or value, before anything is contacted.
        """
        return self._planner.devices_edited(names, edits)

    def plan_beacons(self, names: Sequence[str], settings: Mapping[str, str]) -> Plan:
        """Snapshot each beacon and plan these settings (client_certificates, require_ssl, ask). As `plan_devices`."""
        return self._planner.beacons_edited(names, settings)

    def plan_undo(self, entry_id: str) -> Plan:
        """The inverse of one journal entry; `inverse_of` names it. A plan without targets: nothing of it is left.

        Raises ConfigurationError for an unknown id, or an entry that was undone already; ChangeRefused for one that a
        console is writing now.
        """
        return self._planner.inverse(entry_id)

    def lockouts(self, plan: Plan) -> tuple[Lockout, ...]:
        """As forecast from what is known now; `apply` goes by this, not by what the plan says."""
        return self._planner.lockouts(plan)

    def cut_off_by_require(self, beacon: str) -> tuple[str, ...]:
        """Devices that get through now and wouldn't, were client certificates required there now. Contacts nothing.

        Raises ConfigurationError for an unknown name.
        """
        return self._planner.cut_off_by_require(beacon)

    def start_apply(self, plan: Plan, accept_lockout: int | None = None) -> Job:
        """Apply in the background; afterwards each target is observed anew. Targets fail one by one.

        Raises ChangeRefused, with nothing written, where the console is read-only, where the plan was applied already,
        or where it cuts devices off that now get through and `accept_lockout` isn't their exact number;
        ConfigurationError for an unknown target. Targets that the plan was applied to already are left out.
        Blocks while what it goes by is observed anew, where that is older than a few minutes.
        """
        self.require_known(plan)
        plan = self.left_of(plan)
        if not self._read_only:
            self._planner.freshness.ensure(plan.kind, plan.targets)
        self.require_allowed(plan, accept_lockout)
        work = [self._device_work(plan, change) for change in plan.devices]
        work += [self._beacon_work(plan, change) for change in plan.beacons]
        return self._runner.start(JobKind.APPLY, f"{plan.id}: {plan.title}", work)

    def apply(self, plan: Plan, accept_lockout: int | None = None) -> Job:
        """`start_apply`, and wait for its end."""
        job = self.start_apply(plan, accept_lockout)
        job.wait()
        return job

    def require_allowed(self, plan: Plan, accept_lockout: int | None) -> None:
        """What `start_apply` demands before anything is written, for asking a person only what may then be done."""
        if self._read_only:
            raise ChangeRefused("this console is read-only", phase="apply")
        self.require_known(plan)
        cut_off = locked_out_devices(self.lockouts(plan))
        if cut_off and accept_lockout != len(cut_off):
            raise _lockout_refused(cut_off, accept_lockout)

    def left_of(self, plan: Plan) -> Plan:
        """Without the targets that this very plan was applied to, and not taken back since; contacts nothing.

        Raises ChangeRefused where there are targets, and none is left.
        """
        done = {
            entry.target: entry.entry
            for entry in self._journal.entries()
            if entry.plan == plan.id and entry.state is EntryState.DONE and is_of(plan, entry)
        }
        devices = tuple(change for change in plan.devices if change.device not in done)
        beacons = tuple(change for change in plan.beacons if change.beacon not in done)
        if done and not devices and not beacons:
            named = sorted(done.values())
            raise ChangeRefused(
                f"{plan.id} was applied already, as {', '.join(named[:3])}{' …' if len(named) > 3 else ''}",
                phase="apply",
                hint="Nothing was written. For the same change once more, plan it again.",
            )
        return replace(plan, devices=devices, beacons=beacons)

    def _device_work(self, plan: Plan, change: DeviceChange) -> Work:
        device = self._fleet.device(change.device)
        look, ask = partial(self._sweep.collect, device), partial(self._sweep.ask_revocation, device)
        return self._work(change.device, partial(self._apply_device, plan, change), look, ask)

    def _beacon_work(self, plan: Plan, change: BeaconChange) -> Work:
        beacon = self._fleet.beacon(change.beacon)
        look, ask = partial(self._sweep.observe_again, beacon), partial(self._sweep.ask_client_revocation, beacon)
        return self._work(change.beacon, partial(self._apply_beacon, plan, change), look, ask)

    def _work(self, target: str, run: Callable[[Job], None], look: Callable[[], None], ask: Callable[[], None]) -> Work:
        # Never tried again by itself: after a lost connection the target's state has to be looked at first.
        return Work(
            target,
            partial(self._alone, target, run),
            APPLY_SECONDS,
            retries=0,
            afterwards=Afterwards(
                partial(self._look_again, target, look),
                lambda error: self._estate.record_failure(target, error.sentence),
                LOOK_SECONDS,
                # The target has been seen. What its addresses for revocation answer isn't known then, as it wasn't
                # before, and that is what its pairs say.
                then=Afterwards(partial(self._ask_again, target, ask), lambda _: None, REVOCATION_SECONDS),
            ),
        )

    def _alone(self, target: str, run: Callable[[Job], None], job: Job) -> None:
        """One change of a target at a time: the steps of two would mix, and both journals would say done."""
        with self._changing_lock:
            if target in self._changing:
                raise ChangeRefused(
                    "another change of it is being made now; nothing was written",
                    target=target,
                    phase="apply",
                    hint="Wait until it has ended, then plan again.",
                )
            self._changing.add(target)
        try:
            run(job)
        finally:
            with self._changing_lock:
                self._changing.discard(target)

    def require_known(self, plan: Plan) -> None:
        """Raises ConfigurationError where the plan is for another fleet."""
        known = self._fleet.devices if plan.kind is TargetKind.DEVICE else self._fleet.beacons
        missing = set(plan.targets) - {target.name for target in known}
        if missing:
            raise ConfigurationError(
                f"plan {plan.id} names {', '.join(sorted(missing))}, which this fleet doesn't have",
                target=str(self._fleet.path),
            )

    def _apply_device(self, plan: Plan, change: DeviceChange, job: Job) -> None:
        device = self._fleet.device(change.device)
        config = self._devices.read_config(device)
        if config.path != change.path:
            raise ChangeRefused(
                f"its config.ini is {config.path}, the plan is for {change.path}", target=device.name, phase="apply"
            )
        content = self._content_after(change, config)
        with self._opened(plan, device.name, device_summary(change), device_change=change) as entry:
            try:
                if change.restore_backup:
                    self._devices.restore_config(device, change.before_sha256, change.after_sha256)
                else:
                    self._devices.replace_config(device, change.before_sha256, content)
                self._journal.step_done(entry.entry, 1)
                self._read_back(change)
            except MtlsConsoleError as error:
                raise self._device_failed(plan, entry, change, error) from error
            job.emit(StepApplied(device.name, self._clock.now(), entry.summary, 1, 1))
            self._succeed(plan, entry, 1)

    @staticmethod
    def _content_after(change: DeviceChange, config: ConfigFile) -> bytes:
        """The bytes to write; none where the backup is put back. Raises ChangeRefused where the file has changed."""
        if not change.restore_backup:
            return content_after(change, config.content)
        if config.sha256 != change.before_sha256:
            raise ChangeRefused(
                f"{change.path} has changed since the plan was made; nothing was written",
                target=change.device,
                phase="apply",
                hint="Plan the undo again: it will take back the edited keys alone.",
            )
        return b""

    def _read_back(self, change: DeviceChange) -> None:
        found = self._devices.read_config(self._fleet.device(change.device))
        if found.sha256 != change.after_sha256:
            raise ChangeFailed(
                f"{change.path} was written, but holds something else now", target=change.device, phase="read back"
            )

    def _device_failed(
        self, plan: Plan, entry: JournalEntry, change: DeviceChange, error: MtlsConsoleError
    ) -> MtlsConsoleError:
        """A refusal proves that nothing was written, whatever the file holds. After any other failure what it holds
        now decides what the journal says; where that can't be read, or tells nothing, the entry stays open."""
        if isinstance(error, ChangeRefused):
            self._journal.close_entry(entry.entry, EntryState.FAILED, error.message)
            return error
        try:
            found = self._devices.read_config(self._fleet.device(change.device)).sha256
        except MtlsConsoleError:
            return _with_hint(error, f"{entry.entry} stays open: whether the file was written isn't known yet.")
        if found == change.after_sha256:
            self._succeed(plan, entry, 1)
            return _with_hint(error, f"Yet the file is as planned, and {entry.entry} is done.")
        if found == change.before_sha256:
            self._journal.step_done(entry.entry, 0)
            self._journal.close_entry(entry.entry, EntryState.FAILED, error.message)
            return _with_hint(error, error.hint or "The old file is whole: nothing was changed.")
        if self._journal.entry(entry.entry).steps_done:
            self._journal.close_entry(entry.entry, EntryState.FAILED, error.message)
            return _with_hint(error, "The file is neither as before nor as planned: look at it.")
        return _with_hint(
            error, f"The file is neither as before nor as planned: look at it. {entry.entry} stays open until then."
        )

    def _apply_beacon(self, plan: Plan, change: BeaconChange, job: Job) -> None:
        beacon = self._fleet.beacon(change.beacon)
        found = self._beacons.snapshot(beacon)
        if found.config_sha256 != change.config_sha256:
            raise ChangeRefused(
                "applicationHost.config has changed since the plan was made; nothing was written",
                target=beacon.name,
                phase="apply",
                hint="Plan again, and review what the beacon holds now.",
            )
        require_records(change, found)
        with self._opened(plan, beacon.name, beacon_summary(change), beacon_change=change) as entry:
            for done, step in enumerate(change.steps, 1):
                try:
                    self._beacons.run(beacon, step.operation, step.parameters)
                except MtlsConsoleError as error:
                    raise self._beacon_failed(entry, change, done - 1, error) from error
                self._journal.step_done(entry.entry, done)
                job.emit(StepApplied(beacon.name, self._clock.now(), step.summary, done, len(change.steps)))
            self._succeed(plan, entry, len(change.steps))

    def _beacon_failed(
        self, entry: JournalEntry, change: BeaconChange, done: int, error: MtlsConsoleError
    ) -> MtlsConsoleError:
        """Only a refusal proves that the step wrote nothing: after any other failure the beacon is looked at, and an
        entry whose outcome can't be told stays open."""
        steps = len(change.steps)
        if not isinstance(error, ChangeRefused):
            opened = self._recovery.look(replace(entry, steps_done=done))
            if opened.state in (OpenState.UNREACHABLE, OpenState.CHANGED):
                return _with_hint(
                    error, f"{entry.entry} stays open: whether step {done + 1} of {steps} was done isn't known."
                )
            if opened.state is OpenState.UNTOUCHED:
                done = 0
                self._journal.step_done(entry.entry, done)
            elif change.steps[done].inverse is not None and self._went_through(change, done):
                done += 1
                self._journal.step_done(entry.entry, done)
        self._journal.close_entry(entry.entry, EntryState.FAILED, error.message)
        if done == 0:
            return _with_hint(error, error.hint or "Nothing was changed.")
        return _with_hint(error, f"{done} of {steps} steps were done: `undo {entry.entry}` takes them back.")

    def _went_through(self, change: BeaconChange, number: int) -> bool:
        """Is there something of this one step to take back on the beacon now?"""
        alone = replace(change, steps=(change.steps[number],))
        try:
            return inverse_beacon_change(alone, self._beacons.snapshot(self._fleet.beacon(change.beacon))) is not None
        except MtlsConsoleError:
            return True  # it can't be told; an undo looks at the beacon itself and takes back only what is there

    @contextmanager
    def _opened(
        self,
        plan: Plan,
        target: str,
        summary: str,
        device_change: DeviceChange | None = None,
        beacon_change: BeaconChange | None = None,
    ) -> Iterator[JournalEntry]:
        """On disk and synced when this begins: only then may anything be written on the target."""
        entry = JournalEntry(
            entry=self._journal.next_entry_id(),
            at=self._clock.now(),
            plan=plan.id,
            kind=plan.kind,
            target=target,
            state=EntryState.OPEN,
            summary=summary,
            device_change=device_change,
            beacon_change=beacon_change,
            undoes=plan.inverse_of,
        )
        self._journal.open_entry(entry)
        try:
            with self._changing_lock:
                self._to_look_at.add(target)
            yield entry
        finally:
            self._journal.let_go(entry.entry)

    def _succeed(self, plan: Plan, entry: JournalEntry, steps: int) -> None:
        self._journal.step_done(entry.entry, steps)
        self._journal.close_entry(entry.entry, EntryState.DONE)
        if plan.inverse_of:
            self._journal.close_entry(plan.inverse_of, EntryState.UNDONE)

    def _look_again(self, target: str, look: Callable[[], None]) -> None:
        """After a change that was opened, however it ended: what was known of the target isn't true any more."""
        with self._changing_lock:
            if target not in self._to_look_at:
                return
            self._to_look_at.discard(target)
        look()
        with self._changing_lock:
            self._to_ask.add(target)

    def _ask_again(self, target: str, ask: Callable[[], None]) -> None:
        """After such a look: by its new settings the target may meet other addresses for revocation."""
        with self._changing_lock:
            if target not in self._to_ask:
                return
            self._to_ask.discard(target)
        ask()


def _lockout_refused(cut_off: Sequence[str], accepted: int | None) -> ChangeRefused:
    shown = ", ".join(cut_off[:20]) + (f" and {len(cut_off) - 20} more" if len(cut_off) > 20 else "")
    who = "1 device that now gets through" if len(cut_off) == 1 else f"{len(cut_off)} devices that now get through"
    said = f", and {accepted} were accepted" if accepted is not None else ""
    return ChangeRefused(
        f"{who} would be cut off{said}: {shown}",
        phase="apply",
        hint=f"Nothing was written. If that is meant: --accept-lockout {len(cut_off)}.",
    )


def _with_hint(error: MtlsConsoleError, hint: str) -> MtlsConsoleError:
    return type(error)(error.message, target=error.target, phase=error.phase, hint=hint)
