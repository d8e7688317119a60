"""The beacon's check of client certificates' revocation, end to end: sweep, verdict, and a real handshake beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from console.cli import open_workspace
from console.readiness.model import Finding, LiveOutcome, PairVerdict, Side, Status, Verdict
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab

SPEC = """
[ca.corp]
key = "p256"
[ca.issuing]
issuer = "corp"
key = "p256"
[certificate.b1]
issuer = "issuing"
key = "p256"
names = ["b1.lab.test"]
[certificate.d1]
issuer = "issuing"
key = "p256"
usage = ["client"]
[[beacon]]
name = "b1"
crl = "ca"
check_revocation = true
[[device]]
name = "d1"
preferences = { AddClientCertificateAndKey = "True", CheckCertificateRevocation = "False" }
"""

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@pytest.fixture
def text() -> str:
    return SPEC


@pytest.fixture
def lab(tmp_path: Path, text: str) -> Iterator[Lab]:
    spec = tmp_path / "spec.toml"
    spec.write_text(text)
    with Lab.start(spec, tmp_path / "lab") as running:
        yield running


@pytest.fixture
def workspace(lab: Lab, tmp_path: Path) -> Iterator[Workspace]:
    made = open_workspace(lab.fleet_file, state=tmp_path / "state")
    yield made
    made.close()


def swept(workspace: Workspace) -> tuple[PairVerdict, Finding]:
    job = workspace.sweep.start()
    assert job.wait(60)
    assert job.failures == ()
    (verdict,) = workspace.estate.verdicts()
    return verdict, next(found for found in verdict.findings if found.check == "beacon.client-revocation")


def live(workspace: Workspace, verdict: PairVerdict) -> tuple[LiveOutcome, int | None]:
    job = workspace.probing.start([verdict.use])
    assert job.wait(60)
    results = workspace.estate.live_of(verdict)
    outcomes = {(result.outcome, result.http_status) for result in results.values()}
    assert len(outcomes) == 1
    assert workspace.estate.disagreements() == ()
    return outcomes.pop()


def publish(lab: Lab, authority: str, *revoked: x509.Certificate, days: tuple[float, float] = (-1, 30)) -> None:
    issuer, now = lab.pki.authorities[authority], datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(now + timedelta(days=days[0])).next_update(now + timedelta(days=days[1]))
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(now)
        builder = builder.add_revoked_certificate(entry.build())
    content = builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    (lab.directory / "crl" / f"{authority}.crl").write_bytes(content)


def test_lists_that_the_beacon_reaches(lab: Lab, workspace: Workspace) -> None:
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status) == (Verdict.READY, Status.PASS), found
    assert "issuing.crl: good" in found.evidence["answers"]
    assert "corp.crl: good" in found.evidence["answers"]
    assert live(workspace, verdict) == (LiveOutcome.OK, 200)
    log = (lab.beacon_dir("b1") / "log" / "events.log").read_text("utf-8")
    assert log.count(" fetch ") == 1


def test_a_device_whose_certificate_is_revoked(lab: Lab, workspace: Workspace) -> None:
    publish(lab, "issuing", lab.pki.certificates["d1"].certificate)
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status, found.side) == (Verdict.BLOCKED, Status.FAIL, Side.DEVICE), found
    assert verdict.findings[0].check == "beacon.client-revocation"
    assert live(workspace, verdict) == (LiveOutcome.FAILED, 403)


def test_an_intermediate_that_is_revoked(lab: Lab, workspace: Workspace) -> None:
    publish(lab, "corp", lab.pki.authorities["issuing"].certificate)
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status) == (Verdict.BLOCKED, Status.FAIL), found
    assert "issuing" in found.message
    assert live(workspace, verdict) == (LiveOutcome.FAILED, 403)


def test_a_list_that_is_gone_and_comes_back(lab: Lab, workspace: Workspace) -> None:
    """The next sweep sees what has changed; what is stored in between is judged as it was seen."""
    file = lab.directory / "crl" / "issuing.crl"
    whole = file.read_bytes()
    file.unlink()
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status, found.side) == (Verdict.BLOCKED, Status.FAIL, Side.NETWORK), found
    assert "it answered 404" in found.message
    assert live(workspace, verdict) == (LiveOutcome.FAILED, 403)
    file.write_bytes(whole)
    (stale,) = workspace.estate.verdicts()
    assert stale.verdict is Verdict.BLOCKED
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status) == (Verdict.READY, Status.PASS), found
    assert live(workspace, verdict) == (LiveOutcome.OK, 200)


def test_a_list_that_has_ended(lab: Lab, workspace: Workspace) -> None:
    publish(lab, "issuing", days=(-9, -2))
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status, found.side) == (Verdict.BLOCKED, Status.FAIL, Side.BEACON), found
    assert "has expired by the beacon's clock" in found.message
    assert live(workspace, verdict) == (LiveOutcome.FAILED, 403)


def test_what_was_asked_is_there_after_a_restart(lab: Lab, workspace: Workspace, tmp_path: Path) -> None:
    swept(workspace)
    again = open_workspace(lab.fleet_file, state=tmp_path / "state")
    try:
        (verdict,) = again.estate.verdicts()
        assert verdict.verdict is Verdict.READY, verdict.findings[0]
    finally:
        again.close()


BOTH = SPEC.replace('crl = "ca"', 'crl = "ca"\nocsp = "ca"')
RESPONDERS = SPEC.replace('crl = "ca"', 'ocsp = "ca"')


@pytest.mark.parametrize("text", [BOTH, RESPONDERS], ids=["lists-too", "alone"])
def test_responders_that_the_beacon_reaches(lab: Lab, workspace: Workspace) -> None:
    """They answer by their CA's list."""
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status) == (Verdict.READY, Status.PASS), found
    assert found.evidence["answers"].count("/ocsp/") == 2
    assert live(workspace, verdict) == (LiveOutcome.OK, 200)
    publish(lab, "issuing", lab.pki.certificates["d1"].certificate)
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status, found.side) == (Verdict.BLOCKED, Status.FAIL, Side.DEVICE), found
    assert live(workspace, verdict) == (LiveOutcome.FAILED, 403)


@pytest.mark.parametrize("text", [RESPONDERS])
def test_responders_that_are_gone(lab: Lab, workspace: Workspace) -> None:
    (lab.directory / "crl" / "issuing.crl").unlink()
    verdict, found = swept(workspace)
    assert (verdict.verdict, found.status, found.side) == (Verdict.BLOCKED, Status.FAIL, Side.NETWORK), found
    assert "the responder of “d1.lab.test” isn't reached" in found.message
    assert live(workspace, verdict) == (LiveOutcome.FAILED, 403)
