"""Addresses for revocation, asked from a machine and judged here: what devices and beacons have in common."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType

from console.pki.certificates import Certificate, certificate
from console.pki.revocation import read_response, responder_address
from console.pki.revocation_facts import FactKey, Reach, RevocationAnswer, RevocationFact, RevocationMethod
from console.pki.revocation_list import FAULTS, RevocationList
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome

FetchAll = Callable[[Sequence[FetchRequest]], Sequence[Fetched]]

_OF_ONE = 4
"""Addresses of one certificate and method."""
_LIST_BYTES = 4 * 1024 * 1024
_RESPONSE_BYTES = 64 * 1024
_SECONDS = 10.0
_LONGEST = 2000
_ONLY_HTTP = "only plain http addresses are asked"
_KEPT_BYTES = 64 * 1024 * 1024
_NEVER = datetime.min.replace(tzinfo=UTC)
_NOTHING: Mapping[FactKey, RevocationFact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is asked of one machine in one sweep."""

    lists: int
    """Addresses of lists."""
    questions: int
    """Questions to responders: each is of one certificate."""


@dataclass(frozen=True, slots=True)
class Question:
    """One address that a certificate names for its own revocation."""

    certificate: Certificate
    issuer: bytes
    """DER."""
    method: RevocationMethod
    url: str
    """As the certificate names it."""

    @property
    def key(self) -> FactKey:
        return self.certificate.sha256, self.method, self.url


class KeptLists:
    """Lists that came lately, so that thousands of machines which fetch the same one have it decoded once, and needn't
    send it. Thread-safe; `most_bytes` bounds their contents."""

    def __init__(self, most_bytes: int = _KEPT_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._lists: OrderedDict[str, tuple[int, RevocationList]] = OrderedDict()
        """By the SHA-256 (hex) of the content: its size, and the list."""
        self._newest: dict[str, str] = {}
        """By address."""

    def of(self, url: str, content: bytes) -> RevocationList:
        """The list that this content is."""
        digest = hashlib.sha256(content).hexdigest()
        with self._lock:
            _, found = self._lists.setdefault(digest, (len(content), RevocationList(content)))
            self._lists.move_to_end(digest)
            self._newest[url] = digest
            while len(self._lists) > 1 and sum(size for size, _ in self._lists.values()) > self._most:
                gone, _ = self._lists.popitem(last=False)
                self._newest = {url: kept for url, kept in self._newest.items() if kept != gone}
        return found

    def again(self, url: str, digest: str) -> None:
        """The address has answered what is kept under this SHA-256."""
        with self._lock:
            if digest in self._lists:
                self._lists.move_to_end(digest)
                self._newest[url] = digest

    def newest(self, url: str) -> dict[str, RevocationList]:
        """What the address answered last, by its SHA-256; empty: nothing that is kept."""
        with self._lock:
            digest = self._newest.get(url)
            return {} if digest is None else {digest: self._lists[digest][1]}


def questions_of(paths: Iterable[Sequence[bytes]]) -> tuple[Question, ...]:
    """For every certificate below its anchor; each once."""
    found: dict[tuple[bytes, RevocationMethod, str], Question] = {}
    for path in paths:
        for der, issuer in pairwise(path):
            member = certificate(der)
            named = {RevocationMethod.CRL: member.revocation_lists, RevocationMethod.OCSP: member.status_responders}
            for method, urls in named.items():
                for url in urls[:_OF_ONE]:
                    found.setdefault((der, method, url), Question(member, issuer, method, url))
    return tuple(found.values())


def ask(
    fetch: FetchAll,
    questions: Sequence[Question],
    bounds: Bounds,
    kept: KeptLists | None = None,
    before: Mapping[FactKey, RevocationFact] = _NOTHING,
) -> tuple[RevocationFact, ...]:
    """One fact for each question, with at most one call of `fetch`, lists first. Raises what `fetch` raises.

    `before`: what is known (`dated_facts`). What isn't in it is asked first, then the oldest, so that everything gets
    its turn however narrow the bounds are; a question that finds no room keeps what is known.
    """
    kept = kept or KeptLists()
    gathered = _Gathered(_by_turn(questions, before), bounds, kept)
    said_of = fetch(tuple(gathered.requests.values())) if gathered.requests else ()
    answers = dict(zip(gathered.requests, said_of, strict=True))
    lists = {
        url: found
        for url, said in answers.items()
        if url in gathered.of_lists and (found := _list(url, said, gathered.held, kept)) is not None
    }
    return tuple(_known_or_new(question, gathered, answers, lists, before) for question in questions)


def dated_facts(facts: Iterable[RevocationFact], asked_at: datetime | None) -> dict[FactKey, RevocationFact]:
    """Facts that were really asked, each with its own date; `asked_at`: that of the snapshot that they are from."""
    if asked_at is None:
        return {}
    at = asked_at.replace(tzinfo=UTC) if asked_at.tzinfo is None else asked_at
    return {fact.key: replace(fact, at=fact.asked_at(at)) for fact in facts if fact.reach is not Reach.NOT_ASKED}


def _by_turn(questions: Sequence[Question], before: Mapping[FactKey, RevocationFact]) -> list[Question]:
    def last_asked(question: Question) -> datetime:
        fact = before.get(question.key)
        return _NEVER if fact is None or fact.at is None else fact.at

    return sorted(questions, key=last_asked)


def _list(url: str, said: Fetched, held: Mapping[str, RevocationList], kept: KeptLists) -> RevocationList | None:
    """None: nothing came."""
    if said.outcome is not LiveOutcome.OK:
        return None
    if said.same_as in held:
        # Known of any address: mirrors serve one list.
        kept.again(url, said.same_as)
        return held[said.same_as]
    return kept.of(url, said.content) if said.content else None


def not_asked(questions: Sequence[Question], why: str) -> tuple[RevocationFact, ...]:
    return tuple(_bare(question, Reach.NOT_ASKED, why) for question in questions)


class _Gathered:
    """What is to be asked, within bounds."""

    def __init__(self, questions: Sequence[Question], bounds: Bounds, kept: KeptLists) -> None:
        self.requests: dict[str, FetchRequest] = {}
        """By the address that is really asked."""
        self.address: dict[Question, str] = {}
        self.why_not: dict[Question, str] = {}
        self.too_many: dict[Question, str] = {}
        self.of_lists: dict[str, tuple[str, ...]] = {}
        """Addresses of lists: the SHA-256 of what each answered last."""
        self.held: dict[str, RevocationList] = {}
        """What needn't be brought again, by its SHA-256; held here, as it may go from what is kept meanwhile."""
        for question in questions:
            if question.method is RevocationMethod.CRL:
                if question.url not in self.of_lists:
                    newest = kept.newest(question.url)
                    self.of_lists[question.url] = tuple(newest)
                    self.held.update(newest)
                self._take(
                    question,
                    question.url,
                    _LIST_BYTES,
                    bounds.lists,
                    f"more than {bounds.lists} addresses of lists; the rest isn't asked in one sweep",
                )
        most = len(self.requests) + bounds.questions
        for question in questions:
            if question.method is RevocationMethod.OCSP:
                self._take(
                    question,
                    _responder(question),
                    _RESPONSE_BYTES,
                    most,
                    f"more than {bounds.questions} questions to responders; the rest isn't asked in one sweep",
                )

    def _take(self, question: Question, url: str, limit: int, most: int, too_many: str) -> None:
        if not url.lower().startswith("http://") or len(url) > _LONGEST:
            self.why_not[question] = _ONLY_HTTP if url else "its question can't be written"
        elif url not in self.requests and len(self.requests) >= most:
            self.too_many[question] = too_many
        else:
            self.requests.setdefault(
                url, FetchRequest(url, limit, timeout_seconds=_SECONDS, known=self.of_lists.get(url, ()))
            )
            self.address[question] = url


def _responder(question: Question) -> str:
    """Empty: cryptography can't read what OpenSSL could."""
    if not question.url.lower().startswith("http://"):
        return question.url
    try:
        return responder_address(question.url, question.certificate.der, question.issuer)
    except FAULTS:
        return ""


def _known_or_new(
    question: Question,
    gathered: _Gathered,
    answers: dict[str, Fetched],
    lists: dict[str, RevocationList],
    before: Mapping[FactKey, RevocationFact],
) -> RevocationFact:
    found = _fact(question, gathered, answers, lists)
    no_room = question in gathered.too_many or (
        question in gathered.address and answers[gathered.address[question]].left_out
    )
    return before.get(question.key, found) if no_room else found


def _fact(
    question: Question, gathered: _Gathered, answers: dict[str, Fetched], lists: dict[str, RevocationList]
) -> RevocationFact:
    if question in gathered.why_not:
        return _bare(question, Reach.NOT_ASKED, gathered.why_not[question])
    if question in gathered.too_many:
        return _bare(question, Reach.NOT_ASKED, gathered.too_many[question])
    url = gathered.address[question]
    said = answers[url]
    if said.outcome is not LiveOutcome.OK:
        reach = Reach.UNREACHABLE if said.outcome is LiveOutcome.FAILED else Reach.NOT_ASKED
        return _bare(question, reach, said.error)
    if not said.content and url not in lists:
        return _bare(question, Reach.UNREACHABLE, "it answered without any content")
    subject, issuer = question.certificate.der, question.issuer
    if question.method is RevocationMethod.CRL:
        return _bare(question, Reach.ANSWERED, answer=lists[url].says_of(subject, issuer))
    return _bare(question, Reach.ANSWERED, answer=read_response(said.content, subject, issuer))


def _bare(question: Question, reach: Reach, why: str = "", answer: RevocationAnswer | None = None) -> RevocationFact:
    return RevocationFact(question.certificate.sha256, question.method, question.url, reach, why, answer)
