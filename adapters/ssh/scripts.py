"""Shell scripts of ours on their way to a device, over stdin, and the records that come back."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from adapters.ssh.text import plain
from console.errors import CommandFailed

_END = "#mtls-console-end"
_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/opt/freeware/bin"
_HEADER = re.compile(rb"([a-z0-9.-]{1,64}) ([0-9]{1,9})\n")


@cache
def library(name: str) -> str:
    """Text of adapters/ssh/NAME without comment lines and indentation: the device reads it byte by byte."""
    text = resources.files("adapters.ssh").joinpath(name).read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def whole(*parts: str) -> bytes:
    """A script that runs only as a whole: everything is inside functions, and the last line, that calls `main`, ends
    with a mark that the bootstrap looks for. A connection that drops half-way runs nothing."""
    *functions, main = parts
    lines = [*functions, "main() {", "rec begin ''", main, "rec end ''", "}", f"main {_END}"]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def bootstrap(script: bytes) -> str:
    """The command that reads the script, and not a byte more, from stdin and runs it in a POSIX shell.

    `sh -c` in single quotes because the login's own shell may be csh; Solaris's /usr/xpg4/bin/sh because its /bin/sh
    knows no $(...); dd by single bytes because `sh -s` and head read ahead and swallow what follows. Nothing but
    constants and a number is on the command line.
    """
    return (
        f"sh -c 'PATH=${{PATH:-/usr/bin}}:{_PATH}; LC_ALL=C; LANG=C; export PATH LC_ALL LANG; S=sh; "
        "if test -x /usr/xpg4/bin/sh; then S=/usr/xpg4/bin/sh; PATH=/usr/xpg4/bin:$PATH; fi; "
        f'exec $S -c "s=\\`dd bs=1 count={len(script)} 2>/dev/null\\`; '
        f'case \\$s in *{_END}) eval \\"\\$s\\" ;; *) exit 90 ;; esac"\''
    )


def records(output: bytes, target: str, *, partial: bool = False) -> dict[str, bytes]:
    """Parse `NAME BYTES\\n` + bytes + `\\n` strictly. The first record of a name counts, so that nothing that a file
    says can take an earlier answer's place. `partial`: what came before a cut is good enough.

    Raises CommandFailed where a device doesn't keep to it (a shell that prints a banner is passed over).
    """
    found: dict[str, bytes] = {}
    position = max(output.find(b"begin 0\n\n", 0, 65536), 0)
    while position < len(output):
        header = _HEADER.match(output, position)
        if header is None:
            break
        begin = header.end()
        end = begin + int(header[2])
        if output[end : end + 1] != b"\n":
            break
        found.setdefault(header[1].decode("ascii"), output[begin:end])
        position = end + 1
    if not partial and (position < len(output) or "end" not in found):
        said = plain(output[position : position + 200])
        raise CommandFailed(
            "the device's answer is cut off or isn't what our script prints" + (f": {said!r}" if said else ""),
            target=target,
            phase="read",
            hint="Perhaps a file changed while it was read; try again. Does the login's shell profile print something?",
        )
    return found
