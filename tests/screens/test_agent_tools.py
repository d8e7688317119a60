"""The agent's own tools in the pair report: named side effects, a question, the result as the remote's word."""

from __future__ import annotations

from screens.confirm import Confirm
from tests.screens.conftest import opened, screen_text, settled, until
from tests.screens.world import World


async def test_side_effects_are_named_before_anything_runs(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("p")
        await settled(pilot)
        await pilot.press("U")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question")
        asked = screen_text(pilot)
        assert "sends the real files that wait" in asked
        assert "as root: /opt/managesoft/bin/ndupload" in asked
        assert "Only its exit status is judged" in asked
        await pilot.press("n")
        await settled(pilot)
        assert world.jobs.jobs == (), "no is the default, and nothing ran"
        assert "The agent's own tool" not in screen_text(pilot)


async def test_a_run_is_shown_as_its_own_line_and_changes_no_verdict(world: World) -> None:
    async with opened(world, (120, 60)) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert "✔ ready" in screen_text(pilot)
        await pilot.press("T", "y")
        await until(pilot, lambda: "The agent's own tool: mgspolicy" in screen_text(pilot), "the result")
        await settled(pilot)
        shown = screen_text(pilot)
        assert "✘ failed" in shown
        assert "exit status 1" in shown
        assert "[red]no beacon[/red]" in shown, "what the remote says is no markup"
        assert "the end of its log" in shown
        assert "✔ ready" in shown
        assert "live: l makes one" in shown, "it is no proof of a pair"


async def test_a_locked_console_runs_nothing(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("L", "p")
        await settled(pilot)
        await pilot.press("T")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, Confirm)
        assert world.jobs.jobs == ()
