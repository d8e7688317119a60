"""Text for a terminal: what a remote machine said is made harmless, tables are aligned, colour is optional."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from console.readiness.model import Status, Verdict
from console.safe_text import substituted

GLYPHS = {
    Verdict.READY: "✔",
    Verdict.AT_RISK: "▲",
    Verdict.BLOCKED: "✘",
    Verdict.UNKNOWN: "?",
    Status.PASS: "✔",
    Status.WARN: "▲",
    Status.FAIL: "✘",
    Status.NOT_APPLICABLE: "·",
}
_COLOURS = {"✔": "32", "▲": "33", "✘": "31", "?": "35"}

ERROR_LINES = 4


def harmless(text: str, *, keep_lines: bool = False) -> str:
    """Without control characters, terminal escapes, direction marks and lone surrogates: each becomes `\\ufffd`."""
    return substituted(text, "\ufffd", kept="\n" if keep_lines else "")


def one_line(text: str) -> str:
    return harmless(" ".join(text.split()))


def error_lines(text: str, limit: int = ERROR_LINES) -> str:
    """At most so many lines; what doesn't fit is joined to the last and cut there."""
    lines = [harmless(line) for line in text.splitlines() if line.strip()]
    if len(lines) > limit:
        lines = [*lines[: limit - 1], f"{lines[limit - 1]} …"]
    return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def painted(glyph: str, *, colour: bool) -> str:
    code = _COLOURS.get(glyph) if colour else None
    return f"\x1b[{code}m{glyph}\x1b[0m" if code else glyph


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned by what is widest; the last column is left ragged. A first column of glyphs is painted by the caller."""
    everything = [header, *rows]
    widths = [max(len(row[column]) for row in everything) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in everything
    ]


def ago(age: timedelta | None) -> str:
    if age is None:
        return "never"
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
