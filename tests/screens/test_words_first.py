"""Checks are named after faults: beside a tick the words come first, the id behind them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.readiness.model import Finding, PairUse, Side, Status, Step
from screens.pair_report import FindingView
from screens.report_text import report_text
from tests.screens.conftest import opened, settled
from tests.screens.world import World

USE = PairUse("app01", "hq", "hq.example", 443)
GOOD = Finding("network.no-beacon", Step.CONNECT, Side.NETWORK, Status.PASS, "hq.example:443 belongs to hq")


@pytest.mark.parametrize(
    ("finding", "short", "current"),
    [
        (
            GOOD,
            "✔ hq.example:443 belongs to hq  all components · network.no-beacon",
            "✔ passed: network.no-beacon  all components",
        ),
        (
            replace(GOOD, status=Status.NOT_APPLICABLE, components=("Tracker",)),
            "· hq.example:443 belongs to hq  Tracker · network.no-beacon",
            "· doesn't apply: network.no-beacon  Tracker",
        ),
        (
            replace(GOOD, status=Status.WARN),
            "▲ network.no-beacon  all components  hq.example:443 belongs to hq",
            "▲ network.no-beacon  all components",
        ),
    ],
)
async def test_what_was_found_stands_first(world: World, finding: Finding, short: str, current: str) -> None:
    async with opened(world) as pilot:
        view = FindingView(finding, USE, "", 1)
        await pilot.app.screen.mount(view)
        await settled(pilot)
        assert view.render().plain == short
        view.set_current(True)
        assert view.render().plain.splitlines()[0].rstrip() == current


def test_a_fault_between_two_says_what_mends_it() -> None:
    fault = replace(GOOD, check="pair.scheme", side=Side.PAIR, status=Status.FAIL, refused_by=Side.PAIR)
    told = dict(report_text(fault, USE))
    assert told["Stops"].endswith("mending one of them is enough")
