"""From OpenSSL's error number to the check that names the cause, the side that has to change, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.pki.certificates import Certificate, certificate
from console.pki.chain import ChainResult, verify_chain
from console.pki.loading import Anchor
from console.readiness.about import about, strength_of, use_names
from console.readiness.machine_places import answering_binding, bind_it, binding_evidence
from console.readiness.model import Side
from console.readiness.outcome import Outcome, clean, failed

if TYPE_CHECKING:
    from console.readiness.case import Case
    from console.readiness.engine import Reading

_NO_ISSUER = (2, 18, 19, 20, 21, 27)
_NOT_YET, _EXPIRED = 9, 10
_BAD_SIGNATURE, _NOT_A_CA, _PATH_LENGTH, _PURPOSE, _REJECTED, _CRITICAL = 7, 24, 25, 26, 28, 34
_NAME_CONSTRAINTS = range(47, 54)
_NO_CA = (24, 79)
_LEAF_KEY, _CA_KEY, _DIGEST = 66, 67, 68


@dataclass(frozen=True, slots=True)
class Problem:
    check: str
    outcome: Outcome


def diagnose(case: Case, reading: Reading, result: ChainResult) -> Problem:
    """The one check that fails for this result."""
    fault = certificate(result.at_fault) if result.at_fault else None
    label = clean(fault.label, 120) if fault else "a certificate of the chain"
    trusted = result.at_fault in {anchor.der for anchor in reading.trust.anchors}
    evidence = {
        "openssl": f"error {result.code} at depth {result.depth}: {result.text}",
        **(about(fault) if fault else {}),
    }
    if result.code in _NO_ISSUER:
        return _no_issuer(case, reading, evidence)
    if result.code in (_NOT_YET, _EXPIRED) and fault is not None:
        return _out_of_time(case, reading, result, fault, trusted, evidence)
    side = Side.DEVICE if trusted and result.depth else Side.BEACON
    where = "the device's own trust store" if side is Side.DEVICE else "the chain that the beacon sends"
    text = _TEXTS.get(result.code) or (
        ("beacon.chain-constraint", "A CA's name constraints forbid the names of the beacon's certificate")
        if result.code in _NAME_CONSTRAINTS
        else ("beacon.chain-broken", f"OpenSSL refuses the chain: {result.text}")
    )
    check, why = text
    if check == "beacon.server-certificate-use" and result.depth:
        check, why = "beacon.issuer-use", "A CA of the chain isn't made for TLS servers (extended key usage)"
    if check == "device.trust-limited":
        side = Side.DEVICE
    if fault is not None:
        evidence |= {"uses": use_names(fault), "key and signature": strength_of(fault)}
    remedy = _REISSUED.get(check, "") if result.depth == 0 else ""
    if remedy:
        remedy = f"{remedy}, {bind_it(case.endpoint)}."
        evidence |= binding_evidence(case.endpoint)
    return Problem(check, failed(f"{why} (“{label}” in {where})", side=side, remedy=remedy, evidence=evidence))


_REISSUED = {
    "beacon.server-certificate-use": (
        "Have the certificate reissued with extended key usage serverAuth and key usage digitalSignature"
    ),
    "beacon.server-certificate-weak": "Have the certificate reissued with RSA 2048 or more, or P-256",
}
"""What mends the beacon's own certificate; then it has to be bound."""


_TEXTS = {
    _BAD_SIGNATURE: ("beacon.chain-broken", "A signature doesn't fit its issuer's key: same name, other key"),
    _NOT_A_CA: ("beacon.not-a-ca", "A certificate that isn't a CA issued another one"),
    79: ("beacon.not-a-ca", "A certificate that isn't a CA issued another one"),
    _PATH_LENGTH: ("beacon.chain-constraint", "The chain is longer than the path length of a CA allows"),
    _PURPOSE: ("beacon.server-certificate-use", "The beacon's certificate isn't made for TLS servers"),
    _REJECTED: ("device.trust-limited", "A TRUSTED CERTIFICATE block doesn't trust the CA for servers"),
    _CRITICAL: ("beacon.critical-extension", "OpenSSL doesn't know a critical extension of a certificate"),
    _LEAF_KEY: ("beacon.server-certificate-weak", "The beacon's key is too weak for the device's security level"),
    _CA_KEY: ("beacon.chain-weak", "The key of a CA is too weak for the device's security level"),
    _DIGEST: ("beacon.chain-weak", "A signature is too weak for the device's security level"),
}


def _no_issuer(case: Case, reading: Reading, evidence: dict[str, str]) -> Problem:
    chain = case.endpoint.chain if case.endpoint is not None else ()
    if not reading.trust.anchors:
        return Problem(
            "device.nothing-trusted", failed("The device trusts no CA certificate at all", evidence=evidence)
        )
    if reading.trust.shadowed and _holds(case, reading, (), reading.trust.shadowed):
        names = ", ".join(sorted({clean(certificate(der).label, 80) for der in reading.trust.shadowed}))
        return Problem(
            "device.ca-shadowed",
            failed(
                f"The CA file hides the right CA certificate: it holds another of the same name ({names})",
                evidence=evidence,
            ),
        )
    top = follow(chain)
    issuer = clean(top.issuer or "an unnamed issuer", 160)
    if not reading.options.partial and _holds(case, reading, (), (), partial=True):
        return Problem("device.partial-chain", failed(_PARTIAL, evidence=evidence))
    stores = _stores(case)
    if stores and not top.self_signed and _holds(case, reading, stores, ()):
        return Problem(
            "beacon.chain-incomplete",
            failed(
                f"The beacon doesn't send its intermediate “{issuer}”, which is in its stores",
                remedy=(
                    f"See that “{issuer}” is in the computer's Intermediate Certification Authorities (certlm.msc), "
                    f"then bind the certificate again{_in_binding(case)}: Schannel then sends it."
                ),
                evidence={**evidence, **binding_evidence(case.endpoint)},
            ),
        )
    if top.der == chain[0] and not top.self_signed and not _is_root(case, top):
        return Problem(
            "beacon.chain-incomplete",
            failed(
                f"The beacon doesn't send its intermediate “{issuer}”, only its own certificate",
                remedy=(
                    f"Import “{issuer}” into the computer's Intermediate Certification Authorities (certlm.msc); "
                    "Schannel then sends it."
                ),
                evidence=evidence,
            ),
        )
    what = f"“{clean(top.label, 120)}”, self-signed" if top.self_signed else f"“{issuer}”"
    return Problem(
        "device.beacon-untrusted",
        _untrusted(case, top, what, evidence),
    )


def _in_binding(case: Case) -> str:
    bound = answering_binding(case.endpoint)
    return f" in the binding {bound} (IIS Manager)" if bound else ""


_PARTIAL = "The device trusts an intermediate but not its root, which a check of revocation (or an older libcurl) needs"


def _untrusted(case: Case, top: Certificate, what: str, evidence: dict[str, str]) -> Outcome:
    """The certificate to add is told by its hash where it was seen: sent, or in the beacon's stores."""
    preferences = case.preferences
    place = case.device.ca_file(preferences) if case.device is not None and preferences is not None else ""
    place = clean(place or (preferences.ca_directory if preferences is not None else ""), 200)
    known = [top] if top.self_signed else [certificate(der) for der in _stores(case)]
    wanted = next((fact for fact in known if top.self_signed or fact.subject_der == top.issuer_der), None)
    name, road = what, "your CA has it"
    if wanted is not None:
        name = f"“{clean(wanted.subject, 160)}” (SHA-256 {wanted.sha256[:16]}…)"
        road = "your CA has it, and so has the beacon: export it on the beacon (certlm.msc, Base-64 X.509)"
        evidence = {**evidence, "certificate to trust": f"{clean(wanted.subject, 160)}, SHA-256 {wanted.sha256}"}
    return failed(
        f"The device doesn't trust {what}, where the beacon's chain ends",
        remedy=(
            f"Append the CA certificate {name} as PEM to {place or 'the CA file'}, once you know it is yours; {road}."
        ),
        evidence={**evidence, "file": place},
    )


def _holds(
    case: Case,
    reading: Reading,
    more_sent: tuple[bytes, ...],
    more_trusted: tuple[bytes, ...],
    *,
    partial: bool | None = None,
) -> bool:
    """Would the chain hold with more certificates?"""
    chain = case.endpoint.chain if case.endpoint is not None else ()
    options = reading.options
    if partial is not None:
        options = type(options)(options.purpose, partial, options.level, options.before_3)
    trust = (*(Anchor(der) for der in more_trusted), *reading.trust.anchors)
    return verify_chain(trust, chain[0], (*chain[1:], *more_sent), case.device_now, options).ok


def _stores(case: Case) -> tuple[bytes, ...]:
    if case.endpoint is None:
        return ()
    return (*case.endpoint.intermediates, *(entry.der for entry in case.endpoint.roots))


def _is_root(case: Case, top: Certificate) -> bool:
    """The issuer of `top` is a root of the beacon's: it needn't be sent, the device has to trust it."""
    roots = case.endpoint.roots if case.endpoint is not None else ()
    return any(certificate(entry.der).subject_der == top.issuer_der for entry in roots)


def follow(chain: tuple[bytes, ...]) -> Certificate:
    """The last certificate that the sent chain leads to, by names."""
    top = certificate(chain[0])
    others = [certificate(der) for der in chain[1:]]
    for _ in chain:
        following = next((c for c in others if c.subject_der == top.issuer_der and c.der != top.der), None)
        if top.self_issued or following is None:
            break
        top = following
    return top


def _out_of_time(
    case: Case,
    reading: Reading,
    result: ChainResult,
    fault: Certificate,
    trusted: bool,
    evidence: dict[str, str],
) -> Problem:
    label = clean(fault.label, 120)
    expired = result.code == _EXPIRED
    when = fault.not_after if expired else fault.not_before
    said = f"{'expired' if expired else 'is not valid before'} {when:%Y-%m-%d}" if when else "has no readable dates"
    said = f"{said} (“{label}”)"
    evidence = {**evidence, "device's clock": f"{case.device_now:%Y-%m-%d %H:%M} UTC"}
    if fault.valid_at(case.pair.now):
        message = f"The device's clock is wrong ({case.device_now:%Y-%m-%d %H:%M} UTC): by it a certificate {said}"
        return Problem("device.clock-wrong", failed(message, evidence=evidence))
    if result.depth == 0:
        message = f"The beacon's certificate {said}"
        wanted = "a renewed certificate" if expired else "a certificate that is valid already"
        remedy = f"Have {wanted} issued for {clean(case.use.host, 120)}, {bind_it(case.endpoint)}."
        evidence = {**evidence, **binding_evidence(case.endpoint)}
        return Problem("beacon.server-certificate-dates", failed(message, remedy=remedy, evidence=evidence))
    if trusted:
        if reading.trust.shadowed and _holds(case, reading, (), reading.trust.shadowed):
            message = f"A stale certificate in the CA file hides a valid one in the CA directory: it {said}"
            return Problem("device.ca-shadowed", failed(message, evidence=evidence))
        return Problem(
            "device.trusted-certificate-dates",
            failed(f"A CA certificate that the device trusts {said}", evidence=evidence),
        )
    return Problem("beacon.issuer-dates", failed(f"An intermediate that the beacon sends {said}", evidence=evidence))
