"""What is said of a client certificate's revocation, as Outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.pki.certificates import Certificate
from console.pki.revocation_facts import RevocationAnswer, RevocationFact, RevocationMethod, RevocationState
from console.readiness.model import Side
from console.readiness.outcome import Outcome, clean, failed, passed, unknown, warned

Told = tuple[RevocationFact, RevocationAnswer]
"""What came back of one address, by the beacon's clock."""

_OCSP = RevocationMethod.OCSP
_NOT_PROVED = "Windows itself asks as another account, by WinHTTP's proxy settings, and out of its cache"
_OFF = "turn the check off on the binding (verifyclientcertrevocation=disable)."
_SWEEP = f"Sweep the beacon and its devices: then the beacon is asked. Or {_OFF}"


def bare(member: Certificate) -> Outcome:
    return failed(
        f"The beacon checks revocation of client certificates, and “{clean(member.label, 80)}” names no revocation "
        "list: 403.13"
    )


def by_cache_alone(members: Iterable[Certificate]) -> Outcome:
    return unknown(
        "The beacon checks revocation of client certificates with what Windows has cached alone "
        "(verifyrevocationwithcachedclientcertonly), and what that is can't be observed",
        evidence=_addresses(members),
    )


def never_asked(members: Iterable[Certificate]) -> Outcome:
    return unknown(
        "The beacon checks revocation of client certificates; whether it reaches their revocation lists wasn't "
        "observed (it answers 403.13 where it doesn't)",
        remedy=_SWEEP,
        evidence=_addresses(members),
    )


def not_asked(member: Certificate, why: str = "") -> Outcome:
    told = f": {clean(why, 200)}" if why else ""
    return unknown(
        f"The beacon checks revocation of client certificates; whether it reaches an address for “"
        f"{clean(member.label, 80)}” wasn't observed{told}",
        remedy=_SWEEP,
        evidence=_addresses([member]),
    )


def contradiction(member: Certificate, told: Sequence[Told]) -> Outcome:
    return unknown(
        f"One address says that “{clean(member.label, 80)}” is revoked, another that it isn't; which of them Windows "
        "believes isn't known",
        evidence=_evidence(member, told),
    )


def good_answer(member: Certificate, good: Told, by_responder: Sequence[Told], unasked: str) -> Outcome:
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


def late_list(member: Certificate, good: Told, found: Outcome) -> Outcome:
    """`found`: what would be said otherwise. Lists alone: how long before their end responders make their answers anew
    nobody knows."""
    end = good[1].next_update
    return warned(
        f"The revocation list of “{clean(member.label, 80)}” ends on {end:%Y-%m-%d}, and its CA hadn't "
        "published the next one when the beacon asked: after that it answers 403.13",
        risk=True,
        remedy="Have the CA publish a new list at the address, and look why it hasn't (its publishing job).",
        evidence=found.evidence,
    )


def revoked(member: Certificate, told: Told) -> Outcome:
    return failed(
        f"The certificate “{clean(member.label, 80)}” of the device's chain is revoked "
        f"({clean(told[1].detail, 80)}): the beacon answers 403.13",
        side=Side.DEVICE,
        remedy="Have a new certificate issued for the device, by a CA that isn't revoked.",
        evidence=_evidence(member, (told,)),
    )


def offline(member: Certificate, fact: RevocationFact, answer: RevocationAnswer | None) -> Outcome:
    """`answer`: by the beacon's clock; None: it didn't answer."""
    kind = "responder" if fact.method is _OCSP else "revocation list"
    about = f"The beacon checks revocation, and the {kind} of “{clean(member.label, 80)}”"
    evidence = {**_evidence(member, ()), "address": fact.url}
    if answer is None:
        return failed(
            f"{about} isn't reached from the beacon ({clean(fact.why, 120)}): 403.13",
            side=Side.NETWORK,
            remedy=f"Let the beacon reach {clean(fact.url, 160)} over http, or {_OFF}",
            evidence=evidence,
        )
    what, remedy = _INVALID[answer.state]
    detail = f" ({clean(answer.detail, 120)})" if answer.detail else ""
    return failed(f"{about} {what}{detail}: the beacon answers 403.13", remedy=remedy, evidence=evidence)


_INVALID = {
    RevocationState.EXPIRED: (
        "has expired by the beacon's clock",
        f"Have the CA publish a new one (or renew its responder's own certificate, where that has ended), or {_OFF}",
    ),
    RevocationState.NOT_YET_VALID: ("isn't valid yet by the beacon's clock", "Set the beacon's clock."),
    RevocationState.BAD_SIGNATURE: (
        "isn't signed by the CA",
        f"Have the CA publish one signed with its present key, or {_OFF}",
    ),
    RevocationState.OTHER_ISSUER: ("isn't that of its CA", f"Have the CA publish its own at this address, or {_OFF}"),
    RevocationState.WRONG_SCOPE: (
        "isn't for this certificate",
        f"Have the CA publish the complete list at this address, or the part for this certificate, or {_OFF}",
    ),
    RevocationState.SIGNER_NOT_ALLOWED: (
        "is signed by a CA that may not sign lists",
        f"Have the CA's own certificate reissued with the key usage cRLSign, or {_OFF}",
    ),
    RevocationState.NOT_UNDERSTOOD: (
        "has a critical extension that isn't known",
        f"Have the CA publish its lists without that extension, or with it not critical, or {_OFF}",
    ),
    RevocationState.UNREADABLE: (
        "can't be read",
        f"See what the address serves: a proxy's error page, perhaps; or {_OFF}",
    ),
    RevocationState.UNKNOWN: (
        "gives no answer",
        f"Ask the CA why its responder doesn't know the certificate, or {_OFF}",
    ),
}


def _evidence(member: Certificate, told: Sequence[Told]) -> dict[str, str]:
    said = [f"{fact.url}: {answer.state}{_until(answer)}" for fact, answer in told]
    return {"certificate": member.label, "answers": ", ".join(said)}


def _until(answer: RevocationAnswer) -> str:
    return "" if answer.next_update is None else f" (next update {answer.next_update:%Y-%m-%dT%H:%MZ})"


def _addresses(members: Iterable[Certificate]) -> dict[str, str]:
    urls = {url for member in members for url in (*member.revocation_lists, *member.status_responders)}
    return {"addresses": ", ".join(sorted(urls))}
