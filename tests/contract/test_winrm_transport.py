"""pywinrm under our own session, against the lab's WS-Man server with a program behind it in place of the engine.

The program plays what PowerShell may do: answer late, answer much, die, write CLIXML. Everything between is real.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.winrm.envelope import OPERATIONS, script
from adapters.winrm.limits import Limits
from console.errors import (
    ChangeRefused,
    CommandFailed,
    WinrmError,
)
from console.fleet.model import SecretReference
from fixtures.lab.wsman.server import Authentication
from tests.contract.winrm_lab import (
    KINDS,
    PATIENT,
    Files,
    OneSecret,
    Relay,
    WinrmLab,
    gateway,
    winrm_lab,
)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Authentication:
    chosen: Authentication = request.param
    return chosen


@pytest.fixture
def lab(tmp_path: Path, kind: Authentication, files: Files, player: str) -> Iterator[WinrmLab]:
    directory = tmp_path / "b1"
    directory.mkdir()
    with winrm_lab(directory, kind, files, player) as lab:
        yield lab


def test_script_and_parameters_arrive_whole(lab: WinrmLab) -> None:
    echo = {"name": 'Wörkshop \'; $(throw) "%PATH%" ` \x00\r\n', "long": "ü" * 200_000}
    with gateway() as winrm:
        for operation in OPERATIONS:
            said = winrm.run(lab.beacon, operation, {"echo": echo})
            assert said["script"] == hashlib.sha256(script(operation).encode()).hexdigest()
            assert said["echo"] == echo
            assert said["arguments"][:2] == ["-NoProfile", "-NonInteractive"]  # type: ignore[index]
        assert lab.server.shells.count == 1
    assert lab.server.shells.count == 0


def test_a_large_answer_and_a_late_one(lab: WinrmLab) -> None:
    limits = Limits(operation=1, read=5, script=30)
    with gateway(limits=limits) as winrm:
        assert winrm.run(lab.beacon, "snapshot", {"much": 3_000_000})["much"] == "x" * 3_000_000
        assert winrm.run(lab.beacon, "snapshot", {"sleep": 2.5, "echo": 1})["echo"] == 1


def test_an_overrun_ends_the_script_and_the_shell(lab: WinrmLab) -> None:
    with gateway(limits=Limits(operation=1, read=5, script=1.5)) as winrm:
        with pytest.raises(CommandFailed, match=r"no end after 1\.5 s; the script was terminated"):
            winrm.run(lab.beacon, "restart-site", {"sleep": 60})
        assert lab.server.shells.count == 0
        assert winrm.run(lab.beacon, "snapshot", {"echo": "again"})["echo"] == "again"


def test_a_dropped_shell_is_reopened_once(lab: WinrmLab) -> None:
    with gateway() as winrm:
        winrm.run(lab.beacon, "snapshot", {})
        lab.server.shells.delete_all()
        assert winrm.run(lab.beacon, "set-access", {"echo": 2})["echo"] == 2
        assert lab.server.shells.count == 1


def test_a_restarted_server_is_reached_again(lab: WinrmLab) -> None:
    with gateway() as winrm:
        winrm.run(lab.beacon, "snapshot", {})
        lab.server.close()
        lab.start()
        assert winrm.run(lab.beacon, "set-access", {"echo": 3})["echo"] == 3
        assert lab.server.shells.count == 1


def test_a_cut_connection_is_made_again_and_no_shell_is_left(lab: WinrmLab) -> None:
    relay = Relay(lab.port)
    beacon = lab.beacon_at(relay.port)
    try:
        with gateway() as winrm:
            for number in range(3):
                assert winrm.run(beacon, "set-access", {"echo": number})["echo"] == number
                assert lab.server.shells.count == 1
                relay.cut()
            winrm.run(beacon, "snapshot", {})
        assert lab.server.shells.count == 0
    finally:
        relay.close()


def test_a_server_that_vanishes_under_a_write_is_not_asked_twice(lab: WinrmLab, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with gateway() as winrm, concurrent.futures.ThreadPoolExecutor() as pool:
        winrm.run(lab.beacon, "snapshot", {})
        running = pool.submit(winrm.run, lab.beacon, "set-access", {"touch": str(begun), "sleep": 60})
        until(begun.exists)
        lab.server.close()
        with pytest.raises(WinrmError) as caught:
            running.result(30)
        assert "The script may have run" in caught.value.hint
        lab.start()


def test_closing_does_not_wait_for_a_port_that_never_answers(lab: WinrmLab) -> None:
    """An interrupt waited 15 s for it: there is no shell yet, so there is nothing to delete."""
    with socket.create_server(("127.0.0.1", 0)) as mute, concurrent.futures.ThreadPoolExecutor() as pool:
        beacon = lab.beacon_at(mute.getsockname()[1])
        with gateway(limits=PATIENT) as winrm:
            asking = pool.submit(winrm.snapshot, beacon)
            with mute.accept()[0]:
                closing = pool.submit(winrm.close)
                closing.result(timeout=5)
                assert not asking.done()
        with pytest.raises(WinrmError):
            asking.result(30)


def test_threads_take_turns(lab: WinrmLab) -> None:
    with gateway() as winrm, concurrent.futures.ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: winrm.run(lab.beacon, "snapshot", {"echo": n})["echo"], range(8)))
        assert said == list(range(8))
        assert lab.server.shells.count == 1


def test_closing_ends_what_runs(lab: WinrmLab, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with (
        gateway(limits=Limits(operation=1, read=5, script=60)) as winrm,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        running = pool.submit(winrm.run, lab.beacon, "snapshot", {"touch": str(begun), "sleep": 60})
        until(begun.exists)
        winrm.close()
        with pytest.raises((CommandFailed, WinrmError), match="the console is closing"):
            running.result(30)
    assert lab.server.shells.count == 0


def test_closing_does_not_wait_for_a_user_who_is_asked_for_a_password(basic: WinrmLab) -> None:
    asked, answered = threading.Event(), threading.Event()

    class SlowUser(OneSecret):
        def password(self, reference: SecretReference, purpose: str) -> str:
            asked.set()
            answered.wait(30)
            return super().password(reference, purpose)

    limits = Limits(operation=1, read=2, script=5)
    with gateway(SlowUser(), limits) as winrm, concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(winrm.run, basic.beacon, "snapshot", {})
        assert asked.wait(10)
        began = time.monotonic()
        winrm.close()
        assert time.monotonic() - began < 5
        answered.set()
        with pytest.raises((WinrmError, CommandFailed), match="the console is closing"):
            running.result(30)
        with pytest.raises(WinrmError, match="the console is closing"):
            winrm.run(basic.beacon, "snapshot", {})
    assert basic.server.shells.count == 0


def test_disconnect_deletes_the_shell_and_the_next_call_opens_one(lab: WinrmLab) -> None:
    with gateway() as winrm:
        winrm.run(lab.beacon, "snapshot", {})
        winrm.disconnect(lab.beacon)
        assert lab.server.shells.count == 0
        winrm.run(lab.beacon, "snapshot", {})


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    ("play", "error", "says"),
    [
        ({"die": 3, "stderr": "it \x1b[31mbroke"}, CommandFailed, "no answer (exit status 3): it [31mbroke"),
        ({"die": 0}, CommandFailed, "no answer (exit status 0): nothing on stderr"),
        ({"answer": {"ok": False, "message": "boom\x07", "phase": "commit"}}, CommandFailed, "(commit): boom"),
        ({"answer": {"ok": False, "refused": True, "message": "changed"}}, ChangeRefused, "changed"),
        ({"answer": {"ok": "true"}}, CommandFailed, "no reason given"),
    ],
)
def test_what_a_script_says_becomes_one_error(
    basic: WinrmLab, play: dict[str, object], error: type[Exception], says: str
) -> None:
    with gateway() as winrm, pytest.raises(error) as caught:
        winrm.run(basic.beacon, "set-access", play)
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert str(caught.value).startswith("b1: set-access")


def test_progress_and_banners_do_not_disturb(basic: WinrmLab) -> None:
    play = {"banner": "Welcome!\r\n", "stderr": '#< CLIXML\r\n<Objs><Obj S="progress"/></Objs>', "echo": 5}
    with gateway() as winrm:
        assert winrm.run(basic.beacon, "snapshot", play)["echo"] == 5


def test_the_environment_decides_nothing(basic: WinrmLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with gateway() as winrm:
        assert winrm.run(basic.beacon, "snapshot", {"echo": 1})["echo"] == 1
