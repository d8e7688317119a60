"""Which addresses a device is asked, what becomes of the answers, and how long they stay."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.store.opening import open_store
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.errors import SshError
from console.fleet.model import Beacon, Device, ExplicitPair, Fleet
from console.pki.revocation_facts import Reach, RevocationState
from console.ports import Fetched, FetchRequest
from console.readiness.judge import judge_pair
from console.readiness.model import LiveOutcome, PairInput, Status, Verdict
from console.services.device_revocation import DeviceRevocationService
from console.services.estate import Estate
from console.services.revocation import KeptLists
from tests.fakes import FakeDevices, FrozenClock
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_revocation import GONE, GOOD, LIST, OLD, RESPONDER, REVOKED, ROOT_LIST, asked, chain
from tests.unit.test_pki_revocation import revocation_list


@dataclass
class Scene:
    given: PairInput
    devices: FakeDevices
    estate: Estate
    service: DeviceRevocationService
    device: Device

    def ask(self) -> None:
        if self.service.is_checked_by(self.device):
            self.service.ask(self.device)

    @property
    def urls(self) -> list[str]:
        return [url for _, urls in self.devices.fetched for url in urls]

    def verdict(self) -> Verdict:
        (verdict,) = self.estate.verdicts_of_device("device01")
        return verdict.verdict


Making = Callable[..., Scene]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Making]:
    store = open_store(tmp_path)

    def make(protocol: str = "https", *, responders: bool = False, newer_since: str = "unknown", **ini: str) -> Scene:
        given = asked({}, responders=responders, at=kit.NOW, clock=timedelta(0), **ini)()
        assert given.device is not None
        assert given.beacon is not None
        clock = FrozenClock(kit.NOW)
        device = Device("device01", "device01")
        fleet = Fleet(
            Path("/fleet.toml"),
            (Beacon("beacon01", kit.HOST, None),),
            (device,),
            (ExplicitPair("device01", "beacon01", kit.HOST, 443, protocol),),
        )
        profile = AgentProfile.load()
        profile = replace(profile, revocation=replace(profile.revocation, newer_since=newer_since))
        estate = Estate(fleet, profile, store.snapshots, clock)
        estate.record_device(replace(given.device, revocation_at=None, agent_version="19.0"))
        estate.record_beacon(given.beacon)
        for said in given.beacon.hellos:
            estate.record_hello(said)
        devices = FakeDevices(clock, {"device01": given.device.config.content or b""})
        return Scene(
            given, devices, estate, DeviceRevocationService(fleet, estate, devices, clock, KeptLists()), device
        )

    yield make
    store.close()


def serve(made: Scene) -> None:
    """The lists of both CAs, good."""
    _, issuing = chain(responders=False)
    made.devices.addresses = {
        LIST: revocation_list(issuing).public_bytes(Encoding.DER),
        ROOT_LIST: revocation_list(kit.root()).public_bytes(Encoding.DER),
    }


def test_answers_make_it_ready_and_outlive_another_look(scene: Making) -> None:
    made = scene()
    assert made.verdict() is Verdict.UNKNOWN
    serve(made)
    made.ask()
    assert sorted(made.urls) == [LIST, ROOT_LIST]
    assert len(made.devices.fetched) == 1
    assert made.verdict() is Verdict.READY
    snapshot = made.estate.observation().devices["device01"]
    assert [fact.answer.state for fact in snapshot.revocation if fact.answer] == [RevocationState.GOOD] * 2
    made.estate.record_device(replace(snapshot, revocation=(), revocation_at=None))
    assert made.verdict() is Verdict.READY
    made.devices.addresses = {}
    made.ask()
    assert made.verdict() is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("newer_since", "wanted", "responders"),
    [
        ("unknown", "-", True),
        ("unknown", "CRL", False),
        ("unknown", "OCSP", True),
        ("19.0", "-", False),
        ("19.1", "-", True),
        ("19.0", "OCSPSTAPLING,CRL", False),
    ],
)
def test_only_methods_that_the_agent_may_use_are_asked(
    scene: Making, newer_since: str, wanted: str, responders: bool
) -> None:
    made = scene(responders=True, newer_since=newer_since, PrioritizeRevocationChecks=wanted)
    made.ask()
    assert any(url.startswith("http://ocsp.example/") for url in made.urls) is responders
    assert LIST in made.urls


def test_a_responders_answer_is_bounded_by_its_kind(scene: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many of 4 MB would fill a small disk."""
    made = scene(responders=True)
    limits: dict[str, int] = {}
    fetch = made.devices.fetch

    def seen(device: Device, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        limits.update({request.url: request.limit for request in requests})
        return fetch(device, requests)

    monkeypatch.setattr(made.devices, "fetch", seen)
    made.ask()
    assert {url.startswith("http://ocsp."): limit for url, limit in limits.items()} == {True: 65_536, False: 4_194_304}


@pytest.mark.parametrize(
    ("protocol", "ini"),
    [
        ("https", {"CheckCertificateRevocation": "False"}),
        ("https", {"CheckServerCertificate": "False"}),
        ("https", {"CheckCertificateRevocation": "perhaps"}),
        ("https", {"SSLCACertificateFile": "/etc/agent/other.pem"}),
        ("http", {}),
    ],
    ids=["off", "no-server-check", "unclear", "untrusted", "http"],
)
def test_what_the_agent_doesnt_check_isnt_asked(scene: Making, protocol: str, ini: dict[str, str]) -> None:
    made = scene(protocol, **ini)
    made.ask()
    assert made.urls == []
    assert made.estate.observation().devices["device01"].revocation_at is None


def test_a_device_that_cant_be_asked_says_why_and_fails_nothing(scene: Making) -> None:
    made = scene()
    made.devices.down.add("device01")
    made.ask()
    snapshot = made.estate.observation().devices["device01"]
    assert {fact.reach for fact in snapshot.revocation} == {Reach.NOT_ASKED}
    assert {"connection refused" in fact.why for fact in snapshot.revocation} == {True}
    assert made.verdict() is Verdict.UNKNOWN
    assert made.estate.observation().failures == {}
    with pytest.raises(SshError):
        made.devices.collect(made.device, ())


def test_a_fact_that_was_kept_counts_by_its_own_date() -> None:
    """The list ended between its date and that of the others."""
    given_pair = asked({LIST: OLD, ROOT_LIST: GOOD})()
    assert given_pair.device is not None
    (listed, other) = given_pair.device.revocation
    older = (replace(listed, at=kit.NOW - timedelta(days=3)), other)
    kept = replace(given_pair, device=replace(given_pair.device, revocation=older))
    statuses = [kit.finding(one, "device.revocation-check").status for one in (given_pair, kept)]
    assert statuses == [Status.FAIL, Status.UNKNOWN]


def test_what_is_switched_off_later_is_forgotten(scene: Making) -> None:
    made = scene()
    serve(made)
    made.ask()
    snapshot = made.estate.observation().devices["device01"]
    off = kit.file(snapshot.config.path, kit.config({"SSLCACertificateFile": "/etc/agent/other.pem"}))
    made.estate.record_device(replace(snapshot, config=off))
    made.service.ask(made.device)
    assert made.estate.observation().devices["device01"].revocation_at is None


def test_answers_by_a_config_ini_that_an_edit_has_replaced_are_dropped(
    scene: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene()
    fetch = made.devices.fetch
    old = made.estate.observation().devices["device01"]
    edited = kit.file(old.config.path, kit.config({"CheckCertificateRevocation": "True", "X": "1"}))

    def edit_overtakes(device: Device, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        made.estate.record_device(replace(old, config=edited))
        monkeypatch.setattr(made.devices, "fetch", fetch)
        serve(made)
        made.service.ask(made.device)  # the look after the edit
        return [Fetched(LiveOutcome.FAILED, error="the connection is refused") for _ in requests]

    monkeypatch.setattr(made.devices, "fetch", edit_overtakes)
    made.ask()
    snapshot = made.estate.observation().devices["device01"]
    assert snapshot.config == edited
    assert [fact.reach for fact in snapshot.revocation] == [Reach.ANSWERED] * 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40))
def test_damaged_facts_never_crash_a_check_nor_make_it_ready(seed: int) -> None:
    given_pair = asked({LIST: REVOKED, ROOT_LIST: GONE, RESPONDER: OLD}, responders=True)()
    assert given_pair.device is not None
    tree = json.loads(msgspec.json.encode(given_pair.device))
    dice = random.Random(seed)  # noqa: S311 - the same seed has to make the same damage
    facts = tree["revocation"]
    places = [(fact, key) for fact in (*facts, *(fact["answer"] for fact in facts if fact["answer"])) for key in fact]
    for container, key in dice.sample(places, dice.randint(1, 4)):
        container[key] = dice.choice(DAMAGE)
    tree["revocation_at"] = dice.choice([tree["revocation_at"], *DAMAGE])
    try:
        snapshot = msgspec.json.decode(json.dumps(tree), type=DeviceSnapshot)
    except msgspec.DecodeError:
        return  # the store leaves it out
    assert judge_pair(replace(given_pair, device=snapshot)).verdict is not Verdict.READY


DAMAGE = (None, "", "x" * 5000, "\x1b[2J", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-11-24T00:00:00", "CRL")
