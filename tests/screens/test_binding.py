"""Another certificate for a binding, by keyboard on a real lab: planned, applied, shown, undone."""

from __future__ import annotations

import json
from pathlib import Path

from console.cli import open_workspace
from console.services.workspace import Workspace
from fixtures.lab.supervisor import Lab
from screens.app import ConsoleApp
from screens.beacon_editor import BeaconEditor
from screens.plan_review import PlanReview
from screens.widgets.form import Field
from tests.screens.conftest import screen_text, settled, until
from tests.screens.test_main_job import PATIENCE, apply

SPEC = """
[ca.corp]
[certificate.b1]
issuer = "corp"
[certificate.other]
issuer = "corp"
names = ["elsewhere.lab.test"]
[[beacon]]
name = "b1"
[[beacon.binding]]
[[beacon.binding]]
host = "spare.lab.test"
sni = true
certificate = "other"
"""


def bound(workspace: Workspace) -> dict[str, str]:
    (site,) = workspace.estate.observation().beacons["b1"].sites
    return {one.information: one.thumbprint for one in site.bindings if one.protocol == "https"}


async def test_another_certificate_and_back(tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text(SPEC)
    with Lab.start(tmp_path / "spec.toml", tmp_path / "lab") as lab:
        workspace = open_workspace(lab.fleet_file, state=tmp_path / "state")
        table = lab.beacon_dir("b1") / "httpsys.json"
        before = json.loads(table.read_text())
        app = ConsoleApp(workspace)
        async with app.run_test(size=(140, 50), notifications=True) as pilot:
            await until(pilot, lambda: "b1" in workspace.estate.observation().beacons, "the first sweep", PATIENCE)
            await until(pilot, lambda: bool(bound(workspace)), "its bindings", PATIENCE)
            was = bound(workspace)
            plain = next(one for one in was if one.endswith(":"))
            await pilot.press("tab", "e")
            await settled(pilot)
            assert isinstance(app.screen, BeaconEditor)
            assert "✘ not for b1.lab.test" in screen_text(pilot)
            names = [field.field for field in app.screen.query(Field)]
            steps = names.index(f"certificate:{plain}")
            await pilot.press(*["down"] * steps, "space", "ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, PlanReview), "the plan", PATIENCE)
            await settled(pilot)
            assert "put back the flags" in screen_text(pilot) or "certificate =" in screen_text(pilot)
            await apply(pilot, workspace, 1)
            await until(pilot, lambda: len(set(bound(workspace).values())) == 1, "the other certificate", PATIENCE)
            await pilot.press("6")
            await settled(pilot)
            await pilot.press("g", "u")
            await apply(pilot, workspace, 2)
            await until(pilot, lambda: bound(workspace) == was, "the old certificate", PATIENCE)
        workspace.close()
        after = json.loads(table.read_text())
    assert sorted(after, key=lambda row: str(row["key"])) == sorted(before, key=lambda row: str(row["key"]))
