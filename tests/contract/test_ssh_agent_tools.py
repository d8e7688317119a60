"""A program of the agent's own, run for real over SSH: exit status, account, bounds, time, what never comes back."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ssh.agent_tools import redacted
from console.ports import AgentToolRequest, AgentToolRun
from console.readiness.model import LiveOutcome
from tests.contract.ssh_places import SHELLS, Place, place


@pytest.fixture
def folder() -> Iterator[Path]:
    """Another account may enter it; pytest's own directories are closed."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with place("asyncssh", tmp_path) as made:
        yield made


def program(folder: Path, text: str, name: str = "ndupload") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def run(served: Place, path: str, *arguments: str, **more: object) -> AgentToolRun:
    request = AgentToolRequest(path, arguments, **more)  # type: ignore[arg-type]
    return served.gateway().run_agent_tool(served.device, request)


@pytest.mark.parametrize("shell", list(SHELLS))
def test_exit_status_output_and_the_end_of_the_log(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    log = folder / "it's a log"
    log.write_text("".join(f"line {n}\n" for n in range(50)))
    path = program(folder, 'for a; do echo "[$a]"; done; echo oops >&2; exit 3')
    with place("asyncssh", tmp_path, SHELLS[shell]) as served:
        found = run(served, path, "-t", "Machine; id", "it's", log=str(log))
    assert (found.outcome, found.status, found.error) == (LiveOutcome.FAILED, 3, "exit status 3")
    assert found.said == ("[-t]", "[Machine; id]", "[it's]", "oops")
    assert found.log == tuple(f"line {n}" for n in range(30, 50))
    assert found.at is not None


def test_only_the_exit_status_is_believed(served: Place, folder: Path) -> None:
    lying = run(served, program(folder, "echo Upload successful; echo 'mtls-rc 0'; exit 1"))
    assert lying.outcome is LiveOutcome.FAILED
    modest = run(served, program(folder, "echo 'Error: everything failed'"))
    assert (modest.outcome, modest.status) == (LiveOutcome.OK, 0)


def test_what_is_not_there_is_not_run(served: Place, folder: Path) -> None:
    missing = run(served, str(folder / "nothing"))
    assert (missing.outcome, missing.status) == (LiveOutcome.NOT_RUN, None)
    assert "isn't a program" in missing.error
    plain = folder / "plain"
    plain.write_text("x")
    assert run(served, str(plain)).outcome is LiveOutcome.NOT_RUN


def test_it_runs_as_the_agents_account_or_not_at_all(served: Place, folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("another account needs root")
    ran = run(served, program(folder, "id -un"), agent_user="nobody")
    assert ran.said == ("nobody",)
    made = folder / "made"
    refused = run(served, program(folder, f"touch {made}"), agent_user="no-such-account")
    assert refused.outcome is LiveOutcome.NOT_RUN
    assert "can't become no-such-account" in refused.error
    assert not made.exists()


@pytest.mark.parametrize("shell", list(SHELLS))
def test_the_time_limit_in_every_shell(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with place("asyncssh", tmp_path, SHELLS[shell]) as served:
        slow = run(served, program(folder, "exec sleep 60"), timeout_seconds=2)
    assert "ended after 2 s" in slow.error


def test_time_and_what_is_left_running_hold_nobody_up(served: Place, folder: Path) -> None:
    slow = run(served, program(folder, "echo begun; exec sleep 60"), timeout_seconds=2)
    assert (slow.outcome, slow.said) == (LiveOutcome.FAILED, ("begun",))
    assert "ended after 2 s" in slow.error
    leaves = run(served, program(folder, "sleep 60 & echo $!"), timeout_seconds=15)
    left = int(leaves.said[0])
    os.kill(left, signal.SIGKILL)  # raises where it has ended: then somebody waited for it
    assert leaves.outcome is LiveOutcome.OK


def test_a_flood_is_bounded_and_its_end_is_kept(served: Place, folder: Path) -> None:
    found = run(served, program(folder, 'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done; exit 4'))
    assert found.status == 4
    assert len(found.said) <= 200
    assert found.said[0] == "line 0"
    assert found.said[-1] == "line 4999"


def test_secrets_and_terminal_escapes_stay_behind() -> None:
    lines = [
        "Password=hunter2",
        "proxy http://user:hunter2@proxy:3128/",
        'connecting with password: "hunter2 x" now',
        "sslPassphrase : hunter2",
        "-----BEGIN RSA PRIVATE KEY-----",
        "hunter2",
        "-----END RSA PRIVATE KEY-----",
        "\x1b[31mred\x1b[0m",
        "fine",
    ]
    found = redacted(lines)
    assert "hunter2" not in "".join(found)
    assert "\x1b" not in "".join(found)
    assert found[-1] == "fine"
    assert len(redacted(f"{n}" for n in range(999))) == 200
