"""Does an http address answer from the device, and with what? Revocation lists and responders are asked this way."""

from __future__ import annotations

import re

from adapters.ssh.facts import text
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from console.errors import CommandFailed
from console.ports import Clock, Fetched, FetchRequest
from console.readiness.model import LiveOutcome

_URL = re.compile(r"http://[A-Za-z0-9_.:\[\]-]+(?:[/?][!-~]*)?", re.IGNORECASE)
_LONGEST = 2000
_BLOCK = 512
"""Bytes of `ulimit -f` (POSIX); bash takes twice as much."""
_WORDS = {
    5: "the proxy's name isn't known on the device",
    6: "the name isn't known on the device",
    7: "the connection was refused",
    23: "it is larger than may be brought here",
    28: "no answer in time",
    52: "it closed without an answer",
    56: "the connection was broken off",
    63: "it is larger than may be brought here",
    153: "it is larger than may be brought here",
}
"""curl's exit codes (libcurl-errors), and that of any tool that the shell's limit ended (SIGXFSZ)."""


def fetch(session: DeviceSession, request: FetchRequest, clock: Clock) -> Fetched:
    """`failed` where nothing with status 200 came back, `not-run` where the device has neither curl nor wget, or the
    address isn't plain http. Raises SshError, HostKeyError, CredentialError, CommandFailed."""
    if not _URL.fullmatch(request.url) or len(request.url) > _LONGEST:
        why = "only plain http addresses are asked from the device"
        return Fetched(LiveOutcome.NOT_RUN, error=why, at=clock.now())
    main = f"fetch {quoted(request.agent_user)} {quoted(_values(request))}"
    script = whole(*map(library, ("common.sh", "probe.sh", "place.sh", "fetch.sh")), main)
    limit = request.limit * 3 + 64 * 1024
    output = session.run(bootstrap(script), script, request.timeout_seconds * 2 + 20, limit)
    if output.timed_out or output.lost:
        ended = "took too long" if output.timed_out else "lost its connection"
        raise CommandFailed(f"asking {plain(request.url, 120)} {ended}", target=session.device.name, phase="fetch")
    answer = records(output.stdout, session.device.name)
    tool, code, status = text(answer, "tool"), text(answer, "code"), text(answer, "status")
    if not tool:
        return Fetched(LiveOutcome.NOT_RUN, error="neither curl nor wget on the device", at=clock.now())
    content = answer.get("body", b"")
    error = _error(tool, code, status, text(answer, "said"))
    if not error and len(content) > request.limit:
        error = _WORDS[23]
    if error:
        return Fetched(LiveOutcome.FAILED, tool=tool, error=error, at=clock.now())
    return Fetched(LiveOutcome.OK, content, tool=tool, at=clock.now())


def _error(tool: str, code: str, status: str, said: str) -> str:
    """Empty: it answered 200. wget says nothing of a status that isn't."""
    if code != "0":
        known = (
            _WORDS.get(int(code)) if code.isdecimal() and len(code) < 4 and (tool == "curl" or code == "153") else None
        )
        return known or said.removeprefix("wget: ") or f"{tool} ended with status {code or 'none'}"
    if tool == "curl" and status != "200":
        return f"it answered {status or 'nothing'}"
    return ""


def _values(request: FetchRequest) -> str:
    seconds = max(1, int(request.timeout_seconds))
    blocks = request.limit // _BLOCK + 1
    return f"url={quoted(request.url)}; seconds={seconds}; blocks={blocks}"
