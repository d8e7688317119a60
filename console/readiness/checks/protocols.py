"""TLS versions and kinds of keys that both sides can speak."""

from __future__ import annotations

from console.pki.certificates import certificate
from console.pki.strength import OFFERED_CURVES
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, failed, not_applicable, passed, unknown
from console.readiness.registry import Need, Part, check
from console.readiness.stack import VERSIONS


@check(
    "pair.tls-version",
    step=Step.HELLO,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule="Device and beacon have a TLS version in common.",
    source="handshake.md P-TLS-01, P-TLS-02, B-TLS-01 (measured: T239 to T244)",
    remedy="Update the device's TLS library (TLS 1.2 needs OpenSSL 1.0.1), or enable TLS 1.2 on the beacon.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def tls_version(case: Case) -> Outcome:
    if case.device is None or case.endpoint is None or case.endpoint.versions is None:
        return unknown("The beacon's TLS versions weren't observed")
    stack = case.device.stack
    speaks = dict(zip(VERSIONS, stack.speaks, strict=True))
    accepts = case.endpoint.versions
    evidence = {
        "beacon": ", ".join(accepts) or "none",
        "device": ", ".join(version for version in VERSIONS if speaks[version]) or "not observed",
        "library": stack.described,
    }
    common = [version for version in accepts if speaks.get(version)]
    if common:
        return passed(f"Both speak {common[-1]}", evidence)
    if any(speaks.get(version) is None for version in accepts):
        return unknown(
            f"The beacon takes {evidence['beacon']}; which TLS versions the device speaks wasn't observed "
            "(no openssl or curl seen there)",
            evidence=evidence,
        )
    return failed(
        f"No TLS version in common: the beacon takes {evidence['beacon']}, the device speaks others", evidence=evidence
    )


@check(
    "pair.server-key-curve",
    step=Step.HELLO,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule="The device offers the kind of key in the beacon's certificate (P-256, P-384, P-521, RSA, Ed25519).",
    source="handshake.md K-02, P-TLS-03 (measured: T157 to T165)",
    remedy="Have the beacon's certificate reissued with RSA 2048 or P-256.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def server_key_curve(case: Case) -> Outcome:
    leaf = case.endpoint.leaf if case.endpoint is not None else b""
    if not leaf:
        return unknown("The beacon's certificate wasn't seen")
    facts = certificate(leaf)
    openssl = case.device.stack.openssl if case.device is not None else None
    if facts.key_kind == "ec" and facts.curve not in OFFERED_CURVES:
        if openssl is not None and openssl < (1, 1, 0):
            return unknown(f"The beacon's key is on {facts.curve}; whether so old an OpenSSL offers it isn't known")
        return failed(f"The beacon's key is on the curve {facts.curve}, which the device doesn't offer")
    if facts.key_kind in ("ed25519", "ed448"):
        if openssl is None:
            return unknown(
                f"The beacon's key is {facts.key_kind}, known from OpenSSL 1.1.1 on; the device's isn't known"
            )
        if openssl < (1, 1, 1):
            return failed(f"The beacon's key is {facts.key_kind}, which OpenSSL knows from 1.1.1 on")
    if not facts.key_kind:
        return not_applicable("The kind of the beacon's key isn't one that this rule knows")
    return passed(f"The device offers the kind of the beacon's key ({facts.curve or facts.key_kind})")
