"""Outcomes that many pairs share are worked out once per judging moment: 20,000 pairs have few distinct questions.

A memo belongs to one (moment, policy, profile); the last two are kept, so that a fleet re-judged at one moment shares
everything, and nothing old lingers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Generic, TypeVar

from console.agent.profile import AgentProfile
from console.fleet.model import Policy
from console.readiness.case import Case
from console.readiness.engine import trust_unseen, unseen_directory
from console.readiness.identity import Same
from console.readiness.model import Finding, Verdict
from console.readiness.outcome import Outcome
from console.readiness.registry import Check, Part

T = TypeVar("T")
_LARGEST = 200_000


class Memo(Generic[T]):
    """Bounded: emptied when it is full."""

    def __init__(self) -> None:
        self._known: dict[Hashable, T] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _LARGEST:
                self._known.clear()
            found = self._known[key] = make()
        return found


@dataclass(frozen=True, slots=True)
class PartJudged:
    """The outcomes of one part's checks for one component, and what they make of the verdict."""

    outcomes: tuple[tuple[Check, Outcome], ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Merged:
    """Findings of one part, merged over the components."""

    of: tuple[PartJudged, ...]
    """Kept, so that their ids stay theirs while they are a key."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is judged at one moment by one policy and profile."""

    parts: Memo[PartJudged]
    merged: Memo[Merged]


@lru_cache(maxsize=2)
def moment_of(now: datetime, policy: Policy, profile: Same[AgentProfile]) -> Moment:
    del now, policy, profile
    return Moment(Memo(), Memo())


def key_of(case: Case, part: Part) -> Hashable:
    """What the part's outcomes are a function of, the judging moment, policy and profile aside."""
    match part:
        case Part.DEVICE:
            return part, device_key(case), case.https, case.pair.device_error
        case Part.ENDPOINT:
            use = case.use
            place = (use.beacon, use.host, use.port, use.protocol, use.address)
            return part, _endpoint(case), case.access, place, case.pair.beacon_error
        case Part.TRUST:
            return part, _endpoint(case), case.https, *_trust_key(case)
    errors = (case.pair.device_error, case.pair.beacon_error)
    return part, device_key(case), _endpoint(case), case.access, case.use, case.uploads, case.documented, errors


def _endpoint(case: Case) -> int:
    return 0 if case.endpoint is None else case.endpoint.serial


def device_key(case: Case) -> Hashable:
    """The device and the component's effective preferences, wherever they stand."""
    if case.device is None or case.preferences is None:
        return 0 if case.device is None else case.device.serial, None
    values = tuple((value.value, value.origin, value.section) for value in case.preferences.values)
    return case.device.serial, values, case.preferences.problems


def _trust_key(case: Case) -> tuple[Hashable, ...]:
    device, preferences = case.device, case.preferences
    if device is None or preferences is None:
        return (None,)
    if not case.checks_server:
        return (False,)
    sets = tuple(device.trust(preferences, skips_bom=skips).serial for skips in device.stack.skips_bom)
    seen = (trust_unseen(device, preferences), unseen_directory(case), device.ca_file_collected(preferences))
    return sets, device.stack, device.skew, case.checks_revocation, *seen
