"""The main job through the command line, on a real lab: a blocked pair becomes ready, a handshake proves it, undo."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from console.cli import real_outside, run
from fixtures.lab.supervisor import Lab

SPEC = """
[ca.corp]
[certificate.b1]
issuer = "corp"
names = ["b1.lab.test"]
usage = ["server"]
[certificate.d1]
issuer = "corp"
names = ["d1"]
usage = ["client"]
[certificate.d2]
issuer = "corp"
names = ["d2"]
usage = ["client"]
[[beacon]]
name = "b1"
ask = "late"
[[device]]
name = "d1"
preferences = { CheckCertificateRevocation = "False" }
[[device]]
name = "d2"
preferences = { CheckCertificateRevocation = "False", AddClientCertificateAndKey = "True" }
"""


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Console:
    fleet: Path

    def __call__(self, command: str, *words: str, fleet: Path | None = None) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        status = run([command, "-F", str(fleet or self.fleet), *words], real_outside(io.StringIO(), out, err))
        return Ended(status, out.getvalue(), err.getvalue())

    def verdicts(self, *words: str) -> dict[tuple[str, str], tuple[str, set[str]]]:
        """(device, beacon) to the verdict and the live outcomes."""
        pairs = json.loads(self("check", "--format", "json", *words).stdout)["pairs"]
        return {
            (pair["device"], pair["beacon"]): (
                pair["verdict"],
                {component["live"]["outcome"] for component in pair["components"].values()},
            )
            for pair in pairs
        }


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    with Lab.start(spec, tmp_path / "lab") as running:
        yield running


@pytest.fixture
def console(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Console(lab.fleet_file)


def beacon_files(lab: Lab) -> dict[str, bytes]:
    """All that the simulated beacon consists of, but its log."""
    directory = lab.beacon_dir("b1")
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and "log" not in path.relative_to(directory).parts
    }


def entry_of(ended: Ended) -> str:
    found = re.search(r"^(E-\d+)", ended.stdout, re.MULTILINE)
    assert found, ended
    return found[1]


def config_of(lab: Lab, device: str) -> Path:
    (found,) = lab.device_dir(device).rglob("config.ini")
    return found


def test_a_blocked_pair_becomes_ready_by_edits_on_both_sides_and_undo_restores_them(lab: Lab, console: Console) -> None:
    config = config_of(lab, "d1")
    before, facts, beacon = config.read_bytes(), config.stat(), beacon_files(lab)
    assert console.verdicts("--live", "d1") == {("d1", "b1"): ("blocked", {"failed"})}
    assert console("check", "d1").status == 1

    edited = console("set", "d1", "AddClientCertificateAndKey=True", "--apply", "--yes")
    assert (edited.status, "+AddClientCertificateAndKey=True" in edited.stdout) == (0, True)
    asked = console("set", "b1", "ask=first-handshake", "--apply", "--yes")
    assert asked.status == 0, asked
    assert console.verdicts("--live", "d1") == {("d1", "b1"): ("ready", {"ok"})}
    assert console("check", "--live").status == 0

    history = json.loads(console("history", "--format", "json").stdout)
    assert [(entry["target"], entry["state"]) for entry in history] == [("b1", "done"), ("d1", "done")]
    assert set(history[0]) == {"entry", "at", "plan", "target", "state", "summary"}

    undone = console("undo", entry_of(asked), "--apply", "--yes", "--accept-lockout", "2")
    assert undone.status == 0, undone
    assert console("undo", entry_of(edited), "--apply", "--yes").status == 0
    assert config.read_bytes() == before
    after = config.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (facts.st_mode, facts.st_uid, facts.st_gid)
    assert beacon_files(lab) == beacon
    assert console.verdicts("--live", "d1") == {("d1", "b1"): ("blocked", {"failed"})}
    states = [entry["state"] for entry in json.loads(console("history", "--format", "json").stdout)]
    assert states == ["done", "done", "undone", "undone"]
    assert "undone already" in console("undo", entry_of(edited)).stderr


def test_a_plan_is_reviewed_in_a_file_and_refused_where_its_target_changed(
    lab: Lab, console: Console, tmp_path: Path
) -> None:
    plan, config = tmp_path / "plan.json", config_of(lab, "d1")
    planned = console("set", "d1", "d2", "AddClientCertificateAndKey=True", "--out", str(plan))
    assert (planned.status, "already so: d2" in planned.stdout) == (0, True)
    assert plan.stat().st_mode & 0o777 == 0o600
    content = config.read_bytes()
    config.write_bytes(content + b"; somebody was here\n")
    refused = console("apply", str(plan), "--yes")
    assert (refused.status, "has changed since" in refused.stderr) == (1, True)
    config.write_bytes(content)
    assert console("apply", str(plan), "--yes").status == 0
    assert b"AddClientCertificateAndKey=True" in config.read_bytes()


def test_nobody_is_asked_without_a_terminal_and_nothing_is_written(lab: Lab, console: Console) -> None:
    content = config_of(lab, "d1").read_bytes()
    ended = console("set", "d1", "AddClientCertificateAndKey=True", "--apply")
    assert (ended.status, "--yes" in ended.stderr) == (2, True)
    assert config_of(lab, "d1").read_bytes() == content
    assert console("history").stdout == ""


def test_devices_that_get_through_are_not_stranded_silently(lab: Lab, console: Console) -> None:
    """d2 sends its certificate and b1 accepts it; d1 sends none. Ignoring, then requiring, strands d1 alone."""
    eased = console("set", "b1", "ask=first-handshake", "client_certificates=accept", "--apply", "--yes")
    assert eased.status == 0, eased
    assert console.verdicts("--live") == {(d, "b1"): ("ready", {"ok"}) for d in ("d1", "d2")}
    files = beacon_files(lab)
    for number in ([], ["--accept-lockout", "2"]):
        refused = console("set", "b1", "client_certificates=require", "--apply", "--yes", *number)
        assert (refused.status, "d1" in refused.stderr, "d2" in refused.stderr) == (1, True, False)
    assert beacon_files(lab) == files
    accepted = console("set", "b1", "client_certificates=require", "--apply", "--yes", "--accept-lockout", "1")
    assert accepted.status == 0
    assert console.verdicts("--live")["d1", "b1"] == ("blocked", {"failed"})


def test_what_was_known_outlives_the_fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    with Lab.start(spec, tmp_path / "lab") as lab:
        console = Console(lab.fleet_file)
        assert console("sweep").status == 0
        swept = console.verdicts("--cached")
    assert console.verdicts("--cached") == swept
    gone = console("check", "--format", "json")
    assert gone.status == 3
    pairs = json.loads(gone.stdout)["pairs"]
    assert {pair["verdict"] for pair in pairs} <= {"unknown", "blocked"}
    shown = json.loads(console("show", "b1", "--format", "json").stdout)
    assert shown["failure"] is not None
    assert shown["snapshot"]["sites"]


def test_check_answers_in_the_schema_that_is_shipped(console: Console) -> None:
    schema = json.loads((Path(__file__).parents[2] / "console" / "schema" / "check.schema.json").read_text())
    for words in ([], ["--live"], ["--cached"], ["d1"], ["beacon=b1", "os=linux"]):
        ended = console("check", "--format", "json", *words)
        assert ended.status == 1, ended
        jsonschema.validate(json.loads(ended.stdout), schema)


def test_no_secret_is_in_state_or_output(lab: Lab, console: Console, tmp_path: Path) -> None:
    console("check", "--live")
    console("set", "d1", "AddClientCertificateAndKey=True", "--apply", "--yes")
    console("set", "b1", "ask=first-handshake", "--apply", "--yes")
    passwords = [path.read_text().strip() for path in lab.directory.rglob("*.password")]
    assert passwords
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"PRIVATE KEY-----\nM" not in content, path
            assert not any(word.encode() in content for word in passwords), path
            assert path.stat().st_mode & 0o077 == 0, path
