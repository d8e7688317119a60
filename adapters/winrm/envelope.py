"""How a script and its parameters travel to PowerShell, and its answer back. No value is ever spliced into a script."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from console.errors import CommandFailed, ConfigurationError

READING = ("snapshot", "fetch")
"""Operations that change nothing on the beacon, so that they may run twice."""
OPERATIONS = (*READING, "set-access", "set-httpsys", "set-binding", "restart-site")
"""One script each: scripts/OPERATION.ps1."""
ANSWER_LIMIT = 32 * 1024 * 1024
"""Bytes of stdout: a snapshot with a thousand certificates takes about 2 MB."""
_LINE = 8000
"""Windows PowerShell 5.1 has not been seen to take stdin lines without end. [reference: script transport]"""
_BEGIN, _END = b"##B64##", b"##END##"


@cache
def command_line() -> str:
    """The one command line that ever runs: about 900 characters, constant, far below cmd.exe's 8,191."""
    boot = files("adapters.winrm").joinpath("boot.ps1").read_text("ascii")
    encoded = base64.b64encode(boot.encode("utf-16-le")).decode("ascii")
    return (
        "powershell.exe -NoProfile -NonInteractive -OutputFormat Text -ExecutionPolicy Bypass "
        f"-EncodedCommand {encoded}"
    )


@cache
def script(operation: str) -> str:
    """The text of scripts/OPERATION.ps1. Raises ConfigurationError for any other name: a plan file may be forged."""
    if operation not in OPERATIONS:
        raise ConfigurationError(
            f"there is no operation {operation[:60]!r}", hint=f"Operations are: {', '.join(OPERATIONS)}."
        )
    return files("adapters.winrm").joinpath("scripts", f"{operation}.ps1").read_text("ascii")


def stdin(operation: str, parameters: Mapping[str, object]) -> bytes:
    """`base64(script)|base64(JSON)`, ASCII, in lines that the bootstrap joins again."""
    parts = (script(operation).encode("ascii"), msgspec.json.encode(dict(parameters)))
    text = b"|".join(base64.b64encode(part) for part in parts)
    return b"".join(text[at : at + _LINE] + b"\r\n" for at in range(0, len(text), _LINE))


def answer(stdout: bytes, target: str, operation: str) -> dict[str, object] | None:
    """The JSON object between the markers; None where there are no markers (the script never got so far).

    Base64 between markers is immune to code pages, line wrapping and stray output. Raises CommandFailed.
    """
    _, begin, rest = stdout.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    if not begin or not end:
        return None
    try:
        decoded = msgspec.json.decode(base64.b64decode(b"".join(body.split()), validate=True))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise CommandFailed("the answer is not JSON in Base64", target=target, phase=operation) from exc
    if not isinstance(decoded, dict):
        raise CommandFailed("the answer is not a JSON object", target=target, phase=operation)
    return decoded
