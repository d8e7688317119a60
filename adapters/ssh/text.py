"""Text that a device wrote, made harmless: bounded, one line, no terminal escape, no control character."""

from __future__ import annotations

from console.safe_text import one_line

SHORT = 300


def plain(text: str | bytes, limit: int = SHORT) -> str:
    """One harmless line of at most `limit` characters."""
    return one_line(text, limit)


def quoted(value: str) -> str:
    """A word of any POSIX shell that stands for exactly this value. Raises ValueError for NUL: no word can hold it."""
    if "\0" in value:
        raise ValueError("a NUL can't be part of a shell word")
    return "'" + value.replace("'", "'\\''") + "'"
