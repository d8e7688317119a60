"""The name that the device uses, against the names in the beacon's certificate."""

from __future__ import annotations

from console.pki.certificates import Certificate, certificate
from console.pki.names import describe_names, ip_address, libcurl_accepts, openssl_accepts
from console.readiness.about import about
from console.readiness.case import Case
from console.readiness.checks.chain_rules import SERVER_CHAIN
from console.readiness.machine_places import bind_it, binding_evidence
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Part, check


@check(
    "beacon.name-mismatch",
    step=Step.NAME,
    side=Side.BEACON,
    refused_by=Side.DEVICE,
    rule=(
        "The beacon's certificate stands for the host in the device's URL, as libcurl compares names; where "
        "OpenSSL's own comparison would refuse, that is a risk."
    ),
    source="handshake.md N-01 to N-06; windows.md S8 (measured: T003 to T037)",
    remedy="Have the beacon's certificate reissued with this name, or use one of its names on the device.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def name_mismatch(case: Case) -> Outcome:
    chain = case.endpoint.chain if case.endpoint is not None else ()
    if not chain:
        return unknown("The beacon's certificate wasn't seen")
    facts = certificate(chain[0])
    host = case.use.host
    names = describe_names(facts)
    shown = clean(host, 120)
    if not (facts.dns_names or facts.ip_names) and facts.problem:
        return unknown(f"The names in the beacon's certificate can't be read: {facts.problem}")
    if libcurl_accepts(facts, host):
        if openssl_accepts(facts, host):
            if not facts.dns_names and not facts.ip_names:
                return warned(
                    f"Only the common name says {shown}: no subject alternative name; newer libraries refuse that",
                    evidence={"names": names},
                )
            return passed(f"The certificate stands for {shown}", {"names": names})
        return warned(
            f"libcurl takes the certificate for {shown}, OpenSSL's own comparison doesn't; the agent's isn't known",
            risk=True,
            evidence={"names": names},
        )
    short = "." not in host and ip_address(host) is None
    if short and any(name.lower().startswith(f"{host.lower()}.") for name in facts.dns_names):
        return failed(
            f"The device uses the short name {shown}; the certificate stands for {names}",
            side=Side.DEVICE,
            remedy="Use the full name in the device's failover list.",
            evidence={"names": names},
        )
    return failed(
        f"The beacon's certificate isn't for {shown} but for {names}",
        remedy=(
            f"Have the certificate reissued with {shown} as a name, {bind_it(case.endpoint)}. Or, on the device, write "
            f"{_usable(facts)} as Host in place of {shown}, in the failover list of config.ini."
        ),
        evidence={"asked for": host, "names": names, **about(facts), **binding_evidence(case.endpoint)},
    )


@check(
    "device.name-not-ascii",
    step=Step.NAME,
    side=Side.DEVICE,
    refused_by=None,
    rule="A host name that isn't ASCII has a form that DNS and certificates use.",
    source="handshake.md N-05 (measured: T029)",
    remedy="Write the name in its ASCII form (xn--…) in the failover list.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def name_not_ascii(case: Case) -> Outcome:
    if case.use.host.isascii():
        return not_applicable("The host name is ASCII")
    return warned(f"{clean(case.use.host, 120)} isn't ASCII; it is compared in its ASCII form")


def _usable(facts: Certificate) -> str:
    """A name of the certificate that may stand in a failover list: no wildcard."""
    plain = next((name for name in facts.dns_names if "*" not in name), "")
    return clean(plain, 120) if plain else "one of the certificate's names"
