"""Pairs whose beacon checks revocation of client certificates, and what their addresses answered it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from console.pki.certificates import certificate
from console.pki.revocation_facts import Reach, RevocationAnswer, RevocationFact, RevocationMethod, RevocationState
from console.readiness.model import PairInput
from tests.unit import readiness_kit as kit

ROOT_LIST, LIST, RESPONDER = "http://pki.example/root.crl", "http://pki.example/i.crl", "http://ocsp.example/"
CRL, OCSP = RevocationMethod.CRL, RevocationMethod.OCSP
HOUR = timedelta(hours=1)


@cache
def issuing() -> kit.Issued:
    return kit.issue("Corp Issuing", kit.root(), ca=True, days=(-1000, 3000), crl=ROOT_LIST)


@cache
def client(*, crl: str = LIST, responder: str = "") -> kit.Issued:
    where = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder))
    more = [(x509.AuthorityInformationAccess([where]), False)] if responder else []
    return kit.issue("device01", issuing(), usages=[kit.CLIENT], crl=crl, more=more)


def answer(
    state: RevocationState = RevocationState.GOOD, begin: timedelta = -HOUR, end: timedelta | None = 24 * HOUR
) -> RevocationAnswer:
    until = None if end is None else kit.NOW + end
    return RevocationAnswer(state, "" if state is RevocationState.GOOD else "as made", kit.NOW + begin, until)


def fact(
    of: kit.Issued, url: str, said: RevocationAnswer | str | None = None, method: RevocationMethod = CRL
) -> RevocationFact:
    """`said`: what came back (None: good); a text: why it wasn't reached, or, with `-` in front, not asked."""
    bare = RevocationFact(certificate(of.der).sha256, method, url, Reach.ANSWERED, answer=answer())
    if isinstance(said, str):
        reach = Reach.NOT_ASKED if said.startswith("-") else Reach.UNREACHABLE
        return replace(bare, reach=reach, why=said.removeprefix("-"), answer=None)
    return bare if said is None else replace(bare, answer=said)


def checked(
    *facts: Callable[[], RevocationFact],
    leaf: Callable[[], kit.Issued] = client,
    issuer: RevocationAnswer | str | None = None,
    asked: timedelta = -HOUR / 2,
    cached_only: bool = False,
) -> Callable[[], PairInput]:
    """`facts`: of the device's certificate; `issuer`: what the list of the root says of its issuer."""

    def make() -> PairInput:
        found = (*(one() for one in facts), fact(issuing(), ROOT_LIST, issuer)) if facts else ()
        beacon = kit.beacon(
            httpsys=(
                kit.record(verifyclientcertrevocation=True, verifyrevocationwithcachedclientcertonly=cached_only),
            ),
            revocation=found,
            revocation_at=kit.NOW + asked if facts else None,
        )
        device = kit.device(chain=leaf().pem + issuing().pem, keys=(kit.key_fact(leaf()),))
        return kit.pair(device, beacon)

    return make


def listed(said: RevocationAnswer | str | None = None) -> Callable[[], RevocationFact]:
    return lambda: fact(client(), LIST, said)


def both() -> kit.Issued:
    """Names a list and a responder."""
    return client(responder=RESPONDER)


def of_both(said: RevocationAnswer | str | None = None, method: RevocationMethod = CRL) -> Callable[[], RevocationFact]:
    return lambda: fact(both(), LIST if method is CRL else RESPONDER, said, method)
