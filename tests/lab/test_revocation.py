"""Revocation through a whole lab: lists and responders over http, asked from real devices; what it makes of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from adapters.ssh.scripts import library
from console.cli import open_workspace
from console.readiness.model import Finding, LiveOutcome, Side, Status, Verdict
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab

SPEC = """
[ca.corp]
[ca.issuing]
issuer = "corp"
{authority}
[certificate.b1]
issuer = "issuing"
names = ["b1.lab.test"]
usage = ["server"]
[[beacon]]
name = "b1"
client_certificates = "ignore"
{beacon}
[[device]]
name = "switched-on"
preferences = {{ CheckCertificateRevocation = "True"{preferences} }}
[[device]]
name = "by-default"
{device}
"""
Started = Callable[..., tuple[Lab, Workspace]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    with ExitStack() as stack:

        def started(
            authority: str = "", beacon: str = 'crl = "ca"', preferences: str = "", device: str = ""
        ) -> tuple[Lab, Workspace]:
            spec = tmp_path / "spec.toml"
            spec.write_text(SPEC.format(authority=authority, beacon=beacon, preferences=preferences, device=device))
            lab = stack.enter_context(Lab.start(spec, tmp_path / "lab"))
            space = stack.enter_context(opened(lab, tmp_path / "state"))
            sweep(space)
            return lab, space

        yield started


@contextmanager
def opened(lab: Lab, state: Path) -> Iterator[Workspace]:
    space = open_workspace(lab.fleet_file, state=state)
    try:
        yield space
    finally:
        space.close()


def sweep(space: Workspace) -> None:
    job = space.sweep.start()
    assert job.wait(60)
    assert job.failures == ()


def verdicts(space: Workspace) -> dict[str, Verdict]:
    return {verdict.use.device: verdict.verdict for verdict in space.estate.verdicts()}


def finding(space: Workspace, check: str = "device.revocation-check", device: str = "switched-on") -> Finding:
    (verdict,) = space.estate.verdicts_of_device(device)
    return next(found for found in verdict.findings if found.check == check)


READY = {"switched-on": Verdict.READY, "by-default": Verdict.READY}
STOPPED = {"switched-on": Verdict.BLOCKED, "by-default": Verdict.AT_RISK}
BOTH = 'crl = "ca"\nocsp = "ca"'


@pytest.mark.parametrize("beacon", ['crl = "ca"', BOTH])
def test_answers_that_come_make_a_pair_ready_and_a_live_handshake_agrees(start: Started, beacon: str) -> None:
    _, space = start(beacon=beacon)
    assert verdicts(space) == READY
    assert "good, next update" in finding(space).evidence["answers"]
    uses = [verdict.use for verdict in space.estate.verdicts()]
    assert space.probing.start(uses).wait(120)
    live = [space.estate.live_of(verdict)["Uploader"].outcome for verdict in space.estate.verdicts()]
    assert live == [LiveOutcome.OK, LiveOutcome.OK]


@pytest.mark.parametrize("beacon", ['crl = "ca"', BOTH])
def test_what_the_ca_revoked_stops_it(start: Started, beacon: str) -> None:
    _, space = start(authority='revoked = ["b1"]', beacon=beacon)
    assert verdicts(space) == STOPPED
    found = finding(space)
    assert (found.status, found.side, found.refused_by) == (Status.FAIL, Side.BEACON, Side.DEVICE)
    assert "“b1.lab.test” is revoked" in found.message
    assert found.remedy.startswith("On b1: Bind a certificate that isn't revoked")
    assert space.probing.start([verdict.use for verdict in space.estate.verdicts()]).wait(120)
    assert space.estate.disagreements() == (), "curl makes no check of revocation: that it gets through is no bug"


@pytest.mark.parametrize(
    ("authority", "side", "words"),
    [
        ("published = false", Side.NETWORK, "it answered 404"),
        ('this_update = "-9d"\nnext_update = "-2d"', Side.BEACON, "out of date"),
        ('this_update = "+2d"\nnext_update = "+9d"', Side.BEACON, "isn't valid yet"),
    ],
)
def test_what_the_ca_doesnt_serve_or_no_more_stops_it(start: Started, authority: str, side: Side, words: str) -> None:
    _, space = start(authority=authority)
    assert verdicts(space) == STOPPED
    found = finding(space)
    assert (found.status, found.side) == (Status.FAIL, side)
    assert words in found.message


def test_a_server_that_goes_and_comes_back(start: Started, tmp_path: Path) -> None:
    lab, space = start()
    folder = lab.crl.folder
    folder.rename(tmp_path / "away")
    assert verdicts(space) == READY, "nobody has asked again yet"
    sweep(space)
    assert verdicts(space) == STOPPED
    (tmp_path / "away").rename(folder)
    sweep(space)
    assert verdicts(space) == READY
    lab.crl.close()
    sweep(space)
    assert verdicts(space) == STOPPED
    assert "refused" in finding(space).message
    assert finding(space).side is Side.NETWORK


def test_responders_alone_are_for_older_agents_alone(start: Started) -> None:
    _, space = start(beacon='ocsp = "ca"')
    assert verdicts(space) == {"switched-on": Verdict.UNKNOWN, "by-default": Verdict.AT_RISK}
    assert "generation" in finding(space, "device.revocation-method").message
    assert finding(space).status is Status.PASS


def test_facts_outlive_the_console_and_age_with_the_clock(start: Started, tmp_path: Path) -> None:
    lab, space = start()
    space.close()
    with opened(lab, tmp_path / "state") as again:
        assert verdicts(again) == READY
        assert finding(again).status is Status.PASS


def test_a_list_about_to_end(start: Started) -> None:
    _, space = start(authority='this_update = "-13d"\nnext_update = "+1d"')
    assert verdicts(space) == {"switched-on": Verdict.AT_RISK, "by-default": Verdict.AT_RISK}
    found = finding(space, "pair.revocation-expires-soon")
    assert (found.status, found.risk) == (Status.WARN, True)
    assert finding(space).status is Status.PASS


def test_a_device_that_cannot_ask_is_unknown_or_at_risk_and_its_sweep_goes_well(
    start: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = "has() {\n  case $1 in curl|wget) return 1 ;; esac"
    monkeypatch.setattr("adapters.ssh.fetch.library", lambda name: library(name).replace("has() {", blind))
    _, space = start()
    assert verdicts(space) == {"switched-on": Verdict.UNKNOWN, "by-default": Verdict.AT_RISK}
    assert "neither curl nor wget" in finding(space).message


def test_an_edit_that_switches_the_check_on_asks_at_once(start: Started) -> None:
    _, space = start(device='preferences = { CheckCertificateRevocation = "False" }')
    assert finding(space, device="by-default").status is Status.NOT_APPLICABLE
    job = space.editing.apply(space.editing.plan_devices(["by-default"], {"CheckCertificateRevocation": "True"}))
    assert job.failures == ()
    assert finding(space, device="by-default").status is Status.PASS
