"""What stands in the estate's way, counted: pure, without widgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.readiness.model import Finding, PairUse, PairVerdict, Side, Status, Verdict
from screens.fleet_model import DeviceFacts, FleetModel, check_words, counts
from screens.text import days_left, plain


@dataclass(frozen=True, slots=True)
class Obstacle:
    check: str
    words: str
    side: Side
    remedy: str
    """Of the first, as `side`."""
    devices: tuple[str, ...]
    """In the order of the fleet."""
    beacons: tuple[str, ...]
    glyph: Status
    """The worst status that the check has anywhere."""


def pair_verdicts(model: FleetModel) -> Counter[Verdict]:
    """Each pair counted once; a device of which no pair is known counts as one that is unknown."""
    tally: Counter[Verdict] = Counter()
    for verdicts in model.by_device.values():
        tally += counts(verdicts) if verdicts else Counter({Verdict.UNKNOWN: 1})
    return tally


def obstacles(model: FleetModel) -> tuple[Obstacle, ...]:
    """First obstacles, the one that stops most devices first."""
    devices: dict[str, dict[str, None]] = {}
    beacons: dict[str, dict[str, None]] = {}
    sample: dict[str, Finding] = {}
    status: dict[str, Status] = {}
    for verdicts in model.by_device.values():
        for verdict in verdicts:
            finding = verdict.first_obstacle
            if finding is None:
                continue
            devices.setdefault(finding.check, {})[verdict.use.device] = None
            beacons.setdefault(finding.check, {})[verdict.use.beacon] = None
            sample.setdefault(finding.check, finding)
            known = status.get(finding.check, finding.status)
            status[finding.check] = min(known, finding.status, key=_WORST.index)
    found = [
        Obstacle(
            check,
            _words(check, sample[check].message, len(names)),
            sample[check].side,
            sample[check].remedy,
            tuple(names),
            tuple(beacons[check]),
            status[check],
        )
        for check, names in devices.items()
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.devices), one.check)))


def _words(check: str, message: str, devices: int) -> str:
    """The rule's name; of one device its message too (of many each would be another)."""
    return f"{check_words(check)}: {plain(message)}" if devices == 1 else check_words(check)


@dataclass(frozen=True, slots=True)
class Expiries:
    week: int = 0
    month: int = 0
    quarter: int = 0
    """Within 90 days; each number holds the ones before it, and what has run out already."""


def expiries(facts: Mapping[str, DeviceFacts], now: datetime) -> Expiries:
    left = [days_left(fact.expires, now) for fact in facts.values() if fact.expires is not None]
    return Expiries(*(sum(days <= limit for days in left) for limit in (7, 30, 90)))


_WORST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.NOT_APPLICABLE)


_FAULTS = (Status.FAIL, Status.UNKNOWN, Status.WARN)


def devices_by_fault(verdicts: Sequence[PairVerdict]) -> Mapping[str, int]:
    """Check id to the number of devices that it finds fault with, at any beacon."""
    found: dict[str, set[str]] = {}
    for verdict in verdicts:
        for finding in verdict.findings:
            if finding.status in _FAULTS:
                found.setdefault(finding.check, set()).add(verdict.use.device)
    return {check: len(devices) for check, devices in found.items()}


def uses_with_fault(verdicts: Sequence[PairVerdict], check: str) -> tuple[PairUse, ...]:
    return tuple(
        verdict.use
        for verdict in verdicts
        if any(finding.check == check and finding.status in _FAULTS for finding in verdict.findings)
    )
