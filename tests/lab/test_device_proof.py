"""The device's own OpenSSL and the revocation lists, through a whole lab: sweep, ask, findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from console.cli import open_workspace
from console.readiness.model import COMPONENTS, Finding, LiveOutcome, PairVerdict, Side, Status, Verdict
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


def checked(workspace: Workspace) -> Finding:
    (verdict,) = workspace.estate.verdicts_of_device("d1")
    return next(found for found in verdict.findings if found.check == "device.revocation-check")


def proved(workspace: Workspace, device: str) -> tuple[PairVerdict, tuple[Finding, ...]]:
    (before,) = workspace.estate.verdicts_of_device(device)
    job = workspace.device_proof.start([before.use])
    assert job.wait(120)
    assert job.failures == ()
    (verdict,) = workspace.estate.verdicts_of_device(device)
    return verdict, workspace.device_proof.findings(verdict)


def test_the_devices_openssl_agrees_with_the_data(lab: Lab, workspace: Workspace) -> None:
    for device, outcome in (("d1", LiveOutcome.OK), ("d2", LiveOutcome.FAILED)):
        verdict, findings = proved(workspace, device)
        results = workspace.device_proof.results(verdict.use)
        assert {name: result.outcome for name, result in results.items()} == dict.fromkeys(COMPONENTS, outcome)
        assert "pair.openssl-disagrees" not in [finding.check for finding in findings]


def test_what_the_device_is_answered_counts_at_once(lab: Lab, workspace: Workspace) -> None:
    assert checked(workspace).status is Status.PASS
    (issuing,) = (lab.directory / "crl").glob("issuing*.crl")
    (corp,) = (lab.directory / "crl").glob("corp*.crl")
    whole = issuing.read_bytes()
    issuing.write_bytes(corp.read_bytes())
    proved(workspace, "d1")
    assert "another CA" in checked(workspace).message
    # The signature stands at the end.
    issuing.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    proved(workspace, "d1")
    assert "isn't made with the issuer's key" in checked(workspace).message
    issuing.unlink()
    verdict, _ = proved(workspace, "d1")
    assert "404" in checked(workspace).message
    issuing.write_bytes(whole)
    proved(workspace, "d1")
    assert (verdict.verdict, checked(workspace).status) == (Verdict.BLOCKED, Status.PASS)


def test_a_list_is_judged_by_the_devices_clock(lab: Lab, workspace: Workspace) -> None:
    content = next((lab.directory / "crl").glob("issuing*.crl")).read_bytes()
    end = x509.load_der_x509_crl(content).next_update_utc
    assert end is not None
    ahead = end - datetime.now(UTC) + timedelta(days=1)
    snapshot = workspace.estate.observation().devices["d1"]
    workspace.estate.record_device(replace(snapshot, clock=snapshot.taken_at + ahead))
    found = checked(workspace)
    assert (found.status, found.side, found.remedy) == (Status.FAIL, Side.DEVICE, "On d1: Set the device's clock.")
    assert "out of date by the device's clock" in found.message
