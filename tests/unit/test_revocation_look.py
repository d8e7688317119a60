"""Which addresses are asked for a chain, and the findings that their answers become."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from console.agent.document import ConfigDocument
from console.agent.preferences import effective_tls
from console.agent.profile import AgentProfile
from console.pki.revocation_facts import RevocationState
from console.readiness.model import Side, Status
from console.readiness.revocation_look import (
    NOT_ASKED,
    UNREACHABLE,
    Look,
    methods_of,
    questions,
    revocation_findings,
)
from tests.unit import readiness_kit as kit

AT = datetime(2026, 11, 24, tzinfo=UTC)
BARE = Look("Corp Issuing", "CRL", "http://ca.test/x.crl", "good", "", AT)


def test_every_certificate_below_the_root_and_never_the_root() -> None:
    root = kit.issue("R", None, ca=True, crl="http://ca.test/root.crl")
    middle = kit.issue("I", root, ca=True, crl="http://ca.test/middle.crl")
    leaf = kit.issue("L", middle, crl="http://ca.test/leaf.crl")
    asked = questions((leaf.der, middle.der), [root.der], ("CRL", "OCSP"))
    assert [(one.url, one.issuer) for one in asked] == [
        ("http://ca.test/leaf.crl", middle.der),
        ("http://ca.test/middle.crl", root.der),
    ]
    # An unknown issuer ends it; one of the same name with another key isn't taken.
    assert len(questions((leaf.der, middle.der), [kit.issue("R", None, ca=True).der], ("CRL",))) == 1
    assert questions((leaf.der,), [], ("CRL",)) == ()
    assert questions((leaf.der, middle.der), [root.der], ("OCSP",)) == ()
    assert questions((), [root.der], ("CRL",)) == ()


@pytest.mark.parametrize(
    ("words", "methods"),
    [
        ("OCSP,CRL", ("CRL", "OCSP")),
        ("crl", ("CRL",)),
        ("OCSP", ("OCSP",)),
        ("OCSPSTAPLING", ()),
        ("OCSPSTAPLING,CRL", ("CRL",)),
        ("nonsense", ("CRL", "OCSP")),
        ("-", ("CRL", "OCSP")),
    ],
)
def test_methods(words: str, methods: tuple[str, ...]) -> None:
    document = ConfigDocument.parse(kit.config({"PrioritizeRevocationChecks": words}))
    assert methods_of(effective_tls(document, AgentProfile.load(), "Uploader")) == methods


@pytest.mark.parametrize("state", [*(str(state) for state in RevocationState), UNREACHABLE, NOT_ASKED])
def test_every_answer_is_a_finding(state: str) -> None:
    (finding,) = revocation_findings([replace(BARE, state=state, detail="why", next_update=AT)])
    assert finding.check == f"pair.revocation-{state}"
    assert "Corp Issuing" in finding.message
    assert finding.evidence["address"] == "http://ca.test/x.crl"
    expected = {"good": Status.PASS, NOT_ASKED: Status.UNKNOWN}.get(state, Status.WARN)
    assert finding.status is expected
    assert finding.risk is (expected is Status.WARN)
    assert bool(finding.remedy) is (expected is Status.WARN)
    assert finding.refused_by is None


def test_what_is_wrong_comes_first() -> None:
    found = revocation_findings([BARE, replace(BARE, state=UNREACHABLE)])
    assert [finding.status for finding in found] == [Status.WARN, Status.PASS]
    assert found[0].side is Side.NETWORK
