"""Unified diffs for review: secrets masked, nothing that a terminal would obey, bounded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from console.agent.secrets import mask_secrets
from console.safe_text import substituted

MAX_LINES = 400
MAX_WIDTH = 400
_MAX_COMPARED = 5000
"""Lines between the first and the last difference; comparing takes up to the square of it."""
_CONTEXT = 3
_HUNK = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@$")


def file_diff(before: bytes, after: bytes, name: str) -> str:
    """Of two versions of a config.ini; empty where nothing differs but what is masked."""
    old, new = _shown(before), _shown(after)
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    tail = 0
    while tail < min(len(old), len(new)) - first and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    if max(len(old), len(new)) - first - tail > _MAX_COMPARED:
        return f"{visible(name)}: more than {_MAX_COMPARED} lines from the first change to the last; not compared"
    # Equal lines at both ends are left out, but for the context: a hunk names lines of the file all the same.
    start = max(0, first - _CONTEXT)
    stop = max(0, tail - _CONTEXT)
    hunks = _unified(old[start : len(old) - stop], new[start : len(new) - stop], name)
    return _bounded(_shifted(hunks, start))


def settings_diff(before: Iterable[str], after: Iterable[str], name: str) -> str:
    """Of two lists of `setting = value` lines, with all of them as context."""
    old, new = [visible(line) for line in before], [visible(line) for line in after]
    return _bounded(_unified(old, new, name, context=max(len(old), len(new))))


def visible(text: str) -> str:
    """One line in which whatever isn't printable is written as its code: remote text never steers a terminal."""
    return substituted(text, _code, kept="\t")


def _code(character: str) -> str:
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:
        return f"\\x{point - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _shown(data: bytes) -> list[str]:
    text = mask_secrets(data).decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += "  (no line end)"
    else:
        lines.pop()
    return [visible(line) for line in lines]


def _shifted(lines: Iterable[str], by: int) -> Iterator[str]:
    """Line numbers of hunk headers, counted from the whole file's first line."""
    for line in lines:
        header = _HUNK.match(line)
        if header is None:
            yield line
        else:
            old, new = int(header[1]) + by, int(header[3]) + by
            yield f"@@ -{old}{header[2] or ''} +{new}{header[4] or ''} @@"


def _unified(old: list[str], new: list[str], name: str, context: int = _CONTEXT) -> Iterator[str]:
    shown = visible(name)
    return difflib.unified_diff(old, new, f"{shown} (now)", f"{shown} (planned)", n=context, lineterm="")


def _bounded(lines: Iterable[str]) -> str:
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number == MAX_LINES:
            kept.append(f"… more than {MAX_LINES} lines, the rest isn't shown")
            break
        kept.append(line if len(line) <= MAX_WIDTH else line[:MAX_WIDTH] + "…")
    return "\n".join(kept)
