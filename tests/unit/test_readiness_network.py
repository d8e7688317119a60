"""What the device's own attempt to connect makes of a verdict, beside the console's hello."""

from __future__ import annotations

import pytest

from console.agent.snapshot import ReachOutcome
from console.iis.snapshot import HelloOutcome
from console.readiness.judge import judge_pair
from console.readiness.model import Side, Status, Verdict
from tests.unit.readiness_examples_network import LONG, PROXY, tried
from tests.unit.readiness_makers import Make, said, usual

R, H = ReachOutcome, HelloOutcome


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (usual, Verdict.READY),
        (tried(R.CONNECTED), Verdict.READY),
        (tried(R.NOT_TRIED), Verdict.READY),
        (tried(R.REFUSED), Verdict.BLOCKED),
        (tried(R.TIMEOUT), Verdict.BLOCKED),
        (tried(R.NO_ROUTE), Verdict.BLOCKED),
        (tried(R.TIMEOUT, later=LONG), Verdict.UNKNOWN),
        (tried(R.CONNECTED, later=LONG), Verdict.READY),
        (tried(R.TIMEOUT, said(H.TIMEOUT)), Verdict.BLOCKED),
        (said(H.TIMEOUT), Verdict.UNKNOWN),
        # The chain that the beacon shows isn't known, wherever the console stands.
        (tried(R.CONNECTED, said(H.REFUSED)), Verdict.UNKNOWN),
        (tried(R.CONNECTED, said(H.TIMEOUT)), Verdict.UNKNOWN),
        (tried(R.CONNECTED, said(H.REFUSED), later=LONG), Verdict.BLOCKED),
        (tried(R.TIMEOUT, PROXY), Verdict.UNKNOWN),
    ],
)
def test_verdicts(make: Make, verdict: Verdict) -> None:
    assert judge_pair(make()).verdict is verdict


def test_the_network_refuses_and_is_met_first() -> None:
    first = judge_pair(tried(R.TIMEOUT)()).first_obstacle
    assert first is not None
    assert (first.check, first.side, first.refused_by) == (
        "network.unreachable-from-device",
        Side.NETWORK,
        Side.NETWORK,
    )
    assert "though the console's isn't" in judge_pair(tried(R.REFUSED)()).findings[0].message
    assert "sweep the device again" in first.remedy


def test_both_refused_is_told_once_by_each_and_network_either_way() -> None:
    failing = [f for f in judge_pair(tried(R.REFUSED, said(H.REFUSED))()).findings if f.status is Status.FAIL]
    assert {f.check for f in failing} == {"network.port-closed", "network.unreachable-from-device"}
    assert {f.refused_by for f in failing} == {Side.NETWORK}
