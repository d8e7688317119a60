"""The estate as it is known: newest observations, and the verdict of every pair. Thread-safe, tells of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.changes.model import Plan
from console.fleet.model import Fleet
from console.iis.snapshot import BeaconSnapshot
from console.ports import Clock, SnapshotStore
from console.readiness.model import Finding, LiveResult, PairUse, PairVerdict

LiveKey = tuple[str, str, str, int, str]
"""(device, beacon, host, port, component)."""


@dataclass(frozen=True, slots=True)
class Observation:
    """All that is known at one moment."""

    devices: Mapping[str, DeviceSnapshot] = field(default_factory=dict)
    beacons: Mapping[str, BeaconSnapshot] = field(default_factory=dict)
    failures: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)
    """Targets whose newest attempt failed: when, and why."""
    live: Mapping[LiveKey, LiveResult] = field(default_factory=dict)


ChangeListener = Callable[[frozenset[str]], None]
"""Names of the targets about which something new is known. Called from any thread."""


class Estate:
    def __init__(self, fleet: Fleet, profile: AgentProfile, store: SnapshotStore, clock: Clock) -> None:
        self.fleet = fleet
        self.profile = profile

    def observation(self) -> Observation:
        raise NotImplementedError

    def uses(self) -> tuple[PairUse, ...]:
        """Every way that a device may take: explicit pairs and the devices' own failover lists."""
        raise NotImplementedError

    def verdicts(self) -> tuple[PairVerdict, ...]:
        """One for each of `uses()`, in that order."""
        raise NotImplementedError

    def verdicts_of_device(self, name: str) -> tuple[PairVerdict, ...]:
        raise NotImplementedError

    def verdicts_of_beacon(self, name: str) -> tuple[PairVerdict, ...]:
        raise NotImplementedError

    def live_of(self, verdict: PairVerdict) -> Mapping[str, LiveResult]:
        """Component to its newest live result; all three always there (`not-run` where there is none)."""
        raise NotImplementedError

    def judge_with(self, plan: Plan) -> tuple[PairVerdict, ...]:
        """What-if: every verdict as it would be after the plan."""
        raise NotImplementedError

    def disagreements(self) -> tuple[tuple[PairUse, Finding], ...]:
        """Where a live handshake and the data disagree (`pair.live-disagrees`): it never changes a verdict."""
        raise NotImplementedError

    def refresh(self, target: str) -> None:
        """Read one target's newest state from the store again, and tell the listeners."""
        raise NotImplementedError

    def age(self, target: str) -> timedelta | None:
        """Of the last good observation; None: never observed."""
        raise NotImplementedError

    def listen(self, listener: ChangeListener) -> Callable[[], None]:
        """Returns the function that ends the subscription."""
        raise NotImplementedError
