"""The estate while its store is slow, and whose hello is whose."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from console.agent.snapshot import DeviceSnapshot
from console.readiness.model import PairUse
from console.services.known_uses import KnownUses
from tests.world import World


def test_a_slow_disk_holds_up_no_one_who_asks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sweep()
    estate = world.space.estate
    before = estate.observation().devices["d1"]
    world.clock.forward(seconds=5)
    newer = replace(before, taken_at=world.clock.now(), release="newer")
    writing, go_on, answers = threading.Event(), threading.Event(), []
    save = type(world.store.snapshots).save_device

    def slow(snapshot: DeviceSnapshot) -> None:
        writing.set()
        assert go_on.wait(20)
        save(world.store.snapshots, snapshot)

    monkeypatch.setattr(world.store.snapshots, "save_device", slow)
    recorder = threading.Thread(target=estate.record_device, args=(newer,), daemon=True)
    recorder.start()
    assert writing.wait(10)

    def ask() -> None:
        answers.append((estate.observation().devices["d1"].release, len(estate.verdicts())))

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(10)
    assert answers == [(before.release, 4)]
    go_on.set()
    recorder.join(10)
    assert estate.observation().devices["d1"].release == "newer"
    assert world.store.snapshots.devices()["d1"].release == "newer"


def test_a_hello_is_kept_with_the_beacon_that_devices_reach_there(world: World) -> None:
    world.sweep()
    world.clock.forward(seconds=5)
    told: list[frozenset[str]] = []
    world.space.estate.listen(told.append)
    world.space.estate.record_hello(world.hello.hello("b2.test", 443, None, 1))
    world.space.estate.record_hello(world.hello.hello("nobody.test", 443, None, 1))
    assert told == [frozenset({"b2"}), frozenset()]


def test_a_hello_makes_the_beacons_pairs_be_judged_anew_and_no_others(world: World) -> None:
    world.sweep()
    estate = world.space.estate
    before = {verdict.use: verdict for verdict in estate.verdicts()}
    world.clock.forward(seconds=5)
    estate.record_hello(world.hello.hello("b2.test", 443, None, 1))
    anew = {verdict.use.beacon for verdict in estate.verdicts() if before[verdict.use] is not verdict}
    assert anew == {"b2"}


def test_known_uses_are_worked_out_once_and_forgotten_one_by_one() -> None:
    asked: list[str] = []

    def work_out(device: str) -> tuple[PairUse, ...]:
        asked.append(device)
        return (PairUse(device, "b1", "b1.test", 443), PairUse(device, "", "stranger.test", 443))

    uses = KnownUses(("d1", "d2"), work_out)
    assert list(uses.missing) == ["d1", "d2"]
    assert uses.of("d1") is uses.of("d1")
    assert list(uses.missing) == ["d2"]
    assert asked == ["d1"]
    assert uses.beacons_at("b1.test", 443) == {"b1"}
    assert uses.beacons_at("stranger.test", 443) == frozenset()
    uses.forget("d1")
    assert uses.beacons_at("b1.test", 443) == frozenset()
    assert list(uses.missing) == ["d2", "d1"]
    uses.of("d2")
    uses.clear()
    assert list(uses.missing) == ["d1", "d2"]
    assert not uses.beacons_at("b1.test", 443)
