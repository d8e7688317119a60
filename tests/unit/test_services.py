"""Services on fakes of the ports and a real store: sweep, estate, live probes, the device's own OpenSSL."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from console.agent.snapshot import DeviceSnapshot
from console.errors import ConfigurationError, ExitStatus, SshError
from console.fleet.model import Device
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, Status
from console.services.events import JobEvent, PairProbed, TargetFinished
from tests.world import CONFIG, World

ON = {"AddClientCertificateAndKey": "True"}


def words(world: World) -> dict[tuple[str, str], str]:
    return {(v.use.device, v.use.beacon): str(v.verdict) for v in world.space.estate.verdicts()}


# --- sweep and estate


def test_a_look_that_began_earlier_never_covers_a_newer_one(world: World) -> None:
    device, beacon = world.fleet.device("d1"), world.fleet.beacon("b1")
    old_device, old_beacon = world.devices.collect(device, ()), world.beacons.snapshot(beacon)
    old_hello = world.hello.hello("b1.test", 443, None, 1)
    world.clock.forward(seconds=5)
    world.sweep()
    now = world.clock.now()
    estate = world.space.estate
    estate.record_device(old_device)
    estate.record_beacon(old_beacon)
    estate.record_hello(old_hello)
    seen = estate.observation()
    assert seen.devices["d1"].taken_at == seen.beacons["b1"].taken_at == now
    assert [hello.taken_at for hello in seen.beacons["b1"].hellos] == [now]


def test_after_a_failure_of_unknown_outcome_the_device_is_seen_anew(world: World) -> None:
    world.sweep()

    def lose(_name: str) -> None:
        raise SshError("the connection was lost", target="d1", phase="apply")

    world.devices.after_write = lose
    world.clock.forward(seconds=5)
    assert world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON)).failures
    content = world.space.estate.observation().devices["d1"].config.content
    assert content is not None
    assert b"AddClientCertificateAndKey=True" in content


def test_a_sweep_observes_both_sides_and_says_hello_once_an_endpoint(world: World) -> None:
    world.sweep()
    assert sorted(world.devices.collected) == ["d1", "d2"]
    assert sorted(world.hello.said) == [("b1.test", 443, ("127.0.0.1", 4443)), ("b2.test", 443, None)]
    observed = world.space.estate.observation().beacons
    assert {name: len(snapshot.hellos) for name, snapshot in observed.items()} == {"b1": 1, "b2": 1}
    assert set(words(world).values()) == {"ready"}
    assert set(words(world)) == {(d, b) for d in ("d1", "d2") for b in ("b1", "b2")}


def test_what_was_known_is_there_at_the_next_start(world: World) -> None:
    world.sweep()
    world.clock.forward(minutes=3)
    again = world.start().estate
    assert again.observation() == world.space.estate.observation()
    age = again.age("d1")
    assert age is not None
    assert age.total_seconds() == 180


@pytest.mark.parametrize("side", ["device", "beacon"])
def test_an_old_snapshot_never_makes_ready_what_cannot_be_reached(world: World, side: str) -> None:
    world.sweep()
    (world.devices.down if side == "device" else world.beacons.down).add("d1" if side == "device" else "b1")
    job = world.space.sweep.start()
    assert job.wait(10)
    (failure,) = job.failures
    assert failure.exit_status is ExitStatus.UNREACHABLE
    assert words(world)["d1", "b1"] == "unknown"
    observation = world.space.estate.observation()
    assert failure.target in observation.failures
    assert len(observation.devices) + len(observation.beacons) == 4
    again = world.start().estate.verdicts()
    assert {str(v.verdict) for v in again if failure.target in (v.use.device, v.use.beacon)} == {"unknown"}


def test_only_pairs_of_what_changed_are_judged_anew(world: World) -> None:
    world.sweep()
    before = {v.use: v for v in world.space.estate.verdicts()}
    world.space.sweep.collect(world.fleet.device("d1"))
    after = {v.use: v for v in world.space.estate.verdicts()}
    assert {use.device for use in after if after[use] is not before[use]} == {"d1"}
    world.clock.forward(hours=1)
    assert all(v is not after[v.use] for v in world.space.estate.verdicts())


def test_following_a_device_finds_its_beacons(world: World) -> None:
    job = world.space.sweep.start(["d1"], follow=True)
    assert job.wait(10)
    assert {"d1", "b1", "b2"} <= {progress.target for progress in job.targets}
    assert "d2" not in {progress.target for progress in job.targets}


def test_an_unknown_name_is_refused_before_anything_is_contacted(world: World) -> None:
    with pytest.raises(ConfigurationError, match="'d9'"):
        world.space.sweep.start(["d1", "d9"])
    assert world.devices.collected == []


def test_a_beacon_without_winrm_is_no_failure_and_cannot_be_changed(world: World) -> None:
    bare = tuple(replace(beacon, winrm=None) for beacon in world.fleet.beacons)
    world.fleet = replace(world.fleet, beacons=bare)
    world.space = world.start()
    job = world.space.sweep.start()
    assert job.wait(10)
    assert job.failures == ()
    assert len(world.space.estate.observation().beacons["b1"].hellos) == 1
    assert set(words(world).values()) == {"unknown"}
    assert "no winrm" in world.space.editing.plan_beacons(["b1"], {"ask": "late"}).refused["b1"]


def test_listeners_hear_of_what_changed(world: World) -> None:
    heard: set[str] = set()
    end = world.space.estate.listen(heard.update)
    world.sweep()
    assert heard == {"d1", "d2", "b1", "b2"}
    end()


# --- live


def test_components_that_ask_the_same_share_one_handshake(world: World) -> None:
    world.sweep()
    uses = world.space.estate.uses_of_device("d1")[:1]
    events: list[JobEvent] = []
    job = world.space.probing.start(uses)
    job.subscribe(events.append)
    assert job.wait(10)
    assert [request.directory for request in world.devices.probed] == ["ManageSoftDL", "ManageSoftRL"]
    probed = {event.component: event.result for event in events if isinstance(event, PairProbed)}
    live = world.space.estate.live_of(world.space.estate.verdicts_of_device("d1")[0])
    assert set(live) == set(COMPONENTS)
    assert all(result.outcome is LiveOutcome.OK for result in live.values())
    assert set(probed) <= set(COMPONENTS)


def test_the_handshake_is_made_with_the_effective_preferences(world: World) -> None:
    own = b"[ManageSoft\\Uploader\\CurrentVersion]\nAddClientCertificateAndKey=True\nSSLClientCertificateFile=/c.pem\n"
    world.devices.files["d1"] = CONFIG + own
    world.sweep()
    assert world.space.probing.start(world.space.estate.uses_of_device("d1")[:1]).wait(10)
    sent = {request.component: bool(request.client_certificate) for request in world.devices.probed}
    assert sent == {"Launcher": False, "Tracker": False, "Uploader": True}


def test_a_disagreement_is_a_finding_and_changes_no_verdict(world: World) -> None:
    world.devices.probe_result = LiveResult(LiveOutcome.FAILED, error="alert 42")
    world.sweep()
    before = words(world)
    assert world.space.probing.start(world.space.estate.uses_of_device("d1")[:1]).wait(10)
    ((use, finding),) = world.space.estate.disagreements()
    assert (use.device, use.beacon, finding.check, finding.status) == (
        "d1",
        "b1",
        "pair.live-disagrees",
        Status.WARN,
    )
    assert words(world) == before
    world.clock.forward(minutes=1)
    world.sweep()
    assert world.space.estate.disagreements() == ()


def test_an_observation_that_an_edit_overtook_is_dropped(world: World) -> None:
    """A sweep that began before an apply and ends after it must not bring the old state back as fresh."""
    world.sweep()
    estate, seen = world.space.estate, world.space.estate.observation()
    stale_device = replace(
        seen.devices["d1"], taken_at=seen.devices["d1"].taken_at - timedelta(minutes=1), hostname="old"
    )
    stale_beacon = replace(
        seen.beacons["b1"], taken_at=seen.beacons["b1"].taken_at - timedelta(minutes=1), computer="OLD"
    )
    estate.record_device(stale_device)
    estate.record_beacon(stale_beacon)
    estate.record_hello(replace(seen.beacons["b1"].hellos[0], taken_at=stale_beacon.taken_at, error="old"))
    assert estate.observation().devices["d1"] == seen.devices["d1"]
    assert estate.observation().beacons["b1"] == seen.beacons["b1"]


def test_an_observation_from_the_future_holds_nothing_up(world: World) -> None:
    """The console's clock was wrong once: what it stored then must not shut out what is seen now."""
    world.sweep()
    estate, seen = world.space.estate, world.space.estate.observation().devices["d1"]
    estate.record_device(replace(seen, taken_at=seen.taken_at + timedelta(days=400), hostname="future"))
    estate.record_device(seen)
    assert estate.observation().devices["d1"] == seen


def test_a_device_that_was_never_seen_cannot_be_probed(world: World) -> None:
    job = world.space.probing.start(world.space.estate.uses_of_device("d1"))
    assert job.wait(10)
    assert "Sweep it first" in job.failures[0].error


# --- the device's own OpenSSL


def test_the_devices_openssl_is_asked_once_for_components_that_ask_the_same(world: World) -> None:
    world.hello.chain = (b"leaf", b"issuer")
    world.sweep()
    (use,) = [v.use for v in world.space.estate.verdicts() if (v.use.device, v.use.beacon) == ("d1", "b1")]
    proof = world.space.device_proof
    assert proof.results(use) == {}
    heard: list[JobEvent] = []
    job = proof.start([use])
    job.subscribe(heard.append)
    assert job.wait(10)
    assert job.failures == ()
    (asked,) = world.devices.verified
    assert (asked.host, asked.chain, asked.agent_user) == ("b1.test", (b"leaf", b"issuer"), "root")
    assert {component: result.outcome for component, result in proof.results(use).items()} == dict.fromkeys(
        COMPONENTS, LiveOutcome.OK
    )


def test_without_a_chain_or_a_snapshot_there_is_nothing_to_ask(world: World) -> None:
    use = next(v.use for v in world.space.estate.verdicts())
    job = world.space.device_proof.start([use])
    assert job.wait(10)
    assert job.failures[0].exit_status is ExitStatus.UNREACHABLE
    world.sweep()
    assert world.space.device_proof.start([use]).wait(10)
    results = world.space.device_proof.results(use)
    assert {result.outcome for result in results.values()} == {LiveOutcome.NOT_RUN}
    assert "hello" in (results["Tracker"].error or "")
    assert world.devices.verified == []


def test_a_device_that_hangs_keeps_no_other_from_being_asked_about_revocation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening, asked, collect = threading.Event(), threading.Event(), world.devices.collect

    def hangs(device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        listening.wait(5)
        if device.name == "d2":
            assert asked.wait(5), "d1 waits for d2"
        return collect(device, hosts)

    def look(event: JobEvent) -> None:
        if isinstance(event, TargetFinished) and event.target == "d1: revocation":
            asked.set()

    monkeypatch.setattr(world.devices, "collect", hangs)
    job = world.space.sweep.start()
    job.subscribe(look)
    listening.set()
    assert job.wait(10)
    assert job.failures == ()
    assert {"d1: revocation", "d2: revocation"} <= {progress.target for progress in job.targets}


def test_a_device_that_was_given_up_adds_nothing_to_its_job_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, late, collect = threading.Event(), list[threading.Thread](), world.devices.collect

    def slow(device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        late.append(threading.current_thread())
        assert go_on.wait(20)
        return collect(device, hosts)

    monkeypatch.setattr(world.devices, "collect", slow)
    monkeypatch.setattr("console.services.sweep.DEVICE_SECONDS", 0.2)
    job = world.space.sweep.start(["d1"])
    assert job.wait(10)
    go_on.set()
    for thread in late:
        thread.join(10)
    assert [progress.target for progress in job.targets] == ["d1"]
