"""Devices that no way leads from: they have no row among the pairs, so they are told of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.command.showing import shown
from console.fleet.model import Device
from console.readiness.model import PairUse, Status
from console.services.unused import stranded_device, stranded_devices
from tests.world import World

UNUSABLE = b"[ManageSoft\\Common\\UploadSettings\\x]\nProtocol=https\nHost=b2.test\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    made.space.close()
    made.fleet = replace(made.fleet, devices=(*made.fleet.devices, Device("d3", "d3")))
    made.devices.files["d3"] = UNUSABLE
    made.space = made.start()
    yield made
    made.space.close()
    made.store.close()


def test_until_it_is_read_it_may_have_one(world: World) -> None:
    (found,) = stranded_devices(world.space.estate).values()
    assert (found.check, found.status) == ("device.no-way", Status.UNKNOWN)
    assert "weren't read" in found.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (UNUSABLE, "none of its failover lists' 1 entries can be used: Port is missing; it has no default"),
        (b"[x]\n", "its config.ini holds no failover list"),
    ],
)
def test_an_entry_without_a_port_is_no_way(world: World, content: bytes, words: str) -> None:
    world.devices.files["d3"] = content
    world.sweep()
    found = stranded_devices(world.space.estate)
    assert list(found) == ["d3"]
    assert found["d3"].status is Status.WARN
    assert words in found["d3"].message


def test_an_entry_that_can_be_used_is_one(world: World) -> None:
    world.devices.files["d3"] = UNUSABLE + b"Port=443\n"
    world.sweep()
    assert stranded_devices(world.space.estate) == {}


def test_to_tell_of_one_device_no_others_config_is_read(world: World) -> None:
    world.sweep()
    read: list[str] = []
    estate = world.space.estate
    uses_of = estate.uses_of_device

    def noting(name: str) -> tuple[PairUse, ...]:
        read.append(name)
        return uses_of(name)

    estate.uses_of_device = noting  # type: ignore[method-assign]
    told = shown(world.space, "d3")["unused"]
    assert set(read) == {"d3"}
    assert told == stranded_devices(estate)["d3"].message
    assert stranded_device(estate, "d1") is None
