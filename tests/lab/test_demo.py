"""The demo's fleet: what the data say and what a handshake proves agree, pair by pair and component by component."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from console.cli import real_outside, run
from fixtures.lab.supervisor import Lab

DEMO = Path(__file__).parents[2] / "fixtures" / "lab" / "demo.toml"
EXPECTED = {"ready": "ok", "at-risk": "ok", "blocked": "failed"}


def test_verdict_and_handshake_agree_for_the_whole_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with Lab.start(DEMO, tmp_path / "lab") as lab:
        out, err = io.StringIO(), io.StringIO()
        words = ["check", "-F", str(lab.fleet_file), "--live", "--format", "json"]
        assert run(words, real_outside(io.StringIO(), out, err)) == 1, err.getvalue()
    pairs = json.loads(out.getvalue())["pairs"]
    odd = [
        (pair["device"], pair["beacon"], name, component["verdict"], component["live"])
        for pair in pairs
        for name, component in pair["components"].items()
        if EXPECTED.get(component["verdict"]) != component["live"]["outcome"]
    ]
    assert odd == []
    failing = {f["check"] for pair in pairs for f in pair["findings"][:1] if f["status"] == "fail"}
    assert len(failing) >= 10, failing
    assert sum(pair["verdict"] == "ready" for pair in pairs) >= 4
    assert not [f for pair in pairs for f in pair["findings"] if f["check"] == "pair.live-disagrees"]
