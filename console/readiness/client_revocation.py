"""Revocation of the device's certificate as the beacon meets it, from what the addresses answered the beacon.

http.sys leaves the check to Windows' own chain building, and refuses (403.13) a certificate that is revoked and one of
which nothing valid is known [windows.md §2.3, S19]. How Windows goes about it was never measured. It's believed to ask
the responder first and the lists where that gives no answer, so where the two contradict each other nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from console.iis.snapshot import BeaconSnapshot, HttpSysRecord
from console.pki.certificates import Certificate, certificate
from console.pki.chain import ChainOptions, verify_chain
from console.pki.revocation_facts import (
    Reach,
    RevocationAnswer,
    RevocationFact,
    RevocationMethod,
    RevocationState,
    answer_at,
)
from console.readiness.beacon_view import Endpoint
from console.readiness.identity import Same
from console.readiness.model import Side, Status
from console.readiness.outcome import Outcome, clean, failed, passed, unknown, warned

_Facts = Mapping[tuple[str, RevocationMethod], tuple[RevocationFact, ...]]
"""Of (certificate, SHA-256 in hex; method), in the order in which the certificate names its addresses."""

_Told = tuple[RevocationFact, RevocationAnswer]
_CRL, _OCSP = RevocationMethod.CRL, RevocationMethod.OCSP
_GOOD, _REVOKED = RevocationState.GOOD, RevocationState.REVOKED
_WORST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)
_NOT_PROVED = "Windows itself asks as another account, by WinHTTP's proxy settings, and out of its cache"
_ENDED = "what it answered has ended since"
_SWEEP = (
    "Sweep the beacon and its devices: then the beacon is asked. Or turn the check off on the binding "
    "(verifyclientcertrevocation=disable)."
)
_CACHED = (
    "The beacon checks revocation of client certificates with what Windows has cached alone "
    "(verifyrevocationwithcachedclientcertonly), and what that is can't be observed"
)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Moments by the beacon's clock."""

    now: datetime
    asked: datetime | None
    """When the facts were gathered."""

    def ended_since(self, fact: RevocationFact) -> bool:
        """Its answer was in date then and isn't now: what the address serves since wasn't seen."""
        now = answer_at(fact, self.now)
        then = answer_at(fact, self.asked) if self.asked is not None else None
        expired = RevocationState.EXPIRED
        return now is not None and then is not None and now.state is expired and then.state is not expired


@lru_cache(maxsize=1000)
def _facts(snapshot: Same[BeaconSnapshot]) -> _Facts:
    grouped: dict[tuple[str, RevocationMethod], list[RevocationFact]] = {}
    for fact in snapshot.value.revocation:
        grouped.setdefault((fact.certificate, fact.method), []).append(fact)
    return {key: tuple(group) for key, group in grouped.items()}


def asks_addresses(record: HttpSysRecord) -> bool:
    """The record has the revocation of client certificates checked, and not by what is cached alone."""
    return record.verifyclientcertrevocation and not record.verifyrevocationwithcachedclientcertonly


def checks_revocation(endpoint: Endpoint) -> bool:
    """By asking addresses: WinRM showed the endpoint's http.sys record, and it says so."""
    return endpoint.reached and endpoint.record is not None and asks_addresses(endpoint.record)


def trusted_path(endpoint: Endpoint, sent: Sequence[bytes], now: datetime) -> tuple[bytes, ...]:
    """The chain from the device's certificate to an anchor of the beacon, which comes last; empty: there is none."""
    store, options = client_trust(endpoint)
    others = (*sent[1:], *endpoint.intermediates)
    result = verify_chain(endpoint.anchors(store), sent[0], others, now, options)
    return tuple(result.chain) if result.ok else ()


def client_trust(endpoint: Endpoint) -> tuple[str, ChainOptions]:
    """The store whose certificates http.sys trusts for clients (ClientAuthTrustMode), and how chains end there."""
    mode = endpoint.snapshot.schannel.client_auth_trust_mode or 0
    named = endpoint.record.ctlstorename if endpoint.record is not None else ""
    store = (named or "ClientAuthIssuer") if mode in (1, 2) else "Root"
    return store, ChainOptions(purpose="", partial=mode == 2, level=0)


def judge_client_revocation(endpoint: Endpoint, chain: Sequence[bytes], now: datetime) -> Outcome:
    """`chain`: DER, the device's certificate first, the beacon's anchor (which nobody checks) last; `now` by the
    beacon's clock. Never raises."""
    members = [certificate(der) for der in chain[:-1]]
    bare = next((member for member in members if not member.revocation_lists and not member.status_responders), None)
    if bare is not None:
        return failed(
            f"The beacon checks revocation of client certificates, and “{clean(bare.label, 80)}” names no "
            "revocation list: 403.13"
        )
    if not members:
        return passed("The beacon trusts the device's certificate itself: nothing is checked for revocation")
    if not checks_revocation(endpoint):
        return unknown(_CACHED, evidence=_addresses(members))
    snapshot = endpoint.snapshot
    asked = None if snapshot.revocation_at is None else snapshot.revocation_at + (endpoint.skew or timedelta(0))
    facts, clock = _facts(Same(snapshot)), _Clock(now, asked)
    outcomes = [_judge_member(member, facts, clock) for member in members]
    if all(outcome is None for outcome in outcomes):
        return unknown(
            "The beacon checks revocation of client certificates; whether it reaches their revocation lists "
            "wasn't observed (it answers 403.13 where it doesn't)",
            remedy=_SWEEP,
            evidence=_addresses(members),
        )
    told = [outcome or _not_asked(member) for member, outcome in zip(members, outcomes, strict=True)]
    worst = min(told, key=lambda outcome: _WORST.index(outcome.status))
    shown = worst if worst.status is not Status.PASS else _all_good(worst, told)
    when = "" if snapshot.revocation_at is None else f"{snapshot.revocation_at:%Y-%m-%dT%H:%MZ}"
    return replace(shown, evidence={**shown.evidence, "asked": when})


def _all_good(first: Outcome, told: Sequence[Outcome]) -> Outcome:
    joined = {name: ", ".join(outcome.evidence[name] for outcome in told) for name in ("certificate", "answers")}
    return passed(first.message, {**first.evidence, **joined})


def _judge_member(member: Certificate, facts: _Facts, clock: _Clock) -> Outcome | None:
    """None: none of its addresses is among the facts."""
    lists, responders = facts.get((member.sha256, _CRL), ()), facts.get((member.sha256, _OCSP), ())
    if not lists and not responders:
        return None
    by_list, by_responder = _answers(lists, clock.now), _answers(responders, clock.now)
    refused = next((told for told in by_responder if told[1].state is _REVOKED), None)
    listed = next((told for told in by_list if told[1].state is _REVOKED), None)
    good = next((told for told in (*by_responder, *by_list) if told[1].state is _GOOD), None)
    if refused is not None or (listed is not None and good is None):
        return _revoked(member, refused or listed)
    if listed is not None:
        return unknown(
            f"One address says that “{clean(member.label, 80)}” is revoked, another that it isn't; which of them "
            "Windows believes isn't known",
            evidence=_evidence(member, (*by_responder, *by_list)),
        )
    if good is None:
        return _nothing_valid(member, (*responders, *lists), clock)
    return _good(member, good, by_responder, _why_unasked(member, responders, clock))


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


def _good(member: Certificate, good: _Told, by_responder: Sequence[_Told], unasked: str) -> Outcome:
    """`unasked`: why a responder that Windows may ask wasn't, or what it said isn't known any more; empty: none."""
    label, evidence = clean(member.label, 80), {**_evidence(member, (good,)), "not proved": _NOT_PROVED}
    if good[0].method is _OCSP:
        return passed(f"The responder answers the beacon: “{label}” isn't revoked", evidence)
    vague = next((told for told in by_responder if told[1].state is RevocationState.UNKNOWN), None)
    if vague is not None:
        return unknown(
            f"The list says that “{label}” isn't revoked, but its responder, which Windows is believed to ask first, "
            f"gives no answer ({clean(vague[1].detail, 120)})",
            evidence=evidence,
        )
    if unasked:
        return warned(
            f"The list says that “{label}” isn't revoked; its responder, which Windows is believed to ask first, "
            f"wasn't asked ({clean(unasked, 160)})",
            risk=True,
            evidence=evidence,
        )
    return passed(f"The revocation list answers the beacon: “{label}” isn't revoked", evidence)


def _revoked(member: Certificate, told: _Told | None) -> Outcome:
    detail = clean(told[1].detail, 80) if told is not None else ""
    return failed(
        f"The certificate “{clean(member.label, 80)}” of the device's chain is revoked ({detail}): the beacon answers "
        "403.13",
        side=Side.DEVICE,
        remedy="Have a new certificate issued for the device, by a CA that isn't revoked.",
        evidence=_evidence(member, (told,) if told is not None else ()),
    )


def _nothing_valid(member: Certificate, facts: Sequence[RevocationFact], clock: _Clock) -> Outcome:
    """Nothing that was asked says anything valid: 403.13, unless an address is left that Windows may ask as well."""
    asked = [fact for fact in facts if fact.reach is not Reach.NOT_ASKED]
    named = {*member.status_responders, *member.revocation_lists}
    if named - {fact.url for fact in asked}:
        return _not_asked(member, next((fact.why for fact in facts if fact.reach is Reach.NOT_ASKED), ""))
    if any(clock.ended_since(fact) for fact in asked):
        return _not_asked(member, _ENDED)
    worst = next((fact for fact in asked if fact.reach is Reach.ANSWERED), asked[0])
    kind = "responder" if worst.method is _OCSP else "revocation list"
    about = f"The beacon checks revocation, and the {kind} of “{clean(member.label, 80)}”"
    answer = answer_at(worst, clock.now)
    evidence = {**_evidence(member, ()), "address": worst.url}
    if answer is None:
        return failed(
            f"{about} isn't reached from the beacon ({clean(worst.why, 120)}): 403.13",
            side=Side.NETWORK,
            remedy=f"Let the beacon reach {clean(worst.url, 160)} over http, or turn the check off on the binding "
            "(verifyclientcertrevocation=disable).",
            evidence=evidence,
        )
    what, remedy = _INVALID[answer.state]
    detail = f" ({clean(answer.detail, 120)})" if answer.detail else ""
    return failed(f"{about} {what}{detail}: the beacon answers 403.13", remedy=remedy, evidence=evidence)


_CA = "or turn the check off on the binding (verifyclientcertrevocation=disable)."
_INVALID = {
    RevocationState.EXPIRED: ("has expired by the beacon's clock", f"Have the CA publish a new one, {_CA}"),
    RevocationState.NOT_YET_VALID: ("isn't valid yet by the beacon's clock", "Set the beacon's clock."),
    RevocationState.BAD_SIGNATURE: (
        "isn't signed by the CA",
        f"Have the CA publish one signed with its present key, {_CA}",
    ),
    RevocationState.OTHER_ISSUER: ("isn't that of its CA", f"Have the CA publish its own at this address, {_CA}"),
    RevocationState.UNREADABLE: ("can't be read", f"See what the address serves: a proxy's error page, perhaps; {_CA}"),
    RevocationState.UNKNOWN: ("gives no answer", f"Ask the CA why its responder doesn't know the certificate, {_CA}"),
}


def _not_asked(member: Certificate, why: str = "") -> Outcome:
    told = f": {clean(why, 200)}" if why else ""
    return unknown(
        f"The beacon checks revocation of client certificates; whether it reaches an address for “"
        f"{clean(member.label, 80)}” wasn't observed{told}",
        remedy=_SWEEP,
        evidence=_addresses([member]),
    )


def _answers(facts: Iterable[RevocationFact], now: datetime) -> tuple[_Told, ...]:
    """What came back, by the beacon's clock."""
    return tuple((fact, answer) for fact in facts if (answer := answer_at(fact, now)) is not None)


def _evidence(member: Certificate, told: Sequence[_Told]) -> dict[str, str]:
    said = [f"{fact.url}: {answer.state}{_until(answer)}" for fact, answer in told]
    return {"certificate": member.label, "answers": ", ".join(said)}


def _until(answer: RevocationAnswer) -> str:
    return "" if answer.next_update is None else f" (next update {answer.next_update:%Y-%m-%dT%H:%MZ})"


def _addresses(members: Iterable[Certificate]) -> dict[str, str]:
    urls = {url for member in members for url in (*member.revocation_lists, *member.status_responders)}
    return {"addresses": ", ".join(sorted(urls))}
