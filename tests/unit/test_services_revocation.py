"""What came lately needn't be brought again, whichever address serves it now; and nothing is no list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from console.pki.revocation_facts import Reach, RevocationAnswer, RevocationFact, RevocationMethod, RevocationState
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome
from console.services.revocation import Bounds, KeptLists, Question, ask, dated_facts, questions_of
from tests.unit import readiness_kit as kit
from tests.unit.client_revocation_makers import RESPONDER, both, issuing
from tests.unit.test_services_client_revocation import crl_of, states

OCSP = RevocationMethod.OCSP
NARROW = Bounds(lists=2, questions=3)
HOUR = timedelta(hours=1)
A, B = "http://a.example/list.crl", "http://b.example/list.crl"
BOUNDS = Bounds(lists=8, questions=8)


@dataclass
class Gateway:
    """Like fetch.sh: what is known of any address of a call isn't brought."""

    answers: dict[str, bytes]
    brought: list[str] = field(default_factory=list)

    def __call__(self, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        self.brought = []
        known = {digest for request in requests for digest in request.known}
        return [self._one(request.url, known) for request in requests]

    def _one(self, url: str, known: set[str]) -> Fetched:
        content = self.answers[next(begin for begin in self.answers if url.startswith(begin))]
        digest = hashlib.sha256(content).hexdigest()
        if digest in known:
            return Fetched(LiveOutcome.OK, same_as=digest)
        self.brought.append(url)
        return Fetched(LiveOutcome.OK, content)


def leaf(number: int, url: str) -> kit.Issued:
    return kit.issue(f"d{number}", issuing(), usages=[kit.CLIENT], crl=url)


def test_a_list_that_two_addresses_serve_is_read_for_both() -> None:
    """The second address was out of step once, so that each is remembered with another list."""
    of_a, of_b = leaf(1, A), leaf(2, B)
    questions = questions_of([(one.der, issuing().der) for one in (of_a, of_b)])
    older, newer = crl_of(issuing()), crl_of(issuing(), of_a)
    kept, served = KeptLists(), Gateway({A: older, B: newer})
    assert list(states(ask(served, questions, BOUNDS, kept)).values()) == [RevocationState.GOOD] * 2
    served.answers[A] = newer
    for _ in range(2):
        assert states(ask(served, questions, BOUNDS, kept)) == {
            ("other", A): RevocationState.REVOKED,
            ("other", B): RevocationState.GOOD,
        }
        assert served.brought == []
        assert list(kept.newest(A)) == list(kept.newest(B)) == [hashlib.sha256(newer).hexdigest()]


def test_what_goes_from_the_kept_while_it_is_asked_for_is_read_all_the_same() -> None:
    questions = questions_of([(leaf(1, A).der, issuing().der)])
    kept, served = KeptLists(most_bytes=1), Gateway({A: crl_of(issuing())})
    ask(served, questions, BOUNDS, kept)

    def meanwhile(requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        kept.of(B, crl_of(kit.root()))
        return served(requests)

    (fact,) = ask(meanwhile, questions, BOUNDS, kept)
    assert (fact.answer is not None, served.brought) == (True, [])
    assert kept.newest(A) == {}


def test_an_answer_without_content_is_no_list_and_is_not_kept() -> None:
    kept = KeptLists()
    questions = questions_of([(both().der, issuing().der)])
    (listed,) = {question.url for question in questions} - {RESPONDER}
    facts = ask(Gateway({listed: b"", RESPONDER: b""}), questions, BOUNDS, kept)
    assert {(fact.reach, fact.why) for fact in facts} == {(Reach.UNREACHABLE, "it answered without any content")}
    assert kept.newest(listed) == {}


def in_turn(questions: Sequence[Question], served: Gateway, rounds: int) -> list[tuple[RevocationFact, ...]]:
    """What is known after each of some sweeps, an hour apart."""
    known: tuple[RevocationFact, ...] = ()
    found = []
    for number in range(rounds):
        before = dated_facts(known, kit.NOW + (number - 1) * HOUR)  # the round before
        known = ask(served, questions, NARROW, before=before)
        found.append(known)
    return found


@cache
def many(method: RevocationMethod) -> tuple[Question, ...]:
    """Of certificates that each name an address of their own."""
    leaves = []
    for number in range(9):
        responder = x509.UniformResourceIdentifier(f"http://ocsp.example/{number}/")
        access = x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder)]
        )
        leaves.append(kit.issue(f"d{number}", issuing(), crl=f"http://list.example/{number}", more=[(access, False)]))
    return tuple(one for one in questions_of([(leaf.der, issuing().der) for leaf in leaves]) if one.method is method)


@pytest.mark.parametrize(("method", "room"), [(RevocationMethod.CRL, NARROW.lists), (OCSP, NARROW.questions)])
def test_everything_gets_its_turn_however_narrow_the_bounds_are(method: RevocationMethod, room: int) -> None:
    rounds = in_turn(many(method), Gateway({"http://": b"?"}), 6)
    answered = [sum(fact.reach is Reach.ANSWERED for fact in known) for known in rounds]
    assert answered == [min(9, room * number) for number in range(1, 7)]


def test_what_finds_no_room_keeps_what_is_known_with_its_date() -> None:
    *_, third, fourth = in_turn(many(OCSP), Gateway({"http://": b"?"}), 4)
    assert [fact.at for fact in third] == [*[kit.NOW] * 3, *[kit.NOW + HOUR] * 3, *[None] * 3]
    assert [fact.at for fact in fourth] == [*[None] * 3, *[kit.NOW + HOUR] * 3, *[kit.NOW + 2 * HOUR] * 3]


def test_where_the_machine_itself_had_no_room_what_is_known_stays() -> None:
    (question, *_) = many(OCSP)
    known = RevocationFact(*question.key, Reach.ANSWERED, answer=RevocationAnswer(RevocationState.GOOD))
    before = dated_facts([known], kit.NOW)

    def late(requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        return [Fetched(LiveOutcome.NOT_RUN, error="no time", left_out=True)]

    def proxy(requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        return [Fetched(LiveOutcome.NOT_RUN, error="a proxy")]

    assert ask(late, [question], NARROW, before=before) == (replace(known, at=kit.NOW),)
    assert [(fact.reach, fact.why) for fact in ask(late, [question], NARROW)] == [(Reach.NOT_ASKED, "no time")]
    assert [fact.why for fact in ask(proxy, [question], NARROW, before=before)] == ["a proxy"]
