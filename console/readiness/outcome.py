"""What one check says of one component of one pair; short ways to say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from console.readiness.model import Side, Status

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Outcome:
    status: Status
    message: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""
    """Empty: the check's own remedy (of outcomes that need one)."""
    side: Side | None = None
    """None: the check's own side."""
    risk: bool = False


def clean(text: str, longest: int = _LONGEST) -> str:
    """What a remote machine said, fit for a message: no control characters, bounded."""
    shown = text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


Evidence = Mapping[str, str]


def passed(message: str, evidence: Evidence | None = None) -> Outcome:
    return Outcome(Status.PASS, message, _clean(evidence))


def failed(message: str, *, remedy: str = "", side: Side | None = None, evidence: Evidence | None = None) -> Outcome:
    return Outcome(Status.FAIL, message, _clean(evidence), remedy, side)


def warned(
    message: str,
    *,
    risk: bool = False,
    remedy: str = "",
    side: Side | None = None,
    evidence: Evidence | None = None,
) -> Outcome:
    """`risk`: the cause named can make the handshake fail."""
    return Outcome(Status.WARN, message, _clean(evidence), remedy, side, risk)


def unknown(message: str, *, remedy: str = "", side: Side | None = None, evidence: Evidence | None = None) -> Outcome:
    """A fact that decides wasn't observed; the message says which, and why."""
    return Outcome(Status.UNKNOWN, message, _clean(evidence), remedy, side)


def not_applicable(message: str) -> Outcome:
    return Outcome(Status.NOT_APPLICABLE, message)


def _clean(values: Evidence | None) -> Evidence:
    return {name: clean(value) for name, value in values.items() if value} if values else {}
