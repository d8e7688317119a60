"""From OpenSSL's error number to the check that names the cause, the side that has to change, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.pki.certificates import Certificate, certificate
from console.pki.chain import ChainResult, verify_chain
from console.pki.loading import Anchor
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
    evidence = {"openssl": f"error {result.code} at depth {result.depth}: {result.text}", "certificate": label}
    if result.code in _NO_ISSUER:
        return _no_issuer(case, reading, evidence)
    if result.code in (_NOT_YET, _EXPIRED) and fault is not None:
        return _out_of_time(case, reading, result, fault, trusted, evidence)
    side = Side.DEVICE if trusted and result.depth else Side.BEACON
    where = "the device's own trust store" if side is Side.DEVICE else "the chain that the beacon sends"
    text = _TEXTS.get(result.code) or (
        ("beacon.chain-constraint", "name constraints forbid the names of the beacon's certificate")
        if result.code in _NAME_CONSTRAINTS
        else ("beacon.chain-broken", f"OpenSSL refuses it: {result.text}")
    )
    check, why = text
    if check == "beacon.server-certificate-use" and result.depth:
        check, why = "beacon.issuer-use", "its extended key usage leaves out server authentication"
    if check == "device.trust-limited":
        side = Side.DEVICE
    return Problem(check, failed(f"“{label}” in {where}: {why}", side=side, evidence=evidence))


_TEXTS = {
    _BAD_SIGNATURE: ("beacon.chain-broken", "its signature doesn't fit the key of its issuer (same name, other key)"),
    _NOT_A_CA: ("beacon.not-a-ca", "it isn't a CA certificate, yet it issued the one before it"),
    79: ("beacon.not-a-ca", "it isn't a CA certificate, yet it issued the one before it"),
    _PATH_LENGTH: ("beacon.chain-constraint", "the chain is longer than a CA's path length allows"),
    _PURPOSE: ("beacon.server-certificate-use", "its key usage or extended key usage leaves out TLS servers"),
    _REJECTED: ("device.trust-limited", "a TRUSTED CERTIFICATE block doesn't trust it for servers"),
    _CRITICAL: ("beacon.critical-extension", "it has a critical extension that OpenSSL doesn't know"),
    _LEAF_KEY: ("beacon.server-certificate-weak", "its key is too weak for the device's security level"),
    _CA_KEY: ("beacon.chain-weak", "its key is too weak for the device's security level"),
    _DIGEST: ("beacon.chain-weak", "the digest of its signature is too weak for the device's security level"),
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
                f"The CA file holds another certificate of the same name ({names}), which hides it", evidence=evidence
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
                f"The beacon doesn't send the certificate of “{issuer}”, which it has in its stores", evidence=evidence
            ),
        )
    if top.der == chain[0] and not top.self_signed and not _is_root(case, top):
        return Problem(
            "beacon.chain-incomplete",
            failed(f"The beacon sends its own certificate alone, not that of its issuer “{issuer}”", evidence=evidence),
        )
    what = f"“{clean(top.label, 120)}”, self-signed" if top.self_signed else f"“{issuer}”"
    return Problem(
        "device.beacon-untrusted",
        failed(f"The chain leads to {what}, which the device doesn't trust", evidence=evidence),
    )


_PARTIAL = (
    "The device trusts an intermediate of the chain but not its root, and a check of revocation "
    "(or an older libcurl) needs the chain up to the root"
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
    said = f"“{label}” {'expired' if expired else 'is not valid before'} {when:%Y-%m-%d %H:%M} UTC" if when else label
    evidence = {**evidence, "device's clock": f"{case.device_now:%Y-%m-%d %H:%M} UTC"}
    if fault.valid_at(case.pair.now):
        message = f"By the device's clock ({case.device_now:%Y-%m-%d %H:%M} UTC) {said}"
        return Problem("device.clock-wrong", failed(message, evidence=evidence))
    if result.depth == 0:
        return Problem("beacon.server-certificate-dates", failed(f"The beacon's certificate {said}", evidence=evidence))
    if trusted:
        if reading.trust.shadowed and _holds(case, reading, (), reading.trust.shadowed):
            message = f"The CA file's {said} and hides a valid one of the same name in the CA directory"
            return Problem("device.ca-shadowed", failed(message, evidence=evidence))
        return Problem("device.trusted-certificate-dates", failed(f"The device's trusted {said}", evidence=evidence))
    return Problem("beacon.issuer-dates", failed(f"The intermediate {said}", evidence=evidence))
