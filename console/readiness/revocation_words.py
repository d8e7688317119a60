"""What is said of a check of revocation that can't succeed: text, whose side it is, remedy, evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from console.pki.revocation_facts import RevocationAnswer, RevocationMethod, RevocationState
from console.readiness.model import Side
from console.readiness.outcome import clean
from console.readiness.revocation_rules import JudgedRevocation, Kind, Member

REBIND = "Bind a certificate that isn't revoked to the site."
_BARE = "Set CheckCertificateRevocation=False, or have the certificates reissued with a distribution point."
_REACH = (
    "See that the address serves the CA's list or answer and that the device reaches it over http (name, route, "
    "firewall), or set CheckCertificateRevocation=False."
)
_CLOCK = "Set the device's clock."
_REMEDIES = {
    RevocationState.REVOKED: REBIND,
    RevocationState.EXPIRED: (
        "Have the CA publish a new one at this address; where its responder's own certificate has ended, renew that."
    ),
    RevocationState.NOT_YET_VALID: "Set the clock of the device, or of the CA that dates its answers ahead.",
    RevocationState.OTHER_ISSUER: "Have the CA that issued the certificate publish its own answer at this address.",
    RevocationState.WRONG_SCOPE: (
        "Have the CA publish the complete list at this address, or the part that is for the certificate's own "
        "distribution point."
    ),
    RevocationState.SIGNER_NOT_ALLOWED: "Have the CA's own certificate reissued with the key usage cRLSign.",
    RevocationState.NOT_UNDERSTOOD: "Have the CA publish its lists without that extension, or with it not critical.",
    RevocationState.BAD_SIGNATURE: "Have the CA publish an answer signed with its present key at this address.",
    RevocationState.UNREADABLE: (
        "See what the address serves to the device: a proxy's or web server's error page, perhaps. "
        "It has to be the CA's list or answer."
    ),
    RevocationState.UNKNOWN: "Ask the CA why its responder doesn't answer for the certificate.",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str
    """Goes on after “…, but”."""
    remedy: str = ""
    """Empty: the check's own."""
    side: Side | None = None
    """None: the check's own."""
    evidence: Mapping[str, str] = field(default_factory=dict)


def refusal(member: Member) -> Refusal:
    """Of a member that is REVOKED, FAILED or has NO_ADDRESS."""
    label = f"“{clean(member.certificate.label, 80)}”"
    if member.seen is None:
        return Refusal(f"{label} names no revocation list or responder: there is nothing to check with", _BARE)
    fact, answer = member.seen.fact, member.answer
    kind = "revocation list" if fact.method is RevocationMethod.CRL else "responder"
    url = clean(fact.url, 160)
    evidence = {"address": url, "certificate": member.certificate.label, "answer": _said(answer, fact.why)}
    if answer is None:
        text = f"the device gets nothing from the {kind} of {label}, {url}: {clean(fact.why, 100)}"
        return Refusal(text, _REACH, Side.NETWORK, evidence)
    remedy = _CLOCK if member.ahead else _REMEDIES[answer.state]
    side = Side.DEVICE if member.ahead else Side.BEACON
    if member.kind is Kind.REVOKED:
        return Refusal(
            f"{label} is revoked: its {kind}, {url}, says so ({clean(answer.detail, 60)})", remedy, side, evidence
        )
    text = f"what the {kind} of {label}, {url}, answers doesn't count: {_wrong(answer)}"
    return Refusal(text, remedy, side, evidence)


def answers(judged: Iterable[JudgedRevocation]) -> dict[str, str]:
    """The facts that decide, as evidence."""
    seen = dict.fromkeys(
        f"{member.seen.fact.url} ({member.seen.fact.method}) {_said(member.answer, '')}"
        for one in judged
        for member in one.members
        if member.kind is Kind.GOOD and member.seen is not None
    )
    return {"answers": "; ".join(seen)}


def _said(answer: RevocationAnswer | None, why: str) -> str:
    if answer is None:
        return why
    until = f", next update {answer.next_update:%Y-%m-%d}" if answer.next_update is not None else ""
    return f"{answer.state}{until}"


def _wrong(answer: RevocationAnswer) -> str:
    match answer.state:
        case RevocationState.EXPIRED:
            return f"it is out of date by the device's clock ({clean(answer.detail, 60)})"
        case RevocationState.NOT_YET_VALID:
            return f"it isn't valid yet by the device's clock ({clean(answer.detail, 60)})"
    return clean(answer.detail, 160) or str(answer.state)
