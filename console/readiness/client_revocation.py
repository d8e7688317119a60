"""Revocation of the device's certificate as the beacon meets it, from what the addresses answered the beacon.

http.sys leaves the check to Windows' own chain building, and refuses (403.13) a certificate that is revoked and one of
which nothing valid is known [windows.md §2.3, S19]. How Windows goes about it was never measured. It's believed to ask
the responder first and the lists where that gives no answer, so where the two contradict each other nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from console.identity import Same
from console.iis.snapshot import BeaconSnapshot
from console.pki.certificates import Certificate, certificate
from console.pki.revocation_facts import (
    Reach,
    RevocationAnswer,
    RevocationFact,
    RevocationMethod,
    RevocationState,
    answer_at,
)
from console.readiness import client_revocation_words as words
from console.readiness.beacon_view import Endpoint
from console.readiness.client_revocation_words import Told
from console.readiness.client_trust import checks_revocation
from console.readiness.model import Status
from console.readiness.outcome import Outcome, passed
from console.readiness.revocation_seen import is_stale

_Facts = Mapping[tuple[str, RevocationMethod], tuple[RevocationFact, ...]]
"""Of (certificate, SHA-256 in hex; method), in the order in which the certificate names its addresses."""

_CRL, _OCSP = RevocationMethod.CRL, RevocationMethod.OCSP
_GOOD, _REVOKED = RevocationState.GOOD, RevocationState.REVOKED
_WORST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)
_ENDED = "what it answered has ended since"


@dataclass(frozen=True, slots=True)
class _Clock:
    """Moments by the beacon's clock."""

    now: datetime
    console_asked: datetime
    """When the facts were gathered, by the console's clock, but for those that are older (UTC)."""
    skew: timedelta
    soon: timedelta

    def asked(self, fact: RevocationFact) -> datetime:
        """Raises OverflowError at the ends of the calendar."""
        return fact.asked_at(self.console_asked) + self.skew

    def ended_since(self, fact: RevocationFact) -> bool:
        """Its answer was in date then and isn't now: what the address serves since wasn't seen."""
        now = answer_at(fact, self.now)
        then = answer_at(fact, self.asked(fact))
        expired = RevocationState.EXPIRED
        return now is not None and then is not None and now.state is expired and then.state is not expired

    def is_late(self, fact: RevocationFact, answer: RevocationAnswer) -> bool:
        """It ends soon, and the next one wasn't published when there was little left of its period."""
        _, end = answer.span
        return end is not None and end - self.now <= self.soon and is_stale(answer, self.asked(fact))


@lru_cache(maxsize=1000)
def _facts(snapshot: Same[BeaconSnapshot]) -> _Facts:
    grouped: dict[tuple[str, RevocationMethod], list[RevocationFact]] = {}
    for fact in snapshot.value.revocation:
        grouped.setdefault((fact.certificate, fact.method), []).append(fact)
    return {key: tuple(group) for key, group in grouped.items()}


def judge_client_revocation(endpoint: Endpoint, chain: Sequence[bytes], now: datetime, soon: timedelta) -> Outcome:
    """`chain`: DER, the device's certificate first, the beacon's anchor (which nobody checks) last; `now` by the
    beacon's clock; `soon`: before its end a list should have been followed by the next. Never raises."""
    members = [certificate(der) for der in chain[:-1]]
    nameless = next((one for one in members if not one.revocation_lists and not one.status_responders), None)
    if nameless is not None:
        return words.bare(nameless)
    if not members:
        return passed("The beacon trusts the device's certificate itself: nothing is checked for revocation")
    if not checks_revocation(endpoint):
        return words.by_cache_alone(members)
    snapshot = endpoint.snapshot
    if snapshot.revocation_at is None:
        return words.never_asked(members)
    facts = _facts(Same(snapshot))
    try:
        asked = snapshot.revocation_at.astimezone(UTC)
        clock = _Clock(now, asked, endpoint.skew or timedelta(0), soon)
        told = [_judge_member(member, facts, clock) for member in members]
    except OverflowError:
        # A clock at the end of the calendar: nothing can be said of when this was.
        return words.never_asked(members)
    of_members = (
        fact for member in members for method in RevocationMethod for fact in facts.get((member.sha256, method), ())
    )
    oldest = min((fact.asked_at(asked) for fact in of_members), default=asked)
    worst = min(told, key=lambda outcome: _WORST.index(outcome.status))
    shown = worst if worst.status is not Status.PASS else _all_good(worst, told)
    return replace(shown, evidence={**shown.evidence, "asked": f"{oldest:%Y-%m-%dT%H:%MZ}"})


def _all_good(first: Outcome, told: Sequence[Outcome]) -> Outcome:
    joined = {name: ", ".join(outcome.evidence[name] for outcome in told) for name in ("certificate", "answers")}
    return passed(first.message, {**first.evidence, **joined})


def _judge_member(member: Certificate, facts: _Facts, clock: _Clock) -> Outcome:
    lists, responders = facts.get((member.sha256, _CRL), ()), facts.get((member.sha256, _OCSP), ())
    by_list, by_responder = _answers(lists, clock.now), _answers(responders, clock.now)
    answers = (*by_responder, *by_list)
    refused = next((told for told in answers if told[1].state is _REVOKED), None)
    good = next((told for told in answers if told[1].state is _GOOD), None)
    if refused is not None:
        # A list may be older than what the responder says.
        fresher = refused[0].method is _OCSP and (good is None or good[0].method is _CRL)
        return words.revoked(member, refused) if good is None or fresher else words.contradiction(member, answers)
    if good is None:
        return _nothing_valid(member, (*responders, *lists), clock)
    found = words.good_answer(member, good, by_responder, _why_unasked(member, responders, clock))
    late = found.status is Status.PASS and good[0].method is _CRL and clock.is_late(*good)
    return words.late_list(member, good, found) if late else found


def _why_unasked(member: Certificate, responders: Sequence[RevocationFact], clock: _Clock) -> str:
    """Of the first responder of which it isn't known what it says now; empty: there is none."""
    known = {fact.url: fact for fact in responders}
    for url in member.status_responders:
        fact = known.get(url)
        if fact is None or fact.reach is Reach.NOT_ASKED:
            return (fact.why if fact is not None else "") or "it is new"
        if clock.ended_since(fact):
            return _ENDED
    return ""


def _nothing_valid(member: Certificate, facts: Sequence[RevocationFact], clock: _Clock) -> Outcome:
    """Nothing that was asked says anything valid: 403.13, unless an address is left that Windows may ask as well."""
    asked = [fact for fact in facts if fact.reach is not Reach.NOT_ASKED]
    named = {*member.status_responders, *member.revocation_lists}
    if named - {fact.url for fact in asked}:
        return words.not_asked(member, next((fact.why for fact in facts if fact.reach is Reach.NOT_ASKED), ""))
    if any(clock.ended_since(fact) for fact in asked):
        return words.not_asked(member, _ENDED)
    worst = next((fact for fact in asked if fact.reach is Reach.ANSWERED), asked[0])
    return words.offline(member, worst, answer_at(worst, clock.now))


def _answers(facts: Iterable[RevocationFact], now: datetime) -> tuple[Told, ...]:
    """What came back, by the beacon's clock."""
    return tuple((fact, answer) for fact in facts if (answer := answer_at(fact, now)) is not None)
