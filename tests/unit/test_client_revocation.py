"""The beacon's check of a client certificate's revocation: every combination of what the addresses answered it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.pki.revocation_facts import RevocationFact, RevocationState
from console.readiness.judge import judge_pair
from console.readiness.model import Finding, PairInput, Side, Status, Verdict
from tests.unit import readiness_kit as kit
from tests.unit.client_revocation_makers import (
    LIST,
    OCSP,
    RESPONDER,
    ROOT_LIST,
    answer,
    both,
    checked,
    client,
    fact,
    issuing,
    listed,
    of_both,
)

HOUR = timedelta(hours=1)
P, F, W, U = Status.PASS, Status.FAIL, Status.WARN, Status.UNKNOWN
REVOKED, UNKNOWN = RevocationState.REVOKED, RevocationState.UNKNOWN
Fact = Callable[[], RevocationFact]


def found(given: PairInput) -> Finding:
    return kit.finding(given, "beacon.client-revocation")


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        (checked(), U, "wasn't observed"),
        (checked(listed()), P, "“device01” isn't revoked"),
        (checked(listed("refused")), F, "isn't reached from the beacon (refused)"),
        (checked(listed("-no time left")), U, "wasn't observed: no time left"),
        (checked(listed(answer(REVOKED))), F, "“device01” of the device's chain is revoked (as made)"),
        (checked(listed(answer(begin=-9 * HOUR, end=-HOUR))), F, "has expired by the beacon's clock"),
        (checked(listed(answer(begin=HOUR))), F, "isn't valid yet by the beacon's clock"),
        (checked(listed(answer(RevocationState.BAD_SIGNATURE))), F, "isn't signed by the CA"),
        (checked(listed(answer(RevocationState.OTHER_ISSUER))), F, "isn't that of its CA"),
        (checked(listed(answer(RevocationState.WRONG_SCOPE))), F, "isn't for this certificate (as made)"),
        (checked(listed(answer(RevocationState.SIGNER_NOT_ALLOWED))), F, "signed by a CA that may not sign lists"),
        (checked(listed(answer(RevocationState.NOT_UNDERSTOOD))), F, "has a critical extension that isn't known"),
        (checked(listed(answer(RevocationState.UNREADABLE))), F, "can't be read"),
        # The responder's own certificate: valid when it answers, or not.
        (checked(listed(replace(answer(), signer_ends=kit.NOW + HOUR))), P, "isn't revoked"),
        (checked(listed(replace(answer(), signer_ends=kit.NOW - HOUR))), F, "responder's own certificate is valid"),
        (checked(listed(answer(end=None))), P, "isn't revoked"),
        (checked(listed(answer(begin=-90 * HOUR, end=5 * HOUR))), W, "ends on 2026-11-24, and its CA hadn't"),
        (checked(listed(answer(begin=-90 * HOUR, end=15 * HOUR))), P, "isn't revoked"),
        # It ended after it was asked for: what the address serves now wasn't seen.
        (checked(listed(answer(begin=-9 * HOUR, end=-HOUR / 4))), U, "what it answered has ended since"),
        (checked(listed(), issuer=answer(REVOKED)), F, "“Corp Issuing” of the device's chain is revoked"),
        (checked(listed(), issuer="no answer in time"), F, "of “Corp Issuing” isn't reached from the beacon"),
        (checked(listed("-no time left"), issuer=answer(REVOKED)), F, "“Corp Issuing” of the device's chain"),
        (checked(listed(), cached_only=True), U, "has cached alone"),
        (checked(leaf=lambda: client(crl="")), F, "names no revocation list: 403.13"),
        (checked(leaf=lambda: client(crl="ldap:///CN=list")), U, "wasn't observed"),
    ],
)
def test_lists(given: Callable[[], PairInput], status: Status, says: str) -> None:
    told = found(given())
    assert (told.status, says in told.message) == (status, True), told


@pytest.mark.parametrize(
    ("facts", "status", "says"),
    [
        ((of_both(), of_both(method=OCSP)), P, "isn't revoked"),
        ((of_both("refused"), of_both(method=OCSP)), P, "isn't revoked"),
        ((of_both(), of_both("refused", OCSP)), P, "isn't revoked"),
        ((of_both("refused"), of_both("refused", OCSP)), F, "the responder of “device01” isn't reached"),
        ((of_both(), of_both(answer(REVOKED), OCSP)), F, "is revoked"),
        ((of_both(answer(REVOKED)), of_both("refused", OCSP)), F, "is revoked"),
        ((of_both(answer(REVOKED)), of_both(method=OCSP)), U, "which of them Windows believes isn't known"),
        ((of_both(answer(REVOKED)), of_both(answer(REVOKED), OCSP)), F, "is revoked"),
        ((of_both(answer(REVOKED)), of_both("-too many", OCSP)), F, "is revoked"),
        ((of_both(), of_both(answer(UNKNOWN), OCSP)), U, "gives no answer (as made)"),
        ((of_both("refused"), of_both(answer(UNKNOWN), OCSP)), F, "gives no answer (as made)"),
        ((of_both(), of_both("-too many", OCSP)), W, "wasn't asked (too many)"),
        ((of_both(),), W, "wasn't asked (it is new)"),
        ((of_both(), of_both(answer(begin=-9 * HOUR, end=-HOUR / 4), OCSP)), W, "wasn't asked (what it answered has"),
        ((of_both(), of_both(answer(begin=-9 * HOUR, end=-HOUR), OCSP)), P, "isn't revoked"),
        ((of_both("-too many"), of_both("-too many", OCSP)), U, "wasn't observed: too many"),
        ((of_both("refused"), of_both("-too many", OCSP)), U, "wasn't observed: too many"),
        ((of_both("refused"),), U, "wasn't observed"),
    ],
)
def test_lists_and_responders(facts: tuple[Fact, ...], status: Status, says: str) -> None:
    told = found(checked(*facts, leaf=both)())
    assert (told.status, says in told.message) == (status, True), told
    assert told.risk is (status is W)


@pytest.mark.parametrize(
    ("given", "verdict", "side"),
    [
        (checked(listed()), Verdict.READY, None),
        (checked(listed("refused")), Verdict.BLOCKED, Side.NETWORK),
        (checked(listed(answer(REVOKED))), Verdict.BLOCKED, Side.DEVICE),
        (checked(listed(answer(begin=-9 * HOUR, end=-HOUR))), Verdict.BLOCKED, Side.BEACON),
        (checked(listed("-no time left")), Verdict.UNKNOWN, None),
        (checked(of_both(), of_both("-too many", OCSP), leaf=both), Verdict.AT_RISK, None),
    ],
)
def test_it_decides_the_pair(given: Callable[[], PairInput], verdict: Verdict, side: Side | None) -> None:
    judged = judge_pair(given())
    assert judged.verdict is verdict, [told for told in judged.findings if told.status in (F, U, W)]
    if side is not None:
        assert (judged.findings[0].check, judged.findings[0].side) == ("beacon.client-revocation", side)
        assert judged.findings[0].refused_by is Side.BEACON


def test_a_good_answer_is_shown_with_what_it_does_not_prove() -> None:
    told = found(checked(of_both(), of_both(method=OCSP), leaf=both)())
    assert "WinHTTP" in told.evidence["not proved"]
    assert told.evidence["answers"].count("next update 2026-11-25T12:00Z") == 2
    assert told.evidence["certificate"] == "device01, Corp Issuing"
    assert told.evidence["asked"] == "2026-11-24T11:30Z"


def test_the_beacons_clock_counts() -> None:
    """It is two days ahead: by it the list ended before it was asked for."""
    given = checked(listed())()
    assert given.beacon is not None
    ahead = replace(given, beacon=replace(given.beacon, clock=kit.NOW + timedelta(days=2)))
    assert found(given).status is P
    assert (found(ahead).status, found(ahead).message.count("beacon's clock")) == (F, 1)


@pytest.mark.parametrize(
    ("at", "status", "asked"),
    [
        (None, F, "11:30"),
        (kit.NOW - 2 * HOUR, U, "10:00"),
        ((kit.NOW - 2 * HOUR).replace(tzinfo=None), U, "10:00"),
        (kit.NOW + HOUR, F, "11:30"),
        (datetime.min.replace(tzinfo=UTC), U, None),
    ],
)
def test_a_fact_that_was_kept_counts_by_its_own_date(at: datetime | None, status: Status, asked: str | None) -> None:
    """Its list ended an hour ago: that it had ended when the others were asked says nothing of it."""
    ended = fact(client(), LIST, answer(begin=-9 * HOUR, end=-HOUR))
    given = checked(lambda: replace(ended, at=at))()
    assert given.beacon is not None
    behind = replace(given, beacon=replace(given.beacon, clock=kit.NOW - timedelta(seconds=1)))
    told = found(behind if asked is None else given)
    assert told.status is status
    assert asked is None or told.evidence["asked"] == f"2026-11-24T{asked}Z"


def test_another_certificate_of_the_same_ca_was_not_asked_about() -> None:
    """Facts are of one certificate: a new one isn't covered by what was said of the old one."""
    other = kit.issue("device02", issuing(), usages=[kit.CLIENT], crl=LIST)
    told = found(checked(lambda: fact(other, LIST))())
    assert told.status is U


def test_addresses_are_named_where_nothing_is_known() -> None:
    evidence = found(checked(leaf=both)()).evidence
    assert all(url in evidence["addresses"] for url in (LIST, ROOT_LIST, RESPONDER))
