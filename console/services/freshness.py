"""Both sides of what an edit touches, observed before anybody is told whom it would cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from console.changes.model import Plan, TargetKind
from console.ports import Clock
from console.readiness.model import Verdict
from console.services.estate import Estate
from console.services.sweep import SweepService

FRESH_FOR = timedelta(minutes=5)
"""A look, or a failed attempt at one, that is younger isn't made again."""


@dataclass(frozen=True, slots=True)
class Freshness:
    estate: Estate
    sweep: SweepService
    clock: Clock

    def ensure(self, kind: TargetKind, names: Sequence[str]) -> None:
        """Look at the targets and at the other side of their pairs, where that is older than a few minutes. Blocks.

        Of devices that nothing is known of, any may use a beacon. A target that fails is recorded as such.
        """
        stale = [name for name in self._both_sides(kind, names) if not self._is_fresh(name)]
        if stale:
            self.sweep.start(stale, follow=kind is TargetKind.DEVICE).wait()

    def unknown_devices(self, plan: Plan) -> tuple[str, ...]:
        """Devices of which nobody can say whether the plan cuts them off, in the fleet's order."""
        if not plan.targets:
            return ()
        before, after = self.estate.before_and_after(plan)
        found = {v.use.device for v in (*before, *after) if v.verdict is Verdict.UNKNOWN}
        if plan.beacons:
            found |= self._never_seen()
        return tuple(device.name for device in self.estate.fleet.devices if device.name in found)

    def _both_sides(self, kind: TargetKind, names: Sequence[str]) -> list[str]:
        chosen = set(names)
        sides = set(chosen)
        for use in self.estate.uses():
            if use.beacon and chosen & {use.device, use.beacon}:
                sides |= {use.device, use.beacon}
        if kind is TargetKind.BEACON:
            sides |= self._never_seen()
        fleet = self.estate.fleet
        return [
            *(beacon.name for beacon in fleet.beacons if beacon.name in sides),
            *(device.name for device in fleet.devices if device.name in sides),
        ]

    def _never_seen(self) -> set[str]:
        seen = self.estate.observation().devices
        return {device.name for device in self.estate.fleet.devices if device.name not in seen}

    def _is_fresh(self, target: str) -> bool:
        seen = self.estate.observation()
        looks = [seen.devices[target].taken_at] if target in seen.devices else []
        # A hello alone leaves a beacon without a look over WinRM: that doesn't count.
        if target in seen.beacons and seen.beacons[target].reached:
            looks.append(seen.beacons[target].taken_at)
        if target in seen.failures:
            looks.append(seen.failures[target][0])
        now = self.clock.now()
        return any(at <= now < at + FRESH_FOR for at in looks)
