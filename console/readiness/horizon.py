"""How long a verdict holds while nothing but time goes by, so that a fleet isn't judged again and again for nothing.

Time shows in a verdict through dates of certificates (by three clocks), through days that are left of them, and through
the times of day that a finding tells. tests/unit/test_readiness_horizon.py holds every check to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from math import inf

from console.identity import Same
from console.pki.certificates import certificate
from console.pki.revocation_facts import RevocationFact, changes_of
from console.readiness.beacon_view import Endpoint
from console.readiness.device_view import DeviceView
from console.readiness.model import COMPONENTS, Finding, PairInput
from console.readiness.shared import Moment

LONGEST = timedelta(days=1)
_DAY = 86_400.0
_TIME_OF_DAY = re.compile(r"\d\d:\d\d UTC")


def holds_until(
    pair: PairInput,
    device: DeviceView | None,
    endpoint: Endpoint | None,
    for_a_minute: bool,
    moment: Moment,
) -> datetime:
    """The first moment at which the same snapshots may be judged otherwise; at most LONGEST away.

    `for_a_minute`: one of the findings tells the time of day.
    """
    skews = tuple({timedelta(0), *(view.skew or timedelta(0) for view in (device, endpoint) if view is not None)})
    soon = pair.policy.soon_days
    first = (pair.now + LONGEST).timestamp()
    if endpoint is not None:
        key = ("endpoint", endpoint.serial, skews)
        first = min(first, moment.changes.get(key, lambda: _next_change(_of_endpoint(endpoint), pair.now, skews, soon)))
    if device is not None:
        key = ("device", device.serial, skews)
        first = min(first, moment.changes.get(key, lambda: _of_device(device, pair.now, skews, soon, moment)))
    for observed in (pair.device, pair.beacon):
        if observed is not None and observed.revocation:
            first = min(first, _of_revocation(observed.revocation, pair.now, skews, soon, moment))
    until = datetime.fromtimestamp(first, UTC)
    if for_a_minute:
        until = min(until, *(_next_minute(pair.now, skew) for skew in skews))
    return until


def _of_endpoint(endpoint: Endpoint) -> tuple[bytes, ...]:
    return (*endpoint.chain, *(stored.der for stored in endpoint.snapshot.certificates))


def _of_device(device: DeviceView, now: datetime, skews: Sequence[timedelta], soon: int, moment: Moment) -> float:
    first = inf
    if device.snapshot.config.content is None:
        return first
    alike = {device.meaning(component): device.preferences(component) for component in COMPONENTS}
    for preferences in alike.values():
        for skips in device.stack.skips_bom:
            trust = device.trust(preferences, skips_bom=skips)
            ders = (*(anchor.der for anchor in trust.anchors), *trust.shadowed)
            key = ("trust", trust.serial, skews)
            first = min(first, moment.changes.get(key, partial(_next_change, ders, now, skews, soon)))
            sent = device.client_chain(preferences.client_certificate, skips_bom=skips)
            if sent is not None:
                first = min(first, _next_change([anchor.der for anchor in sent.certificates], now, skews, soon))
    return first


def _of_revocation(
    facts: tuple[RevocationFact, ...], now: datetime, skews: tuple[timedelta, ...], soon: int, moment: Moment
) -> float:
    key = ("revocation", Same(facts), skews)  # as one object: a beacon has a fact for each of its devices
    return moment.changes.get(key, lambda: _next_of_facts(facts, now, skews, soon))


def _next_of_facts(facts: Iterable[RevocationFact], now: datetime, skews: Iterable[timedelta], soon: int) -> float:
    """Answers begin and end, a responder's with an allowance; and a list comes near its end."""
    at = now.timestamp()
    first = inf
    changes = [change.timestamp() for fact in facts for change in changes_of(fact)]
    for change in (*changes, *(change - soon * _DAY for change in changes)):
        for shift in skews:
            seconds = change - shift.total_seconds()
            first = min(first, *(later for later in (seconds, seconds + 1e-6) if later > at), inf)
    return first


def _next_change(ders: Iterable[bytes], now: datetime, skews: Iterable[timedelta], soon: int) -> float:
    """Seconds since 1970: datetimes end where "never expires" begins (9999-12-31 23:59:59)."""
    at = now.timestamp()
    shifts = [skew.total_seconds() for skew in skews]
    first = inf
    for begins, ends in map(_span, ders):
        for shift in shifts:
            for change in (begins - shift, ends - shift, ends - shift + 1e-6, ends - shift + 1):
                if at < change < first:
                    first = change
        left = ends - at
        if left > soon * _DAY:
            first = min(first, ends - soon * _DAY)
        elif left >= 0:
            first = min(first, ends - left // _DAY * _DAY + 1e-6)
    return first


@lru_cache(maxsize=100_000)
def _span(der: bytes) -> tuple[float, float]:
    facts = certificate(der)
    begins = facts.not_before.timestamp() if facts.not_before is not None else -inf
    return begins, facts.not_after.timestamp() if facts.not_after is not None else -inf


def tells_time(finding: Finding) -> bool:
    """Of findings that aren't good: what passed tells when it was observed, which stays."""
    return any(_TIME_OF_DAY.search(text) for text in (finding.message, *finding.evidence.values()))


def _next_minute(now: datetime, skew: timedelta) -> datetime:
    shown = now + skew
    return now + timedelta(seconds=60 - shown.second, microseconds=-shown.microsecond)
