"""The fleet screen: both panes, filter, marks, the strip, at both sizes."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from screens.fleet import FleetScreen
from screens.pair_report import PairReport
from tests.screens.conftest import SMALL, WIDE, opened, screen_text, settled
from tests.screens.world import World


async def test_both_panes_side_by_side(world: World) -> None:
    async with opened(world, WIDE) as pilot:
        text = screen_text(pilot)
        assert "BEACONS 2" in text
        assert "DEVICES 4" in text
        assert "prod estate" in text
        assert "3 min ago" in text
        assert "✘ lx-0002" in text
        assert "✘ blocked" in text


async def test_small_screen_opens_with_devices_and_tab_shows_beacons(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        text = screen_text(pilot)
        assert "DEVICES 4" in text
        assert "BEACONS 2" not in text
        assert "⇄ b1" in text  # the strip stays
        await pilot.press("tab")
        await settled(pilot)
        text = screen_text(pilot)
        assert "BEACONS 2" in text
        assert "DEVICES 4" not in text


async def test_strip_follows_both_cursors(world: World) -> None:
    async with opened(world, WIDE) as pilot:
        assert "lx-0001 ⇄ b1" in screen_text(pilot)
        await pilot.press("down")
        text = screen_text(pilot)
        assert "lx-0002 ⇄ b1" in text
        assert "AddClientCertificateAndKey is off. Set AddClientCertificateAndKey=True." in text
        assert "blocks 1 other device (f shows them)" in text
        await pilot.press("tab", "down")
        await settled(pilot)
        text = screen_text(pilot)
        assert "lx-0002 ⇄ b2" in text
        assert "By the data nothing stands in the way" in text


async def test_device_that_does_not_use_the_beacon_shows_its_other_pair(world: World) -> None:
    async with opened(world, WIDE) as pilot:
        await pilot.press("tab", "down", "tab")
        await settled(pilot)
        await pilot.press("G")
        text = screen_text(pilot)
        assert "· not used" in text
        assert "sol-002 ⇄ b1" in text


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("aix", ["aix-031"]),
        ("!aix", ["lx-0001", "lx-0002", "sol-002"]),
        ("verdict:blocked", ["lx-0002", "aix-031"]),
        ("verdict=blocked !aix", ["lx-0002"]),
        ("~lx2", ["lx-0002"]),
        ("fault:client-certificate-off", ["lx-0002", "aix-031"]),
        ("beacon:b2", ["lx-0001", "lx-0002", "aix-031"]),
        ("nosuchcolumn:x", []),
    ],
)
async def test_filter(world: World, typed: str, left: list[str]) -> None:
    async with opened(world) as pilot:
        await pilot.press("slash")
        await settled(pilot)
        pilot.app.screen.query_one("#filter", Input).value = typed
        await settled(pilot)
        await pilot.press("enter")
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        assert list(screen.devices.visible_ids) == left
        assert f"showing {len(left)} · {typed}" in screen_text(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert len(screen.devices.visible_ids) == 4


async def test_same_fault_is_a_filter(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "f")
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        assert screen.devices.visible_ids == ("lx-0002", "aix-031")
        await pilot.press("f")
        assert len(screen.devices.visible_ids) == 4


async def test_marks_hold_on_to_ids(world: World) -> None:
    async with opened(world) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        await pilot.press("space")
        assert screen.devices.cursor_id == "lx-0002"  # advanced
        await pilot.press("v", "down", "v")
        assert screen.devices.marked == ("lx-0001", "lx-0002", "aix-031")
        await pilot.press("O", "o", "o")
        await settled(pilot)
        assert screen.devices.order == "name"
        assert screen.devices.cursor_id == "aix-031"
        screen.devices.set_filter("sol")
        assert screen.devices.marked == ("lx-0001", "lx-0002", "aix-031")
        assert screen.devices.targets() == ("lx-0001", "lx-0002", "aix-031")
        await settled(pilot)
        assert "3 marked" in screen_text(pilot)
        await pilot.press("escape", "asterisk")
        assert list(screen.devices.marked) == ["sol-002"]
        await pilot.press("a")
        assert len(screen.devices.marked) == 4
        await pilot.press("ctrl+backslash")
        assert not screen.devices.marked


async def test_cursor_and_marks_survive_a_refresh(world: World) -> None:
    async with opened(world) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        await pilot.press("down", "down", "space")
        screen.refresh_model()
        await settled(pilot)
        assert screen.devices.marked == ("aix-031",)
        assert screen.devices.cursor_id == "sol-002"


async def test_report_opens_and_escape_comes_back_to_the_same_row(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PairReport)
        await pilot.press("escape")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        assert screen.devices.cursor_id == "lx-0002"


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_hostile_words_are_inert(size: tuple[int, int]) -> None:
    world = World(hostile=True)
    async with opened(world, size) as pilot:
        for keys in ([], ["down"], ["d"], ["escape"], ["p"]):
            await pilot.press(*keys)
            await settled(pilot)
            text = screen_text(pilot)
            assert not set(text) & set("\x1b\x07\u202e")
        assert "[red]x[/red]�[31m" in text  # markup stays text, escapes don't stay at all
    world.jobs.close()
