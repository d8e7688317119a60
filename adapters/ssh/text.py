"""Text that a device wrote, made harmless: bounded, one line, no terminal escape, no control character."""

from __future__ import annotations

import unicodedata

SHORT = 300


def plain(text: str | bytes, limit: int = SHORT) -> str:
    """One line of at most `limit` characters; control, format and surrogate characters become blanks."""
    decoded = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in decoded[: limit * 4])
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def quoted(value: str) -> str:
    """A word of any POSIX shell that stands for exactly this value. Raises ValueError for NUL: no word can hold it."""
    if "\0" in value:
        raise ValueError("a NUL can't be part of a shell word")
    return "'" + value.replace("'", "'\\''") + "'"
