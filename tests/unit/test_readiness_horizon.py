"""A verdict says until when it holds; every check by example, at many moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from console.readiness.judge import judge_pair
from console.readiness.model import PairInput, Verdict
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_beacon import EXAMPLES as BEACON_EXAMPLES
from tests.unit.readiness_examples_device import EXAMPLES as DEVICE_EXAMPLES
from tests.unit.readiness_examples_revocation import EXAMPLES as REVOCATION_EXAMPLES
from tests.unit.readiness_examples_settings import EXAMPLES as SETTINGS_EXAMPLES

EXAMPLES = DEVICE_EXAMPLES + BEACON_EXAMPLES + SETTINGS_EXAMPLES + REVOCATION_EXAMPLES
INSTANT = timedelta(microseconds=1)
MOMENTS = [timedelta(0), timedelta(days=-11), timedelta(days=369, hours=23, minutes=59), timedelta(days=399, hours=12)]
"""Around which the certificates of the examples begin, have 30 days left, and end."""


def holds(given: PairInput) -> datetime:
    """Asserts that the verdict stays until it says; that moment."""
    verdict = judge_pair(given)
    assert verdict.until is not None
    assert given.now < verdict.until <= given.now + timedelta(days=1)
    length = verdict.until - given.now
    for later in (length / 3, length / 2, length - INSTANT):
        assert judge_pair(replace(given, now=given.now + later)) == verdict, later
    return verdict.until


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=lambda n: f"{EXAMPLES[n][0]}-{n}")
def test_nothing_changes_before_the_moment_that_a_verdict_names(number: int) -> None:
    given = EXAMPLES[number][1]()
    for moment in MOMENTS:
        holds(replace(given, now=given.now + moment))


@pytest.mark.parametrize("clock", [timedelta(0), timedelta(hours=5), timedelta(hours=-7)])
def test_an_end_is_seen_on_time_by_the_clock_that_decides(clock: timedelta) -> None:
    """From moment to moment a verdict names, and no other, a certificate comes to its end."""
    leaf = kit.issue(kit.HOST, kit.issuing(), names=[kit.HOST], usages=[kit.SERVER], days=(-10, 1))
    given = kit.pair(
        kit.device(clock=kit.NOW + clock), kit.beacon(hellos=(kit.hello(leaf, kit.issuing()),)), now=kit.NOW
    )
    seen = []
    while given.now < kit.NOW + timedelta(days=2):
        seen.append((given.now, judge_pair(given).verdict))
        given = replace(given, now=holds(given))
    ends = [now for (_, before), (now, after) in pairwise(seen) if before != after]
    assert seen[0][1] is Verdict.AT_RISK
    assert seen[-1][1] is Verdict.BLOCKED
    limit = kit.NOW + timedelta(days=1) - clock
    assert any(limit <= end <= limit + timedelta(seconds=1) for end in ends)


def test_a_certificate_that_never_ends_is_no_trouble() -> None:
    """RFC 5280 4.1.2.5: 9999-12-31 23:59:59, where Python's calendar ends."""
    seconds = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - kit.NOW).total_seconds()
    root = kit.issue("Eternal Root", None, ca=True, days=(-10, seconds / 86400))
    leaf = kit.issue(kit.HOST, root, names=[kit.HOST], usages=[kit.SERVER])
    given = kit.pair(kit.device(ca=root.pem), kit.beacon(hellos=(kit.hello(leaf, root),)))
    assert judge_pair(given).verdict is Verdict.READY
    holds(given)
