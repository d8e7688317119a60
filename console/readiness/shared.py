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

from console.agent.preferences import TlsPreferences
from console.agent.profile import AgentProfile
from console.fleet.model import Policy
from console.identity import Same, serial_of
from console.readiness.case import Case
from console.readiness.device_view import DeviceView
from console.readiness.engine import trust_unseen, unseen_directory
from console.readiness.model import Finding, Verdict
from console.readiness.outcome import Outcome
from console.readiness.registry import Check, Part
from console.readiness.revocation_rules import revocation_key

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


Ranked = tuple[int, Finding]
"""A finding with its place among all findings of a pair."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Findings of one part, merged over the components."""

    of: tuple[PartJudged, ...]
    """Kept, so that their ids stay theirs while they are a key."""
    findings: tuple[Ranked, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is judged at one moment by one policy and profile."""

    parts: Memo[PartJudged]
    merged: Memo[Merged]
    changes: Memo[float]
    """Of sets of certificates: when the next one begins, ends, or has a day less (console.readiness.horizon)."""


@lru_cache(maxsize=2)
def moment_of(now: datetime, policy: Policy, profile: Same[AgentProfile]) -> Moment:
    del now, policy, profile
    return Moment(Memo(), Memo(), Memo())


def likeness(case: Case) -> Hashable:
    """Components of one pair for which this is equal are judged alike, but for Part.UPLOAD."""
    return _meaning(case), case.access


def key_of(case: Case, part: Part) -> Hashable:
    """What the outcomes of a part that pairs share are a function of; moment, policy and profile aside.

    None: of too much to be shared.
    """
    match part:
        case Part.DEVICE:
            serial = 0 if case.device is None else case.device.serial
            return part, serial, _meaning(case), case.https, case.pair.device_error
        case Part.ENDPOINT:
            use = case.use
            place = (use.beacon, use.host, use.port, use.protocol, use.address)
            return part, _endpoint(case), case.access, place, case.pair.beacon_error
        case Part.TRUST:
            return part, _alike(case)
        case Part.REVOCATION:
            return part, _alike(case), revocation_key(case)
        case Part.UPLOAD:
            return part, _alike(case), case.uploads, case.use.upload_bytes
    return None


def _alike(case: Case) -> Hashable:
    return _endpoint(case), case.use.host, case.https, case.access, _trust_key(case)


def _meaning(case: Case) -> int:
    return 0 if case.device is None or case.preferences is None else case.device.meaning(case.component)


def _endpoint(case: Case) -> int:
    return 0 if case.endpoint is None else case.endpoint.serial


def _trust_key(case: Case) -> int:
    """Trust, library, clock and preferences of a device, as a number."""
    device, preferences = case.device, case.preferences
    if device is None:
        return 0
    if preferences is None:  # without config.ini its library and clock are known all the same
        return serial_of((device.stack, device.skew))
    meaning = _meaning(case)
    if meaning not in device.trust_keys:
        device.trust_keys[meaning] = serial_of((meaning, device.stack, device.skew, _trust(case, device, preferences)))
    return device.trust_keys[meaning]


def _trust(case: Case, device: DeviceView, preferences: TlsPreferences) -> Hashable:
    if not case.checks_server:
        return None
    sets = tuple(device.trust(preferences, skips_bom=skips).serial for skips in device.stack.skips_bom)
    return sets, trust_unseen(device, preferences), unseen_directory(case), device.ca_file_collected(preferences)
