"""What one address said of one certificate's revocation, seen from one machine: small, immutable, without a clock.

A list's bytes aren't kept (some are megabytes, and a fleet has 50,000 devices). What it said is judged where it came
back; whether it is in date is told by the clock of whoever judges: see `answer_at`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_SKEW = timedelta(minutes=5)
"""OpenSSL's own allowance for answers of responders; lists have none."""
_SIGNER = "the responder's own certificate is valid"


class RevocationMethod(StrEnum):
    CRL = "CRL"
    OCSP = "OCSP"


class RevocationState(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNREADABLE = "unreadable"
    OTHER_ISSUER = "other-issuer"
    """It isn't of the CA that issued the certificate, or not of this certificate."""
    WRONG_SCOPE = "wrong-scope"
    """A list of the CA, for other certificates: a part of it, an indirect one, one of some reasons."""
    BAD_SIGNATURE = "bad-signature"
    SIGNER_NOT_ALLOWED = "signer-not-allowed"
    """Signed with the CA's key, and the CA's certificate doesn't allow that (no cRLSign)."""
    NOT_UNDERSTOOD = "not-understood"
    """It has a critical extension that OpenSSL doesn't know."""
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNKNOWN = "unknown"
    """The responder doesn't know the certificate, or refuses to say."""


@dataclass(frozen=True, slots=True)
class RevocationAnswer:
    state: RevocationState
    detail: str = ""
    """In our words."""
    this_update: datetime | None = None
    """UTC, as the next one."""
    next_update: datetime | None = None
    """None: it never ends."""
    signer_begins: datetime | None = None
    """Validity of the responder's own certificate, which it may have instead of the CA's key; None: the CA signed."""
    signer_ends: datetime | None = None

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """Both updates with a time zone, whatever a stored answer says of it."""
        return _in_utc(self.this_update), _in_utc(self.next_update)

    @property
    def signer_span(self) -> tuple[datetime | None, datetime | None]:
        """When the responder's own certificate is valid, with a time zone."""
        return _in_utc(self.signer_begins), _in_utc(self.signer_ends)


class Reach(StrEnum):
    ANSWERED = "answered"
    UNREACHABLE = "unreachable"
    """Asked, and nothing came back that was meant as an answer."""
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class RevocationFact:
    """Of one certificate by one address."""

    certificate: str
    """SHA-256 (hex) of its DER."""
    method: RevocationMethod
    url: str
    """As the certificate names it; printable."""
    reach: Reach
    why: str = ""
    """In our words, where it didn't answer or wasn't asked."""
    answer: RevocationAnswer | None = None
    """What came back, whatever the clock: never EXPIRED or NOT_YET_VALID. None: it didn't answer."""
    at: datetime | None = None
    """When it was asked, by the console's clock, where it is older than the snapshot's other facts; None: when they
    were."""

    @property
    def key(self) -> FactKey:
        return self.certificate, self.method, self.url

    def asked_at(self, others: datetime) -> datetime:
        """UTC; `others`: when the snapshot's other facts were asked. A date in the future counts for nothing."""
        at = _in_utc(self.at)
        return others if at is None or at > others else at


FactKey = tuple[str, RevocationMethod, str]
"""Certificate, method and address of a fact."""


def dated(answer: RevocationAnswer, method: RevocationMethod, moment: datetime) -> RevocationAnswer:
    """What `answer` is worth by a clock that shows `moment`. Dates come before what it says, as for OpenSSL."""
    if answer.state not in (RevocationState.GOOD, RevocationState.REVOKED, RevocationState.UNKNOWN):
        return answer
    begin, end = answer.signer_span
    # OpenSSL verifies the signer first, and makes no allowance there.
    if begin is not None and moment < begin:
        return replace(answer, state=RevocationState.NOT_YET_VALID, detail=f"{_SIGNER} from {begin:%Y-%m-%dT%H:%MZ}")
    if end is not None and moment > end:
        return replace(answer, state=RevocationState.EXPIRED, detail=f"{_SIGNER} until {end:%Y-%m-%dT%H:%MZ}")
    allowance = _allowance(method)
    begin, end = answer.span
    if begin is not None and begin - moment > allowance:
        return replace(answer, state=RevocationState.NOT_YET_VALID, detail=f"valid from {begin:%Y-%m-%dT%H:%MZ}")
    if end is not None and moment - end > allowance:
        return replace(answer, state=RevocationState.EXPIRED, detail=f"valid until {end:%Y-%m-%dT%H:%MZ}")
    return answer


def answer_at(fact: RevocationFact, moment: datetime) -> RevocationAnswer | None:
    """What the fact is worth by a clock that shows `moment`; None: it didn't answer."""
    return None if fact.answer is None else dated(fact.answer, fact.method, moment)


def changes_of(fact: RevocationFact) -> tuple[datetime, ...]:
    """When it begins and ends to count."""
    if fact.answer is None:
        return ()
    allowance = _allowance(fact.method)
    begin, end = fact.answer.span
    updates = (begin and _moved(begin, -allowance), end and _moved(end, allowance))
    return tuple(moment for moment in (*updates, *fact.answer.signer_span) if moment is not None)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _allowance(method: RevocationMethod) -> timedelta:
    return _SKEW if method is RevocationMethod.OCSP else timedelta(0)


def _moved(moment: datetime, by: timedelta) -> datetime | None:
    """None: beyond the calendar's end, which no clock reaches."""
    try:
        return moment + by
    except OverflowError:
        return None


def facts_of(facts: Iterable[RevocationFact], certificate: str, method: RevocationMethod) -> tuple[RevocationFact, ...]:
    """Those of one certificate (SHA-256, hex) by one method, in the order of its addresses."""
    return tuple(fact for fact in facts if fact.certificate == certificate and fact.method is method)
