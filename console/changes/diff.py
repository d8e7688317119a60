"""Unified diffs for review: secrets masked, nothing that a terminal would obey, bounded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from console.agent.secrets import mask_secrets

MAX_LINES = 400
MAX_WIDTH = 400


def file_diff(before: bytes, after: bytes, name: str) -> str:
    """Of two versions of a config.ini; empty where nothing differs but what is masked."""
    return _bounded(_unified(_shown(before), _shown(after), name))


def settings_diff(before: Iterable[str], after: Iterable[str], name: str) -> str:
    """Of two lists of `setting = value` lines, with all of them as context."""
    old, new = [visible(line) for line in before], [visible(line) for line in after]
    return _bounded(_unified(old, new, name, context=max(len(old), len(new))))


def visible(text: str) -> str:
    """One line in which whatever isn't printable is written as its code: remote text never steers a terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\t" else _code(character) for character in text
    )


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


def _unified(old: list[str], new: list[str], name: str, context: int = 3) -> Iterator[str]:
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
