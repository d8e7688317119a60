"""Ways from the device to the port, through a whole lab: what a sweep tries, and what live handshakes show beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adapters.ssh.scripts import library
from console.agent.snapshot import ReachOutcome
from console.cli import open_workspace
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, PairVerdict, Side, Status, Verdict
from console.services.proof import beside_live, disagreement
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab

SPEC = """
[ca.corp]
[certificate.first]
issuer = "corp"
names = ["first.lab.test"]
usage = ["server"]
[certificate.late]
issuer = "corp"
names = ["late.lab.test"]
usage = ["server"]
[certificate.closed]
issuer = "corp"
names = ["closed.lab.test"]
usage = ["server"]
[certificate.d1]
issuer = "corp"
names = ["d1.lab.test"]
usage = ["client"]
[[beacon]]
name = "first"
[[beacon]]
name = "late"
ask = "late"
[[beacon]]
name = "older"
host = "late.lab.test"
ask = "late"
protocols = ["TLSv1.2"]
[[beacon.binding]]
certificate = "late"
[[beacon]]
name = "closed"
listener = "closed"
[[device]]
name = "d1"
preferences = { AddClientCertificateAndKey = "True", CheckCertificateRevocation = "False" }
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("ways")
    spec = root / "spec.toml"
    spec.write_text(SPEC)
    with Lab.start(spec, root / "lab") as running:
        yield running


@pytest.fixture
def workspace(lab: Lab, tmp_path: Path) -> Iterator[Workspace]:
    made = open_workspace(lab.fleet_file, state=tmp_path / "state")
    assert made.sweep.start().wait(60)
    yield made
    made.close()


def pair(workspace: Workspace, beacon: str) -> PairVerdict:
    return next(v for v in workspace.estate.verdicts_of_device("d1") if v.use.beacon == beacon)


def probed(workspace: Workspace, beacon: str) -> Mapping[str, LiveResult]:
    job = workspace.probing.start([pair(workspace, beacon).use])
    assert job.wait(120)
    assert job.failures == ()
    return workspace.estate.live_of(pair(workspace, beacon))


def test_the_device_tries_its_endpoints_when_it_is_swept(workspace: Workspace) -> None:
    uses = {use.address: use.beacon for use in workspace.estate.uses_of_device("d1")}
    reach = {uses[fact.address]: fact.outcome for fact in workspace.estate.observation().devices["d1"].reach}
    assert reach == {
        "first": ReachOutcome.CONNECTED,
        "late": ReachOutcome.CONNECTED,
        "older": ReachOutcome.CONNECTED,
        "closed": ReachOutcome.REFUSED,
    }
    found = {f.check: f for f in pair(workspace, "closed").findings}
    assert found["network.unreachable-from-device"].status is Status.FAIL
    assert found["network.unreachable-from-device"].refused_by is Side.NETWORK
    passed = {f.check: f.status for f in pair(workspace, "first").findings}
    assert passed["network.unreachable-from-device"] is Status.PASS
    assert pair(workspace, "first").verdict is Verdict.READY


def test_both_versions_work_where_the_certificate_is_asked_for_first(workspace: Workspace) -> None:
    live = probed(workspace, "first")
    for result in live.values():
        assert (result.outcome, result.tls) == (LiveOutcome.OK, "TLSv1.3")
        assert [(t.tls, t.outcome) for t in result.trials] == [("TLSv1.2", LiveOutcome.OK), ("TLSv1.3", LiveOutcome.OK)]
    assert beside_live(live) == ()


def test_a_late_request_works_on_one_version_alone(workspace: Workspace) -> None:
    live = probed(workspace, "late")
    launcher = live["Launcher"]
    assert (launcher.outcome, launcher.failed_side, launcher.check) == (
        LiveOutcome.FAILED,
        Side.BEACON,
        "beacon.late-request-tls13",
    )
    assert [(t.tls, t.outcome) for t in launcher.trials] == [
        ("TLSv1.2", LiveOutcome.OK),
        ("TLSv1.3", LiveOutcome.FAILED),
    ]
    found = {finding.check: finding for finding in beside_live(live)}
    assert found["pair.live-tls-version"].evidence["fails like"] == "beacon.late-request-tls13"
    assert disagreement(pair(workspace, "late"), live) is None, "the data said so"


def test_an_upload_of_a_realistic_size_meets_the_read_ahead_limit(workspace: Workspace) -> None:
    live = probed(workspace, "older")
    assert {name: result.outcome for name, result in live.items()} == dict.fromkeys(COMPONENTS, LiveOutcome.OK)
    (finding,) = beside_live(live)
    assert (finding.check, finding.components) == ("pair.live-late-upload", ("Tracker", "Uploader"))


def test_a_device_without_tools_proves_all_but_the_client_key(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(name: str) -> str:
        return library(name).replace("has() {", "has() {\ncase $1 in curl | openssl | perl) return 1 ;; esac")

    for module in ("collector", "probe"):
        monkeypatch.setattr(f"adapters.ssh.{module}.library", without)
    workspace = open_workspace(lab.fleet_file, state=tmp_path / "state")
    try:
        assert workspace.sweep.start().wait(60)
        reach = workspace.estate.observation().devices["d1"].reach
        assert {fact.how for fact in reach} == {"ssh forwarding"}
        before = pair(workspace, "first")
        live = probed(workspace, "first")
        for result in live.values():
            assert (result.outcome, result.origin) == (LiveOutcome.NOT_RUN, "console")
            assert (result.error or "").startswith("all but the client key is proved")
        assert pair(workspace, "first").verdict is before.verdict
        closed = probed(workspace, "closed")["Launcher"]
        assert (closed.outcome, closed.failed_side) == (LiveOutcome.FAILED, Side.NETWORK)
    finally:
        workspace.close()
