"""The server beside its handshake: what warns and what is a risk, what is told of it, and what stays hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.iis.server import RecentRefusals, ServerFacts
from console.readiness.judge import judge_pair
from console.readiness.model import PairInput, Side, Verdict
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_server import RISKS, UPLOADS, WEAK_BY_FILE, below, mapping, says, unanswered, uploads
from tests.unit.readiness_makers import Make, late, on_beacon


def unread_ahead() -> PairInput:
    given = late(upload_bytes=40_000)()
    assert judge_pair(given).verdict is not Verdict.UNKNOWN
    assert given.beacon is not None
    return replace(given, beacon=replace(given.beacon, server=replace(kit.SERVER_READ, read_ahead=())))


@pytest.mark.parametrize(("check", "make", "risk"), RISKS, ids=[f"{c}-{n}" for n, (c, _, _) in enumerate(RISKS)])
def test_only_what_can_stop_a_handshake_is_a_risk(check: str, make: Make, risk: bool) -> None:
    assert kit.finding(make(), check).risk is risk


def test_facts_that_inform_leave_a_ready_pair_ready_and_without_an_obstacle() -> None:
    everything = says(
        unlocked=(kit.SITE,),
        shared_configuration=True,
        free_bytes=1,
        renewal_tools=("win-acme",),
        schannel_errors={"36874": 1},
        refusals=(RecentRefusals(kit.SITE, "u_ex261124.log", {"403.7": 1}),),
    )
    judged = judge_pair(everything())
    assert (judged.verdict, judged.first_obstacle) == (Verdict.READY, None)


@pytest.mark.parametrize(
    ("make", "verdict", "check"),
    [
        (on_beacon(server=ServerFacts()), Verdict.UNKNOWN, "beacon.certificate-mapping"),
        (says(mappings=()), Verdict.UNKNOWN, "beacon.certificate-mapping"),
        (uploads(200_000), Verdict.UNKNOWN, "beacon.upload-limit"),
        (uploads(200_000, 30_000_000, places=(kit.SITE,)), Verdict.UNKNOWN, "beacon.upload-limit"),
        (says(unlocked=None), Verdict.AT_RISK, "beacon.access-unlocked"),
        (says(web_config_unread=(UPLOADS,)), Verdict.AT_RISK, "beacon.access-unlocked"),
        (unread_ahead, Verdict.UNKNOWN, "beacon.late-request-upload"),
    ],
)
def test_a_fact_that_decides_and_was_not_read_is_never_ready(make: Make, verdict: Verdict, check: str) -> None:
    judged = judge_pair(make())
    assert judged.verdict is verdict
    assert judged.first_obstacle is not None
    assert judged.first_obstacle.check == check


def test_a_web_config_that_was_not_read_is_a_risk_of_the_parts_that_use_its_folder() -> None:
    assert judge_pair(says(web_config_unread=(UPLOADS,))()).components == {
        "Launcher": Verdict.READY,
        "Tracker": Verdict.AT_RISK,
        "Uploader": Verdict.AT_RISK,
    }


def test_a_web_config_that_asks_for_nothing_is_what_devices_meet() -> None:
    """It goes before applicationHost.config: devices that upload are asked for nothing there."""
    given = says(unlocked=(UPLOADS,), web_config=(WEAK_BY_FILE,))()
    assert "doesn't ask" in kit.finding(given, "beacon.http-open").message
    assert "doesn't ask" not in kit.finding(given, "beacon.http-open", "Launcher").message


def test_a_stricter_folder_below_is_a_risk_of_the_parts_that_use_the_one_above_it() -> None:
    judged = judge_pair(below("SslRequireCert", above=("Ssl",))())
    assert judged.components == {
        "Launcher": Verdict.READY,
        "Tracker": Verdict.AT_RISK,
        "Uploader": Verdict.AT_RISK,
    }


def test_uploads_that_are_too_large_block_the_parts_that_upload() -> None:
    judged = judge_pair(uploads(2000, 1000, 1000)())
    assert judged.components == {
        "Launcher": Verdict.READY,
        "Tracker": Verdict.BLOCKED,
        "Uploader": Verdict.BLOCKED,
    }
    obstacle = judged.first_obstacle
    assert obstacle is not None
    assert (obstacle.check, obstacle.side, obstacle.refused_by) == ("beacon.upload-limit", Side.BEACON, Side.BEACON)
    assert obstacle.evidence["maxAllowedContentLength"] == f"1000 at {UPLOADS}"


def test_a_mapping_without_entries_blocks_and_names_what_maps() -> None:
    judged = judge_pair(mapping(("SslMapCert",))())
    assert judged.verdict is Verdict.BLOCKED
    assert kit.finding(mapping(("SslMapCert",))(), "beacon.certificate-mapping").evidence["by"] == (
        "SslMapCert, iisClientCertificateMappingAuthentication"
    )


def test_refusals_are_told_by_their_meaning() -> None:
    counts = {"403.16": 4, "403.17": 0, "999.9": 5}
    found = kit.finding(says(refusals=(RecentRefusals(kit.SITE, "u\x1b[31m.log", counts),))(), "beacon.recent-refusals")
    assert found.message.startswith("4 requests")
    assert found.evidence == {"log": "u?[31m.log", "403.16": "4 times: a client certificate that isn't trusted"}


def test_a_key_that_windows_cannot_open_is_told() -> None:
    found = kit.finding(unanswered(schannel_errors={"36870": 3, "36871": 2})(), "beacon.schannel-errors")
    assert found.evidence == {
        "36870": "3 times: the certificate's private key can't be opened",
        "other events": "2",
    }
