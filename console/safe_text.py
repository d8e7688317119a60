"""The one rule for text that someone else wrote: what may reach a terminal, and what stands in for the rest.

Harmful is whatever `str.isprintable` refuses: control characters and escapes (Cc), format characters such as
bidirectional overrides and zero-width ones (Cf), lone surrogates, private and unassigned ones (Cs, Co, Cn), and every
separator but the blank (Zl, Zp, Zs). The rooms choose their mark for it; none has a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable

CUT = "…"


def substituted(text: str, mark: str | Callable[[str], str], kept: str = "") -> str:
    """The text with each harmful character replaced by `mark` (or by what it makes of it); those in `kept` stay."""
    if text.isprintable():
        return text
    if callable(mark):
        return "".join(char if char.isprintable() or char in kept else mark(char) for char in text)
    return "".join(char if char.isprintable() or char in kept else mark for char in text)


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters, the last one `…` where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + CUT


def one_line(text: str | bytes, limit: int) -> str:
    """One line of at most `limit` characters: harmful characters and runs of blanks become one blank.

    Bytes are read as UTF-8, and no more of them than can be needed.
    """
    if isinstance(text, bytes):
        text = text[: limit * 16].decode("utf-8", "replace")
    return clipped(" ".join(substituted(text[: limit * 4], " ").split()), limit)
