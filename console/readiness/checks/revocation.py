"""Revocation: the device's check of the beacon's chain, and the beacon's check of the device's certificate.

Neither is made by curl or openssl, so a live handshake proves the rest only. What the agent does was never measured;
the vendor's pages say what its check needs. A sweep asks the addresses of the chain from the device, with its tools:

* switched on in config.ini, and it can't succeed (no address, no answer that counts, revoked): it fails;
* on by the agent's default alone (documented, not seen in the file): a risk, named;
* addresses there, but they weren't asked, or what they answered has ended since: unknown where it is switched on in
  config.ini, a named risk where only the agent's default has it on;
* the generation of the agent decides, and isn't known: unknown, or (on by default alone) a risk.
"""

from __future__ import annotations

from datetime import timedelta

from console.agent.preferences import CHECK_REVOCATION, PRIORITIZE_REVOCATION, Origin
from console.agent.revocation_methods import Method, MethodReading
from console.pki.certificates import Certificate, certificate
from console.pki.revocation_facts import RevocationMethod
from console.readiness.case import Case
from console.readiness.checks.chain_rules import ACCEPTANCE, SERVER_CHAIN, of_acceptance
from console.readiness.client_revocation import judge_client_revocation
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Part, Severity, check
from console.readiness.revocation_rules import Kind, Member, below_root, left_of, readings_of
from console.readiness.revocation_words import Refusal, answers, refusal

_SWEEP = "Sweep the device: it asks the addresses. Or set CheckCertificateRevocation=False."
_NO_STAPLING_FLAG = 8
_GENERATION = "a newer agent then fails, an older one doesn't know the word OCSPSTAPLING, and which it is isn't known"


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
        soon = timedelta(days=case.policy.soon_days)
        return judge_client_revocation(case.endpoint, verdict.checked, case.beacon_now, soon)
    return of_acceptance(case, "beacon.client-revocation", "Revocation of client certificates isn't checked")


@check(
    "device.revocation-check",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule=(
        "With CheckCertificateRevocation on, every certificate below the root names a revocation list or responder "
        "that answers the device: signed by its issuer, in date by the device's clock, and not revoked."
    ),
    source=(
        "handshake.md P-REV-01; flexnet.md 1.2 (the agent checks up to but excluding the root; the first authoritative "
        "answer counts)"
    ),
    remedy="See that the device reaches the addresses, or set CheckCertificateRevocation=False until it does.",
    needs=SERVER_CHAIN,
    part=Part.REVOCATION,
)
def revocation_check(case: Case) -> Outcome:
    if why := _not_checked(case):
        return why
    if case.preferences is not None and case.preferences.check_revocation is None:
        return unknown("CheckCertificateRevocation can't be told")
    judged = case.revocation
    if not judged:
        return passed("The chain holds nothing below its root that could be revoked")
    # What is off or stapled is told by the checks below.
    told = [one for one in judged if one.worst.kind not in (Kind.STAPLED, Kind.METHOD_OFF)]
    bad = [one for one in told if one.worst.kind in (Kind.REVOKED, Kind.FAILED, Kind.NO_ADDRESS)]
    if not told:
        return not_applicable("Which methods can be used decides: see device.revocation-method")
    if bad and len(bad) == len(told):
        return _stops(case, refusal(bad[0].worst))
    if bad:
        return _divided(case, bad[0].reading, refusal(bad[0].worst))
    unasked = next((one.worst for one in told if one.worst.kind is Kind.NOT_ASKED), None)
    if unasked is None:
        return passed("The device gets an answer for every certificate below the root: not revoked", answers(told))
    named = sorted({url for member, _ in below_root(case.server_chain.chain) for url in _addresses(member)})
    message = "The device checks revocation; whether it gets the revocation lists or answers wasn't observed"
    message, evidence = f"{message}: {clean(unasked.why, 160)}", {"addresses": ", ".join(named)}
    if _switched_on(case):
        return unknown(message, remedy=_SWEEP, evidence=evidence)
    return warned(message, risk=True, remedy=_SWEEP, evidence=evidence)


@check(
    "device.revocation-method",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="PrioritizeRevocationChecks names a method that the beacon's certificates offer.",
    source="handshake.md P-REV-02; flexnet.md 1.2 (a method left out is off: what is left must be offered)",
    remedy="Set PrioritizeRevocationChecks to a method that the certificates offer, or remove the line.",
    needs=SERVER_CHAIN,
    part=Part.REVOCATION,
)
def revocation_method(case: Case) -> Outcome:
    if why := _not_checked(case):
        return why
    judged = case.revocation
    off = [(one, member) for one in judged for member in one.members if member.kind is Kind.METHOD_OFF]
    if not off:
        return passed("The methods set for the check of revocation can be used")
    reading, member = off[0][0].reading, off[0][1]
    offered = "a responder only" if member.certificate.status_responders else "a revocation list only"
    named = f"“{clean(member.certificate.label, 80)}” names {offered}"
    refused = Refusal(f"{' and '.join(reading.methods) or 'no method'} alone can be used, and {named}")
    if len({one.reading for one, _ in off}) == len(judged):
        return _stops(case, refused)
    return _divided(case, reading, refused)


@check(
    "device.revocation-stapling",
    step=Step.TRUSTED,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="A beacon staples a responder's answer where PrioritizeRevocationChecks names OCSPSTAPLING.",
    source="handshake.md P-REV-04; flexnet.md 1.2 (where the server doesn't staple, the connection fails)",
    remedy="Remove OCSPSTAPLING from PrioritizeRevocationChecks, or enable stapling on the beacon's binding.",
    needs=SERVER_CHAIN,
    part=Part.REVOCATION,
)
def revocation_stapling(case: Case) -> Outcome:
    if why := _not_checked(case):
        return why
    readings = readings_of(case)
    wanting = [reading for reading in readings if Method.STAPLED in reading.methods]
    if not wanting:
        return passed("The device doesn't ask for a stapled answer")
    if not certificate(case.server_chain.chain[0]).status_responders:
        missing = "no stapled answer can come: the beacon's certificate names no responder"
    elif stapling_is_off(case):
        missing = "no stapled answer comes: stapling is off on the beacon's binding"
    else:
        return unknown("The device wants a stapled answer; whether the beacon staples one wasn't observed")
    if len(wanting) == len(readings):
        return _stops(case, Refusal(missing))
    return unknown(f"{missing[:1].upper()}{missing[1:]}; {_GENERATION}")


@check(
    "pair.revocation-expires-soon",
    step=Step.TRUSTED,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.SOON,
    rule=(
        "No revocation list that decides ends within soon_days with less than a tenth of its period left when the "
        "device fetched it: by then its CA has published the next one."
    ),
    source=(
        "handshake.md P-REV-03 (next update within the S window), §2 (S: less than 10 % left; a list of 7 days always "
        "ends within 30)"
    ),
    remedy="Have the CA publish a new revocation list at the address, and look why it hasn't (its publishing job).",
    needs=SERVER_CHAIN,
    part=Part.REVOCATION,
)
def revocation_expires_soon(case: Case) -> Outcome:
    if why := _not_checked(case):
        return why
    members = [member for one in case.revocation for member in one.members]
    late = next((member for member in members if _is_late(case, member)), None)
    if late is not None and late.seen is not None and late.answer is not None and late.answer.next_update is not None:
        return warned(
            f"The revocation list of “{clean(late.certificate.label, 80)}” ends on "
            f"{late.answer.next_update:%Y-%m-%d}, and its CA hadn't published the next one when the device asked",
            risk=True,
            evidence={"address": late.seen.fact.url},
        )
    if any(member.kind is Kind.GOOD for member in members):
        return passed("The revocation lists that decide aren't about to end")
    return unknown("When the revocation lists end wasn't observed")


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
    if stapling_is_off(case):
        return warned("The beacon's certificate demands stapling, and stapling is off on its binding")
    return passed("The beacon's certificate demands stapling, which isn't switched off")


def stapling_is_off(case: Case) -> bool:
    if case.endpoint is None:
        return False
    record, routed = case.endpoint.record, case.endpoint.routed
    by_record = record is not None and record.disableocspstapling
    return by_record or (routed is not None and bool(routed[1].ssl_flags & _NO_STAPLING_FLAG))


def _not_checked(case: Case) -> Outcome | None:
    if not case.checks_revocation:
        return not_applicable("CheckCertificateRevocation is off")
    if not case.server_chain.chain:
        return not_applicable("The chain doesn't hold, so nothing is checked for revocation")
    return None


def _stops(case: Case, refused: Refusal) -> Outcome:
    """The check can't succeed: a failure where it was switched on, a risk where only the agent's default has it on."""
    remedy, side, evidence = refused.remedy, refused.side, refused.evidence
    if _switched_on(case):
        return failed(
            f"CheckCertificateRevocation=True, but {refused.text}", remedy=remedy, side=side, evidence=evidence
        )
    message = f"By its default the device checks revocation, but {refused.text}"
    return warned(message, risk=True, remedy=remedy, side=side, evidence=evidence)


def _divided(case: Case, reading: MethodReading, refused: Refusal) -> Outcome:
    """It depends on the agent's generation, which isn't known, whether the check can succeed."""
    wanted = case.preferences.value(PRIORITIZE_REVOCATION).raw if case.preferences is not None else None
    said = f"PrioritizeRevocationChecks={clean(wanted, 60)}" if wanted else "PrioritizeRevocationChecks by default"
    message = (
        f"What {said} means depends on the agent's generation, which isn't known (agent profile: newer_since). "
        f"If it checks by {' then '.join(reading.methods) or 'no method'}: {refused.text}"
    )
    remedy, side, evidence = refused.remedy, refused.side, refused.evidence
    if _switched_on(case):
        return unknown(message, remedy=remedy, side=side, evidence=evidence)
    return warned(message, risk=True, remedy=remedy, side=side, evidence=evidence)


def _switched_on(case: Case) -> bool:
    return case.preferences is not None and case.preferences.value(CHECK_REVOCATION).origin is not Origin.DEFAULT


def _addresses(member: Certificate) -> tuple[str, ...]:
    return (*member.revocation_lists, *member.status_responders)


def _is_late(case: Case, member: Member) -> bool:
    if member.kind is not Kind.GOOD or member.seen is None or member.answer is None:
        return False
    left = left_of(member.answer, case.device_now)
    is_list = member.seen.fact.method is RevocationMethod.CRL
    return is_list and member.seen.stale and left is not None and left <= timedelta(days=case.policy.soon_days)
