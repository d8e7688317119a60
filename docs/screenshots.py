"""The README's pictures, taken from the console on the demo's lab: `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from textual.pilot import Pilot

from console.cli import open_workspace
from console.readiness.model import LiveOutcome, Verdict
from console.services.job import JobState
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab
from screens.app import ConsoleApp

IMAGES = Path(__file__).parent / "images"
DEMO = Path(__file__).parents[1] / "fixtures" / "lab" / "demo.toml"
SIZE = (132, 36)
_SECONDS = 120.0


async def _until(pilot: Pilot[int], condition: Callable[[], bool], what: str) -> None:
    end = monotonic() + _SECONDS
    while not condition():
        if monotonic() > end:
            raise SystemExit(f"screenshots: never happened: {what}")
        await pilot.pause(0.1)
    await pilot.pause(0.8)


def _idle(workspace: Workspace) -> bool:
    jobs = workspace.jobs.jobs
    return bool(jobs) and all(job.state is not JobState.RUNNING for job in jobs)


def _device_blocked(workspace: Workspace) -> str:
    """A device with one fault of its own, that its config.ini can mend."""
    for verdict in workspace.estate.verdicts():
        obstacle = verdict.first_obstacle
        if verdict.verdict is Verdict.BLOCKED and obstacle and obstacle.check == "device.client-certificate-off":
            return verdict.use.device
    raise SystemExit("screenshots: the demo has no device whose switch is off")


async def take(workspace: Workspace) -> None:
    app = ConsoleApp(workspace)
    async with app.run_test(size=SIZE) as pilot:

        def save(name: str) -> None:
            (IMAGES / f"{name}.svg").write_text(app.export_screenshot(title="mtls-console"), encoding="utf-8")

        await _until(pilot, lambda: _idle(workspace), "the first sweep")
        device = _device_blocked(workspace)
        down = [one.name for one in workspace.fleet.devices].index(device)
        await pilot.press("home", *["down"] * down)
        await pilot.pause(0.5)
        save("fleet")
        await pilot.press("p", "l")
        await _until(
            pilot,
            lambda: (
                any(one.outcome is not LiveOutcome.NOT_RUN for one in workspace.estate.observation().live.values())
                and _idle(workspace)
            ),
            "the live handshake",
        )
        save("pair-report")
        await pilot.press("e")
        await pilot.pause(0.5)
        await pilot.press("space")
        save("device-editor")
        await pilot.press("ctrl+s")
        await _until(pilot, lambda: type(app.screen).__name__ == "PlanReview", "the plan")
        save("plan-review")
        await pilot.press("escape", "escape", "escape", "3")
        await pilot.pause(2.0)
        save("overview")


def main() -> int:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="d") as temporary:
        directory = Path(temporary)
        with Lab.start(DEMO, directory / "lab") as lab:
            workspace = open_workspace(lab.fleet_file, state=directory / "state")
            try:
                asyncio.run(take(workspace))
            finally:
                workspace.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
