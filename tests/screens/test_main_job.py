"""The main job on a real lab, by keyboard alone: blocked, edited on both sides, proved ready, undone exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from console.changes.model import EntryState
from console.cli import open_workspace
from console.readiness.model import LiveOutcome, Verdict
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab
from screens.app import ConsoleApp
from screens.confirm import Confirm
from screens.fleet import FleetScreen
from screens.journal import JournalScreen
from screens.pair_report import PairReport
from screens.plan_review import PlanReview
from tests.screens.conftest import SMALL, screen_text, settled, until

SPEC = """
[ca.corp]
[certificate.b1]
issuer = "corp"
names = ["b1.lab.test"]
[certificate.d1]
issuer = "corp"
names = ["d1"]
usage = ["client"]
[[beacon]]
name = "b1"
trusted = ["corp"]
ask = "late"
[[device]]
name = "d1"
trust = ["corp"]
preferences = { CheckCertificateRevocation = "False" }
"""
PATIENCE = 60.0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    with Lab.start(spec, tmp_path / "lab") as running:
        yield running


@pytest.fixture
def workspace(lab: Lab, tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(lab.fleet_file, state=tmp_path / "state")
    yield opened
    opened.close()


def both_sides(lab: Lab) -> tuple[bytes, int, int, bytes, object]:
    """config.ini with its owner and mode; IIS's configuration and http.sys's table."""
    config = next(lab.device_dir("d1").rglob("config.ini"))
    status = config.stat()
    beacon = lab.beacon_dir("b1")
    return (
        config.read_bytes(),
        status.st_uid,
        status.st_mode,
        (beacon / "applicationHost.config").read_bytes(),
        json.loads((beacon / "httpsys.json").read_text()),
    )


def verdict(workspace: Workspace) -> Verdict | None:
    found = workspace.estate.verdicts_of_device("d1")
    return found[0].verdict if found else None


async def live_outcomes(pilot: Pilot[int], workspace: Workspace) -> set[LiveOutcome]:
    """Open the report, make the handshake, come back."""
    await pilot.press("p")
    await until(pilot, lambda: isinstance(pilot.app.screen, PairReport), "the report")
    before = dict(workspace.estate.observation().live)
    await pilot.press("l")
    await until(
        pilot,
        lambda: len({k for k, v in workspace.estate.observation().live.items() if before.get(k) != v}) == 3,
        "three handshakes",
        PATIENCE,
    )
    await settled(pilot)
    assert "Live handshake from the device" in screen_text(pilot)
    await pilot.press("escape")
    await settled(pilot)
    return {result.outcome for result in workspace.estate.observation().live.values()}


def _answered(pilot: Pilot[int], question: Screen[object]) -> bool:
    return pilot.app.screen is not question


async def apply(pilot: Pilot[int], workspace: Workspace, entries: int) -> None:
    """From the form or the journal over the review to the journal's finished entry."""
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanReview), "the plan", PATIENCE)
    await settled(pilot)
    await pilot.press("A")
    while True:
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm | JournalScreen), "the question", PATIENCE)
        question = pilot.app.screen
        if isinstance(question, JournalScreen):
            break
        await pilot.press(*(("1", "enter") if "Type 1" in screen_text(pilot) else ("y",)))
        await until(pilot, partial(_answered, pilot, question), "the answer taken", PATIENCE)
    await until(
        pilot,
        lambda: len(found := workspace.journal.entries()) == entries and found[0].state is EntryState.DONE,
        f"entry {entries} done",
        PATIENCE,
    )
    await settled(pilot)


async def test_blocked_to_ready_and_back(lab: Lab, workspace: Workspace) -> None:
    before = both_sides(lab)
    app = ConsoleApp(workspace)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        # Never read before: the console reads the fleet by itself.
        await until(pilot, lambda: verdict(workspace) is Verdict.BLOCKED, "the first picture", PATIENCE)
        await until(pilot, lambda: "blocked" in screen_text(pilot), "the verdict on the screen")
        assert await live_outcomes(pilot, workspace) == {LiveOutcome.FAILED}

        await pilot.press("e")
        await settled(pilot)
        await pilot.press("space", "ctrl+s")  # AddClientCertificateAndKey: True
        await apply(pilot, workspace, 1)

        await pilot.press("1", "tab", "e")
        await settled(pilot)
        await pilot.press("down", "down", "space", "ctrl+s")  # ask: first-handshake
        await apply(pilot, workspace, 2)

        await until(pilot, lambda: verdict(workspace) in (Verdict.READY, Verdict.AT_RISK), "ready", PATIENCE)
        await pilot.press("1", "tab")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
        assert await live_outcomes(pilot, workspace) == {LiveOutcome.OK}

        await pilot.press("6")
        await settled(pilot)
        await pilot.press("g", "u")
        await apply(pilot, workspace, 3)
        await pilot.press("G", "u")
        await apply(pilot, workspace, 4)
        await until(pilot, lambda: verdict(workspace) is Verdict.BLOCKED, "blocked again", PATIENCE)
    assert both_sides(lab) == before
