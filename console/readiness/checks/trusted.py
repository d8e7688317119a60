"""Does the beacon's chain lead to something that the device trusts? One verification, one check for each cause."""

from __future__ import annotations

from console.readiness.case import Case
from console.readiness.checks.chain_rules import SERVER_CHAIN, of_server_chain
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, failed, not_applicable, passed, unknown
from console.readiness.registry import Need, Part, check
from console.readiness.stack import VERSIONS


@check(
    "device.nothing-trusted",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The device trusts at least one CA certificate.",
    source="handshake.md T-ROOT-01",
    remedy="Put the CA certificates that issued the beacon's certificate into the device's CA file.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def nothing_trusted(case: Case) -> Outcome:
    return of_server_chain(case, "device.nothing-trusted", "The device trusts CA certificates")


@check(
    "beacon.chain-incomplete",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="The beacon sends every intermediate that the device doesn't have itself.",
    source="handshake.md T-INT-01 (measured: T039, T040)",
    remedy=(
        "Import the intermediate into the beacon's Intermediate Certification Authorities store; Schannel"
        " then sends it."
    ),
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def chain_incomplete(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.chain-incomplete", "The chain is sent whole, or the device completes it")


@check(
    "device.beacon-untrusted",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The chain ends in a certificate that the device trusts.",
    source="handshake.md T-ROOT-01 (measured: T043, T047 to T059, T097, T109)",
    remedy="Add that CA certificate to the device's CA file (or, hashed, to its CA directory).",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def beacon_untrusted(case: Case) -> Outcome:
    return of_server_chain(case, "device.beacon-untrusted", "The chain ends in a certificate that the device trusts")


@check(
    "device.partial-chain",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The device trusts the root itself where its library doesn't let an intermediate end a chain.",
    source="handshake.md T-PART-01, T-PART-02 (measured: T040 to T042, T058)",
    remedy="Add the root to the device's CA file.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def partial_chain(case: Case) -> Outcome:
    return of_server_chain(
        case, "device.partial-chain", "The chain holds without an intermediate ending it, or the library allows it"
    )


@check(
    "device.ca-shadowed",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="No certificate of the CA file hides one of the same name in the CA directory.",
    source="handshake.md T-SHADOW-01 (measured: T141, T142, T295)",
    remedy="Remove the stale certificate from the CA file.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def ca_shadowed(case: Case) -> Outcome:
    return of_server_chain(case, "device.ca-shadowed", "Nothing of the same name stands in the way")


@check(
    "device.trusted-certificate-dates",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The CA certificates that the device trusts are valid now.",
    source="handshake.md T-EXP-01, T-EXP-02 (measured: T091, T093, T099)",
    remedy="Put the renewed CA certificate into the device's CA file and remove the old one.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def trusted_certificate_dates(case: Case) -> Outcome:
    return of_server_chain(case, "device.trusted-certificate-dates", "The trusted certificates are valid now")


@check(
    "beacon.issuer-dates",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="The intermediates that the beacon sends are valid now.",
    source="handshake.md T-EXP-02 (measured: T099)",
    remedy="Import the renewed intermediate on the beacon and remove the expired one from its stores.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def issuer_dates(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.issuer-dates", "The intermediates are valid now")


@check(
    "beacon.not-a-ca",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="Every issuer of the chain is a CA certificate (CA:TRUE, keyCertSign; a v1 root is let through).",
    source="handshake.md T-CA-01 (measured: T123 to T129)",
    remedy="Have the certificate issued by a real CA certificate.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def not_a_ca(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.not-a-ca", "Every issuer is a CA")


@check(
    "beacon.chain-constraint",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="Path lengths and name constraints of the chain allow the beacon's certificate.",
    source="handshake.md T-CA-02 (measured: T111 to T119)",
    remedy="Have the certificate issued by a CA that may issue it.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def chain_constraint(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.chain-constraint", "No constraint of the chain is broken")


@check(
    "beacon.critical-extension",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="No certificate of the chain has a critical extension that OpenSSL doesn't know.",
    source="handshake.md T-CA-02",
    remedy="Have the certificate reissued without that extension, or with it marked not critical.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def critical_extension(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.critical-extension", "No unknown critical extension")


@check(
    "device.trust-limited",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="A BEGIN TRUSTED CERTIFICATE block trusts the CA for servers.",
    source="handshake.md T-TRUST-01 (measured: T083)",
    remedy="Write the CA as a plain BEGIN CERTIFICATE block (openssl x509 -in FILE -clrtrust).",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def trust_limited(case: Case) -> Outcome:
    return of_server_chain(case, "device.trust-limited", "No trusted block limits the use")


@check(
    "beacon.chain-broken",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule="Every signature of the chain fits the key of its issuer.",
    source="handshake.md T-NAME-01 (measured: T046, with an odd message)",
    remedy="Look for two CA certificates of the same name, and send and trust the right one.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def chain_broken(case: Case) -> Outcome:
    return of_server_chain(case, "beacon.chain-broken", "Every signature fits")


@check(
    "pair.old-tls-signatures",
    step=Step.TRUSTED,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule=(
        "The beacon takes TLS 1.2 or newer, or the device's security level is 0: OpenSSL from 3.0 on refuses the SHA-1 "
        "and MD5 signatures of older versions, after it has judged the beacon's chain."
    ),
    source="handshake.md P-TLS-02 (measured: “legacy sigalg disallowed”, after a fault of the chain)",
    remedy="Enable TLS 1.2 on the beacon.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def old_tls_signatures(case: Case) -> Outcome:
    accepts = case.endpoint.versions if case.endpoint is not None else None
    if case.device is None or accepts is None:
        return unknown("The beacon's TLS versions weren't observed")
    stack = case.device.stack
    known = [known for version, known in zip(VERSIONS, stack.speaks, strict=True) if version in accepts]
    if any(speaks is not False for speaks in known):
        return passed("No old signatures are needed")
    begun = [v for v, begins in zip(VERSIONS, stack.begins, strict=True) if begins and v in accepts]
    if not begun:
        return not_applicable("No handshake begins: device and beacon have no TLS version in common")
    shown = " and ".join(begun)
    return failed(
        f"The beacon takes {shown} alone, whose signatures the device's library refuses at its security level",
        evidence={"library": stack.described, "security level": ", ".join(map(str, stack.levels))},
    )
