"""What addresses for revocation answered a machine, worked out once a snapshot: what it was worth when it was asked.

A list that ended after the machine was asked is no failure: what the address serves since then wasn't seen. So each
fact is judged twice, by the clock at the time of asking and by that of judging.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from console.identity import new_serial
from console.pki.revocation_facts import Reach, RevocationAnswer, RevocationFact, RevocationState, answer_at

_STALE = 10
"""Per cent of a list's period: a CA publishes the next one before so little of it is left (Microsoft's overlap by
default [handshake.md P-REV-03: "S window"; the share is ours, as that of certificates in handshake.md §2])."""


@dataclass(frozen=True, slots=True)
class SeenFact:
    fact: RevocationFact
    when_asked: RevocationState | None
    """By the machine's clock then; None: no answer."""
    stale: bool
    """Little of the answer's period was left when it was asked for."""

    @property
    def expired_when_asked(self) -> bool:
        return self.when_asked is RevocationState.EXPIRED

    @property
    def unreachable(self) -> bool:
        return self.fact.reach is Reach.UNREACHABLE


@dataclass(frozen=True, slots=True)
class SeenRevocation:
    asked: bool
    """The machine was asked at all."""
    facts: tuple[SeenFact, ...]
    serial: int = field(default_factory=new_serial, compare=False)

    def of(self, certificate: str, url: str) -> SeenFact | None:
        """The fact of one certificate (SHA-256, hex) by one address."""
        return next(
            (seen for seen in self.facts if seen.fact.certificate == certificate and seen.fact.url == url), None
        )


NEVER_ASKED = SeenRevocation(asked=False, facts=())


def seen_revocation(
    facts: tuple[RevocationFact, ...], asked_at: datetime | None, skew: timedelta | None
) -> SeenRevocation:
    """`asked_at`: by the console's clock; `skew`: how far that of the machine that asked is ahead (None: not known)."""
    if asked_at is None:
        return NEVER_ASKED
    try:
        asked = asked_at.astimezone(UTC)
        return _shared(tuple([_seen(fact, fact.asked_at(asked) + (skew or timedelta(0))) for fact in facts]))
    except OverflowError:
        # A clock at the end of the calendar: nothing can be said of when this was.
        return NEVER_ASKED


def _seen(fact: RevocationFact, asked_at: datetime) -> SeenFact:
    answer = answer_at(fact, asked_at)
    return SeenFact(fact, None if answer is None else answer.state, answer is not None and is_stale(answer, asked_at))


def is_stale(answer: RevocationAnswer, asked_at: datetime) -> bool:
    begin, end = answer.span
    if begin is None or end is None or not begin < end:
        return False
    return (end - asked_at) * 100 < (end - begin) * _STALE


@lru_cache(maxsize=20_000)
def _shared(facts: tuple[SeenFact, ...]) -> SeenRevocation:
    """One object for equal facts, so that they are compared by identity mostly."""
    return SeenRevocation(asked=True, facts=facts)
