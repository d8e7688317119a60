"""Memory of 50,000 device snapshots as the estate reads them from its store. Goal (issue 6, point 10): below 400 MB."""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from adapters.store.opening import FILE_NAME, open_store
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.services.estate import Estate
from tests.bench import synthetic
from tests.bench.report import Spent, Table, alone, peak_bytes, resident_bytes, seconds, timed
from tests.fakes import FrozenClock

GOAL = 400


@dataclass(frozen=True, slots=True)
class Grown:
    """Bytes of memory by which the process has grown."""

    held: int
    peak: int
    spent: Spent


def _grown(before: int, spent: Spent) -> Grown:
    return Grown(resident_bytes() - before, peak_bytes() - before, spent)


def snapshots(directory: Path) -> Grown:
    """What the store hands out."""
    store = open_store(directory)
    before = resident_bytes()
    held, spent = timed(store.snapshots.devices)
    grown = _grown(before, spent)
    assert held
    store.close()
    return grown


def plain(directory: Path) -> Grown:
    """The peer: the same rows, decoded one by one and kept as they are."""
    connection = sqlite3.connect(directory / FILE_NAME)
    decoder = msgspec.json.Decoder(DeviceSnapshot)
    before = resident_bytes()
    rows = connection.execute("SELECT body FROM device_snapshot")
    held, spent = timed(lambda: [decoder.decode(body) for (body,) in rows])
    grown = _grown(before, spent)
    assert held
    connection.close()
    return grown


def judged(directory: Path, fleet_size: synthetic.Size) -> Grown:
    """The whole estate with a verdict for every pair: snapshots, views, findings."""
    fleet = synthetic.fleet_of(fleet_size)
    store = open_store(directory)
    profile, clock = AgentProfile.load(), FrozenClock(synthetic.NOW)
    before = resident_bytes()

    def judge() -> Estate:
        estate = Estate(fleet, profile, store.snapshots, clock)
        estate.verdicts()
        return estate

    held, spent = timed(judge)
    grown = _grown(before, spent)
    assert held.fleet is fleet
    store.close()
    return grown


def _save(size: synthetic.Size, directory: Path) -> None:
    synthetic.Estate(size).save(directory)


def run(size: synthetic.Size) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        alone(_save, size, directory)
        rows = (
            ("snapshots from the store", alone(snapshots, directory), f"{GOAL} MB"),
            ("plain decoding of the same rows", alone(plain, directory), ""),
            (f"the whole estate, {size.pairs} pairs judged", alone(judged, directory, size), ""),
        )
        on_disk = sum(file.stat().st_size for file in directory.iterdir())
    base = rows[1][1].held
    return Table(
        f"Memory of {size.devices} device snapshots ({size.client_chains} client certificates, no config.ini twice)",
        ("what", "held", "peak", "a device", "against plain decoding", "wall", "goal"),
        tuple(
            (
                what,
                f"{grown.held / 1e6:.0f} MB",
                f"{grown.peak / 1e6:.0f} MB",
                f"{grown.held / size.devices / 1000:.1f} kB",
                f"{grown.held / base:.2f}x",
                seconds(grown.spent.wall),
                goal,
            )
            for what, grown, goal in rows
        ),
        (f"On disk: {on_disk / 1e6:.0f} MB.",),
    )
