"""The pair report, the overview, the jobs: what they show and where they lead."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from screens.beacon_editor import BeaconEditor
from screens.device_editor import DeviceEditor
from screens.fleet import FleetScreen
from screens.overview import OverviewScreen
from screens.pair_report import FindingView, PairReport
from screens.widgets.fleet_table import FleetTable
from screens.widgets.status_line import swept_words
from tests.screens.conftest import SMALL, opened, screen_text, settled, until
from tests.screens.world import NOW, World


async def test_findings_failing_first_with_both_sides(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        assert [view.finding.check for view in pilot.app.screen.query(FindingView)] == [
            "device.client-certificate-off",
            "network.port-open",
            "device.name-matches",
        ]
        text = screen_text(pilot)
        assert "✘ blocked for Launcher, Tracker, Uploader" in text
        assert "DEVICE lx-0002" in text
        assert "BEACON b1" in text
        assert "─ connect ─▶" in text
        assert "1 of 1 findings" in text
        for line in (
            "What    AddClientCertificateAndKey is off.",
            "Where   on lx-0002: section ManageSoft\\Common",
            "Fix     Set AddClientCertificateAndKey=True.  e edit now · E edit on all 2 devices with this fault",
            "Why     value: False",
        ):
            assert line in text


async def test_live_handshake_shows_what_really_happened(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        assert "live: l makes one" in screen_text(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "HTTP 403.7: a client certificate is required" in screen_text(pilot), "the result")
        assert "stopped by the device" in screen_text(pilot)
        await pilot.press("o")
        await settled(pilot)
        pilot.app.screen.query_one("#pair-scroll").scroll_to(y=12, animate=False)
        await settled(pilot)
        assert "OpenSSL 3.0.19" in screen_text(pilot)


async def test_edit_opens_the_side_that_the_finding_names(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot)
        assert isinstance(pilot.app.screen, DeviceEditor)
        await pilot.press("escape", "j", "e")
        await settled(pilot)
        assert isinstance(pilot.app.screen, BeaconEditor)
        await pilot.press("escape", "k", "E")
        await settled(pilot)
        editor = pilot.app.screen
        assert isinstance(editor, DeviceEditor)
        assert editor.targets == ("lx-0002", "aix-031")


async def test_overview_opens_an_obstacle_as_a_filtered_fleet(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("3")
        await settled(pilot)
        text = screen_text(pilot)
        assert "4 devices × 2 beacons" in text
        assert "50 %" in text
        assert "client certificate off" in text
        assert "if b2 required now  2" in text
        await pilot.press("enter")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        assert screen.devices.visible_ids == ("lx-0002", "aix-031")


async def test_the_overview_offers_no_editor_that_cannot_help(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("screens.mending.EDITED", frozenset[str]())
    async with opened(world) as pilot:
        await pilot.press("3")
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot)
        assert isinstance(pilot.app.screen, OverviewScreen)
        assert "No setting mends device.client-certificate-off" in screen_text(pilot)


def test_one_new_observation_does_not_make_the_picture_new() -> None:
    assert swept_words(NOW, NOW - timedelta(minutes=39), NOW).endswith("just now · oldest 39 min")
    assert "oldest" not in swept_words(NOW, NOW - timedelta(minutes=2), NOW)


async def test_overview_at_80_columns(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        await pilot.press("3")
        await settled(pilot)
        text = screen_text(pilot)
        assert "TOP OBSTACLES" in text
        assert "BEACON" in text


async def test_a_check_is_a_job_that_survives_its_screen(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        await pilot.press("c", "escape", "4")
        await until(pilot, lambda: "done" in screen_text(pilot), "the job's end")
        text = screen_text(pilot)
        assert "check 2" in text
        assert "lx-0002" in text
        assert not isinstance(pilot.app.screen, PairReport)


async def test_long_paths_are_cut_in_the_ladder_and_whole_in_the_findings(world: World) -> None:
    world.message = "no file /var/opt/managesoft/etc/ssl/client.crt, see https://b1.lab.test/one/two/three/four"
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        text = screen_text(pilot)
        assert "no file …/ssl/client.crt, see https://b1.lab.test" in text
        assert "no file /var/opt/managesoft/etc/ssl/client.crt, see https://b1.lab.test/one/two/three/four" in text


async def test_the_last_column_is_not_under_the_scroll_bar(world: World) -> None:
    async with opened(world, (80, 12)) as pilot:
        await pilot.press("3")
        await settled(pilot)
        table = pilot.app.screen.query_one("#obstacles", FleetTable)
        one = next(iter(table.visible_rows))
        table.show([replace(one, id=f"fault {number}") for number in range(60)])
        await settled(pilot)
        assert table.show_vertical_scrollbar
        lines = [line for line in screen_text(pilot).splitlines() if "client certificate off" in line]
        assert lines
        assert all(re.search(r"device\s+2\s", line) for line in lines), lines
