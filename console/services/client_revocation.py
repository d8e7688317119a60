"""Revocation of the devices' certificates, asked from the beacon that will check it, and judged here.

Asked is what http.sys will have checked: certificates that devices send, or are going to, whose chain ends in the
beacon's own trust, so that nobody makes a beacon ask an address of his own choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from console.agent.profile import AgentProfile
from console.errors import MtlsConsoleError
from console.fleet.model import Beacon, BeaconClientCheck
from console.iis.snapshot import BeaconSnapshot
from console.pki.certificates import Certificate, certificate
from console.pki.revocation import read_response, responder_address
from console.pki.revocation_facts import Reach, RevocationAnswer, RevocationFact, RevocationMethod
from console.pki.revocation_list import FAULTS, RevocationList
from console.ports import BeaconGateway, Clock, Fetched, FetchRequest
from console.readiness.beacon_view import view_endpoint
from console.readiness.client_revocation import asks_addresses, checks_revocation, trusted_path
from console.readiness.device_view import DeviceView, view_device
from console.readiness.model import COMPONENTS, LiveOutcome, PairUse
from console.services.estate import Estate
from console.services.observation import Observation

FetchAll = Callable[[Sequence[FetchRequest]], Sequence[Fetched]]

MOST_LISTS = 64
"""Addresses of lists for one beacon and sweep: devices of one CA share them."""
MOST_QUESTIONS = 200
"""Questions to responders for one beacon and sweep: each is of one certificate."""
_OF_ONE = 4
"""Addresses of one certificate and method."""
_LIST_BYTES = 4 * 1024 * 1024
_RESPONSE_BYTES = 64 * 1024
_SECONDS = 10.0
_LONGEST = 2000
_ONLY_HTTP = "only http addresses are asked from the beacon"
_TOO_MANY_LISTS = f"more than {MOST_LISTS} addresses of lists; the rest isn't asked in one sweep"
_TOO_MANY_QUESTIONS = f"more than {MOST_QUESTIONS} questions to responders; the rest isn't asked in one sweep"


@dataclass(frozen=True, slots=True)
class Question:
    """One address that a certificate names for its own revocation."""

    certificate: Certificate
    issuer: bytes
    """DER."""
    method: RevocationMethod
    url: str
    """As the certificate names it."""


class ClientRevocationService:
    """What a sweep asks of a beacon when its devices are known. Never fails the sweep."""

    def __init__(self, estate: Estate, beacons: BeaconGateway, clock: Clock) -> None:
        self._estate = estate
        self._beacons = beacons
        self._clock = clock

    def is_checked_by(self, beacon: Beacon) -> bool:
        """The beacon's newest observation succeeded, and some record of http.sys checks by asking addresses."""
        observation = self._estate.observation()
        seen = observation.beacons.get(beacon.name)
        if seen is None or not seen.reached or beacon.name in observation.failures:
            return False
        documented = beacon.client_check is BeaconClientCheck.DOCUMENTED
        return not documented and any(map(asks_addresses, seen.httpsys))

    def ask(self, beacon: Beacon) -> None:
        """Ask what there is to ask, and record it; where the beacon can't be asked, that and why."""
        observation = self._estate.observation()
        seen = observation.beacons.get(beacon.name)
        if seen is None:
            return
        paths = client_paths(seen, observation, self._estate.uses(), self._estate.profile, self._clock.now())
        questions = questions_of(paths)
        try:
            facts = ask(partial(self._beacons.fetch, beacon), questions)
        except MtlsConsoleError as error:
            facts = not_asked(questions, error.sentence)
        self._estate.record_client_revocation(beacon.name, facts)


def client_paths(
    beacon: BeaconSnapshot, observation: Observation, uses: Iterable[PairUse], profile: AgentProfile, now: datetime
) -> tuple[tuple[bytes, ...], ...]:
    """Verified chains (DER, leaf first, the beacon's anchor last) of the certificates that devices of `uses` have for
    this beacon, where its http.sys records check their revocation."""
    found: dict[tuple[bytes, ...], None] = {}
    for use in uses:
        device = observation.devices.get(use.device)
        if use.beacon != beacon.beacon or use.protocol.lower() == "http" or device is None:
            continue
        endpoint = view_endpoint(beacon, use.host, use.port, use.address)
        if use.device in observation.failures or not checks_revocation(endpoint):
            continue
        for sent in _sent(view_device(device, profile)):
            found[trusted_path(endpoint, sent, now + (endpoint.skew or timedelta(0)))] = None
    return tuple(path for path in found if path)


def _sent(device: DeviceView) -> Iterator[tuple[bytes, ...]]:
    """What the components would send, whether it is switched on yet or not."""
    if device.snapshot.config.content is None:
        return
    files = dict.fromkeys(device.preferences(component).client_certificate for component in COMPONENTS)
    for path in files:
        for skips in device.stack.skips_bom if path else ():
            read = device.client_chain(path, skips_bom=skips)
            if read is not None and not read.error and read.certificates:
                yield tuple(anchor.der for anchor in read.certificates)


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


def ask(fetch: FetchAll, questions: Sequence[Question]) -> tuple[RevocationFact, ...]:
    """One fact for each question, with at most one call of `fetch`, lists first. Raises what `fetch` raises."""
    gathered = _Gathered(questions)
    said_of = fetch(tuple(gathered.requests.values())) if gathered.requests else ()
    answers = dict(zip(gathered.requests, said_of, strict=True))
    lists = {url: RevocationList(said.content) for url, said in answers.items() if said.outcome is LiveOutcome.OK}
    return tuple(_fact(question, gathered, answers, lists) for question in questions)


def not_asked(questions: Sequence[Question], why: str) -> tuple[RevocationFact, ...]:
    return tuple(_bare(question, Reach.NOT_ASKED, why) for question in questions)


class _Gathered:
    """What is to be asked, within bounds."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.requests: dict[str, FetchRequest] = {}
        """By the address that is really asked."""
        self.address: dict[Question, str] = {}
        self.why_not: dict[Question, str] = {}
        for question in questions:
            if question.method is RevocationMethod.CRL:
                self._take(question, question.url, _LIST_BYTES, MOST_LISTS, _TOO_MANY_LISTS)
        most = len(self.requests) + MOST_QUESTIONS
        for question in questions:
            if question.method is RevocationMethod.OCSP:
                self._take(question, _responder(question), _RESPONSE_BYTES, most, _TOO_MANY_QUESTIONS)

    def _take(self, question: Question, url: str, limit: int, most: int, too_many: str) -> None:
        if not url.lower().startswith("http://") or len(url) > _LONGEST:
            self.why_not[question] = _ONLY_HTTP if url else "its question can't be written"
        elif url not in self.requests and len(self.requests) >= most:
            self.why_not[question] = too_many
        else:
            self.requests.setdefault(url, FetchRequest(url, limit, timeout_seconds=_SECONDS))
            self.address[question] = url


def _responder(question: Question) -> str:
    """Empty: cryptography can't read what OpenSSL could."""
    if not question.url.lower().startswith("http://"):
        return question.url
    try:
        return responder_address(question.url, question.certificate.der, question.issuer)
    except FAULTS:
        return ""


def _fact(
    question: Question, gathered: _Gathered, answers: dict[str, Fetched], lists: dict[str, RevocationList]
) -> RevocationFact:
    if question in gathered.why_not:
        return _bare(question, Reach.NOT_ASKED, gathered.why_not[question])
    url = gathered.address[question]
    said = answers[url]
    if said.outcome is not LiveOutcome.OK:
        reach = Reach.UNREACHABLE if said.outcome is LiveOutcome.FAILED else Reach.NOT_ASKED
        return _bare(question, reach, said.error)
    subject, issuer = question.certificate.der, question.issuer
    if question.method is RevocationMethod.CRL:
        return _bare(question, Reach.ANSWERED, answer=lists[url].says_of(subject, issuer))
    return _bare(question, Reach.ANSWERED, answer=read_response(said.content, subject, issuer))


def _bare(question: Question, reach: Reach, why: str = "", answer: RevocationAnswer | None = None) -> RevocationFact:
    return RevocationFact(question.certificate.sha256, question.method, question.url, reach, why, answer)
