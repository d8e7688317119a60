"""The device's own OpenSSL and the revocation lists, through a whole lab: sweep, ask, findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from console.cli import open_workspace
from console.readiness.model import COMPONENTS, Finding, LiveOutcome, PairVerdict, Status
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab

SPEC = """
[ca.corp]
[ca.issuing]
issuer = "corp"
[certificate.b1]
issuer = "issuing"
names = ["b1.lab.test"]
usage = ["server"]
[[beacon]]
name = "b1"
crl = "ca"
client_certificates = "ignore"
[[device]]
name = "d1"
preferences = { CheckCertificateRevocation = "True" }
[[device]]
name = "d2"
trust = []
preferences = { CheckCertificateRevocation = "False" }
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    with Lab.start(spec, tmp_path / "lab") as running:
        yield running


@pytest.fixture
def workspace(lab: Lab, tmp_path: Path) -> Iterator[Workspace]:
    made = open_workspace(lab.fleet_file, state=tmp_path / "state")
    assert made.sweep.start().wait(60)
    yield made
    made.close()


def proved(workspace: Workspace, device: str) -> tuple[PairVerdict, tuple[Finding, ...]]:
    (verdict,) = workspace.estate.verdicts_of_device(device)
    job = workspace.device_proof.start([verdict.use])
    assert job.wait(120)
    assert job.failures == ()
    return verdict, workspace.device_proof.findings(verdict)


def revocation(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.check.removeprefix("pair.revocation-") for finding in findings]


def lists(lab: Lab) -> list[Path]:
    return sorted((lab.directory / "crl").glob("*.crl"))


def test_the_devices_openssl_agrees_with_the_data(lab: Lab, workspace: Workspace) -> None:
    for device, outcome in (("d1", LiveOutcome.OK), ("d2", LiveOutcome.FAILED)):
        verdict, findings = proved(workspace, device)
        results = workspace.device_proof.results(verdict.use)
        assert {name: result.outcome for name, result in results.items()} == dict.fromkeys(COMPONENTS, outcome)
        assert "pair.openssl-disagrees" not in [finding.check for finding in findings]
        assert (revocation(findings) == []) is (device == "d2"), "d2 doesn't check revocation"


def test_lists_that_answer_the_device(lab: Lab, workspace: Workspace) -> None:
    _, findings = proved(workspace, "d1")
    assert revocation(findings) == ["good", "good"], [finding.message for finding in findings]
    assert {finding.status for finding in findings} == {Status.PASS}


def test_lists_that_are_gone_damaged_or_another_cas(lab: Lab, workspace: Workspace) -> None:
    issuing = next(path for path in lists(lab) if "issuing" in path.name)
    corp = next(path for path in lists(lab) if "corp" in path.name)
    whole = issuing.read_bytes()
    issuing.write_bytes(corp.read_bytes())
    corp.unlink()
    verdict, findings = proved(workspace, "d1")
    assert sorted(revocation(findings)) == ["other-issuer", "unreachable"]
    assert all(finding.risk and finding.status is Status.WARN for finding in findings)
    assert "404" in next(finding.message for finding in findings if finding.check.endswith("unreachable"))
    # The signature stands at the end.
    issuing.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    _, findings = proved(workspace, "d1")
    assert sorted(revocation(findings)) == ["bad-signature", "unreachable"]
    (again,) = workspace.estate.verdicts_of_device("d1")
    assert again.verdict is verdict.verdict, "no verdict depends on it"


def test_an_expired_list_is_judged_by_the_devices_clock(lab: Lab, workspace: Workspace) -> None:
    content = next(path for path in lists(lab) if "issuing" in path.name).read_bytes()
    end = x509.load_der_x509_crl(content).next_update_utc
    assert end is not None
    assert end > datetime.now(UTC)
    ahead = end - datetime.now(UTC) + timedelta(days=1)
    snapshot = workspace.estate.observation().devices["d1"]
    workspace.estate.record_device(replace(snapshot, clock=snapshot.taken_at + ahead))
    _, findings = proved(workspace, "d1")
    assert "expired" in revocation(findings)
