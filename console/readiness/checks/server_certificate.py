"""The beacon's certificate and its CAs: dates, uses, strength, and a key that the device's offer fits."""

from __future__ import annotations

from console.pki.certificates import certificate
from console.readiness.case import Case
from console.readiness.checks.chain_rules import SERVER_CHAIN, of_server_chain
from console.readiness.model import Side, Status, Step
from console.readiness.outcome import Outcome, warned
from console.readiness.registry import Part, check


@check(
    "beacon.server-certificate-dates",
    step=Step.SERVER_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="The beacon's certificate is valid now, by the device's clock.",
    source="handshake.md W-01 (measured: T101, T103)",
    remedy="Import a renewed certificate with its key (certlm.msc, Personal), and bind it to the site in IIS Manager.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def server_certificate_dates(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.server-certificate-dates", "The beacon's certificate is valid now")


@check(
    "beacon.server-certificate-use",
    step=Step.SERVER_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule=(
        "The beacon's certificate may be used by a TLS server: serverAuth or no extended key usage, and a"
        " fitting key usage."
    ),
    source="handshake.md E-01, E-02 (measured: T131 to T140, T299; anyExtendedKeyUsage alone fails)",
    remedy="Have the certificate reissued with extended key usage serverAuth and key usage digitalSignature.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def server_certificate_use(case: Case) -> Outcome:
    outcome = of_server_chain(case, "beacon.server-certificate-use", "The certificate may be used by a server")
    chain = case.endpoint.chain if case.endpoint is not None else ()
    if outcome.status is Status.PASS and chain and certificate(chain[0]).key_usage == frozenset({"key_encipherment"}):
        return warned("Key usage is keyEncipherment alone: OpenSSL takes it, stricter TLS libraries refuse it")
    return outcome


@check(
    "beacon.issuer-use",
    step=Step.SERVER_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="CA certificates with an extended key usage name serverAuth in it.",
    source="handshake.md E-01 (measured: T136 to T138)",
    remedy="Have the certificate issued by a CA that isn't limited to other uses.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def issuer_use(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.issuer-use", "No CA is limited to other uses")


@check(
    "beacon.server-certificate-weak",
    step=Step.SERVER_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="The beacon's key is strong enough for the device's security level.",
    source="handshake.md K-01 (measured: T153 to T159)",
    remedy="Have the certificate reissued with RSA 2048 or more, or P-256.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def server_certificate_weak(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.server-certificate-weak", "The beacon's key is strong enough")


@check(
    "beacon.chain-weak",
    step=Step.SERVER_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="Keys of CAs and signatures below the anchor are strong enough for the device's security level.",
    source="handshake.md K-01 (measured: T145 to T151)",
    remedy="Have the chain reissued with SHA-256 and RSA 2048 or more.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def chain_weak(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.chain-weak", "Signatures and CA keys are strong enough")
