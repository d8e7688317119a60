"""Every way that each device may take, worked out when first asked for and kept until something of it changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from console.readiness.model import PairUse


class KnownUses:
    """Not thread-safe: the estate holds its lock."""

    def __init__(self, devices: Iterable[str], work_out: Callable[[str], tuple[PairUse, ...]]) -> None:
        self._devices = tuple(devices)
        self._work_out = work_out
        self._of: dict[str, tuple[PairUse, ...]] = {}
        self._missing: dict[str, None] = {}
        """Devices that aren't worked out, in their order."""
        self._beacons_at: dict[tuple[str, int], Counter[str]] = {}
        self.clear()

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(self._missing)

    def of(self, device: str) -> tuple[PairUse, ...]:
        known = self._of.get(device)
        if known is not None:
            return known
        worked_out = self._of[device] = self._work_out(device)
        self._missing.pop(device, None)
        for use in worked_out:
            self._beacons_at[(use.host, use.port)][use.beacon] += 1
        return worked_out

    def beacons_at(self, host: str, port: int) -> frozenset[str]:
        """Beacons that devices reach there, of those that are worked out."""
        found = self._beacons_at.get((host, port), Counter())
        return frozenset(beacon for beacon, uses in found.items() if beacon and uses)

    def forget(self, device: str) -> None:
        for use in self._of.pop(device, ()):
            self._beacons_at[(use.host, use.port)][use.beacon] -= 1
        self._missing[device] = None

    def clear(self) -> None:
        self._of.clear()
        self._missing = dict.fromkeys(self._devices)
        self._beacons_at = defaultdict(Counter)
