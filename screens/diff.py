"""Diffs to look at: signs carry the meaning, colour only repeats it."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from screens.text import plain_lines
from screens.theme import CALM

_REMOVED = Style(color=CALM.error)
_ADDED = Style(color=CALM.success)
_PLACE = Style(dim=True)


def diff_text(diff: str, *, indent: str = "  ") -> Text:
    """A unified diff, made harmless line by line."""
    text = Text()
    for line in plain_lines(diff):
        style = Style()
        if line.startswith(("---", "+++", "@@")):
            style = _PLACE
        elif line.startswith("-"):
            style = _REMOVED
        elif line.startswith("+"):
            style = _ADDED
        text.append(f"{indent}{line}\n", style)
    return text
