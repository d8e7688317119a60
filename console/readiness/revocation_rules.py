"""Whether a device's check of revocation can succeed: every certificate below the root, by every possible reading of
its setting [reference: flexnet.md 1.2, handshake.md P-REV-01 and P-REV-02].

Of each certificate the methods that are on are asked in their order; the first authoritative answer (good or revoked)
decides. A method's addresses are places of one and the same answer, so any of them will do.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from console.agent.preferences import PRIORITIZE_REVOCATION, Origin, TlsPreferences
from console.agent.revocation_methods import Method, MethodReading, method_readings
from console.pki.certificates import Certificate, certificate
from console.pki.revocation_facts import RevocationAnswer, RevocationState, answer_at
from console.readiness.revocation_seen import NEVER_ASKED, SeenFact, SeenRevocation

if TYPE_CHECKING:
    from console.readiness.case import Case
    from console.readiness.device_view import DeviceView


class Kind(IntEnum):
    """What comes of one certificate's check, the worst first."""

    REVOKED = 0
    FAILED = 1
    """Every address of the methods that are on was asked, and none gave an answer that counts."""
    NO_ADDRESS = 2
    """The certificate names no address at all."""
    METHOD_OFF = 3
    """It names addresses, but none of a method that is on."""
    NOT_ASKED = 4
    STAPLED = 5
    """Only a stapled answer counts, or may count first: it isn't observed."""
    GOOD = 6


@dataclass(frozen=True, slots=True)
class Member:
    """One certificate's check under one reading."""

    certificate: Certificate
    kind: Kind
    seen: SeenFact | None = None
    """The fact that decides, or the first that is wrong."""
    answer: RevocationAnswer | None = None
    """What it is worth by the device's clock now."""
    why: str = ""
    """Of NOT_ASKED: why."""
    ahead: bool = False
    """It is out of date by the device's clock, and in date by the console's."""


@dataclass(frozen=True, slots=True)
class JudgedRevocation:
    """The chain under one reading: its members, leaf first, and the worst of them."""

    reading: MethodReading
    members: tuple[Member, ...]

    @property
    def worst(self) -> Member:
        return min(self.members, key=lambda member: member.kind)


def readings_of(case: Case) -> tuple[MethodReading, ...]:
    """Every possible meaning of PrioritizeRevocationChecks for this component; empty: the device wasn't observed."""
    if case.device is None or case.preferences is None:
        return ()
    return readings_on(case.device, case.preferences)


def readings_on(device: DeviceView, preferences: TlsPreferences) -> tuple[MethodReading, ...]:
    wanted = preferences.value(PRIORITIZE_REVOCATION)
    words = () if wanted.origin in (Origin.DEFAULT, Origin.UNSET) else preferences.prioritize_revocation
    return method_readings(device.profile.revocation, device.snapshot.agent_version, words)


def below_root(chain: tuple[bytes, ...]) -> tuple[tuple[Certificate, bytes], ...]:
    """(certificate, its issuer's DER) of a verified chain, leaf first, up to but excluding the root."""
    issued = [(certificate(der), issuer) for der, issuer in pairwise(chain)]
    return tuple((member, issuer) for member, issuer in issued if not member.self_signed)


def addresses(member: Certificate, method: Method) -> tuple[str, ...]:
    """Those that the certificate names for its own revocation."""
    named = {Method.CRL: member.revocation_lists, Method.OCSP: member.status_responders}
    return tuple(dict.fromkeys(named.get(method, ())))


def judge_revocation(case: Case) -> tuple[JudgedRevocation, ...]:
    """For every reading; empty where nothing below the root can be revoked, or the chain doesn't hold."""
    members = [member for member, _ in below_root(case.server_chain.chain)]
    seen = case.device.revocation if case.device is not None else NEVER_ASKED
    if not members:
        return ()
    found = []
    for reading in readings_of(case):
        judged = [_member(case, reading, member, place == 0, seen) for place, member in enumerate(members)]
        found.append(JudgedRevocation(reading, tuple(judged)))
    return tuple(found)


def revocation_key(case: Case) -> Hashable:
    """Of what Part.REVOCATION depends on beyond Part.TRUST; the same for devices that were answered alike."""
    if case.device is None or not case.checks_revocation:
        return 0
    generations = case.device.profile.revocation.of(case.device.snapshot.agent_version)
    return case.device.revocation.serial, generations


def _member(case: Case, reading: MethodReading, member: Certificate, leaf: bool, seen: SeenRevocation) -> Member:
    if not member.revocation_lists and not member.status_responders:
        return Member(member, Kind.NO_ADDRESS)
    asked = [method for method in reading.methods if method is not Method.STAPLED]
    stapled = Method.STAPLED in reading.methods
    found = _by_address(case, member, asked, seen)
    if found.kind is Kind.GOOD:
        return found
    if stapled and (leaf or found.kind is Kind.METHOD_OFF):
        return Member(member, Kind.STAPLED)
    return found


def _by_address(case: Case, member: Certificate, methods: Sequence[Method], seen: SeenRevocation) -> Member:
    unseen: Member | None = None
    wrong: Member | None = None
    for method in methods:
        results = [_fact(case, member, seen, url) for url in addresses(member, method)]
        decided = next((one for one in results if one.kind in (Kind.GOOD, Kind.REVOKED)), None)
        if decided is not None:
            # An address of an earlier method that wasn't asked may have said otherwise.
            return unseen or decided
        unseen = unseen or next((one for one in results if one.kind is Kind.NOT_ASKED), None)
        wrong = wrong or next((one for one in results if one.kind is Kind.FAILED), None)
    return unseen or wrong or Member(member, Kind.METHOD_OFF)


def _fact(case: Case, member: Certificate, seen: SeenRevocation, url: str) -> Member:
    if not seen.asked:
        return Member(member, Kind.NOT_ASKED, why="the device wasn't asked about them")
    fact = seen.of(member.sha256, url)
    if fact is None:
        return Member(member, Kind.NOT_ASKED, why="when the device was asked, this certificate wasn't seen")
    answer = answer_at(fact.fact, case.device_now)
    if answer is None:
        kind = Kind.FAILED if fact.unreachable else Kind.NOT_ASKED
        return Member(member, kind, fact, why=fact.fact.why)
    if answer.state is RevocationState.EXPIRED and not fact.expired_when_asked:
        return Member(member, Kind.NOT_ASKED, fact, why=f"what it answered has ended since: {answer.detail}")
    kinds = {RevocationState.GOOD: Kind.GOOD, RevocationState.REVOKED: Kind.REVOKED}
    kind = kinds.get(answer.state, Kind.FAILED)
    return Member(member, kind, fact, answer, ahead=kind is Kind.FAILED and _by_clock(case, fact, answer))


def _by_clock(case: Case, seen: SeenFact, answer: RevocationAnswer) -> bool:
    if answer.state not in (RevocationState.EXPIRED, RevocationState.NOT_YET_VALID):
        return False
    by_console = answer_at(seen.fact, case.pair.now)
    return by_console is not None and by_console.state is not answer.state


def left_of(answer: RevocationAnswer, moment: datetime) -> timedelta | None:
    """Until its next update; None: it never ends."""
    _, end = answer.span
    return None if end is None else end - moment
