"""Handshakes beside the natural one: which are asked for, and what is said of how they ended."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot, TlsStack
from console.iis.snapshot import BeaconSnapshot
from console.ports import ProbeRequest
from console.readiness.judge import judge_pair
from console.readiness.model import LiveOutcome, LiveResult, Side, Status, Trial
from console.services.probing import REALISTIC_UPLOAD, requests_of
from console.services.proof import beside_live, disagreement
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import Make, late, on_device, plain_http, usual

OK, FAILED = LiveOutcome.OK, LiveOutcome.FAILED
BOTH = ("TLSv1.2", "TLSv1.3")


def asked(make: Make = usual, **use: object) -> dict[str, ProbeRequest]:
    given = make()
    assert isinstance(given.device, DeviceSnapshot)
    assert isinstance(given.beacon, BeaconSnapshot)
    changed = replace(given.use, **use)  # type: ignore[arg-type]
    return dict(requests_of(given.device, AgentProfile.load(), changed, beacon=given.beacon))


@pytest.mark.parametrize(
    ("make", "versions"),
    [
        (usual, BOTH),
        (late(), ()),
        (on_device(tls=replace(kit.STACK, tls_max="TLSv1.2")), ()),
        (on_device(tls=TlsStack("OpenSSL 1.0.2k  26 Jan 2017")), ()),
        (on_device(tls=TlsStack()), BOTH),
        (plain_http(), ()),
    ],
)
def test_versions_are_tried_by_themselves_where_both_sides_may_speak_both(
    make: Make, versions: tuple[str, ...]
) -> None:
    assert {request.versions for request in asked(make).values()} == {versions}


def test_a_late_request_gets_an_upload_of_a_realistic_size() -> None:
    sizes = {name: request.late_upload for name, request in asked(late()).items()}
    assert sizes == {"Launcher": 0, "Tracker": REALISTIC_UPLOAD, "Uploader": REALISTIC_UPLOAD}
    assert not any(request.upload for request in asked(late()).values()), "the natural request stays what it was"
    named = asked(late(), upload_bytes=70_000)
    assert [(r.upload, r.late_upload) for r in named.values()] == [(False, 0), (True, 0), (True, 0)]
    assert {request.late_upload for request in asked(usual).values()} == {0}


def test_the_directory_is_that_of_the_lists_entry_however_its_host_is_spelt() -> None:
    lists = "".join(
        f"[ManageSoft\\Common\\{kind}Settings\\x]\nProtocol=HTTPS\nHost=B1.Example.TEST\nPort=443\nDirectory={name}\n"
        for kind, name in (("Download", "Get"), ("Upload", "Put"))
    )
    given = kit.device(ini=kit.config() + lists.encode())
    use = replace(usual().use, host="b1.example.test", port=443)
    directories = {name: one.directory for name, one in requests_of(given, AgentProfile.load(), use).items()}
    assert directories == {"Launcher": "Get", "Tracker": "Put", "Uploader": "Put"}


def test_trust_travels_only_where_the_device_has_no_tool() -> None:
    assert asked(usual)["Launcher"].trust is None
    bare = on_device(tls=TlsStack(), directories=(kit.hashed(kit.root()),))
    trust = asked(bare)["Launcher"].trust
    assert trust is not None
    assert trust.ca_file == kit.root().pem
    assert [content for _, content in trust.ca_directory] == [kit.root().pem]
    assert trust.missing == ""
    lacking = asked(on_device(tls=TlsStack(), files=()))["Launcher"].trust
    assert lacking is not None
    assert lacking.missing == kit.CA_FILE


def result(outcome: LiveOutcome = OK, *trials: Trial, **changes: object) -> dict[str, LiveResult]:
    made = LiveResult(outcome, tool="curl", tls="TLSv1.2", trials=trials, **changes)  # type: ignore[arg-type]
    return {"Uploader": made}


WORKS = Trial("TLSv1.2", outcome=OK, http_status=200)
RESET = Trial("TLSv1.3", outcome=FAILED, failed_side=Side.BEACON, error="broken off", check="beacon.late-request-tls13")


def test_trials_survive_the_store() -> None:
    made = LiveResult(FAILED, check="pair.scheme", trials=(WORKS, RESET), unproved="the key")
    assert msgspec.json.decode(msgspec.json.encode(made), type=LiveResult) == made
    older = msgspec.json.decode(b'{"outcome": "ok"}', type=LiveResult)
    assert (older.trials, older.check, older.unproved) == ((), "", "")


def test_a_version_that_fails_where_another_works_is_a_finding() -> None:
    (finding,) = beside_live(result(OK, WORKS, RESET))
    assert (finding.check, finding.status, finding.risk) == ("pair.live-tls-version", Status.WARN, False)
    assert "TLSv1.2 works, TLSv1.3 fails: broken off" in finding.message
    assert finding.evidence["fails like"] == "beacon.late-request-tls13"
    assert finding.components == ("Uploader",)
    assert beside_live(result(OK, WORKS, replace(WORKS, tls="TLSv1.3"))) == ()
    assert beside_live(result(FAILED, RESET, replace(RESET, tls="TLSv1.2"))) == ()
    assert beside_live(result(OK, WORKS, Trial("TLSv1.3", outcome=LiveOutcome.NOT_RUN))) == ()


def test_an_upload_that_fails_where_a_request_works_is_a_finding() -> None:
    upload = Trial(
        upload_bytes=204_800, outcome=FAILED, http_status=413, error="413", check="beacon.late-request-upload"
    )
    (finding,) = beside_live(result(OK, upload))
    assert (finding.check, finding.side) == ("pair.live-late-upload", Side.BEACON)
    assert "204,800 bytes" in finding.message
    assert beside_live(result(FAILED, upload)) == (), "nothing new where the request fails as well"
    assert beside_live(result(OK, replace(upload, outcome=OK))) == ()


def test_a_disagreement_says_which_check_fails_like_this() -> None:
    verdict = judge_pair(usual())
    live = result(FAILED, WORKS, RESET, error="the name is wrong", check="beacon.name-mismatch")
    finding = disagreement(verdict, live)
    assert finding is not None
    assert "That is how beacon.name-mismatch fails, which our data passed." in finding.message
    assert finding.evidence["fails like"] == "beacon.name-mismatch"
    assert finding.evidence["TLSv1.2"] == "ok"
    assert finding.evidence["TLSv1.3"] == "failed: broken off"
    untold = disagreement(verdict, result(FAILED, error="something"))
    assert untold is not None
    assert "fails like" not in untold.evidence
