"""Revocation as the device meets it: do the addresses of the chain's certificates answer, and with what?

What the agent does with an answer was never measured; the vendor's pages say that its check goes up to, but excluding,
the root [reference: flexnet.md §1.2, handshake.md P-REV-01]. So these findings warn, and no verdict depends on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from console.agent.preferences import PRIORITIZE_REVOCATION, Origin, TlsPreferences
from console.pki.certificates import Certificate, certificate
from console.pki.revocation_facts import RevocationState
from console.readiness.model import COMPONENTS, Finding, Side, Status, Step

LIST, RESPONDER = "CRL", "OCSP"
UNREACHABLE, NOT_ASKED = "unreachable", "not-asked"
_LONGEST_CHAIN = 10
_ADDRESSES = 4
"""Of one certificate at most."""


@dataclass(frozen=True, slots=True)
class Question:
    """One address that a certificate of the chain names for its own revocation."""

    certificate: Certificate
    issuer: bytes
    """DER."""
    method: str
    """CRL | OCSP."""
    url: str


@dataclass(frozen=True, slots=True)
class Look:
    """What came of one question, asked from the device."""

    certificate: str
    method: str
    url: str
    state: str
    """A RevocationState, `unreachable` or `not-asked`."""
    detail: str
    at: datetime
    next_update: datetime | None = None
    components: tuple[str, ...] = COMPONENTS


def methods_of(preferences: TlsPreferences) -> tuple[str, ...]:
    """What PrioritizeRevocationChecks leaves to ask an address; both where it isn't set (older agents have another
    default) or says nothing that any agent knows."""
    words = {word.upper() for word in preferences.prioritize_revocation}
    if preferences.value(PRIORITIZE_REVOCATION).origin is Origin.DEFAULT or not words & {
        LIST,
        RESPONDER,
        "OCSPSTAPLING",
    }:
        return (LIST, RESPONDER)
    return tuple(method for method in (LIST, RESPONDER) if method in words)


def questions(chain: Sequence[bytes], trusted: Iterable[bytes], methods: Sequence[str]) -> tuple[Question, ...]:
    """For every certificate of the chain below its root whose issuer is known. Never raises."""
    found: list[Question] = []
    for member, issuer in _issued(chain, trusted):
        named = {LIST: member.revocation_lists, RESPONDER: member.status_responders}
        found += [Question(member, issuer, way, url) for way in methods for url in named[way][:_ADDRESSES]]
    return tuple(found)


def revocation_findings(looks: Iterable[Look]) -> tuple[Finding, ...]:
    """One for each address; what is wrong first."""
    found = [_finding(look) for look in looks]
    return tuple(sorted(found, key=lambda finding: finding.status is Status.PASS))


_WHAT = {
    UNREACHABLE: (Side.NETWORK, "the device doesn't reach it", "Let the device reach this address over http."),
    RevocationState.UNREADABLE: (Side.NETWORK, "", "See what the address serves: a proxy's error page, perhaps."),
    RevocationState.OTHER_ISSUER: (Side.BEACON, "", "Have the CA publish its own list at this address."),
    RevocationState.BAD_SIGNATURE: (Side.BEACON, "", "Have the CA publish an answer signed with its present key."),
    RevocationState.EXPIRED: (Side.BEACON, "it has expired", "Have the CA publish a new one."),
    RevocationState.NOT_YET_VALID: (Side.DEVICE, "it isn't valid yet by the device's clock", "Set the device's clock."),
    RevocationState.REVOKED: (Side.BEACON, "the certificate is revoked", "Bind a certificate that isn't revoked."),
    RevocationState.UNKNOWN: (Side.BEACON, "", "Ask the CA why its responder doesn't answer for the certificate."),
}


def _finding(look: Look) -> Finding:
    evidence = {"address": look.url, "certificate": look.certificate}
    if look.next_update is not None:
        evidence["next_update"] = f"{look.next_update:%Y-%m-%d %H:%M} UTC"
    kind = "revocation list" if look.method == LIST else "responder"
    about = f"The {kind} of “{look.certificate}”"
    step, check = Step.TRUSTED, f"pair.revocation-{look.state}"
    if look.state == RevocationState.GOOD:
        text = f"{about} answers the device: not revoked"
        return Finding(check, step, Side.DEVICE, Status.PASS, text, look.components, evidence=evidence)
    if look.state == NOT_ASKED:
        text = f"{about} wasn't asked: {look.detail}"
        return Finding(check, step, Side.NETWORK, Status.UNKNOWN, text, look.components, evidence=evidence)
    side, words, remedy = _WHAT[look.state]
    told = ": ".join(part for part in (words, look.detail) if part)
    text = f"{about}, which the device checks: {told}"
    return Finding(check, step, side, Status.WARN, text, look.components, evidence=evidence, remedy=remedy, risk=True)


def _issued(chain: Sequence[bytes], trusted: Iterable[bytes]) -> list[tuple[Certificate, bytes]]:
    """(certificate, its issuer's DER), from the leaf up to but excluding the root."""
    pairs: list[tuple[Certificate, bytes]] = []
    pool = list(dict.fromkeys([*trusted, *chain[1:]]))
    current = certificate(chain[0]) if chain else None
    while current is not None and not current.self_signed and len(pairs) < _LONGEST_CHAIN:
        issuer = next((der for der in pool if _is_issuer(der, current)), None)
        if issuer is None:
            break
        pairs.append((current, issuer))
        current = certificate(issuer)
    return pairs


def _is_issuer(der: bytes, of: Certificate) -> bool:
    if certificate(der).subject_der != of.issuer_der:
        return False
    try:
        x509.load_der_x509_certificate(of.der).verify_directly_issued_by(x509.load_der_x509_certificate(der))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
