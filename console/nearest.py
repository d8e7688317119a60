"""The known word that a mistyped one was most likely meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The nearest of `known`, whatever its case; None where nothing comes near."""
    spelt = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), list(spelt), n=1, cutoff=cutoff)
    return spelt[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for an error message: the nearest known word, or all of them where none is near and they are few."""
    words = sorted(set(known))
    near = nearest(word, words)
    if near is not None:
        return f"Did you mean {near!r}?"
    return f"Known: {', '.join(words)}." if 0 < len(words) <= 30 else ""
