"""What do http addresses answer to the device? Revocation lists and responders are asked this way, many at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from adapters.ssh.facts import Records, text
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from console.errors import CommandFailed
from console.ports import Clock, Fetched, FetchRequest
from console.readiness.model import LiveOutcome

_URL = re.compile(r"http://[A-Za-z0-9_.:\[\]-]+(?:[/?][!-~]*)?", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST = 2000
_BLOCK = 512
"""Bytes of `ulimit -f` (POSIX); bash that isn't called sh takes twice as much."""
_WORDS = {
    5: "the proxy's name isn't known on the device",
    6: "the name isn't known on the device",
    7: "the connection was refused",
    23: "it is larger than may be brought here",
    28: "no answer in time",
    52: "it closed without an answer",
    56: "the connection was broken off",
    63: "it is larger than may be brought here",
    143: "no answer in time",
    153: "it is larger than may be brought here",
}
"""curl's exit codes (libcurl-errors), and those of any tool that our watch (SIGTERM) or the shell's limit (SIGXFSZ)
ended."""
_ENDED = ("143", "153")
_LEFT_OUT = "left"
_AT_ONCE = 24
"""Addresses of one script."""
_SIDE_BY_SIDE = 6
"""Of those asked, and on the device's disk, at the same time: fetch.sh."""
_LONGEST_COMMAND = 12_000
"""Characters of addresses: they stand in a command line on the device, which old systems bound at 24 KB."""
_TOTAL = 12 * 1024 * 1024
"""Bytes that one script brings here."""


def fetch(session: DeviceSession, requests: Sequence[FetchRequest], clock: Clock) -> tuple[Fetched, ...]:
    """One answer a request, in their order; as few scripts as their size, account and time allow.

    `failed` where nothing with status 200 came back, `not-run` where the device has neither curl nor wget, or the
    address isn't plain http. Raises SshError, HostKeyError, CredentialError, CommandFailed.
    """
    found: dict[int, Fetched] = {}
    why = "only plain http addresses are asked from the device"
    for number, request in enumerate(requests):
        if not _URL.fullmatch(request.url) or len(request.url) > _LONGEST:
            found[number] = Fetched(LiveOutcome.NOT_RUN, error=why, at=clock.now())
    for batch in _batches([number for number in range(len(requests)) if number not in found], requests):
        found.update(zip(batch, _ask(session, [requests[number] for number in batch], clock), strict=True))
    return tuple(found[number] for number in range(len(requests)))


def _batches(numbers: Sequence[int], requests: Sequence[FetchRequest]) -> list[list[int]]:
    """Requests that one script can ask: alike but for address and limit, few, and short enough for a command line."""
    batches: list[tuple[tuple[str, float], list[int]]] = []
    for number in numbers:
        request = requests[number]
        alike = (request.agent_user, request.timeout_seconds)
        open_batch = next((batch for key, batch in reversed(batches) if key == alike), None)
        if open_batch is not None:
            length = sum(len(requests[other].url) for other in open_batch) + len(request.url)
            if len(open_batch) < _AT_ONCE and length <= _LONGEST_COMMAND:
                open_batch.append(number)
                continue
        batches.append((alike, [number]))
    return [batch for _, batch in batches]


def _ask(session: DeviceSession, requests: Sequence[FetchRequest], clock: Clock) -> list[Fetched]:
    first = requests[0]
    total = max(_TOTAL, *(request.limit for request in requests))
    main = f"fetch {quoted(first.agent_user)} {quoted(_values(requests, total))}"
    script = whole(*map(library, ("common.sh", "probe.sh", "place.sh", "fetch.sh")), main)
    rounds = -(-len(requests) // _SIDE_BY_SIDE)
    seconds = (first.timeout_seconds + 2) * rounds + 30
    output = session.run(bootstrap(script), script, seconds, total + len(requests) * 4096 + 64 * 1024)
    if output.timed_out or output.lost:
        ended = "took too long" if output.timed_out else "lost its connection"
        asked = plain(first.url, 120) + (f" and {len(requests) - 1} more" if len(requests) > 1 else "")
        raise CommandFailed(f"asking {asked} {ended}", target=session.device.name, phase="fetch")
    answer = records(output.stdout, session.device.name)
    tool = text(answer, "tool")
    if not tool:
        return [Fetched(LiveOutcome.NOT_RUN, error="neither curl nor wget on the device", at=clock.now())] * len(
            requests
        )
    if any(f"code.{number}" not in answer for number in range(1, len(requests) + 1)):
        raise CommandFailed(
            "its shell ended before all addresses were asked", target=session.device.name, phase="fetch"
        )
    known = _known(requests)
    return [_answer(answer, tool, number, request, known, clock) for number, request in enumerate(requests, 1)]


def _answer(
    answer: Records, tool: str, number: int, request: FetchRequest, known: Collection[str], clock: Clock
) -> Fetched:
    code, status = text(answer, f"code.{number}"), text(answer, f"status.{number}")
    if code == _LEFT_OUT:
        why = "what it answered wasn't brought here: the others were as large as may be brought at once"
        return Fetched(LiveOutcome.NOT_RUN, tool=tool, error=why, at=clock.now(), left_out=True)
    content, same = answer.get(f"body.{number}", b""), text(answer, f"same.{number}")
    error = _error(tool, code, status, text(answer, f"said.{number}"))
    if not error and len(content) > request.limit:
        error = _WORDS[23]
    if error:
        return Fetched(LiveOutcome.FAILED, tool=tool, error=error, at=clock.now())
    if same in known:
        return Fetched(LiveOutcome.OK, tool=tool, at=clock.now(), same_as=same)
    return Fetched(LiveOutcome.OK, content, tool=tool, at=clock.now())


def _error(tool: str, code: str, status: str, said: str) -> str:
    """Empty: it answered 200. wget says nothing of a status that isn't."""
    if code != "0":
        known = (
            _WORDS.get(int(code)) if code.isdecimal() and len(code) < 4 and (tool == "curl" or code in _ENDED) else None
        )
        return known or said.removeprefix("wget: ") or f"{tool} ended with status {code or 'none'}"
    if tool == "curl" and status != "200":
        return f"it answered {status or 'nothing'}"
    return ""


def _known(requests: Sequence[FetchRequest]) -> tuple[str, ...]:
    """Of the whole script: fetch.sh leaves out what is known of any of its addresses."""
    return tuple(dict.fromkeys(digest for one in requests for digest in one.known if _DIGEST.fullmatch(digest)))


def _values(requests: Sequence[FetchRequest], total: int) -> str:
    seconds = max(1, int(requests[0].timeout_seconds))
    known = _known(requests)
    addresses = " ".join(f"{request.limit // _BLOCK + 1} {quoted(request.url)}" for request in requests)
    return f"seconds={seconds}; total={total}; known={quoted(' '.join(known))}; set -- {addresses}"
