"""Verdicts that still hold: kept until time, or something new about the device or the beacon, may change them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.readiness.model import PairUse, PairVerdict

JUDGED_ANEW_AFTER = timedelta(minutes=10)
"""For a judge that doesn't say how long its verdict holds."""

Version = tuple[int, int]
"""How often something new was learnt of a use's device and of its beacon."""


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: PairVerdict
    at: datetime
    until: datetime
    version: Version

    def holds_at(self, now: datetime) -> bool:
        """A clock that was set back counts as well."""
        return self.at <= now < self.until


class KeptVerdicts:
    """Not thread-safe: the estate holds its lock."""

    def __init__(self) -> None:
        self._by_device: dict[str, dict[PairUse, _Judged]] = {}
        self._learnt: Counter[str] = Counter()

    def version_of(self, use: PairUse) -> Version:
        return self._learnt[use.device], self._learnt[use.beacon]

    def learnt(self, target: str) -> None:
        """Something new is known of a device or a beacon: a verdict from older data counts no more."""
        self._learnt[target] += 1
        self._by_device.pop(target, None)  # a beacon's verdicts show by their version that they are old

    def get(self, use: PairUse, now: datetime) -> PairVerdict | None:
        known = self._by_device.get(use.device, {}).get(use)
        if known is None or known.version != self.version_of(use) or not known.holds_at(now):
            return None
        return known.verdict

    def keep(self, use: PairUse, verdict: PairVerdict, now: datetime, version: Version) -> None:
        """Judged at `now`, from what was known at `version`; dropped where more is known by now."""
        if version == self.version_of(use):
            judged = _Judged(verdict, now, verdict.until or now + JUDGED_ANEW_AFTER, version)
            self._by_device.setdefault(use.device, {})[use] = judged
