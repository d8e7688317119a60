"""What runs on a beacon stands in the review and in the question, the site's restart above all."""

from __future__ import annotations

import pytest

from console.changes.beacon_plan import plan_beacon_change
from console.changes.model import BeaconChange, Plan, TargetKind
from screens.confirm import Confirm
from screens.plan_review import PlanReview
from tests.fakes import beacon_snapshot
from tests.screens.conftest import SMALL, opened, screen_text, settled, until
from tests.screens.world import NOW, World

SETTINGS = {"client_certificates": "require", "require_ssl": "true", "ask": "first-handshake"}


def change(name: str) -> BeaconChange:
    found = plan_beacon_change(beacon_snapshot(name), "Default Web Site", SETTINGS)
    assert found is not None
    return found


@pytest.mark.parametrize("names", [("b1",), ("b1", "b2")])
async def test_the_review_and_the_question_name_the_restart(world: World, names: tuple[str, ...]) -> None:
    plan = Plan("P-1", NOW, TargetKind.BEACON, "all three", beacons=tuple(change(name) for name in names))
    restarted = "1 site is restarted" if len(names) == 1 else "2 sites are restarted"
    async with opened(world) as pilot:
        pilot.app.push_screen(PlanReview(plan))
        await settled(pilot)
        text = screen_text(pilot)
        assert restarted in text
        for step in ("1. 0.0.0.0:443: clientcertnegotiation False → True", "2. ", "3. Restart site Default Web Site"):
            assert step in text
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question")
        assert restarted in screen_text(pilot)
        await pilot.press("escape")


async def test_the_restart_is_on_the_first_screen_of_a_small_terminal(world: World) -> None:
    plan = Plan("P-1", NOW, TargetKind.BEACON, "all three", beacons=(change("b1"),))
    async with opened(world, SMALL) as pilot:
        pilot.app.push_screen(PlanReview(plan))
        await settled(pilot)
        assert "1 site is restarted" in screen_text(pilot)
