"""What may be written on a screen: one place for glyphs, tones, ages, and for making foreign text harmless."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from console.readiness.model import Status, Verdict
from console.readiness.proof import Proof, Strength
from console.safe_text import clipped, substituted

_LIMIT = 4000
"""No single text of a remote machine fills more than this many characters of a screen."""


class Tone(StrEnum):
    """Why a text is coloured. Names are CSS component classes; colour never goes without a glyph or a word."""

    PLAIN = "plain"
    DIM = "dim"
    ACCENT = "accent"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


GLYPH: dict[Status | Verdict, str] = {
    Status.PASS: "✔",
    Status.WARN: "▲",
    Status.FAIL: "✘",
    Status.UNKNOWN: "?",
    Status.NOT_APPLICABLE: "·",
    Verdict.READY: "✔",
    Verdict.AT_RISK: "▲",
    Verdict.BLOCKED: "✘",
    Verdict.UNKNOWN: "?",
}

TONE: dict[Status | Verdict, Tone] = {
    Status.PASS: Tone.GOOD,
    Status.WARN: Tone.WARN,
    Status.FAIL: Tone.BAD,
    Status.UNKNOWN: Tone.UNKNOWN,
    Status.NOT_APPLICABLE: Tone.DIM,
    Verdict.READY: Tone.GOOD,
    Verdict.AT_RISK: Tone.WARN,
    Verdict.BLOCKED: Tone.BAD,
    Verdict.UNKNOWN: Tone.UNKNOWN,
}

WORST_FIRST = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.AT_RISK, Verdict.READY)


def plain(text: str, *, limit: int = _LIMIT) -> str:
    """One line of harmless text: escapes, control and format characters (bidirectional overrides too) become `�`,
    line ends and tabs one space. What a remote machine says passes through here before it's drawn."""
    return substituted(clipped(text, limit), _mark)


def plain_lines(text: str, *, limit: int = 400) -> list[str]:
    """As `plain`, line by line; after `limit` lines it says how many are left out."""
    lines = text.splitlines()
    kept = [plain(line) for line in lines[:limit]]
    if len(lines) > limit:
        kept.append(f"… {len(lines) - limit} more lines")
    return kept


def _mark(character: str) -> str:
    return " " if character.isspace() else "�"


def age(then: datetime, now: datetime) -> str:
    """`now`, `3 min`, `2 h`, `5 d`: short enough for a column."""
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 60:
        return "now" if seconds < 10 else f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} d"


def ago(then: datetime, now: datetime) -> str:
    short = age(then, now)
    return "just now" if short == "now" else f"{short} ago"


def days_left(until: datetime, now: datetime) -> int:
    """Whole days, negative once it's over."""
    return (until - now).days


def clock_time(moment: datetime) -> str:
    """Local `14:02`."""
    return moment.astimezone().strftime("%H:%M")


def exact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def sentence(text: str) -> str:
    """Harmless, and ended by a full stop where it has no end of its own."""
    words = plain(text).strip()
    return words if not words or words[-1] in ".!?:" else f"{words}."


_LONG_PATH = re.compile(r"(?<![\w/:.])(?:/[^/\s]+){2,}(/[^/\s]+/[^/\s]+)")
"""A path of four parts or more; not the one of a URL."""


def short_paths(text: str) -> str:
    """Of a long path its end, which tells files apart; the pair report has it whole."""
    return _LONG_PATH.sub(r"…\1", text)


def proved_word(verdict: Verdict, proof: Proof) -> str:
    """`✔ ready (data)`, `✘ blocked (live)`; where a proof says otherwise `✔ ready ≠ live`."""
    shown = f"({proof.words})" if proof.against is None else proof.words
    return f"{GLYPH[verdict]} {verdict.value} {shown}"


def proved_tone(verdict: Verdict, proof: Proof) -> Tone:
    """Never greener than its proof: ready is green once a handshake proved it, yellow where a proof says otherwise."""
    if verdict is not Verdict.READY:
        return TONE[verdict]
    if proof.against is not None:
        return Tone.WARN
    return Tone.GOOD if proof.strength is Strength.LIVE else Tone.PLAIN


def some(names: Sequence[str], limit: int = 3) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(plain(name) for name in names[:limit]) + more


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
