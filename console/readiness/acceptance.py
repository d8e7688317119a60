"""Will the beacon take the device's certificate? IIS and http.sys as windows.md §2 describes them.

Nothing of this was tried on Windows: the rules are the documented ones, in the order in which the sub-status is decided
(403.7, 403.17, 403.16, 403.13).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from console.iis.snapshot import StoreCertificate
from console.pki.certificates import ANY_USE, CLIENT_AUTH, Certificate, certificate
from console.pki.chain import ChainOptions, ChainResult, verify_chain
from console.readiness.about import about, use_names
from console.readiness.beacon_view import ClientMode
from console.readiness.client_trust import client_trust
from console.readiness.completion import may_complete_unseen, sent_chains
from console.readiness.diagnosis import Problem, follow
from console.readiness.machine_places import client_certificate_path, client_key_path
from console.readiness.model import Side
from console.readiness.outcome import clean, failed, unknown, warned

if TYPE_CHECKING:
    from console.readiness.beacon_view import Endpoint
    from console.readiness.case import Case

_LAST_BUILD_2012R2 = 9600
_STORES_READ = ("My", "WebHosting", "Root", "CA", "ClientAuthIssuer", "REQUEST")


@dataclass(frozen=True, slots=True)
class Acceptance:
    problem: Problem | None = None
    why_not: str = ""
    """Why it can't be told."""
    skipped: str = ""
    """Why it needn't be told."""
    checked: tuple[bytes, ...] = ()
    """The chain up to its anchor (DER) that http.sys checks for revocation; empty: it doesn't, or ends before."""


def judge_acceptance(case: Case) -> Acceptance:
    """Never raises."""
    if not case.https or case.mode is ClientMode.IGNORE:
        return Acceptance(skipped="the beacon doesn't look at client certificates here")
    if case.sends_certificate is False:
        return Acceptance(skipped="the device sends no certificate")
    if case.endpoint is None or not case.endpoint.reached or case.mode is None:
        return Acceptance(why_not="the beacon's settings and stores weren't observed over WinRM")
    if case.device is None or case.sends_certificate is None:
        return Acceptance(why_not="whether the device sends a certificate wasn't observed")
    if not case.client_chains:
        return Acceptance(why_not="the device's certificate wasn't collected")
    if not case.client_chain:
        return Acceptance(skipped="the device can't load its certificate")
    return _judge(case, case.endpoint)


def _judge(case: Case, endpoint: Endpoint) -> Acceptance:
    leaf = certificate(case.client_chain[0])
    if leaf.not_before is None or leaf.not_after is None:
        return Acceptance(why_not="the dates of the device's certificate can't be read")
    if endpoint.skew is None:
        return Acceptance(why_not="the beacon's clock wasn't observed")
    if not leaf.valid_at(case.beacon_now):
        return Acceptance(_dates(case, leaf))
    if case.documented:
        return Acceptance()
    if endpoint.snapshot.os_build <= _LAST_BUILD_2012R2 and (odd := misplaced_roots(endpoint)):
        message = f"{len(odd)} certificate(s) in the beacon's Trusted Root store aren't self-signed, such as “{odd[0]}”"
        return Acceptance(Problem("beacon.root-store-mixed", failed(f"{message}: every client is refused (403.16)")))
    if _usage_checked(endpoint) and not _for_clients(leaf):
        message = "The device's certificate isn't made for client authentication (extended key usage): 403.16"
        remedy = (
            "Have your CA issue the certificate again with extended key usage clientAuth, and write it to "
            f"{client_certificate_path(case)} in place of this one; the key can stay."
        )
        evidence = {**_where(case), **about(leaf), "uses": use_names(leaf)}
        return Acceptance(Problem("device.client-certificate-use", failed(message, remedy=remedy, evidence=evidence)))
    store, options = client_trust(endpoint)
    if store not in _STORES_READ:
        mode = endpoint.snapshot.schannel.client_auth_trust_mode
        return Acceptance(why_not=f"ClientAuthTrustMode is {mode}, and the store {clean(store, 60)} isn't collected")
    return _by_chain(case, endpoint, leaf, store, options)


def _by_chain(case: Case, endpoint: Endpoint, leaf: Certificate, store: str, options: ChainOptions) -> Acceptance:
    """Under every reading of what the device sends."""

    def verified(chain: tuple[bytes, ...]) -> ChainResult:
        others = (*chain[1:], *endpoint.intermediates)
        return verify_chain(endpoint.anchors(store), chain[0], others, case.beacon_now, options)

    results = [verified(chain) for chain in sent_chains(case)]
    bad = [result for result in results if not result.ok]
    if not bad:
        accepted = _revocation(endpoint, results[0])
        if accepted.why_not:
            return accepted
        if not verified(case.client_chain).ok:
            return replace(accepted, problem=_completed_by_device(case, leaf))
        return replace(accepted, problem=_doubtful_use(endpoint, leaf, results[0]))
    problem = _untrusted(case, endpoint, leaf, bad[0])
    why = may_complete_unseen(case) if problem.check == "device.client-chain-incomplete" else ""
    if len(bad) < len(results):
        why = "whether the device's TLS library adds the missing CA certificate wasn't observed"
    if why:
        return Acceptance(Problem(problem.check, unknown(f"{problem.outcome.message}; but {why}")))
    return Acceptance(problem)


def _completed_by_device(case: Case, leaf: Certificate) -> Problem:
    message = (
        f"The device's file holds “{clean(leaf.label, 120)}” without its issuer, which the beacon doesn't know: "
        "OpenSSL adds it from the device's trusted CA certificates, as long as it is there"
    )
    return Problem("device.client-chain-incomplete", warned(message, risk=True, evidence=_where(case)))


def _doubtful_use(endpoint: Endpoint, leaf: Certificate, result: ChainResult) -> Problem | None:
    """What Windows may refuse as a wrong use, though no source says that it always does (windows.md 2.3, S25)."""
    if not _usage_checked(endpoint):
        return None
    # A CA's extended key usage is a limit of what it issues (application policies).
    above = next((facts for facts in map(certificate, result.chain[1:-1]) if not _for_clients(facts)), None)
    if above is not None:
        why = f"The CA “{clean(above.label, 120)}” above the device's certificate isn't made for client authentication"
    elif leaf.extended_key_usage is not None and CLIENT_AUTH not in leaf.extended_key_usage:
        why = "The device's certificate is made for any use, without naming client authentication"
    elif leaf.key_usage is not None and "digital_signature" not in leaf.key_usage:
        why = "The key usage of the device's certificate has no digital signature, which a client's handshake is"
    else:
        return None
    evidence = {**about(above or leaf), "uses": use_names(above or leaf)}
    outcome = warned(f"{why}; Windows may refuse it (403.16)", risk=True, evidence=evidence)
    return Problem("device.client-certificate-use", outcome)


def _usage_checked(endpoint: Endpoint) -> bool:
    return endpoint.record is None or endpoint.record.usagecheck


def _for_clients(facts: Certificate) -> bool:
    return facts.extended_key_usage is None or bool({CLIENT_AUTH, ANY_USE} & {*facts.extended_key_usage})


def misplaced_roots(endpoint: Endpoint) -> tuple[str, ...]:
    """Certificates of LocalMachine\\Root that aren't self-signed (KB2802568)."""
    facts = (certificate(entry.der) for entry in endpoint.roots)
    return tuple(clean(fact.label, 80) for fact in facts if fact.subject_der and not fact.self_issued)


def _dates(case: Case, leaf: Certificate) -> Problem:
    label = clean(leaf.label, 120)
    evidence = {**_where(case), **about(leaf), "beacon's clock": f"{case.beacon_now:%Y-%m-%d %H:%M} UTC"}
    if leaf.valid_at(case.pair.now):
        message = (
            f"The beacon's clock is wrong ({case.beacon_now:%Y-%m-%d %H:%M} UTC): by it “{label}” isn't valid (403.17)"
        )
        return Problem("beacon.clock-wrong", failed(message, evidence=evidence))
    early = leaf.not_before is not None and case.beacon_now < leaf.not_before
    moment = leaf.not_before if early else leaf.not_after
    said = f"is not valid before {moment:%Y-%m-%d}" if early else f"expired {moment:%Y-%m-%d}"
    message = f"The device's certificate {said} (“{label}”): the beacon answers 403.17"
    remedy = (
        f"Have a renewed certificate issued; write it to {client_certificate_path(case)}, before any CA certificate "
        f"there, and its key to {client_key_path(case)}."
    )
    return Problem("device.client-certificate-dates", failed(message, remedy=remedy, evidence=evidence))


def _untrusted(case: Case, endpoint: Endpoint, leaf: Certificate, result: ChainResult) -> Problem:
    label = clean(leaf.label, 120)
    evidence = {
        "openssl": f"error {result.code} at depth {result.depth}: {result.text}",
        **_where(case),
        **about(leaf),
    }
    top = follow((*case.client_chain, *endpoint.intermediates))
    issuer = clean(top.issuer or "an unnamed issuer", 160)
    roots = {certificate(entry.der).subject_der for entry in endpoint.roots}
    if endpoint.snapshot.schannel.client_auth_trust_mode in (1, 2):
        text = f"ClientAuthTrustMode limits trust to another store, which doesn't hold “{issuer}”: 403.16"
        return Problem("beacon.client-issuer-untrusted", failed(text, evidence=evidence))
    if result.code in (9, 10):
        text = f"A CA above the device's certificate isn't valid by the beacon's clock (“{label}”): 403.16"
        return Problem("beacon.client-chain-refused", failed(text, side=Side.DEVICE, evidence=evidence))
    if result.code not in (2, 18, 19, 20, 21):
        text = f"The beacon can't accept the chain of the device's certificate: {result.text} (“{label}”): 403.16"
        return Problem("beacon.client-chain-refused", failed(text, side=Side.DEVICE, evidence=evidence))
    if top.der == leaf.der and not leaf.self_signed and top.issuer_der not in roots:
        text = f"The device sends no intermediate, and the beacon doesn't know “{issuer}”: 403.16"
        remedy = (
            f"Append the CA certificate “{issuer}” to {client_certificate_path(case)}. Or, on the beacon, import it "
            "into the computer's Intermediate Certification Authorities (certlm.msc)."
        )
        return Problem("device.client-chain-incomplete", failed(text, remedy=remedy, evidence=evidence))
    what = "the device's self-signed certificate" if leaf.self_signed else "the issuer of the device's certificate"
    text = f"The beacon doesn't trust {what}, “{label if leaf.self_signed else issuer}”: 403.16"
    remedy = (
        f"Import “{label if leaf.self_signed else issuer}” into the computer's Trusted Root Certification Authorities "
        "(certlm.msc), once you know it is yours: the whole machine then trusts all it issues; its file comes from "
        f"that CA. Or, on the device, write a certificate issued by a CA that is there{_such_as(endpoint)} to "
        f"{client_certificate_path(case)}, and its key to {client_key_path(case)}."
    )
    return Problem("beacon.client-issuer-untrusted", failed(text, remedy=remedy, evidence=evidence))


def _such_as(endpoint: Endpoint) -> str:
    """The root above the beacon's own certificate, where the beacon trusts it: it is the one at hand."""
    if not endpoint.leaf:
        return ""
    top = follow((endpoint.leaf, *endpoint.chain[1:], *endpoint.intermediates))
    root = next((fact for fact in map(_root_facts, endpoint.roots) if fact.subject_der == top.issuer_der), None)
    return f", such as “{clean(root.subject, 120)}”," if root is not None else ""


def _root_facts(entry: StoreCertificate) -> Certificate:
    return certificate(entry.der)


def _where(case: Case) -> dict[str, str]:
    """The device's certificate file."""
    return {"file": case.preferences.client_certificate} if case.preferences is not None else {}


def _revocation(endpoint: Endpoint, result: ChainResult) -> Acceptance:
    """Modes as http.sys has them: 0, the default, checks."""
    if endpoint.record is None:
        return Acceptance(why_not="the endpoint's http.sys record wasn't found, so its revocation mode isn't known")
    return Acceptance(checked=tuple(result.chain) if endpoint.record.verifyclientcertrevocation else ())
