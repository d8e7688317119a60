"""What one check says of one component of one pair; short ways to say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from console.readiness.model import Side, Status
from console.safe_text import clipped, substituted

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
    return clipped(substituted(text, "?"), longest)


Evidence = Mapping[str, str]


def passed(message: str, evidence: Evidence | None = None) -> Outcome:
    return _outcome(Status.PASS, message, evidence)


def failed(message: str, *, remedy: str = "", side: Side | None = None, evidence: Evidence | None = None) -> Outcome:
    return _outcome(Status.FAIL, message, evidence, remedy, side)


def warned(
    message: str,
    *,
    risk: bool = False,
    remedy: str = "",
    side: Side | None = None,
    evidence: Evidence | None = None,
) -> Outcome:
    """`risk`: the cause named can make the handshake fail."""
    return _outcome(Status.WARN, message, evidence, remedy, side, risk)


def unknown(message: str, *, remedy: str = "", side: Side | None = None, evidence: Evidence | None = None) -> Outcome:
    """A fact that decides wasn't observed; the message says which, and why."""
    return _outcome(Status.UNKNOWN, message, evidence, remedy, side)


def not_applicable(message: str) -> Outcome:
    return _without_evidence(Status.NOT_APPLICABLE, message)


def _outcome(
    status: Status,
    message: str,
    evidence: Evidence | None,
    remedy: str = "",
    side: Side | None = None,
    risk: bool = False,
) -> Outcome:
    if not evidence:
        return _without_evidence(status, message, remedy, side, risk)
    shown = {name: clean(value) for name, value in evidence.items() if value}
    return Outcome(status, message, shown, remedy, side, risk)


@lru_cache(maxsize=10_000)
def _without_evidence(
    status: Status, message: str, remedy: str = "", side: Side | None = None, risk: bool = False
) -> Outcome:
    """Most outcomes say what many others say: they are one object."""
    return Outcome(status, message, {}, remedy, side, risk)
