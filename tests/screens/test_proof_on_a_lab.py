"""A real device whose key went away after it was read: the data say ready, the real handshake says otherwise."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest

from console.cli import open_workspace, real_outside, run
from fixtures.lab.supervisor import Lab
from screens.app import ConsoleApp
from screens.pair_report import FindingView, PairReport
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
[[device]]
name = "d1"
preferences = { CheckCertificateRevocation = "False", AddClientCertificateAndKey = "True" }
"""


def said(lab: Lab, *words: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    status = run(["check", "-F", str(lab.fleet_file), *words], real_outside(io.StringIO(), out, err))
    return status, out.getvalue()


async def test_data_and_handshake_disagree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "spec.toml").write_text(SPEC)
    with Lab.start(tmp_path / "spec.toml", tmp_path / "lab") as lab:
        status, told = said(lab)
        assert (status, "from data alone" in told) == (0, True)
        status, told = said(lab, "--cached", "--live")
        assert (status, "every verdict is proved by a live handshake" in told) == (0, True)
        (key,) = (path for path in lab.device_dir("d1").rglob("*.key"))
        key.unlink()  # nobody told the console: what it has stored is of before

        status, told = said(lab, "--cached", "--live")
        assert status == 0, "the verdict is what the data say"
        assert "ready    ≠ live  failed" in told
        assert "pair.live-disagrees: The data say ready" in told
        (pair,) = json.loads(said(lab, "--cached", "--live", "--format", "json")[1])["pairs"]
        found = {finding["check"]: finding["status"] for finding in pair["findings"]}
        assert (pair["verdict"], found["pair.live-disagrees"]) == ("ready", "warn")

        with closing(open_workspace(lab.fleet_file)) as workspace:
            await beside_each_other(ConsoleApp(workspace))

        status, told = said(lab, "--live")
        assert status == 1
        assert "blocked  live   failed" in told
        assert "device.client-key-file" in told


async def beside_each_other(app: ConsoleApp) -> None:
    """Fleet and report show both; a look at what is there now settles it."""
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        assert "✔ ready ≠ live" in screen_text(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, PairReport), "the report")
        await settled(pilot)
        assert "≠ live says otherwise" in screen_text(pilot)
        assert "pair.live-disagrees" in [view.finding.check for view in pilot.app.screen.query(FindingView)]
        await pilot.press("escape", "c")
        await until(pilot, lambda: "✘ blocked (data)" in screen_text(pilot), "the data of now", 60)
