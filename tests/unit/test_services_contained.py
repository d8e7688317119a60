"""A judge that raises: its pair is unknown, says so, and nothing else is disturbed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.readiness.model import PairInput, PairVerdict, Status
from console.services.estate import Estate
from tests.world import World, sends_what_is_demanded

SAID = "from a remote machine"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    made.sweep()
    yield made
    made.space.close()
    made.store.close()


def raises_for_d1(given: PairInput) -> PairVerdict:
    if given.use.device == "d1":
        raise ZeroDivisionError(SAID)
    return sends_what_is_demanded(given)


def test_a_pair_that_our_rules_fail_on_is_unknown_and_others_are_judged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    estate = Estate(world.fleet, world.space.profile, world.store.snapshots, world.clock, raises_for_d1)
    with caplog.at_level(logging.ERROR):
        verdicts = {(v.use.device, v.use.beacon): v for v in estate.verdicts()}
    assert {key: str(v.verdict) for key, v in verdicts.items()} == {
        ("d1", "b1"): "unknown",
        ("d1", "b2"): "unknown",
        ("d2", "b1"): "ready",
        ("d2", "b2"): "ready",
    }
    (finding,) = verdicts["d1", "b1"].findings
    assert (finding.check, finding.status) == ("console.judge-failed", Status.UNKNOWN)
    assert "ZeroDivisionError" in finding.message
    assert SAID not in repr(finding)
    assert set(map(str, verdicts["d1", "b1"].components.values())) == {"unknown"}
    (record,) = caplog.records  # once for the place that raises
    assert record.exc_info


def test_a_what_if_is_contained_too(world: World) -> None:
    plan = world.space.editing.plan_devices(["d1"], {"AddClientCertificateAndKey": "True"})
    estate = Estate(world.fleet, world.space.profile, world.store.snapshots, world.clock, raises_for_d1)
    assert {str(v.verdict) for v in estate.judge_with(plan) if v.use.device == "d1"} == {"unknown"}
