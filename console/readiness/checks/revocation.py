"""Revocation: the device's check of the beacon's chain, and the beacon's check of the device's certificate.

Neither is made by curl or openssl, so a live handshake proves the rest only. What the agent does was never measured;
the vendor's pages say that its check needs a revocation list or responder that the device reaches. So, of the device:

* switched on in config.ini, and a certificate names no address at all: it fails, by the vendor's own words;
* on by the agent's default alone (documented, not seen in the file), no address: a risk, named;
* addresses there, but whether the device reaches them wasn't observed: a risk, named.
"""

from __future__ import annotations

from console.agent.preferences import CHECK_REVOCATION, PRIORITIZE_REVOCATION, Origin
from console.pki.certificates import certificate
from console.readiness.case import Case
from console.readiness.checks.chain_rules import ACCEPTANCE, SERVER_CHAIN, of_acceptance
from console.readiness.client_revocation import judge_client_revocation
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Part, Severity, check

_BARE = "Set CheckCertificateRevocation=False, or have the certificates reissued with a distribution point."


@check(
    "beacon.client-revocation",
    step=Step.ACCEPTED,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule=(
        "Where http.sys checks revocation of client certificates (its default), a list or responder that the beacon "
        "reaches says of each below the root that it isn't revoked."
    ),
    source="handshake.md B-CC-06; windows.md S19 (403.13)",
    remedy=(
        "Make the revocation list reachable from the beacon, or turn the check off on the binding "
        "(verifyclientcertrevocation=disable)."
    ),
    needs=ACCEPTANCE,
)
def client_revocation(case: Case) -> Outcome:
    verdict = case.acceptance
    if case.endpoint is not None and verdict.checked:
        return judge_client_revocation(case.endpoint, verdict.checked, case.beacon_now)
    return of_acceptance(case, "beacon.client-revocation", "Revocation of client certificates isn't checked")


@check(
    "device.revocation-check",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule=(
        "With CheckCertificateRevocation on, every certificate below the root names a revocation list or responder "
        "that the device can reach."
    ),
    source="handshake.md P-REV-01; flexnet.md 1.2 (the agent checks up to but excluding the root)",
    remedy="See that the device reaches the addresses, or set CheckCertificateRevocation=False until it does.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def revocation_check(case: Case) -> Outcome:
    if not case.checks_revocation:
        return not_applicable("CheckCertificateRevocation is off")
    if case.preferences is not None and case.preferences.check_revocation is None:
        return unknown("CheckCertificateRevocation can't be told")
    if not case.server_chain.chain:
        return not_applicable("The chain doesn't hold, so nothing is checked for revocation")
    members = [certificate(der) for der in case.server_chain.chain if not certificate(der).self_signed]
    bare = [facts for facts in members if not facts.revocation_lists and not facts.status_responders]
    addresses = sorted({url for facts in members for url in (*facts.revocation_lists, *facts.status_responders)})
    if bare:
        text = f"“{clean(bare[0].label, 80)}” names no revocation list or responder"
        if case.preferences is not None and case.preferences.value(CHECK_REVOCATION).origin is not Origin.DEFAULT:
            return failed(f"CheckCertificateRevocation=True, but {text}: there is nothing to check with", remedy=_BARE)
        return warned(f"By its default the device checks revocation, but {text}", risk=True, remedy=_BARE)
    if not members:
        return passed("The chain holds nothing below its root that could be revoked")
    return warned(
        "The device checks revocation; whether it reaches the revocation lists wasn't observed",
        risk=True,
        evidence={"addresses": ", ".join(addresses)},
    )


@check(
    "device.revocation-method",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="PrioritizeRevocationChecks names a method that the beacon's certificates offer.",
    source="handshake.md P-REV-02; flexnet.md 1.2 (a method left out is off: what is left must be offered)",
    remedy="Set PrioritizeRevocationChecks to a method that the certificates offer, or remove the line.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def revocation_method(case: Case) -> Outcome:
    if not case.checks_revocation or case.preferences is None or not case.server_chain.chain:
        return not_applicable("Revocation isn't checked, or the chain doesn't hold")
    wanted = {word.upper() for word in case.preferences.prioritize_revocation}
    members = [certificate(der) for der in case.server_chain.chain if not certificate(der).self_signed]
    if wanted == {"OCSP"}:
        left, offered = "OCSP", "a revocation list only"
        without = [facts for facts in members if facts.revocation_lists and not facts.status_responders]
    elif wanted == {"CRL"}:
        left, offered = "CRL", "a responder only"
        without = [facts for facts in members if facts.status_responders and not facts.revocation_lists]
    else:
        return passed("The methods set for the check of revocation can be used")
    if without:
        named = f"“{clean(without[0].label, 80)}” names {offered}"
        if case.preferences.value(PRIORITIZE_REVOCATION).origin is Origin.DEFAULT:
            # Older agents have another default (OCSP,CRL).
            return warned(f"By its default a newer agent asks by {left} alone, but {named}", risk=True)
        return failed(f"PrioritizeRevocationChecks leaves {left} alone, but {named}")
    return passed("The method set for the check of revocation can be used")


_NO_STAPLING_FLAG = 8
_GENERATION = "a newer agent then fails, an older one doesn't know the word OCSPSTAPLING, and which it is isn't known"


@check(
    "device.revocation-stapling",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=None,
    rule="A beacon staples a responder's answer where PrioritizeRevocationChecks names OCSPSTAPLING.",
    source="handshake.md P-REV-04; flexnet.md 1.2 (where the server doesn't staple, the connection fails)",
    remedy="Remove OCSPSTAPLING from PrioritizeRevocationChecks, or enable stapling on the beacon's binding.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def revocation_stapling(case: Case) -> Outcome:
    if not case.checks_revocation or case.preferences is None or not case.server_chain.chain:
        return not_applicable("Revocation isn't checked, or the chain doesn't hold")
    if "OCSPSTAPLING" not in {word.upper() for word in case.preferences.prioritize_revocation}:
        return passed("The device doesn't ask for a stapled answer")
    leaf = certificate(case.server_chain.chain[0])
    if not leaf.status_responders:
        return unknown(f"No stapled answer can come: the beacon's certificate names no responder; {_GENERATION}")
    if _stapling_is_off(case):
        return unknown(f"No stapled answer comes: stapling is off on the beacon's binding; {_GENERATION}")
    return unknown("The device wants a stapled answer; whether the beacon staples one wasn't observed")


@check(
    "beacon.must-staple",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="A certificate that demands stapling (TLS feature) is bound where stapling is on.",
    source="handshake.md P-REV-04 (measured: OpenSSL takes no notice unless its program asks)",
    remedy="Enable stapling on the binding, or have the certificate reissued without the TLS feature extension.",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def must_staple(case: Case) -> Outcome:
    if case.endpoint is None or not case.endpoint.chain:
        return unknown("The beacon's certificate wasn't seen")
    if not certificate(case.endpoint.chain[0]).must_staple:
        return passed("The beacon's certificate doesn't demand stapling")
    if _stapling_is_off(case):
        return warned("The beacon's certificate demands stapling, and stapling is off on its binding")
    return passed("The beacon's certificate demands stapling, which isn't switched off")


def _stapling_is_off(case: Case) -> bool:
    if case.endpoint is None:
        return False
    record, routed = case.endpoint.record, case.endpoint.routed
    by_record = record is not None and record.disableocspstapling
    return by_record or (routed is not None and bool(routed[1].ssl_flags & _NO_STAPLING_FLAG))
