"""A device that floods stderr: what it says on stdout still comes, and memory is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ssh.connection import Timeouts
from adapters.ssh.hostkeys import KnownHosts
from adapters.ssh.session import DeviceSession
from adapters.ssh.stderr import KEPT
from adapters.ssh.target import Target, TargetResolver
from console.errors import CommandFailed
from tests.contract.ssh_places import Place, TestSecrets, place

FLOOD = "dd if=/dev/zero bs=65536 count={} 2>/dev/null | tr '\\0' e >&2; echo done"


@pytest.fixture(params=["asyncssh", "sshd"])
def session(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeviceSession]:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with place(request.param, tmp_path) as served:
        made = _session(served)
        yield made
        made.close()


def _session(served: Place) -> DeviceSession:
    return DeviceSession(
        served.device,
        TargetResolver(served.fleet).resolve,
        TestSecrets(),
        _known_hosts,
        Timeouts(),
    )


def _known_hosts(target: Target) -> KnownHosts:
    known = KnownHosts()
    for path in target.known_hosts:
        known.add(path)
    return known


def test_stdout_comes_whatever_stderr_says(session: DeviceSession) -> None:
    """Six windows of 2 MiB: unread, the command would stand still until its time is over."""
    output = session.run(FLOOD.format(192), b"", 60)
    assert (output.status, output.stdout, output.timed_out) == (0, b"done\n", False)
    assert output.stderr == b"e" * KEPT


def test_a_flood_beyond_the_limit_is_cut_off(session: DeviceSession) -> None:
    with pytest.raises(CommandFailed, match="printed more than 1000000 bytes"):
        session.run(FLOOD.format(10_000), b"", 60, limit=1_000_000)
    assert session.run("echo alive", b"", 20).stdout == b"alive\n"


def test_the_last_words_of_a_command_are_there(session: DeviceSession) -> None:
    output = session.run("echo out; echo why >&2; exit 3", b"", 20)
    assert (output.status, output.stdout, output.stderr) == (3, b"out\n", b"why\n")
