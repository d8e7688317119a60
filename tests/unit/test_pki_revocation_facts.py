"""Facts of revocation: judged by whichever clock is asked for, and stored as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from console.pki.revocation_facts import (
    Reach,
    RevocationAnswer,
    RevocationFact,
    RevocationMethod,
    RevocationState,
    answer_at,
    dated,
    facts_of,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CRL, OCSP = RevocationMethod.CRL, RevocationMethod.OCSP


def answer(state: RevocationState = RevocationState.GOOD) -> RevocationAnswer:
    return RevocationAnswer(state, "", NOW - DAY, NOW + DAY)


@pytest.mark.parametrize(
    ("method", "moment", "state"),
    [
        (CRL, NOW, RevocationState.GOOD),
        (CRL, NOW + DAY, RevocationState.GOOD),
        (CRL, NOW + DAY + timedelta(seconds=1), RevocationState.EXPIRED),
        (CRL, NOW - DAY - timedelta(seconds=1), RevocationState.NOT_YET_VALID),
        (OCSP, NOW + DAY + timedelta(minutes=5), RevocationState.GOOD),
        (OCSP, NOW + DAY + timedelta(minutes=6), RevocationState.EXPIRED),
        (OCSP, NOW - DAY - timedelta(minutes=6), RevocationState.NOT_YET_VALID),
    ],
)
def test_the_clock_of_whoever_judges_decides(
    method: RevocationMethod, moment: datetime, state: RevocationState
) -> None:
    assert dated(answer(), method, moment).state is state


def test_an_expired_answer_that_says_revoked_is_expired() -> None:
    assert dated(answer(RevocationState.REVOKED), CRL, NOW + 2 * DAY).state is RevocationState.EXPIRED


@pytest.mark.parametrize("state", [RevocationState.BAD_SIGNATURE, RevocationState.OTHER_ISSUER])
def test_what_is_no_answer_stays_so_at_any_time(state: RevocationState) -> None:
    assert dated(answer(state), CRL, NOW + 2 * DAY).state is state


def test_a_list_without_a_next_update_never_ends() -> None:
    endless = RevocationAnswer(RevocationState.GOOD, "", NOW - DAY, None)
    assert dated(endless, CRL, NOW + 10_000 * DAY) is endless


def test_facts_of_one_certificate_and_method() -> None:
    first = RevocationFact("aa", CRL, "http://a/1", Reach.ANSWERED, answer=answer())
    second = RevocationFact("aa", CRL, "http://a/2", Reach.UNREACHABLE, why="no answer in time")
    others = (RevocationFact("aa", OCSP, "http://a", Reach.NOT_ASKED), RevocationFact("bb", CRL, "x", Reach.NOT_ASKED))
    assert facts_of((first, *others, second), "aa", CRL) == (first, second)
    assert answer_at(first, NOW) == answer()
    assert answer_at(second, NOW) is None
    assert msgspec.json.decode(msgspec.json.encode(first), type=RevocationFact) == first
