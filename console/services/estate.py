"""The estate as it is known: newest observations, and the verdict of every pair. Thread-safe, tells of changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from console.agent.profile import AgentProfile
from console.agent.sharing import SharedParts
from console.agent.snapshot import DeviceSnapshot
from console.changes.model import Plan
from console.changes.what_if import apply_to_snapshots
from console.fleet.model import BeaconClientCheck, Fleet
from console.fleet.pairing import pair_uses
from console.iis.snapshot import BeaconSnapshot, Hello
from console.pki.revocation_facts import RevocationFact
from console.ports import Clock, SnapshotStore
from console.readiness.device_view import view_device
from console.readiness.judge import judge_pair
from console.readiness.model import COMPONENTS, Finding, LiveOutcome, LiveResult, PairInput, PairUse, PairVerdict
from console.services.collector import collector_paused
from console.services.contained import Judge, contained
from console.services.kept_verdicts import KeptVerdicts
from console.services.known_uses import KnownUses
from console.services.listeners import ChangeListener, Listeners
from console.services.observation import LiveKey, Observation, comparable, unreached
from console.services.proof import disagreement

__all__ = ["Estate", "LiveKey", "Observation", "unreached"]

_NOT_RUN = LiveResult(LiveOutcome.NOT_RUN)


class Estate:
    """What the fleet's targets showed last, and what follows from it.

    A target whose newest attempt failed is judged as not observed: an old snapshot never makes a pair ready.
    """

    def __init__(
        self, fleet: Fleet, profile: AgentProfile, store: SnapshotStore, clock: Clock, judge: Judge = judge_pair
    ) -> None:
        """Reads what the store holds: the last known state is there at once. Raises StoreError."""
        self._judge_pair = contained(judge)
        self.fleet = fleet
        self.profile = profile
        self._store = store
        self._clock = clock
        self._lock = threading.RLock()
        self._storing = threading.Lock()
        """Taken before `_lock`, never after it: what is on disk comes in the order of what is known, and whoever asks
        what is known doesn't wait for the disk."""
        self._devices = {device.name: device for device in fleet.devices}
        self._beacons = {beacon.name: beacon for beacon in fleet.beacons}
        self._device_snapshots: dict[str, DeviceSnapshot] = {}
        self._beacon_snapshots: dict[str, BeaconSnapshot] = {}
        self._failures: dict[str, tuple[datetime, str]] = {}
        self._live: dict[LiveKey, LiveResult] = {}
        self._observation: Observation | None = None
        self._uses = KnownUses(self._devices, self._work_out_uses)
        self._ports: Mapping[str, frozenset[int]] = {}
        """Beacon to the ports of its bindings."""
        self._unreached: dict[str, BeaconSnapshot] = {}
        """Of beacons whose newest attempt failed: what their pairs are judged by."""
        self._parts = SharedParts()
        self._verdicts = KeptVerdicts()
        self._listeners = Listeners()
        self.reload()

    def reload(self) -> None:
        """Read everything from the store again, and tell the listeners. Raises StoreError."""
        with self._storing:
            self._read_store()
        self._listeners.tell(frozenset({*self._devices, *self._beacons}))

    def _read_store(self) -> None:
        devices, beacons = self._store.devices(), self._store.beacons()
        failures, live = self._store.failures(), self._store.live()
        with self._lock:
            self._device_snapshots = {name: devices[name] for name in devices if name in self._devices}
            self._beacon_snapshots = {name: beacons[name] for name in beacons if name in self._beacons}
            self._failures, self._live = dict(failures), dict(live)
            self._uses.clear()
            self._unreached, self._observation = {}, None
            self._ports = self._ports_seen()
            for target in (*self._devices, *self._beacons):
                self._verdicts.learnt(target)

    def record_device(self, snapshot: DeviceSnapshot) -> None:
        """A device was observed. Stored first; raises StoreError. An observation that began before the one that is
        held (a sweep that an edit overtook) is dropped."""
        with self._storing:
            with self._lock:
                held = self._device_snapshots.get(snapshot.device)
            if held is not None and self._overtaken(snapshot.taken_at, held.taken_at):
                return
            if held is not None and snapshot.revocation_at is None:
                # It carries its own date, and each fact the certificate that it is about.
                snapshot = replace(snapshot, revocation=held.revocation, revocation_at=held.revocation_at)
            self._store.save_device(snapshot)
            shared = self._parts.share(snapshot)
            with self._lock:
                self._device_snapshots[snapshot.device] = shared
                self._failures.pop(snapshot.device, None)
                self._forget(snapshot.device)
        self._listeners.tell(frozenset({snapshot.device}))

    def record_device_revocation(self, device: str, facts: tuple[RevocationFact, ...], config_sha256: str) -> None:
        """What addresses for revocation of the beacons' chains answered this device now: all that is known of them.
        `config_sha256`: of the config.ini that told what to ask; where another is known by now (an edit overtook the
        sweep), they are dropped: the look after the edit asks by the new one."""
        with self._storing:
            with self._lock:
                known, failure = self._device_snapshots.get(device), self._failures.get(device)
            if known is None or (not facts and known.revocation_at is None):
                return
            if known.config.sha256 != config_sha256:
                return
            told = replace(known, revocation=facts, revocation_at=self._clock.now() if facts else None)
            self._store.save_device(told)
            if failure is not None:
                self._store.save_failure(device, *failure)
            shared = self._parts.share(told)
            with self._lock:
                self._device_snapshots[device] = shared
                self._forget(device)
        self._listeners.tell(frozenset({device}))

    def record_beacon(self, snapshot: BeaconSnapshot) -> None:
        """A beacon was observed over WinRM; the hellos that were said before stay beside it, and so does what it was
        told about revocation, which carries its own date."""
        with self._storing:
            known = self._beacon(snapshot.beacon)
            if known is not None and known.reached and self._overtaken(snapshot.taken_at, known.taken_at):
                return
            merged = replace(snapshot, hellos=known.hellos if known else ())
            if known is not None and snapshot.revocation_at is None:
                merged = replace(merged, revocation=known.revocation, revocation_at=known.revocation_at)
            self._store.save_beacon(merged)
            with self._lock:
                self._beacon_snapshots[snapshot.beacon] = merged
                self._failures.pop(snapshot.beacon, None)
                self._forget(snapshot.beacon)
        self._listeners.tell(frozenset({snapshot.beacon}))

    def record_client_revocation(self, beacon: str, facts: tuple[RevocationFact, ...]) -> None:
        """What addresses for revocation of client certificates answered this beacon now: all that is known of them."""
        with self._storing:
            known = self._beacon(beacon)
            if known is None or not known.reached or (not facts and known.revocation_at is None):
                return
            told = replace(known, revocation=facts, revocation_at=self._clock.now() if facts else None)
            with self._lock:
                failure = self._failures.get(beacon)
            self._store.save_beacon(told)
            if failure is not None:
                self._store.save_failure(beacon, *failure)
            with self._lock:
                self._beacon_snapshots[beacon] = told
                self._forget(beacon)
        self._listeners.tell(frozenset({beacon}))

    def record_hello(self, said: Hello) -> None:
        """The console said hello to an endpoint: kept with each beacon that devices reach there."""
        for device in self._missing_uses():
            self.uses_of_device(device)
        with self._lock:
            names = self._uses.beacons_at(said.host, said.port)
        with self._storing:
            for name in names:
                self._add_hello(name, said)
        self._listeners.tell(names)

    def _add_hello(self, beacon: str, said: Hello) -> None:
        """Called while storing is locked: nobody else changes a beacon's snapshot."""
        known = self._beacon(beacon) or unreached(beacon, said.taken_at, "WinRM wasn't asked yet")
        before = known.hello(said.host, said.port)
        if before is not None and self._overtaken(said.taken_at, before.taken_at):
            return
        others = [hello for hello in known.hellos if (hello.host, hello.port) != (said.host, said.port)]
        greeted = replace(known, hellos=(*others, said))
        failure = self._failures.get(beacon)
        self._store.save_beacon(greeted)
        if failure is not None:
            self._store.save_failure(beacon, *failure)
        with self._lock:
            self._beacon_snapshots[beacon] = greeted
            self._forget(beacon)

    def _beacon(self, name: str) -> BeaconSnapshot | None:
        with self._lock:
            return self._beacon_snapshots.get(name)

    def _missing_uses(self) -> tuple[str, ...]:
        with self._lock:
            return self._uses.missing

    def _overtaken(self, began: datetime, held: datetime) -> bool:
        """`held` is newer. One from the future isn't: the console's clock was wrong then, or is now."""
        return began < held <= self._clock.now()

    def record_failure(self, target: str, error: str) -> None:
        """The newest attempt to observe a target failed; what was known before stays beside it."""
        with self._storing:
            now = self._clock.now()
            self._store.save_failure(target, now, error)
            with self._lock:
                self._failures[target] = (now, error)
                self._forget(target)
        self._listeners.tell(frozenset({target}))

    def record_live(self, use: PairUse, component: str, result: LiveResult) -> None:
        """A live handshake was made; no verdict depends on it."""
        with self._storing:
            self._store.save_live(use.device, use.beacon, use.host, use.port, component, result)
            with self._lock:
                self._live[(use.device, use.beacon, use.host, use.port, component)] = result
                self._observation = None
        self._listeners.tell(frozenset({use.device}))

    def observation(self) -> Observation:
        """An immutable copy, the same until something changes. Never waits while pairs are judged."""
        seen = self._observation
        if seen is not None:
            return seen
        with self._lock:
            if self._observation is None:
                self._observation = Observation(
                    dict(self._device_snapshots), dict(self._beacon_snapshots), dict(self._failures), dict(self._live)
                )
            return self._observation

    def uses(self) -> tuple[PairUse, ...]:
        """Every way that a device may take: explicit pairs and the devices' own failover lists."""
        # The lock is held for one device at a time: reading the configurations of a large fleet takes seconds.
        return tuple(use for device in self.fleet.devices for use in self.uses_of_device(device.name))

    def uses_of_device(self, name: str) -> tuple[PairUse, ...]:
        """Raises KeyError for a device that isn't in the fleet."""
        with self._lock:
            return self._uses.of(self._devices[name].name)

    def _work_out_uses(self, name: str) -> tuple[PairUse, ...]:
        snapshot = self._device_snapshots.get(name)
        if snapshot is None or snapshot.config.content is None:
            return pair_uses(self.fleet, name, (), self._ports)
        return pair_uses(self.fleet, name, view_device(snapshot, self.profile).failover.entries, self._ports)

    def verdicts(self) -> tuple[PairVerdict, ...]:
        """One for each of `uses()`, in that order; only pairs of targets that changed are judged anew."""
        with collector_paused():
            return self._judge(self.uses())

    def verdicts_of(self, uses: Iterable[PairUse]) -> tuple[PairVerdict, ...]:
        """One for each of these uses, in their order."""
        return self._judge(uses)

    def verdicts_of_device(self, name: str) -> tuple[PairVerdict, ...]:
        """Raises KeyError for a device that isn't in the fleet."""
        return self._judge(self.uses_of_device(name))

    def verdicts_of_beacon(self, name: str) -> tuple[PairVerdict, ...]:
        return self._judge(use for use in self.uses() if use.beacon == name)

    def live_of(self, verdict: PairVerdict) -> Mapping[str, LiveResult]:
        """Component to its newest live result; all three always there (`not-run` where there is none)."""
        live = self.observation().live
        use = verdict.use
        return {
            component: live.get((use.device, use.beacon, use.host, use.port, component), _NOT_RUN)
            for component in COMPONENTS
        }

    def judge_with(self, plan: Plan) -> tuple[PairVerdict, ...]:
        """What-if: every verdict as it would be after the plan, in the order of `uses()`.

        Files that an edit names and that weren't observed make *unknown*, never ready.
        """
        _, after = self.before_and_after(plan)
        changed = {verdict.use: verdict for verdict in after}
        return tuple(changed.get(verdict.use, verdict) for verdict in self.verdicts())

    def before_and_after(self, plan: Plan) -> tuple[tuple[PairVerdict, ...], tuple[PairVerdict, ...]]:
        """The verdicts of the pairs that the plan touches: as they are, and as they would be."""
        touched, now = set(plan.targets), self._clock.now()
        uses = [use for use in self.uses() if touched & {use.device, use.beacon}]
        with self._lock:
            inputs = [self._input(use, now) for use in uses]
        return self._judge(uses), tuple(self._judge_pair(self._after(plan, given)) for given in inputs)

    def disagreements(self) -> tuple[tuple[PairUse, Finding], ...]:
        """Where a live handshake and the data disagree (`pair.live-disagrees`): it never changes a verdict."""
        observation = self.observation()
        found = []
        for verdict in self.verdicts():
            finding = disagreement(verdict, comparable(self.live_of(verdict), verdict.use, observation))
            if finding is not None:
                found.append((verdict.use, finding))
        return tuple(found)

    def age(self, target: str) -> timedelta | None:
        """Of the last good observation; None: never observed."""
        observation = self.observation()
        beacon = observation.beacons.get(target)
        device = observation.devices.get(target)
        if device is not None:
            return self._clock.now() - device.taken_at
        if beacon is not None and beacon.reached:
            return self._clock.now() - beacon.taken_at
        return None

    def listen(self, listener: ChangeListener) -> Callable[[], None]:
        """Returns the function that ends the subscription."""
        return self._listeners.add(listener)

    def _forget(self, target: str) -> None:
        """What was concluded from this target's old state; called with the lock held."""
        self._observation = None
        self._verdicts.learnt(target)
        if target not in self._beacons:
            self._uses.forget(target)
            return
        self._unreached.pop(target, None)
        ports = self._ports_seen()
        if ports != self._ports:
            # Where beacons share a host, the ports that a beacon shows decide whose use it is.
            self._ports = ports
            self._uses.clear()

    def _ports_seen(self) -> Mapping[str, frozenset[int]]:
        return {
            name: frozenset(binding.port for site in snapshot.sites for binding in site.bindings)
            for name, snapshot in self._beacon_snapshots.items()
        }

    def _judge(self, uses: Iterable[PairUse]) -> tuple[PairVerdict, ...]:
        """Judging takes its time, so the lock is held for the look-ups alone: observations go on meanwhile."""
        now = self._clock.now()
        return tuple([self._verdict(use, now) for use in uses])

    def _verdict(self, use: PairUse, now: datetime) -> PairVerdict:
        with self._lock:
            known = self._verdicts.get(use, now)
            if known is not None:
                return known
            version, given = self._verdicts.version_of(use), self._input(use, now)
        verdict = self._judge_pair(given)
        with self._lock:
            self._verdicts.keep(use, verdict, now, version)
        return verdict

    @staticmethod
    def _after(plan: Plan, given: PairInput) -> PairInput:
        devices = {given.use.device: given.device} if given.device else {}
        beacons = {given.use.beacon: given.beacon} if given.beacon and given.beacon.reached else {}
        devices, beacons = apply_to_snapshots(plan, devices, beacons)
        return replace(given, device=devices.get(given.use.device), beacon=beacons.get(given.use.beacon, given.beacon))

    def _input(self, use: PairUse, now: datetime) -> PairInput:
        beacon = self._beacons.get(use.beacon)
        device_failure, beacon_failure = self._failures.get(use.device), self._failures.get(use.beacon)
        snapshot = self._beacon_snapshots.get(use.beacon)
        if beacon_failure is not None:
            if use.beacon not in self._unreached:
                hellos = snapshot.hellos if snapshot else ()
                self._unreached[use.beacon] = replace(unreached(use.beacon, *beacon_failure), hellos=hellos)
            snapshot = self._unreached[use.beacon]
        return PairInput(
            use=use,
            device=None if device_failure else self._device_snapshots.get(use.device),
            beacon=snapshot,
            profile=self.profile,
            policy=self.fleet.policy,
            client_check=beacon.client_check if beacon else BeaconClientCheck.OBSERVED,
            now=now,
            device_error=device_failure[1] if device_failure else "",
            beacon_error=beacon_failure[1] if beacon_failure else "",
        )
