"""What a killed console leaves, and how it is found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.store.opening import Store
from console.changes.model import EntryState, JournalEntry, TargetKind
from console.readiness.model import LiveOutcome
from console.services.jobs import JobState
from console.services.recovery import OpenState
from tests.fakes import OK, sha256
from tests.world import CONFIG, World

ON = {"AddClientCertificateAndKey": "True"}


def open_entry_of(world: World, store: Store) -> str:
    """An entry that a killed console left, for d1's edit."""
    plan = world.space.editing.plan_devices(["d1"], ON)
    world.space.editing.apply(plan)
    done = store.journal.entries()[0]
    name = store.journal.next_entry_id()
    store.journal.open_entry(replace(done, entry=name))
    store.journal.let_go(name)  # as the kernel does for a killed console
    return name


KILLED_BEFORE_THE_WRITE = """
import os, sys
from pathlib import Path
from tests.world import World
world = World(Path(sys.argv[1]))
world.sweep()
world.devices.before_write = lambda _name: os._exit(9)
world.space.editing.apply(world.space.editing.plan_devices(["d1"], {"AddClientCertificateAndKey": "True"}))
"""


def test_a_killed_console_finds_its_open_entry_at_the_next_start(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED_BEFORE_THE_WRITE, str(tmp_path / "state")]
    assert subprocess.run(words, cwd=Path(__file__).parents[2], timeout=60, check=False).returncode == 9
    world = World(tmp_path / "state")
    (entry,) = world.space.recovery.open_entries()
    opened = world.space.recovery.inspect(entry)
    assert (entry.target, opened.state) == ("d1", OpenState.UNTOUCHED)
    assert "nothing was written" in opened.message
    assert world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON)).state is JobState.DONE
    world.space.close()
    world.store.close()


@pytest.mark.parametrize(
    ("content", "state", "settled"),
    [
        (CONFIG, OpenState.UNTOUCHED, EntryState.FAILED),
        (CONFIG.replace(b"AndKey=False", b"AndKey=True"), OpenState.APPLIED, EntryState.DONE),
        (b"[x]\n", OpenState.CHANGED, EntryState.OPEN),
    ],
)
def test_an_open_entry_says_what_state_its_target_is_in(
    world: World, content: bytes, state: OpenState, settled: EntryState
) -> None:
    world.sweep()
    name = open_entry_of(world, world.store)
    world.devices.files["d1"] = content
    (entry,) = world.space.recovery.open_entries()
    opened = world.space.recovery.inspect(entry)
    assert (entry.entry, opened.state) == (name, state)
    world.space.recovery.settle(opened)
    assert world.store.journal.entry(name).state is settled


def test_a_lost_answer_of_a_beacon_leaves_the_entry_open_until_it_is_looked_at(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "accept", "ask": "first-handshake"})
    world.beacons.lose_at = "set-httpsys"
    job = world.space.editing.apply(plan)
    assert "stays open" in job.failures[0].error
    (entry,) = world.space.recovery.open_entries()
    assert world.space.recovery.inspect(entry).state is OpenState.UNREACHABLE
    world.beacons.down.clear()
    assert world.space.recovery.inspect(entry).state is OpenState.PARTLY
    world.beacons.lose_at = ""
    assert world.space.editing.apply(world.space.editing.plan_undo(entry.entry)).state is JobState.DONE
    assert not world.beacons.snapshots["b1"].httpsys[0].clientcertnegotiation


def test_an_open_entry_without_a_change_is_never_called_untouched(world: World) -> None:
    entry = JournalEntry("E-0001", world.clock.now(), "P-1", TargetKind.DEVICE, "d1", EntryState.OPEN, "?")
    assert world.space.recovery.inspect(entry).state is OpenState.CHANGED


def test_hashes_of_the_fakes_are_real() -> None:
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert OK.outcome is LiveOutcome.OK
