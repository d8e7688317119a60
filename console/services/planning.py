"""Plans: what an edit or an undo would change, target by target. Reads targets, writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from console.changes.beacon_plan import check_settings, plan_beacon_change
from console.changes.device_plan import notes_on_unchanged, plan_device_change, resolve_edits
from console.changes.inverse import (
    inverse_beacon_change,
    inverse_device_change,
    is_newest,
    require_undoable,
    steps_to_undo,
)
from console.changes.lockout import forecast_lockouts, locked_out_devices
from console.changes.model import BeaconChange, DeviceChange, JournalEntry, Lockout, Plan, TargetKind
from console.errors import ChangeRefused, ConfigurationError, ExitStatus, UsageError
from console.fleet.model import Beacon, Device, Fleet
from console.iis.snapshot import BeaconSnapshot
from console.nearest import did_you_mean
from console.ports import Clock, DeviceGateway, Journal
from console.services.estate import Estate
from console.services.freshness import Freshness
from console.services.jobs import Job, JobKind, JobRunner, Work
from console.services.sweep import SweepService

DeviceMaker = Callable[[Device], DeviceChange | None]
BeaconMaker = Callable[[Beacon], BeaconChange | None]


@dataclass(slots=True)
class _Gathered:
    """What worker threads found, target by target."""

    devices: dict[str, DeviceChange] = field(default_factory=dict)
    beacons: dict[str, BeaconChange] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans. Every method blocks until each of its targets was read, or failed."""

    fleet: Fleet
    devices: DeviceGateway
    journal: Journal
    estate: Estate
    sweep: SweepService
    runner: JobRunner
    clock: Clock

    def devices_edited(self, names: Sequence[str], edits: Mapping[str, str | None]) -> Plan:
        """Raises UsageError (a preference or value), ConfigurationError (a name), before anything is contacted."""
        if not edits:
            raise UsageError("nothing to set", hint="Give KEY=VALUE, or --unset KEY.")
        resolve_edits(edits, self.estate.profile)
        devices = [self._device(name) for name in dict.fromkeys(names)]

        def make(device: Device) -> DeviceChange | None:
            config = self.devices.read_config(device)
            change = plan_device_change(
                device.name, config.path, config.content, config.sha256, edits, self.estate.profile
            )
            said = () if change else notes_on_unchanged(config.content, edits, self.estate.profile)
            if said:
                notes[device.name] = said
            return change

        notes: dict[str, tuple[str, ...]] = {}
        title = ", ".join(f"{key} removed" if value is None else f"{key}={value}" for key, value in edits.items())
        return replace(self._plan_devices(title, devices, make), notes=notes)

    def beacons_edited(self, names: Sequence[str], settings: Mapping[str, str]) -> Plan:
        """Raises UsageError (a setting or word), ConfigurationError (a name), before anything is contacted."""
        if not settings:
            raise UsageError("nothing to set", hint="Give KEY=VALUE: client_certificates, require_ssl or ask.")
        checked = check_settings(settings)
        beacons = [self._beacon(name) for name in dict.fromkeys(names)]

        def make(beacon: Beacon) -> BeaconChange | None:
            return plan_beacon_change(self._fresh(beacon), beacon.site, checked)

        title = ", ".join(f"{setting}={word}" for setting, word in checked.items())
        return self._plan_beacons(title, beacons, make)

    def inverse(self, entry_id: str) -> Plan:
        """Raises ConfigurationError for an entry that isn't there or was undone already, ChangeRefused for one that is
        being written."""
        entries = self.journal.entries()
        entry = self.journal.entry(entry_id)
        require_undoable(entry, entries)
        if self.journal.is_being_written(entry_id):
            raise ChangeRefused(
                f"{entry_id} is being written by a console now",
                target=entry.target,
                phase="undo",
                hint="Wait until that has ended; a console that was killed doesn't hold it.",
            )
        title = f"undo of {entry.entry}: {entry.summary}"
        if entry.device_change is not None:
            change = entry.device_change
            newest = is_newest(entry, entries)

            def make_device(device: Device) -> DeviceChange | None:
                content = self.devices.read_config(device).content
                return inverse_device_change(change, content, newest=newest)

            return self._plan_devices(title, [self._device(entry.target)], make_device, inverse_of=entry.entry)

        def make_beacon(beacon: Beacon) -> BeaconChange | None:
            return _inverse_of_beacon(entry, steps_to_undo(entry, entries), self._fresh(beacon))

        return self._plan_beacons(title, [self._beacon(entry.target)], make_beacon, inverse_of=entry.entry)

    @property
    def freshness(self) -> Freshness:
        return Freshness(self.estate, self.sweep, self.clock)

    def lockouts(self, plan: Plan) -> tuple[Lockout, ...]:
        """Devices that get through now and would be cut off, as far as the estate is known now."""
        return forecast_lockouts(*self.estate.before_and_after(plan))

    def cut_off_by_require(self, name: str) -> tuple[str, ...]:
        """The same steps as a real plan's, made from the newest snapshot; without one nothing can be said."""
        beacon, seen = self._beacon(name), self.estate.observation()
        snapshot = seen.beacons.get(name)
        if snapshot is None or not snapshot.reached or name in seen.failures:
            return ()
        try:
            change = plan_beacon_change(snapshot, beacon.site, {"client_certificates": "require"})
        except ChangeRefused:
            return ()  # e.g. the site isn't there: no plan could be made either
        if change is None:
            return ()
        plan = Plan("what-if", self.clock.now(), TargetKind.BEACON, "what-if", beacons=(change,))
        return locked_out_devices(self.lockouts(plan))

    def _plan_devices(self, title: str, devices: Iterable[Device], make: DeviceMaker, inverse_of: str = "") -> Plan:
        gathered = _Gathered()

        def work_of(device: Device) -> Work:
            def run(_job: Job) -> None:
                change = make(device)
                if change is not None:
                    with gathered.lock:
                        gathered.devices[device.name] = change

            return Work(device.name, run)

        return self._gather(TargetKind.DEVICE, title, [work_of(device) for device in devices], gathered, inverse_of)

    def _plan_beacons(self, title: str, beacons: Iterable[Beacon], make: BeaconMaker, inverse_of: str = "") -> Plan:
        gathered = _Gathered()

        def work_of(beacon: Beacon) -> Work:
            def run(_job: Job) -> None:
                change = make(beacon)
                if change is not None:
                    with gathered.lock:
                        gathered.beacons[beacon.name] = change

            return Work(beacon.name, run, 150)

        return self._gather(TargetKind.BEACON, title, [work_of(beacon) for beacon in beacons], gathered, inverse_of)

    def _gather(self, kind: TargetKind, title: str, work: Sequence[Work], gathered: _Gathered, inverse_of: str) -> Plan:
        names = [item.target for item in work]
        self.freshness.ensure(kind, names)
        job = self.runner.start(JobKind.READ, f"plan: {title}", work)
        job.wait()
        refused = {failure.target: failure.error for failure in job.failures}
        changed = {*gathered.devices, *gathered.beacons}
        unreached = (f.target for f in job.failures if f.exit_status is ExitStatus.UNREACHABLE)
        plan = Plan(
            id=self.journal.next_plan_id(),
            created_at=self.clock.now(),
            kind=kind,
            title=title,
            devices=tuple(gathered.devices[name] for name in names if name in gathered.devices),
            beacons=tuple(gathered.beacons[name] for name in names if name in gathered.beacons),
            unchanged=tuple(name for name in names if name not in changed and name not in refused),
            refused=refused,
            unreached=tuple(unreached),
            inverse_of=inverse_of,
        )
        return replace(plan, lockouts=self.lockouts(plan), unknown=self.freshness.unknown_devices(plan))

    def _fresh(self, beacon: Beacon) -> BeaconSnapshot:
        """Read now, so that the plan's precondition is what is there now."""
        if beacon.winrm is None:
            raise ChangeRefused(
                "the fleet file gives it no winrm table, so nothing can be changed there",
                target=beacon.name,
                phase="plan",
            )
        self.sweep.snapshot(beacon)
        return self.estate.observation().beacons[beacon.name]

    def _device(self, name: str) -> Device:
        try:
            return self.fleet.device(name)
        except KeyError:
            known = [device.name for device in self.fleet.devices]
            raise ConfigurationError(f"no device is named {name!r}", hint=did_you_mean(name, known)) from None

    def _beacon(self, name: str) -> Beacon:
        try:
            return self.fleet.beacon(name)
        except KeyError:
            known = [beacon.name for beacon in self.fleet.beacons]
            raise ConfigurationError(f"no beacon is named {name!r}", hint=did_you_mean(name, known)) from None


def _inverse_of_beacon(entry: JournalEntry, made: int, snapshot: BeaconSnapshot) -> BeaconChange | None:
    """Of the steps that the entry made, or may have made; what is there now decides for each."""
    if entry.beacon_change is None:
        return None
    return inverse_beacon_change(entry.beacon_change, snapshot, made)
