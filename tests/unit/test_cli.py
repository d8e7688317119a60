"""The command line over fakes: statuses, streams, words."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from console.cli import open_workspace, real_outside, run
from console.command.demo_spec import resized
from console.command.outside import Outside
from console.errors import ExitStatus
from console.readiness.model import (
    LiveOutcome,
    LiveResult,
    PairUse,
)
from console.services.jobs import Job
from console.services.probing import ProbingService
from tests.unit.cli_shell import Shell, Terminal, demand_certificates

# --- statuses of check


def test_all_ready_is_0_and_one_that_is_not_is_1(shell: Shell) -> None:
    assert shell("check") == 0
    demand_certificates(shell)
    assert shell("check") == 1
    assert shell("check", "d2") == 0
    assert shell("sweep") == 0  # a verdict is check's matter alone


def test_unreachable_is_3_and_wins_over_1(shell: Shell) -> None:
    demand_certificates(shell)
    shell.world.devices.down.add("d2")
    assert shell("check") == 3
    assert "connection refused" in shell.err
    assert shell("sweep") == 3
    assert shell("check", "d1") == 1


def test_a_sweep_says_what_was_observed(shell: Shell) -> None:
    assert shell("sweep") == 0
    assert "Observed 2 of 2 devices, 2 of 2 beacons, 2 of 2 endpoints\n" in shell.err
    shell.world.devices.down.add("d2")
    assert shell("sweep") == 3
    assert "Observed 1 of 2 devices, 2 of 2 beacons, 2 of 2 endpoints; 1 failed" in shell.err


def test_no_pair_is_known_of_devices_that_were_not_read(shell: Shell) -> None:
    shell.world.fleet = replace(shell.world.fleet, pairs=())
    assert shell("check", "--cached") == 1
    assert "No pair is known yet" in shell.err
    assert "of 2 devices it wasn't read (d1, d2)" in shell.err


def test_cached_contacts_nothing(shell: Shell) -> None:
    assert shell("check", "--cached") == 1  # never swept: nothing is known, so nothing is ready
    assert not shell.contacted
    shell("sweep")
    shell.world.devices.down.add("d1")
    assert shell("check", "--cached") == 0


def test_live_adds_proof_and_changes_no_verdict(shell: Shell) -> None:
    shell("check", "--format", "json")
    without = json.loads(shell.out)["pairs"]
    assert shell("check", "--live", "--format", "json") == 0
    with_proof = json.loads(shell.out)["pairs"]
    assert [pair["verdict"] for pair in without] == [pair["verdict"] for pair in with_proof]
    outcomes = {c["live"]["outcome"] for pair in with_proof for c in pair["components"].values()}
    assert outcomes == {"ok"}
    shell("check", "--cached", "--format", "json")
    later = {c["live"]["outcome"] for pair in json.loads(shell.out)["pairs"] for c in pair["components"].values()}
    assert later == {"not-run"}


def test_a_handshake_that_ended_before_anybody_listened_counts(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    start = ProbingService.start

    def at_once(service: ProbingService, uses: Sequence[PairUse]) -> Job:
        job = start(service, uses)
        assert job.wait(10)
        return job

    monkeypatch.setattr(ProbingService, "start", at_once)
    assert shell("check", "--live", "--format", "json") == 0
    pairs = json.loads(shell.out)["pairs"]
    assert {c["live"]["outcome"] for pair in pairs for c in pair["components"].values()} == {"ok"}


def test_where_live_and_data_disagree_both_are_shown_and_the_verdict_stays(shell: Shell) -> None:
    shell.world.devices.probe_result = LiveResult(LiveOutcome.FAILED, error="alert 42")
    assert shell("check", "--live", "--format", "json", "d1", "b1") == 0  # the verdict is what the data say
    (pair,) = json.loads(shell.out)["pairs"]
    found = {finding["check"]: finding["status"] for finding in pair["findings"]}
    assert (pair["verdict"], found["pair.live-disagrees"]) == ("ready", "warn")
    assert shell("check", "--live", "d1", "b1") == 0
    assert "pair.live-disagrees: The data say ready, but the live handshake" in shell.out


@pytest.mark.parametrize(
    ("select", "pairs"),
    [
        ((), {("d1", "b1"), ("d1", "b2"), ("d2", "b1"), ("d2", "b2")}),
        (("d1",), {("d1", "b1"), ("d1", "b2")}),
        (("b2",), {("d1", "b2"), ("d2", "b2")}),
        (("d1", "b2"), {("d1", "b2")}),
        (("d?", "beacon=b1"), {("d1", "b1"), ("d2", "b1")}),
    ],
)
def test_a_selection_is_swept_on_both_sides(shell: Shell, select: tuple[str, ...], pairs: set[tuple[str, str]]) -> None:
    assert shell("check", "--format", "json", *select) == 0
    assert {(pair["device"], pair["beacon"]) for pair in json.loads(shell.out)["pairs"]} == pairs


# --- wrong words: status 2, one short message, nothing contacted


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("frobnicate",), "'frobnicate'"),
        (("chekc",), "check"),
        (("check", "--format", "yaml"), "yaml"),
        (("check", "--nonsense"), "--nonsense"),
        (("check", "d9"), "d9"),
        (("check", "@nobody"), "@nobody"),
        (("check", "verdict=perhaps"), "perhaps"),
        (("check", "verdict=blocked"), "verdict=blocked"),
        (("sweep", "x*"), "x*"),
        (("show", "d9"), "'d9'"),
        (("set", "d1"), "nothing to set"),
        (("set", "AddClientCertificateAndKey=True"), "nothing is selected"),
        (("set", "d9", "AddClientCertificateAndKey=True"), "d9"),
        (("set", "d1", "AddClientCertificate=True"), "AddClientCertificateAndKey"),
        (("set", "d1", "AddClientCertificateAndKey=maybe"), "maybe"),
        (("set", "d1", "Nobody.AddClientCertificateAndKey=True"), "Nobody"),
        (("set", "d1", "--unset", "Unheard"), "Unheard"),
        (("set", "d1", "b1", "AddClientCertificateAndKey=True"), "b1"),
        (("set", "d1", "client_certificates=require"), "d1"),
        (("set", "b1", "client_certificates=perhaps"), "perhaps"),
        (("set", "b1", "client_certificats=require"), "client_certificates"),
        (("set", "b1", "--unset", "ask"), "ask"),
        (("set", "d1", "AddClientCertificateAndKey=True", "--accept-lockout", "many"), "many"),
        (("set", "d1", "AddClientCertificateAndKey=True", "AddClientCertificateAndKey=False"), "twice"),
        (("apply", "/nowhere/plan.json"), "/nowhere/plan.json"),
        (("undo", "E-0042"), "E-0042"),
        (("check", "--with-plan", "/nowhere/plan.json"), "/nowhere/plan.json"),
        (("check", "--live", "--with-plan", "p.json"), "--with-plan"),
        (("lab", "down", "x", "--dir", "d"), "'down': there is `lab up SPEC --dir DIR` alone"),
        (("lab", "down"), "'down': there is `lab up SPEC --dir DIR` alone"),
        (("lab", "up", "x"), "Write lab up SPEC --dir DIR"),
        (("lab", "up", "--dir", "d"), "SPEC"),
        (("--read-only", "set", "d1", "AddClientCertificateAndKey=True"), "--read-only goes with the console alone"),
        (("check", "--read-only"), "--read-only goes with the console alone"),
        (("sweep", "beech"), "Known: b1, b2, d1, d2."),
        (("set", "d1", "CheckServerCertificate=True", "--out", __file__), "isn't overwritten"),
        (("demo", "--devices", "0"), "'0'"),
        (("fleet", "validate", "surplus"), "FILE"),
        ((), "terminal"),
    ],
)
def test_wrong_words_are_status_2_before_anything_is_contacted(shell: Shell, words: tuple[str, ...], says: str) -> None:
    assert shell(*words) == ExitStatus.USAGE
    assert says in shell.err
    assert shell.out == ""
    assert not shell.contacted


# --- the rest


def test_the_console_opens_in_a_terminal(shell: Shell) -> None:
    shell.stdin = Terminal()
    assert shell("--read-only", terminal=True) == 0
    assert shell("-F", "x.toml", terminal=True) == 0
    assert shell.consoles == [True, False]


def test_a_screen_that_would_stay_empty_is_refused(shell: Shell) -> None:
    shell.stdin = Terminal()
    assert shell(terminal=True, stderr_redirected=True) == 2
    assert "stderr" in shell.err
    assert shell.consoles == []


def test_the_demo_whose_screen_would_stay_empty_prints_its_table(shell: Shell) -> None:
    shell.stdin = Terminal()
    assert shell("demo", terminal=True, stderr_redirected=True) == 0
    assert shell.consoles == []
    assert "4 pairs: 4 ready" in shell.out


def test_the_demo_without_a_terminal_prints_its_table_and_ends_with_0(shell: Shell) -> None:
    demand_certificates(shell)
    assert shell("demo") == 0
    assert "`show" not in shell.out, "the lab is gone by then"
    assert "In a terminal `demo` opens the console on it" in shell.out
    assert "4 pairs: 3 ready, 0 at-risk, 1 blocked, 0 unknown" in shell.out
    assert "ok" in shell.out


@pytest.mark.parametrize(("devices", "beacons"), [(1, 1), (12, 3), (40, None), (None, 5), (30, 8), (2, 9)])
def test_the_demo_comes_in_every_size(devices: int | None, beacons: int | None) -> None:
    shipped = tomllib.loads((Path(__file__).parents[2] / "fixtures" / "lab" / "demo.toml").read_text())
    spec = resized(shipped, devices, beacons)
    names = [beacon["name"] for beacon in spec["beacon"]]
    assert len(names) == len(set(names)) == (beacons or 3)
    assert len({device["name"] for device in spec["device"]}) == len(spec["device"]) == (devices or 12)
    assert all(use["beacon"] in names for device in spec["device"] for use in device["use"])
    assert {device["name"] for device in spec["device"]} <= set(spec["certificate"])


def test_lab_up_hands_its_words_on(shell: Shell) -> None:
    assert shell("lab", "up", "spec.toml", "--dir", "d", "--sshd", "--powershell", "pwsh") == 0
    assert shell.served == [(Path("spec.toml"), Path("d"), True, "pwsh")]


def test_no_colour_unless_a_terminal_and_no_color_wins(shell: Shell) -> None:
    shell("check")
    assert "\x1b" not in shell.out
    shell("check", terminal=True)
    assert "✔" in shell.out
    assert "\x1b[32m" not in shell.out, "green is for what a handshake proved"
    shell("check", "--live", terminal=True)
    assert "\x1b[32m✔" in shell.out


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("check", "--help")])
def test_help_and_version_are_answers(words: tuple[str, ...], shell: Shell) -> None:
    with pytest.raises(SystemExit) as ended:
        shell(*words)
    assert ended.value.code == 0


def outside(out: io.StringIO, err: io.StringIO) -> Outside:
    return real_outside(io.StringIO(), out, err)


FLEET = """
[[beacon]]
name = "b1"
host = "b1.test"
[[device]]
name = "d1"
host = "d1.test"
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FLEET.replace("host =", "hosst ="), "hosst"),
        (FLEET + FLEET, "b1"),
        (FLEET + 'password = "hunter2"\n', "password"),
        (FLEET + 'key_file = "none.key"\n', "none.key"),
        ("[[beacon", "fleet.toml"),
        (FLEET.replace("d1", "b1"), "both named b1"),
    ],
)
def test_a_wrong_fleet_file_is_status_2_and_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    for command in (("fleet", "validate"), ("fleet", "list"), ("check",), ("history",)):
        out, err = io.StringIO(), io.StringIO()
        assert run([*command, "-F", str(path)], outside(out, err)) == 2
        assert says in err.getvalue()
        assert "hunter2" not in err.getvalue()
        assert out.getvalue() == ""
        assert len(err.getvalue().splitlines()) <= 4


@pytest.mark.parametrize("members", ["", '"zz*"'])
def test_a_group_that_nobody_is_in_is_named_and_is_status_2_where_it_selects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "fleet.toml"
    path.write_text(f'{FLEET}[group]\nall = ["d*"]\nwave3 = [{members}]\n')
    err = io.StringIO()
    assert run(["fleet", "validate", "-F", str(path)], outside(io.StringIO(), err)) == 0
    assert "@wave3 selects nothing" in err.getvalue()
    assert "@all" not in err.getvalue()
    setting = "AddClientCertificateAndKey=True"
    for words in (["check"], ["check", "--cached"], ["check", "--live"], ["sweep"], ["set", setting]):
        out, err = io.StringIO(), io.StringIO()
        assert run([*words, "@wave3", "-F", str(path)], outside(out, err)) == 2
        assert "'@wave3' selects nothing" in err.getvalue()
        assert out.getvalue() == ""


def test_fleet_validate_list_and_import(tmp_path: Path) -> None:
    path, table = tmp_path / "fleet.toml", tmp_path / "more.csv"
    path.write_text(FLEET)
    table.write_text("kind,name,host,port\ndevice,d2,d2.test,2222\nbeacon,b2,b2.test,\n")
    out, err = io.StringIO(), io.StringIO()
    assert run(["fleet", "validate", "-F", str(path)], outside(out, err)) == 0
    assert run(["fleet", "import", str(table), "-F", str(path)], outside(out, err)) == 0
    assert run(["fleet", "list", "-F", str(path)], outside(out, err)) == 0
    assert [line.split()[1] for line in out.getvalue().splitlines()[1:]] == ["b1", "b2", "d1", "d2"]
    assert path.read_text() == FLEET
    table.rename(tmp_path / "again.csv")
    assert run(["fleet", "import", str(tmp_path / "again.csv"), "-F", str(path)], outside(out, err)) == 2
    assert [found.name for found in (tmp_path / "fleet.d").iterdir()] == ["more.toml"]
    (tmp_path / "odd.csv").write_text("kind,name,password\ndevice,d5,hunter2\n")
    assert run(["fleet", "import", str(tmp_path / "odd.csv"), "-F", str(path)], outside(out, err)) == 2
    assert "hunter2" not in err.getvalue()


def test_a_shared_name_is_refused_with_both_files(tmp_path: Path) -> None:
    path, added = tmp_path / "fleet.toml", tmp_path / "fleet.d" / "more.toml"
    path.write_text(FLEET)
    added.parent.mkdir()
    added.write_text('[[device]]\nname = "b1"\n')
    out, err = io.StringIO(), io.StringIO()
    assert run(["fleet", "validate", "-F", str(path)], outside(out, err)) == 2
    assert str(path) in err.getvalue()
    assert str(added) in err.getvalue()
    assert "both named b1" in err.getvalue()


def test_a_missing_fleet_file_is_status_2(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert run(["check", "-F", str(tmp_path / "none.toml")], outside(out, err)) == 2
    assert "none.toml" in err.getvalue()


def test_a_fleet_of_nobody_opens_and_closes(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text("")
    open_workspace(path, state=tmp_path / "state").close()
