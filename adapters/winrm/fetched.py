"""fetch.ps1's parameters and its answer: what http addresses said to a beacon."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.winrm.fields import FieldError, integer, long_text, rows, text
from console.errors import CommandFailed
from console.fleet.model import Beacon
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome

TOOL = "PowerShell"
_ALTOGETHER_SECONDS = 90
"""For all addresses, well below the time of a script; each has its own limit besides."""
_ALTOGETHER = 16 * 1024 * 1024
"""Characters of Base64 that are brought back. With the last one, and in Base64 again, they fit into an answer."""
_NOT_ASKED = {
    "Scheme": "only http and https addresses are asked from the beacon",
    "NoTime": "the time for all addresses of this beacon was over",
    "NoRoom": "the addresses before it brought as much as may be brought",
    "MachineProxy": "the beacon has a proxy for WinHTTP (netsh winhttp show proxy), past which it isn't asked",
}
_LEFT_OUT = ("NoTime", "NoRoom")
_FAILED = {
    "NameResolutionFailure": "the name isn't known on the beacon",
    "ConnectFailure": "there is no connection to it",
    "Timeout": "no answer in time",
    "TooLarge": "it is larger than may be brought here",
    "ReceiveFailure": "the connection was broken off",
    "ConnectionClosed": "the connection was broken off",
    "KeepAliveFailure": "the connection was broken off",
    "ServerProtocolViolation": "what answers isn't http",
    "TrustFailure": "its certificate isn't trusted by the beacon",
    "SecureChannelFailure": "no TLS with it",
}
"""Names of System.Net.WebExceptionStatus, which no language changes, and one of the script's own."""


def fetch_parameters(requests: Sequence[FetchRequest]) -> dict[str, object]:
    wanted = [
        {"url": one.url, "limit": one.limit, "milliseconds": max(1, int(one.timeout_seconds * 1000))}
        for one in requests
    ]
    return {
        "requests": wanted,
        "milliseconds": _ALTOGETHER_SECONDS * 1000,
        "limit": _ALTOGETHER,
        "known": _known(requests),
    }


def _known(requests: Sequence[FetchRequest]) -> list[str]:
    return list(dict.fromkeys(digest for one in requests for digest in one.known))


def fetched(
    beacon: Beacon, at: datetime, requests: Sequence[FetchRequest], answer: Mapping[str, object]
) -> tuple[Fetched, ...]:
    """One for each request. Raises CommandFailed, which names what isn't as promised."""
    try:
        answers = rows(answer, "answers")
        if len(answers) != len(requests):
            raise FieldError(f"answers: {len(answers)} to {len(requests)} questions")
        known = _known(requests)
        return tuple(_fetched(at, request, row, known) for request, row in zip(requests, answers, strict=True))
    except FieldError as exc:
        raise CommandFailed(
            f"the answer can't be read: {exc}",
            target=beacon.name,
            phase="fetch",
            hint="Is the script that answered the one of this version?",
        ) from exc


def _fetched(at: datetime, request: FetchRequest, row: Mapping[str, object], known: Sequence[str]) -> Fetched:
    failure, status = text(row, "failure"), integer(row, "status")
    if failure in _NOT_ASKED:
        return Fetched(LiveOutcome.NOT_RUN, error=_NOT_ASKED[failure], at=at, left_out=failure in _LEFT_OUT)
    if failure or status != 200:
        return Fetched(LiveOutcome.FAILED, tool=TOOL, error=_error(failure, status, row), at=at)
    if same := text(row, "same"):
        if same not in known:
            raise FieldError("same: it is of nothing that is known")
        return Fetched(LiveOutcome.OK, tool=TOOL, at=at, same_as=same)
    try:
        content = base64.b64decode(long_text(row, "body", request.limit * 4 // 3 + 4), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise exc if isinstance(exc, FieldError) else FieldError("body: not Base64") from exc
    return Fetched(LiveOutcome.OK, content, tool=TOOL, at=at)


def _error(failure: str, status: int, row: Mapping[str, object]) -> str:
    """A status where there was one; WebExceptionStatus says ProtocolError then, in a language of its own otherwise."""
    if failure in ("", "ProtocolError"):
        return f"it answered {status or 'nothing'}"
    return _FAILED.get(failure) or text(row, "message") or failure
