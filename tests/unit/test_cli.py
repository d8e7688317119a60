"""The command line over fakes: statuses, streams, words. What is contacted, and when, is seen in the fakes."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from console.cli import open_workspace, real_outside, run
from console.command.demo_spec import resized
from console.command.outside import Outside
from console.errors import ExitStatus
from console.fleet.model import Device
from console.readiness.model import (
    COMPONENTS,
    Finding,
    LiveOutcome,
    LiveResult,
    PairUse,
    PairVerdict,
    Side,
    Status,
    Step,
    Verdict,
)
from console.services.estate import Estate
from console.services.workspace import Workspace
from tests.fakes import beacon_snapshot
from tests.world import CONFIG, World


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Shell:
    """Runs commands in the small world, as a shell would see them."""

    world: World
    stdin: io.StringIO = field(default_factory=io.StringIO)
    out: str = ""
    err: str = ""
    served: list[tuple[object, ...]] = field(default_factory=list)
    consoles: list[bool] = field(default_factory=list)

    def __call__(self, *words: str, terminal: bool = False, stderr_redirected: bool = False) -> int:
        make: Callable[[], io.StringIO] = Terminal if terminal else io.StringIO
        out, err = make(), io.StringIO() if stderr_redirected else make()

        def serve(*given: object) -> int:
            self.served.append(given)
            return 0

        def console(workspace: Workspace) -> int:
            self.consoles.append(workspace.read_only)
            return 0

        outside = Outside(
            open_workspace=lambda _path, read_only, _screens: self.world.start(read_only),
            run_console=console,
            serve_lab=serve,
            demo=lambda _devices, _beacons, use: use(self.world.start()),
            default_fleet=lambda: Path("/config/fleet.toml"),
            environment={},
            stdin=self.stdin,
            stdout=out,
            stderr=err,
        )
        status = run(words, outside)
        self.out, self.err = out.getvalue(), err.getvalue()
        assert len(self.err.splitlines()) <= 4 or status == 0, self.err
        assert "usage:" not in self.err
        return status

    @property
    def contacted(self) -> bool:
        return bool(self.world.devices.collected or self.world.hello.said or self.world.beacons.ran)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    world = World(tmp_path / "state")
    yield Shell(world)
    world.store.close()


def demand_certificates(shell: Shell) -> None:
    """Of d1, which sends none, and of d2, which does."""
    shell.world.beacons.snapshots["b1"] = beacon_snapshot("b1", flags=("SslNegotiateCert", "SslRequireCert"))


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
        (("lab", "down", "x", "--dir", "d"), "down"),
        (("lab", "up", "x"), "--dir"),
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


# --- set, apply, undo


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


def test_a_plan_that_was_applied_already_says_so(shell: Shell, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    shell("set", "d1", "AddClientCertificateAndKey=True", "--out", str(plan))
    assert shell("apply", str(plan), "--yes") == 0
    assert "E-0001" in shell.out
    assert "already" not in shell.err
    assert shell("apply", str(plan), "--yes") == 1
    assert "was applied already, as E-0001." in shell.err
    assert "E-0001" not in shell.out, "entries of another run are no answer to this one"


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


# --- beacons that nobody uses


def test_a_beacon_that_no_device_uses_is_told(shell: Shell) -> None:
    lonely = replace(shell.world.fleet.beacons[0], name="b3", host="b3.test")
    shell.world.fleet = replace(shell.world.fleet, beacons=(*shell.world.fleet.beacons, lonely))
    shell.world.beacons.snapshots["b3"] = beacon_snapshot("b3")
    assert shell("check") == 0
    assert "beacon.unused: No device uses b3" in shell.err
    assert "weren't read" not in shell.err
    assert shell("check", "d1") == 0
    assert "b3" not in shell.err
    assert shell("show", "b3") == 0
    assert "beacon.unused: No device uses b3" in shell.out
    assert shell("show", "b3", "--format", "json") == 0
    assert "b3.test" in json.loads(shell.out)["unused"]
    assert shell("show", "b1", "--format", "json") == 0
    assert json.loads(shell.out)["unused"] is None


def test_a_device_that_has_no_way_is_told(shell: Shell) -> None:
    shell.world.fleet = replace(shell.world.fleet, devices=(*shell.world.fleet.devices, Device("d3", "d3")))
    shell.world.devices.files["d3"] = b"[x]\n"
    assert shell("check") == 0
    assert "device.no-way: d3 has no way to a beacon" in shell.err
    assert shell("check", "d1") == 0
    assert "d3" not in shell.err
    assert shell("show", "d3") == 0
    assert "device.no-way: d3 has no way to a beacon" in shell.out


def test_a_device_that_was_not_read_may_use_it(shell: Shell) -> None:
    assert shell("check", "--cached") == 1
    assert "beacon.unused: No device uses b2" in shell.err
    assert "weren't read" in shell.err


def test_an_endpoint_that_no_beacon_answers_to_is_told(shell: Shell) -> None:
    lost = CONFIG + b"[ManageSoft\\Common\\UploadSettings\\x]\nHost=old.test\nPort=443\nProtocol=https\n"
    shell.world.devices.files["d1"] = lost
    assert shell("check") == 1
    assert "network.no-beacon: No beacon of the fleet answers to old.test:443; 1 device uses it (d1)." in shell.err
    assert "(none)" in shell.out
    assert shell("show", "d1") == 0
    assert "? (none) old.test:443 unknown" in shell.out
    assert shell("check", "d2") == 0
    assert "old.test" not in shell.err


# --- show


def test_show_looks_at_what_was_never_observed(shell: Shell) -> None:
    assert shell("show", "d2") == 0
    assert shell.world.devices.collected == ["d2"]
    assert "AddClientCertificateAndKey=True (common, documented)" in shell.out
    assert "observed 0 s ago" in shell.out
    assert shell("show", "d2", "--format", "json") == 0
    assert shell.world.devices.collected == ["d2"]
    values = json.loads(shell.out)
    assert (values["schema"], values["kind"], values["snapshot"]["device"]) == (1, "device", "d2")
    assert {pair["beacon"] for pair in values["pairs"]} == {"b1", "b2"}


def test_show_of_a_beacon_and_of_what_cannot_be_reached(shell: Shell) -> None:
    assert shell("show", "b1") == 0
    assert "os_build: 20348" in shell.out
    shell.world.devices.down.add("d1")
    assert shell("show", "d1") == 3
    assert "connection refused" in shell.out


def test_show_says_what_to_do_on_which_machine(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("check")
    assert "fix:" not in shell.out
    demand_certificates(shell)
    shell("check")
    assert "fix: `show NAME` says on which machine what has to be done." in shell.out
    off = Finding(
        "device.client-certificate-off", Step.ACCEPTED, Side.DEVICE, Status.FAIL, "off", remedy="On d1: switch it on."
    )
    use = PairUse("d1", "b1", "b1.test", 443)
    blocked = PairVerdict(use, Verdict.BLOCKED, dict.fromkeys(COMPONENTS, Verdict.BLOCKED), (off,))
    monkeypatch.setattr(Estate, "verdicts_of_device", lambda _self, _name: (blocked,))
    assert shell("show", "d1") == 0
    assert "blocked device.client-certificate-off: off\n    fix: On d1: switch it on.\n" in shell.out
    shell("show", "d1", "--format", "json")
    (pair,) = json.loads(shell.out)["pairs"]
    assert pair["remedy"] == "On d1: switch it on."


def test_show_lets_nothing_steer_the_terminal(shell: Shell) -> None:
    shell.world.devices.files["d1"] += b"[ManageSoft\\Common]\nSSLCACertificateFile=/\x1b[2J\x9b\xff\n"
    assert shell("show", "d1") == 0
    assert not any(ord(char) < 32 and char != "\n" for char in shell.out)


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
