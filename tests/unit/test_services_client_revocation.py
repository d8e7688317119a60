"""Which addresses a beacon is asked about its devices' certificates, and what is made of the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot, NameFact
from console.fleet.model import Beacon, Device
from console.iis.snapshot import Site
from console.pki.revocation_facts import Reach, RevocationFact, RevocationMethod, RevocationState
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome, PairInput, PairUse
from console.services.client_revocation import BOUNDS, client_paths
from console.services.observation import Observation
from console.services.revocation import ask, not_asked, questions_of
from tests.unit import readiness_kit as kit
from tests.unit.client_revocation_makers import LIST, RESPONDER, ROOT_LIST, both, checked, client, issuing
from tests.world import World

CRL, OCSP = RevocationMethod.CRL, RevocationMethod.OCSP
DAY = timedelta(days=1)


def crl_of(issuer: kit.Issued, *revoked: kit.Issued) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(kit.NOW - DAY).next_update(kit.NOW + DAY)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(kit.NOW - DAY).build())
    key = cast("ec.EllipticCurvePrivateKey", issuer.key)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def response_of(issuer: kit.Issued, about: kit.Issued, status: ocsp.OCSPCertStatus) -> bytes:
    revoked = kit.NOW - DAY if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.certificate,
        issuer.certificate,
        hashes.SHA1(),  # noqa: S303 - names the certificate
        status,
        kit.NOW - DAY,
        kit.NOW + DAY,
        revoked,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    return builder.sign(cast("ec.EllipticCurvePrivateKey", issuer.key), hashes.SHA256()).public_bytes(Encoding.DER)


class Web:
    """What http addresses answer; a responder's are told by their beginning."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []
        self.requests: list[FetchRequest] = []

    def __call__(self, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        self.asked.append(tuple(request.url for request in requests))
        self.requests += requests
        return [self._one(request.url) for request in requests]

    def _one(self, url: str) -> Fetched:
        found = next((content for begin, content in self.answers.items() if url.startswith(begin)), None)
        if found is None:
            return Fetched(LiveOutcome.FAILED, error="there is no connection to it")
        return Fetched(LiveOutcome.OK, found)


def path(leaf: kit.Issued) -> tuple[bytes, ...]:
    return (leaf.der, issuing().der, kit.root().der)


def sha256(of: kit.Issued) -> str:
    return hashlib.sha256(of.der).hexdigest()


def states(facts: Sequence[RevocationFact]) -> dict[tuple[str, str], RevocationState | Reach]:
    names = {sha256(issued): name for name, issued in (("leaf", client()), ("leaf", both()), ("issuer", issuing()))}
    return {
        (names.get(fact.certificate, "other"), fact.url): fact.answer.state if fact.answer else fact.reach
        for fact in facts
    }


def test_lists_and_responders_of_every_member_below_the_root() -> None:
    asked = Web(
        {
            ROOT_LIST: crl_of(kit.root()),
            LIST: crl_of(issuing(), both()),
            RESPONDER: response_of(issuing(), both(), ocsp.OCSPCertStatus.GOOD),
        }
    )
    facts = ask(asked, questions_of([path(both())]), BOUNDS)
    assert states(facts) == {
        ("leaf", LIST): RevocationState.REVOKED,
        ("leaf", RESPONDER): RevocationState.GOOD,
        ("issuer", ROOT_LIST): RevocationState.GOOD,
    }
    assert len(asked.asked) == 1, "one round trip"
    assert asked.asked[0][:2] == (LIST, ROOT_LIST), "lists first"
    assert asked.asked[0][2].startswith(RESPONDER)


def test_devices_of_one_ca_share_its_list() -> None:
    asked = Web({ROOT_LIST: crl_of(kit.root()), LIST: crl_of(issuing(), client())})
    others = [kit.issue(f"d{number}", issuing(), usages=[kit.CLIENT], crl=LIST) for number in range(5)]
    facts = ask(asked, questions_of([path(client()), *map(path, others), path(client())]), BOUNDS)
    assert asked.asked == [(LIST, ROOT_LIST)]
    assert len(facts) == 7
    of_leaf = [fact for fact in facts if fact.url == LIST]
    assert [fact.answer.state.value for fact in of_leaf if fact.answer] == ["revoked", *["good"] * 5]
    good = [fact.answer for fact in of_leaf[1:]]
    assert all(answer is good[0] for answer in good), "what is alike is kept once"


def test_what_does_not_answer_says_so() -> None:
    facts = ask(Web({LIST: b"<html>Sign in</html>"}), questions_of([path(client())]), BOUNDS)
    assert states(facts) == {
        ("leaf", LIST): RevocationState.UNREADABLE,
        ("issuer", ROOT_LIST): Reach.UNREACHABLE,
    }
    assert next(fact.why for fact in facts if fact.url == ROOT_LIST) == "there is no connection to it"


def test_only_http_is_asked() -> None:
    leaf = client(crl="ldap:///CN=list", responder="https://ocsp.example/")
    asked = Web({ROOT_LIST: crl_of(kit.root())})
    facts = ask(asked, questions_of([path(leaf)]), BOUNDS)
    assert asked.asked == [(ROOT_LIST,)]
    left = [fact for fact in facts if fact.url != ROOT_LIST]
    assert {(fact.reach, fact.why) for fact in left} == {(Reach.NOT_ASKED, "only plain http addresses are asked")}
    assert len(left) == 2


def test_questions_are_bounded_and_those_left_out_say_so() -> None:
    leaves = [
        kit.issue(f"d{number}", issuing(), usages=[kit.CLIENT], crl=f"http://pki.example/{number}.crl", more=aia())
        for number in range(BOUNDS.questions + 3)
    ]
    asked = Web({})
    facts = ask(asked, questions_of(map(path, leaves)), BOUNDS)
    (urls,) = asked.asked
    lists = [url for url in urls if url.endswith(".crl")]
    assert (len(lists), len(urls)) == (BOUNDS.lists, BOUNDS.lists + BOUNDS.questions)
    assert len(facts) == 2 * len(leaves) + 1
    left = [fact for fact in facts if fact.reach is Reach.NOT_ASKED]
    assert len([fact for fact in left if fact.method is OCSP]) == 3
    assert all("isn't asked in one sweep" in fact.why for fact in left)
    assert {request.limit for request in asked.requests if request.url.endswith(".crl")} == {4 * 1024 * 1024}


def aia() -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (extension.value, False) for extension in both().certificate.extensions if "authorityInfo" in str(extension)
    ]


def test_nobody_is_asked_where_the_beacon_cannot() -> None:
    facts = not_asked(questions_of([path(client())]), "b1: no answer")
    assert {(fact.reach, fact.why, fact.answer) for fact in facts} == {(Reach.NOT_ASKED, "b1: no answer", None)}


def paths(given: PairInput, *uses: PairUse, failed: bool = False) -> tuple[tuple[bytes, ...], ...]:
    assert given.device is not None
    assert given.beacon is not None
    failures = {given.use.device: (kit.NOW, "gone")} if failed else {}
    seen = Observation({given.use.device: given.device}, {given.use.beacon: given.beacon}, failures)
    return client_paths(given.beacon, seen, uses or (given.use,), AgentProfile.load(), kit.NOW)


def test_certificates_that_the_beacon_will_check() -> None:
    assert paths(checked()()) == (path(client()),)


def test_a_leaf_that_the_device_completes_out_of_its_trust() -> None:
    given = checked()()
    assert given.device is not None
    assert given.beacon is not None
    beacon = replace(given.beacon, certificates=(kit.stored("Root", kit.root()),))
    alone = kit.device(chain=client().pem, keys=(kit.key_fact(client()),))
    knows = kit.device(chain=client().pem, ca=issuing().pem + kit.root().pem, keys=(kit.key_fact(client()),))
    assert paths(replace(given, device=alone, beacon=beacon)) == ()
    assert paths(replace(given, device=knows, beacon=beacon)) == (path(client()),)


@pytest.mark.parametrize("preference", ["AddClientCertificateAndKey", "CheckServerCertificate"])
def test_also_of_devices_that_send_none_yet(preference: str) -> None:
    """What is planned shall be foreseen."""
    given = checked()()
    assert given.device is not None
    silent = replace(given.device, config=kit.file("/etc/agent/config.ini", kit.config({preference: "False"})))
    assert paths(replace(given, device=silent)) == (path(client()),)


def test_nothing_is_asked_that_the_beacon_does_not_check_or_trust() -> None:
    given = checked()()
    beacon = given.beacon
    assert beacon is not None
    off = replace(beacon, httpsys=(kit.record(verifyclientcertrevocation=False),))
    cached = checked(cached_only=True)()
    strange = replace(beacon, certificates=(kit.stored("Root", kit.other_root()),))
    assert paths(replace(given, beacon=off)) == ()
    assert paths(cached) == ()
    assert paths(replace(given, beacon=strange)) == (), "a stranger's certificate makes nobody ask its addresses"
    assert paths(replace(given, beacon=replace(beacon, reached=False))) == ()
    assert paths(given, replace(given.use, protocol="http")) == ()
    assert paths(given, replace(given.use, beacon="other")) == ()
    assert paths(given, failed=True) == ()


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Both devices have the usual certificate, and b1 checks its revocation; the list of its CA answers."""
    given = checked()()
    assert given.device is not None
    assert given.beacon is not None
    device = given.device

    def collect(of: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        names = tuple(NameFact(host, ()) for host in hosts)
        return replace(device, device=of.name, taken_at=world.clock.now(), names=names)

    monkeypatch.setattr(world.devices, "collect", collect)
    binding = replace(given.beacon.sites[0].bindings[0], port=4443)
    seen = replace(given.beacon, beacon="b1", sites=(Site(kit.SITE, 1, "Started", (binding,)),))
    world.beacons.snapshots["b1"] = seen
    checks(world, on=True)
    world.beacons.addresses = {LIST: crl_of(issuing())}
    return world


def checks(world: World, *, on: bool) -> None:
    record = kit.record(verifyclientcertrevocation=on, key="0.0.0.0:4443")
    world.beacons.snapshots["b1"] = replace(world.beacons.snapshots["b1"], httpsys=(record,))


def test_a_sweep_asks_each_beacon_once_and_never_fails_for_it(world: World) -> None:
    world.sweep()
    assert world.beacons.fetched == [("b1", (LIST, ROOT_LIST))]
    known = world.space.estate.observation().beacons["b1"]
    assert states(known.revocation) == {("leaf", LIST): RevocationState.GOOD, ("issuer", ROOT_LIST): Reach.UNREACHABLE}
    assert known.revocation_at == world.clock.now()

    world.beacons.fail_at = "fetch"
    world.clock.forward(minutes=1)
    job = world.space.sweep.start()
    assert job.wait(10)
    assert job.failures == ()
    known = world.space.estate.observation().beacons["b1"]
    assert {fact.reach for fact in known.revocation} == {Reach.NOT_ASKED}
    assert "0x80070005" in known.revocation[0].why
    assert world.store.snapshots.beacons()["b1"].revocation == known.revocation


def test_beacons_and_devices_share_the_lists_that_came(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one beacon brought is known of the next one; each sweep brought every list from every beacon before."""
    known: list[tuple[str, ...]] = []
    fetch = world.beacons.fetch

    def seen(beacon: Beacon, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        known.extend(request.known for request in requests if request.url == LIST)
        return fetch(beacon, requests)

    monkeypatch.setattr(world.beacons, "fetch", seen)
    world.sweep()
    world.clock.forward(minutes=1)
    world.sweep()
    assert known == [(), (hashlib.sha256(world.beacons.addresses[LIST]).hexdigest(),)]


def test_a_beacon_that_is_observed_again_keeps_what_it_was_told(world: World) -> None:
    checks(world, on=False)
    world.sweep()
    facts = not_asked(questions_of([path(client())]), "as made")
    world.space.estate.record_client_revocation("b1", facts)
    world.clock.forward(minutes=1)
    world.space.sweep.snapshot(world.fleet.beacons[0])
    assert world.space.estate.observation().beacons["b1"].revocation == facts


def test_a_beacon_that_begins_to_check_is_asked_after_it_was_observed_again(world: World) -> None:
    """What is known already stays until the next sweep."""
    beacon = world.fleet.beacons[0]
    checks(world, on=False)
    world.sweep()
    assert world.beacons.fetched == []
    checks(world, on=True)
    for _ in range(2):
        world.space.sweep.observe_again(beacon)
        world.space.sweep.ask_client_revocation(beacon)
    assert world.beacons.fetched == [("b1", (LIST, ROOT_LIST))]
    assert len(world.space.estate.observation().beacons["b1"].revocation) == 2


def test_a_sweep_of_some_devices_asks_about_theirs_and_what_is_known_of_others_stays(world: World) -> None:
    """Their answers keep their date: what has ended since counts as that."""
    first = kit.issue("d1", issuing(), usages=[kit.CLIENT], crl="http://pki.example/1.crl")
    second = kit.issue("d2", issuing(), usages=[kit.CLIENT], crl="http://pki.example/2.crl")
    collect = world.devices.collect

    def own(device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        made = kit.device(chain=(first if device.name == "d1" else second).pem + issuing().pem)
        return replace(collect(device, hosts), files=made.files)

    world.devices.collect = own  # type: ignore[method-assign]
    world.sweep()
    began = world.clock.now()
    assert {url for _, urls in world.beacons.fetched for url in urls} == {
        "http://pki.example/1.crl",
        "http://pki.example/2.crl",
        ROOT_LIST,
    }
    world.beacons.fetched.clear()
    world.clock.forward(minutes=1)
    assert world.space.sweep.start(["d1"], follow=True).wait(10)
    assert world.beacons.fetched == [("b1", ("http://pki.example/1.crl", ROOT_LIST))]
    known = world.space.estate.observation().beacons["b1"]
    assert known.revocation_at == world.clock.now()
    assert {fact.url: fact.at for fact in known.revocation} == {
        "http://pki.example/1.crl": None,
        ROOT_LIST: None,
        "http://pki.example/2.crl": began,
    }
    assert world.space.sweep.start(["b1"]).wait(10)
    assert {fact.at for fact in world.space.estate.observation().beacons["b1"].revocation} == {None}
