"""The session's lock, wide columns, the export, and what a killed console left."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from textual.pilot import Pilot

from console.changes.model import EntryState, JournalEntry, TargetKind
from screens.confirm import Confirm
from screens.fleet import FleetScreen
from screens.plan_review import PlanReview
from tests.screens.conftest import SMALL, opened, screen_text, settled, until
from tests.screens.world import NOW, World


async def test_lock_and_unlock(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("L")
        await settled(pilot)
        assert "[read-only]" in screen_text(pilot)
        await pilot.press("down", "e", "space", "ctrl+s")
        await settled(pilot)
        await pilot.press("A")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanReview)
        await pilot.press("L", "escape")
        await settled(pilot)
        assert pilot.app.screen.check_action("apply", ()) is None
        await pilot.press("L")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question")
        await pilot.press("y")
        await settled(pilot)
        await until(pilot, lambda: pilot.app.screen.check_action("apply", ()) is True, "unlocked")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question before writing")


async def test_read_only_is_never_lifted() -> None:
    world = World(read_only=True)
    async with opened(world) as pilot:
        await pilot.press("L")
        await settled(pilot)
        await until(pilot, lambda: "opened with --read-only" in screen_text(pilot), "the word about it")
        assert "[read-only]" in screen_text(pilot)
    world.jobs.close()


async def test_wide_columns_show_everything(world: World) -> None:
    world.message = "a message that is longer than its column and ends here"
    async with opened(world, SMALL) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        assert not _row_shows(pilot, "and ends here")
        await pilot.press("w")
        assert screen.devices.wide
        await pilot.press("right", "right", "right", "right")
        await settled(pilot)
        assert _row_shows(pilot, "and ends here")
        await pilot.press("w")
        assert not screen.devices.wide


def _row_shows(pilot: Pilot[int], words: str) -> bool:
    return any("✘ lx-0002" in line and words in line for line in screen_text(pilot).splitlines())


async def test_export_of_the_rows_shown(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "none"))
    async with opened(world) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        screen.devices.set_filter("aix")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Exported to" in screen_text(pilot), "the word where it is")
    (file,) = tmp_path.rglob("*.csv")
    with file.open(newline="") as opened_file:
        heading, row = csv.reader(opened_file)
    assert heading[1:3] == ["name", "os"]
    assert row[:2] == ["✘", "aix-031"]


async def test_an_open_entry_is_told_of_and_settled(world: World) -> None:
    world.entries.append(
        JournalEntry("E-0001", NOW, "0001", TargetKind.DEVICE, "lx-0001", EntryState.OPEN, "AddClientCertificateAndKey")
    )
    async with opened(world) as pilot:
        await until(pilot, lambda: "A console was cut off while it wrote" in screen_text(pilot), "the word at start")
        assert "it went through" in screen_text(pilot)
        await pilot.press("6")
        await until(pilot, lambda: "Not finished" in screen_text(pilot), "the open entry")
        await pilot.press("i")
        await until(pilot, lambda: world.entries[0].state is EntryState.DONE, "the entry settled")
