"""`set`, `apply`, `undo`, `history` over fakes: plans are printed, asked about, applied once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from console.changes.model import EntryState
from tests.unit.cli_shell import Shell, Terminal
from tests.world import CONFIG


def test_set_prints_the_plan_and_writes_nothing(shell: Shell) -> None:
    assert shell("set", "d1", "d2", "AddClientCertificateAndKey=True") == 0
    assert "+AddClientCertificateAndKey=True" in shell.out
    assert "already so: d2" in shell.out
    assert shell.world.devices.files["d1"] == CONFIG


@pytest.mark.parametrize(
    "words",
    [
        ("set", "d1", "AddClientCertificateAndKey=True", "--apply", "--yes"),
        ("set", "--apply", "d1", "--yes", "AddClientCertificateAndKey=true"),
        ("-F", "x.toml", "set", "--yes", "d1", "--apply", "addclientcertificateandkey=True"),
    ],
)
def test_options_may_stand_anywhere(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell(*words) == 0
    assert shell.world.devices.files["d1"] == CONFIG.replace(b"AndKey=False", b"AndKey=True")


def test_unset_removes_the_line(shell: Shell) -> None:
    assert shell("set", "d1", "--unset", "Other", "--apply", "--yes") == 2  # not a preference that is known
    assert shell("set", "d1", "--unset", "AddClientCertificateAndKey", "--apply", "--yes") == 0
    assert shell.world.devices.files["d1"] == CONFIG.replace(b"AddClientCertificateAndKey=False\n", b"")


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("", 2), ("yes\n", 2)])
def test_one_target_is_asked_for_with_y(shell: Shell, answer: str, status: int) -> None:
    shell.stdin = Terminal(answer)
    assert shell("set", "d1", "AddClientCertificateAndKey=True", "--apply") == status
    assert (shell.world.devices.files["d1"] != CONFIG) is (status == 0)


@pytest.mark.parametrize(("answer", "status"), [("2\n", 0), ("y\n", 2), ("1\n", 2)])
def test_many_targets_are_asked_for_with_their_number(shell: Shell, answer: str, status: int) -> None:
    shell.stdin = Terminal(answer)
    assert shell("set", "d*", "CheckServerCertificate=False", "--apply") == status


def test_a_target_that_cannot_be_reached_is_3_and_the_other_is_done(shell: Shell) -> None:
    shell.world.devices.down.add("d2")
    assert shell("set", "d*", "CheckServerCertificate=False", "--apply", "--yes") == 3
    assert b"CheckServerCertificate=False" in shell.world.devices.files["d1"]


def test_nothing_to_change_is_done(shell: Shell) -> None:
    assert shell("set", "d2", "AddClientCertificateAndKey=True", "--apply") == 0
    assert "Nothing to change" in shell.out


def test_every_step_on_a_beacon_is_in_the_plan_and_its_restart_in_the_question(shell: Shell) -> None:
    words = ("set", "b1", "ask=first-handshake", "require_ssl=true")
    restart = "1 site is restarted, which ends its open connections"
    assert shell(*words) == 0
    lines = shell.out.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line == "runs on it, in this order:")
    assert [line.split(":")[0] for line in lines[at + 1 : at + 4]] == [
        "1. 0.0.0.0",
        "2. Default Web Site",
        "3. Restart site Default Web Site",
    ]
    assert f"▲ When this plan is applied, {restart}." in lines
    shell.stdin = Terminal("n\n")
    assert shell(*words, "--apply") == 2
    assert f"{restart}. Apply to b1? y/n:" in shell.err
    assert shell.world.beacons.ran == []
    assert shell("set", "d1", "AddClientCertificateAndKey=True") == 0
    assert "restart" not in shell.out


@pytest.mark.parametrize(("down", "changed"), [("", "2 of 2 devices changed"), ("d2", "1 of 1 device changed")])
def test_what_was_written_is_told_below_and_not_denied_above(shell: Shell, down: str, changed: str) -> None:
    shell.world.devices.down.add(down)
    words = ("set", "d*", "CheckServerCertificate=False")
    assert shell(*words) == (3 if down else 0)
    assert "nothing is written yet" in shell.out
    assert shell(*words, "--apply", "--yes") == (3 if down else 0)
    assert "nothing is written yet" not in shell.out
    assert shell.err.splitlines()[-1].endswith(changed)


def test_common_that_is_so_already_is_no_more_than_that_where_a_component_counts_first(shell: Shell) -> None:
    shell.world.devices.files["d2"] += b"[ManageSoft\\Uploader\\CurrentVersion]\nAddClientCertificateAndKey=False\n"
    assert shell("set", "d2", "AddClientCertificateAndKey=True") == 0
    assert "already so: d2" not in shell.out
    assert "already so in that place, but another counts before it: d2" in shell.out
    assert "remove it (--unset Uploader.AddClientCertificateAndKey)" in shell.out


def test_stranding_is_refused_by_name_and_number(shell: Shell) -> None:
    require = ("set", "b1", "client_certificates=require", "--apply", "--yes")
    assert shell(*require) == 1
    assert "d1" in shell.err
    assert "--accept-lockout 1" in shell.err
    assert shell.world.beacons.ran == []
    assert shell(*require, "--accept-lockout", "1") == 0


@pytest.mark.parametrize("cached", [(), ("--cached",)])
def test_what_if_is_judged_with_the_plan_and_nothing_is_written(
    shell: Shell, tmp_path: Path, cached: tuple[str, ...]
) -> None:
    path = tmp_path / "plan.json"
    assert shell("set", "b1", "client_certificates=require", "--out", str(path)) == 0
    files = dict(shell.world.devices.files)
    assert shell("sweep") == 0
    assert shell("check", "--with-plan", str(path), "--format", "json", *cached) == 1
    pairs = {(pair["device"], pair["beacon"]): pair["verdict"] for pair in json.loads(shell.out)["pairs"]}
    assert pairs == {("d1", "b1"): "blocked", ("d1", "b2"): "ready", ("d2", "b1"): "ready", ("d2", "b2"): "ready"}
    assert "With this plan 3 of 4 pairs are ready (now 4); this one would be cut off" in shell.err
    assert "d1 ⇄ b1" in shell.err
    assert shell("check", "d2", "--with-plan", str(path), *cached) == 0
    assert "2 of 2 pairs are ready (now 2); none would be cut off" in shell.err
    assert (shell.world.beacons.ran, shell.world.devices.files) == ([], files)
    assert shell("check", *cached) == 0  # what is there now


def test_what_if_refuses_the_plan_of_another_fleet(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    assert shell("set", "d1", "AddClientCertificateAndKey=True", "--out", str(path)) == 0
    shell.world.devices.collected.clear()
    shell.world.fleet = replace(shell.world.fleet, devices=shell.world.fleet.devices[1:], pairs=())
    assert shell("check", "--with-plan", str(path)) == 2
    assert "d1" in shell.err
    path.write_bytes(path.read_bytes()[:200])
    assert shell("check", "--with-plan", str(path)) == 2
    assert str(path) in shell.err
    assert shell.world.devices.collected == []


def test_a_plan_file_that_was_tampered_with_is_refused(shell: Shell, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert shell("set", "d1", "AddClientCertificateAndKey=True", "--out", str(plan)) == 0
    values = json.loads(plan.read_bytes())
    values["plan"]["devices"][0]["edits"][0]["new"] = "False"
    plan.write_text(json.dumps(values))
    assert shell("apply", str(plan), "--yes") == 1
    assert shell.world.devices.files["d1"] == CONFIG
    plan.write_text("{}")
    assert shell("apply", str(plan), "--yes") == 2
    assert str(plan) in shell.err


def test_a_plan_that_is_overwritten_is_named_and_nothing_else_is_overwritten(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.touch()  # as mktemp does
    words = ("set", "d1", "AddClientCertificateAndKey=True", "--out", str(path))
    assert shell(*words) == 0
    assert shell.err.splitlines()[-1] == f"P-0001 is in {path}"
    assert shell(*words) == 0
    assert shell.err.splitlines()[-1] == f"P-0002 is in {path}, in place of P-0001"
    path.write_text("[[beacon]]")
    collected = len(shell.world.devices.collected)
    assert shell(*words) == 2
    assert f"{path}: isn't overwritten" in shell.err
    assert path.read_text() == "[[beacon]]"
    assert len(shell.world.devices.collected) == collected


def test_a_plan_that_was_applied_already_says_so(shell: Shell, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    shell("set", "d1", "AddClientCertificateAndKey=True", "--out", str(plan))
    assert shell("apply", str(plan), "--yes") == 0
    assert "E-0001" in shell.out
    assert "already" not in shell.err
    assert shell("apply", str(plan), "--yes") == 1
    assert "P-0001 was applied already, as E-0001" in shell.err
    assert "E-0001" not in shell.out, "entries of another run are no answer to this one"


def test_history_goes_by_number_and_undo_takes_it(shell: Shell) -> None:
    """Entries of one plan are opened side by side: whichever was first, they are told in order."""
    shell("set", "d1", "AddClientCertificateAndKey=True", "--apply", "--yes")
    journal = shell.world.store.journal
    (first,) = journal.entries()
    for name in ("E-0010", "E-0008", "E-0009", "E-10000"):
        journal.open_entry(replace(first, entry=name))
        journal.close_entry(name, EntryState.DONE)
    shell("history", "--format", "json")
    names = [entry["entry"] for entry in json.loads(shell.out)]
    assert names == ["E-10000", "E-0010", "E-0009", "E-0008", "E-0001"]
    for word in ("1", "0001", "e-0001", "E-0001"):
        assert shell("undo", word) == 0
        assert "undo of E-0001" in shell.out
    assert shell("undo", "42") == 2
    assert "'E-0042'" in shell.err


def test_a_plan_of_a_record_that_was_applied_is_refused_at_once_and_leaves_no_entry(
    shell: Shell, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    assert shell("set", "b1", "ask=first-handshake", "--out", str(plan)) == 0
    assert shell("apply", str(plan), "--yes") == 0
    shell.world.devices.collected.clear()
    ran = list(shell.world.beacons.ran)
    assert shell("apply", str(plan), "--yes") == 1
    assert "was applied already, as E-0001" in shell.err
    assert (shell.world.beacons.ran, shell.world.devices.collected) == (ran, [])
    assert [entry.entry for entry in shell.world.store.journal.entries()] == ["E-0001"]
    assert shell("undo", "E-0001", "--apply", "--yes") == 0
    assert shell("apply", str(plan), "--yes") == 0, "taken back: the beacon is as the plan saw it"


def test_what_a_plan_has_left_can_be_applied_later(shell: Shell, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert shell("set", "d*", "CheckServerCertificate=False", "--out", str(plan)) == 0
    shell.world.devices.down.add("d2")
    assert shell("apply", str(plan), "--yes") == 3
    shell.world.devices.down.clear()
    assert shell("apply", str(plan), "--yes") == 0
    assert "was applied to 1 device already" in shell.err
    assert b"CheckServerCertificate=False" in shell.world.devices.files["d2"]
    assert shell("apply", str(plan), "--yes") == 1


def test_the_number_of_another_journals_plan_is_no_proof(shell: Shell, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert shell("set", "d2", "CheckServerCertificate=False", "--out", str(plan)) == 0
    values = json.loads(plan.read_bytes())
    assert shell("set", "d1", "CheckServerCertificate=False", "--apply", "--yes") == 0
    values["plan"]["id"] = "P-0002"
    plan.write_text(json.dumps(values))
    assert shell("apply", str(plan), "--yes") == 0


def test_history_is_newest_first_and_open_entries_block_nothing(shell: Shell) -> None:
    assert shell("history", "--format", "json") == 0
    assert json.loads(shell.out) == []
    shell("set", "d1", "AddClientCertificateAndKey=True", "--apply", "--yes")
    shell("undo", "E-0001", "--apply", "--yes")
    shell("history", "--format", "json")
    entries = json.loads(shell.out)
    assert [(entry["entry"], entry["state"]) for entry in entries] == [("E-0002", "done"), ("E-0001", "undone")]
    assert shell("history") == 0
    assert shell.out.splitlines()[0].split()[0] == "entry"


@pytest.mark.parametrize(("written", "state"), [(False, "failed"), (True, "undone")])
def test_undo_of_an_entry_that_a_killed_run_left(shell: Shell, written: bool, state: str) -> None:
    shell("set", "d1", "AddClientCertificateAndKey=True", "--apply", "--yes")
    journal = shell.world.store.journal
    journal.open_entry(replace(journal.entries()[0], entry="E-0009"))
    journal.let_go("E-0009")  # as the kernel does for a killed run
    if not written:
        shell.world.devices.files["d1"] = CONFIG
    assert shell("history") == 0
    assert "E-0009" in shell.out
    assert "killed" in shell.err
    assert shell("undo", "E-0009", "--apply", "--yes") == 0
    assert ("went through" if written else "nothing was written") in shell.err
    assert shell.world.devices.files["d1"] == CONFIG
    assert str(journal.entry("E-0009").state) == state
