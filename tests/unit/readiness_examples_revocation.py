"""Revocation by example: what the addresses of the chain answered the device, by every way to read its settings."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from console.agent.profile import AgentProfile
from console.pki.revocation_facts import Reach, RevocationAnswer, RevocationFact, RevocationMethod, RevocationState
from console.readiness.model import PairInput, Status
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import ROW, Make, ca, sends, unseen, usual, with_responder, with_revocation_list

P, F, W, U, N = Status.PASS, Status.FAIL, Status.WARN, Status.UNKNOWN, Status.NOT_APPLICABLE
CRL, OCSP = RevocationMethod.CRL, RevocationMethod.OCSP
DAY = timedelta(days=1)
GOOD = RevocationAnswer(RevocationState.GOOD, "", kit.NOW - DAY, kit.NOW + 6 * DAY)
REVOKED = replace(GOOD, state=RevocationState.REVOKED, detail="revoked on 2026-11-01")
LIST, ROOT_LIST = "http://pki.example/i.crl", "http://pki.example/root.crl"
RESPONDER = "http://ocsp.example/"
OCSP_ACCESS = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(RESPONDER))]
)
Answers = dict[str, RevocationAnswer | str]
"""By address: the answer, or why there is none (`-why`: it wasn't asked)."""


@cache
def chain(*, responders: bool) -> tuple[kit.Issued, kit.Issued]:
    """Leaf and intermediate."""
    more: list[tuple[x509.ExtensionType, bool]] = [(OCSP_ACCESS, False)] if responders else []
    issuing = ca(crl=ROOT_LIST, more=more)
    return kit.issue(kit.HOST, issuing, names=[kit.HOST], usages=[kit.SERVER], crl=LIST, more=more), issuing


def asked(
    answers: Answers, *, responders: bool = False, at: datetime = kit.NOW, clock: timedelta = timedelta(0), **ini: str
) -> Make:
    """A chain of leaf and intermediate with a revocation list each (and a responder), as its addresses answered."""

    def make() -> PairInput:
        leaf, issuing = chain(responders=responders)
        facts = []
        for member, url in ((leaf, LIST), (issuing, ROOT_LIST), (leaf, RESPONDER), (issuing, RESPONDER)):
            if url in answers:
                facts.append(fact(member, url, answers[url]))
        settings = kit.config({"CheckCertificateRevocation": "True", **ini})
        device = kit.device(
            ini=settings, revocation=tuple(facts), revocation_at=at, taken_at=kit.NOW, clock=kit.NOW + clock
        )
        return replace(sends(leaf, issuing)(), device=device)

    return make


def fact(member: kit.Issued, url: str, answer: RevocationAnswer | str) -> RevocationFact:
    sha256 = hashlib.sha256(member.der).hexdigest()
    method = OCSP if url == RESPONDER else CRL
    if isinstance(answer, RevocationAnswer):
        return RevocationFact(sha256, method, url, Reach.ANSWERED, answer=answer)
    reach = Reach.NOT_ASKED if answer.startswith("-") else Reach.UNREACHABLE
    return RevocationFact(sha256, method, url, reach, why=answer.lstrip("-"))


def by(newer_since: str, version: str, make: Make) -> Make:
    """By a profile that knows which agents are of the newer generation."""

    def made() -> PairInput:
        profile = AgentProfile.load()
        known = replace(profile, revocation=replace(profile.revocation, newer_since=newer_since))
        given = make()
        assert given.device is not None
        return replace(given, profile=known, device=replace(given.device, agent_version=version))

    return made


def older(make: Make) -> Make:
    return by("19.0", "18.2.1", make)


def newer(make: Make) -> Make:
    return by("19.0", "19.0.0", make)


BOTH: Answers = {LIST: GOOD, ROOT_LIST: GOOD}
GONE = "the connection was refused"
STALE = RevocationAnswer(RevocationState.GOOD, "", kit.NOW - 6.5 * DAY, kit.NOW + 0.5 * DAY)
OLD = RevocationAnswer(RevocationState.GOOD, "", kit.NOW - 8 * DAY, kit.NOW - DAY)
EARLY = RevocationAnswer(RevocationState.GOOD, "", kit.NOW + DAY, kit.NOW + 8 * DAY)
ENDLESS = RevocationAnswer(RevocationState.GOOD, "", kit.NOW - DAY, None)


def wrong(state: RevocationState) -> Make:
    return asked({**BOTH, LIST: replace(GOOD, state=state, detail="why")})


EXAMPLES: list[ROW] = [
    ("device.revocation-check", asked(BOTH), P),
    ("device.revocation-check", asked({**BOTH, LIST: REVOKED}), F),
    ("device.revocation-check", asked({**BOTH, ROOT_LIST: REVOKED}), F),
    ("device.revocation-check", asked({**BOTH, LIST: GONE}), F),
    ("device.revocation-check", asked({**BOTH, LIST: OLD}), F),
    ("device.revocation-check", asked({**BOTH, LIST: EARLY}), F),
    ("device.revocation-check", wrong(RevocationState.OTHER_ISSUER), F),
    ("device.revocation-check", wrong(RevocationState.BAD_SIGNATURE), F),
    ("device.revocation-check", wrong(RevocationState.UNREADABLE), F),
    ("device.revocation-check", wrong(RevocationState.WRONG_SCOPE), F),
    ("device.revocation-check", wrong(RevocationState.SIGNER_NOT_ALLOWED), F),
    ("device.revocation-check", wrong(RevocationState.NOT_UNDERSTOOD), F),
    # The responder's own certificate: valid when it answers, or not.
    ("device.revocation-check", asked({**BOTH, LIST: replace(GOOD, signer_ends=kit.NOW + DAY)}), P),
    ("device.revocation-check", asked({**BOTH, LIST: replace(GOOD, signer_ends=kit.NOW - 2 * DAY)}), F),
    ("device.revocation-check", asked({**BOTH, LIST: replace(GOOD, signer_begins=kit.NOW + DAY)}), F),
    # What decides and wasn't asked: unknown where the switch stands in config.ini, a risk by the agent's default alone.
    ("device.revocation-check", asked({**BOTH, LIST: "-neither curl nor wget on the device"}), U),
    ("device.revocation-check", asked({**BOTH, LIST: "-no curl, no wget"}, CheckCertificateRevocation="-"), W),
    ("device.revocation-check", asked({ROOT_LIST: GOOD}), U),
    ("device.revocation-check", asked({ROOT_LIST: GOOD}, CheckCertificateRevocation="-"), W),
    ("device.revocation-check", asked({**BOTH, LIST: GONE}, CheckCertificateRevocation="-"), W),
    ("device.revocation-check", asked({**BOTH, LIST: REVOKED}, CheckCertificateRevocation="-"), W),
    ("device.revocation-check", asked({**BOTH, LIST: REVOKED}, CheckCertificateRevocation="False"), N),
    # The list ended after the device was asked: what is served since then wasn't seen.
    ("device.revocation-check", asked({**BOTH, LIST: OLD}, at=kit.NOW - 3 * DAY), U),
    ("device.revocation-check", asked({**BOTH, LIST: OLD}, at=kit.NOW - 3 * DAY, CheckCertificateRevocation="-"), W),
    # Where both generations would ask, the responder is first for older agents alone.
    ("device.revocation-check", asked({**BOTH, RESPONDER: GONE}, responders=True), P),
    ("device.revocation-check", asked({**BOTH, RESPONDER: REVOKED}, responders=True), U),
    ("device.revocation-check", older(asked({**BOTH, RESPONDER: REVOKED}, responders=True)), F),
    ("device.revocation-check", newer(asked({**BOTH, RESPONDER: REVOKED}, responders=True)), P),
    ("device.revocation-check", older(asked({LIST: GONE, ROOT_LIST: GONE, RESPONDER: GOOD}, responders=True)), P),
    ("device.revocation-check", newer(asked({LIST: GONE, ROOT_LIST: GONE, RESPONDER: GOOD}, responders=True)), F),
    (
        "device.revocation-check",
        asked({**BOTH, RESPONDER: REVOKED}, responders=True, CheckCertificateRevocation="-"),
        W,
    ),
    # A responder that wasn't asked may have said revoked.
    ("device.revocation-check", older(asked({**BOTH, RESPONDER: "-https"}, responders=True)), U),
    ("device.revocation-check", newer(asked({**BOTH, RESPONDER: "-https"}, responders=True)), P),
    (
        "device.revocation-check",
        newer(asked({**BOTH, LIST: GONE}, PrioritizeRevocationChecks="OCSPSTAPLING,CRL")),
        N,
    ),
    ("device.revocation-method", asked(BOTH), P),
    ("device.revocation-method", with_revocation_list(PrioritizeRevocationChecks="OCSP"), U),
    ("device.revocation-method", older(with_revocation_list(PrioritizeRevocationChecks="OCSP")), F),
    ("device.revocation-method", newer(with_revocation_list(PrioritizeRevocationChecks="OCSP")), P),
    ("device.revocation-method", with_responder(), U),
    ("device.revocation-method", older(with_responder()), P),
    ("device.revocation-method", newer(with_responder()), F),
    ("device.revocation-method", with_responder(CheckCertificateRevocation="-"), W),
    ("device.revocation-method", newer(with_responder(CheckCertificateRevocation="-")), W),
    ("device.revocation-method", with_responder(PrioritizeRevocationChecks="CRL"), F),
    ("device.revocation-stapling", newer(asked(BOTH, PrioritizeRevocationChecks="OCSPSTAPLING")), F),
    ("device.revocation-stapling", older(asked(BOTH, PrioritizeRevocationChecks="OCSPSTAPLING")), P),
    (
        "device.revocation-stapling",
        newer(asked(BOTH, PrioritizeRevocationChecks="OCSPSTAPLING", CheckCertificateRevocation="-")),
        W,
    ),
    ("pair.revocation-expires-soon", asked(BOTH), P),
    ("pair.revocation-expires-soon", asked({**BOTH, LIST: STALE}), W),
    ("pair.revocation-expires-soon", asked({**BOTH, LIST: STALE}, at=kit.NOW - 3 * DAY), P),
    ("pair.revocation-expires-soon", with_revocation_list(), U),
    ("pair.revocation-expires-soon", usual, N),
    ("device.revocation-cache", asked(BOTH), P),
    ("device.revocation-cache", asked(BOTH, SSLCRLCacheLifetime="64800", SSLOCSPCacheLifetime="0"), P),
    ("device.revocation-cache", asked(BOTH, SSLCRLCacheLifetime="9" * 5000), P),
    ("device.revocation-cache", asked(BOTH, SSLCRLCacheLifetime="1 day"), W),
    ("device.revocation-cache", asked(BOTH, SSLOCSPCacheLifetime="-5"), W),
    ("device.revocation-cache", asked({**BOTH, LIST: ENDLESS}, SSLCRLCacheLifetime="0"), W),
    ("device.revocation-cache", asked({**BOTH, LIST: ENDLESS}, SSLCRLCacheLifetime="600"), P),
    ("device.revocation-cache", usual, N),
    ("device.revocation-cache", unseen, U),
]
