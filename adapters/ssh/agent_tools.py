"""Runs a program of the agent's own, once, as the agent's account, and waits for its end.

Run as root it could leave files of root's in a least-privilege agent's directories (flexnet.md §4), so it never runs
as another account than asked for. What it prints is the remote's word: bounded, made harmless, passwords masked.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from adapters.ssh.facts import text
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from console.agent.secrets import MASK, mask_secrets
from console.errors import CommandFailed
from console.ports import AgentToolRequest, AgentToolRun, Clock
from console.readiness.model import LiveOutcome

LINES = 200
_TIME_LIMIT = (143, 271)
"""128 + SIGTERM, and ksh93's 256 + SIGTERM: how the shell tells of a program that our time limit ended."""
_TOLD = re.compile(
    r"(?i)\b([\w.-]*(?:passw|pwd|passphrase|secret|token|credential)[\w.-]*[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")


def run_agent_tool(session: DeviceSession, request: AgentToolRequest, clock: Clock) -> AgentToolRun:
    """Raises SshError, HostKeyError, CredentialError; CommandFailed where the device doesn't answer as our script."""
    mark = f"mtls-{secrets.token_hex(8)}"
    seconds = max(2, int(request.timeout_seconds))
    program = quoted(request.program)
    command = " ".join([program, *map(quoted, request.arguments)])
    main = " ".join(
        [
            "agent_tool",
            quoted(request.agent_user),
            quoted(program),
            quoted(quoted(request.log)),
            mark,
            quoted(_limited(command, seconds, mark)),
        ]
    )
    script = whole(*map(library, ("common.sh", "probe.sh", "agent_tool.sh")), main)
    output = session.run(bootstrap(script), script, seconds + 30, limit=1024 * 1024)
    if output.timed_out or output.lost:
        ended = "took too long" if output.timed_out else "lost its connection"
        raise CommandFailed(
            f"{plain(request.program)} {ended}; it may still run there", target=session.device.name, phase="agent tool"
        )
    answer = records(output.stdout, session.device.name)
    if text(answer, "as") == "none":
        why = f"the login can't become {plain(request.agent_user)} (root, or sudo without a password, is needed)"
        return AgentToolRun(LiveOutcome.NOT_RUN, error=why, at=clock.now())
    if "there" not in answer:
        why = f"{plain(request.program)} isn't a program that {plain(request.agent_user) or 'the login'} can run"
        return AgentToolRun(LiveOutcome.NOT_RUN, error=why, at=clock.now())
    lines = answer.get("said", b"").decode("utf-8", "replace").split("\n")
    status = _status(lines, mark)
    error = ""
    if status is None:
        error = "it ended without an exit status"
    elif status in _TIME_LIMIT:
        error = f"ended after {seconds} s, which is all it was given"
    elif status:
        error = f"exit status {status}"
    return AgentToolRun(
        LiveOutcome.OK if status == 0 else LiveOutcome.FAILED,
        status,
        redacted(line for line in lines if not line.startswith(mark)),
        redacted(answer.get("log", b"").decode("utf-8", "replace").split("\n")),
        error,
        clock.now(),
    )


def redacted(lines: Iterable[str]) -> tuple[str, ...]:
    """Harmless lines without passwords and private keys, the first ones."""
    shown: list[str] = []
    in_key = False
    for line in lines:
        if in_key or _KEY_BEGINS.search(line):
            in_key = not _KEY_ENDS.search(line)
            continue
        masked = mask_secrets(line.encode("utf-8", "replace")).decode("utf-8", "replace")
        safe = plain(_TOLD.sub(rf"\g<1>{MASK.decode('ascii')}", masked))
        if safe and len(shown) < LINES:
            shown.append(safe)
    return tuple(shown)


def _status(lines: Iterable[str], mark: str) -> int | None:
    for line in lines:
        if line.startswith(f"{mark} "):
            word = line.removeprefix(mark).strip()
            return int(word) if word.isdecimal() and len(word) < 4 else None
    return None


def _limited(command: str, seconds: int, mark: str) -> str:
    """The command, ended by its own shell when its time is over; then the mark with its exit status.

    The watch is ended by the signal that no shell can catch: mksh and posh lose a SIGTERM to a subshell that has just
    begun (measured: 10 of 400), and waiting for it then takes all the time. What it leaves is a sleep of one second.
    """
    return (
        f"( exec {command} ) </dev/null & child=$!\n"
        f"( n=0; while [ $n -lt {seconds} ]; do sleep 1; n=`expr $n + 1`; done; kill $child ) >/dev/null 2>&1 &\n"
        "watch=$!\n"
        "wait $child 2>/dev/null; rc=$?\n"
        "kill -9 $watch 2>/dev/null; wait $watch 2>/dev/null\n"
        f'echo; echo "{mark} $rc"'
    )
