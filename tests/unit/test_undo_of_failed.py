"""A failed entry is its own to take back, and nothing else is: what other entries made stays."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.changes.model import EntryState, JournalEntry
from console.errors import ChangeFailed, ConfigurationError, SshError
from console.iis.snapshot import BeaconSnapshot
from console.services.jobs import JobState
from console.services.recovery import OpenState
from tests.fakes import beacon_snapshot
from tests.world import CONFIG, World

FIRST = {"ask": "first-handshake"}
ON: dict[str, str | None] = {"AddClientCertificateAndKey": "True"}
NOTHING = "failed and changed nothing: there is nothing to undo"


def held(world: World) -> tuple[object, object]:
    snapshot = world.beacons.snapshots["b1"]
    return snapshot.access, snapshot.httpsys


def _with_record(world: World, *, ask_first: bool) -> BeaconSnapshot:
    snapshot = world.beacons.snapshots["b1"]
    return replace(
        snapshot, httpsys=tuple(replace(record, clientcertnegotiation=ask_first) for record in snapshot.httpsys)
    )


def test_what_failed_and_changed_nothing_cannot_be_undone(world: World) -> None:
    """Another party makes the same change between the look and the step: it isn't this entry's to take back."""
    plan = world.space.editing.plan_beacons(["b1"], FIRST)

    def be_faster() -> None:
        world.beacons.snapshots["b1"] = _with_record(world, ask_first=True)

    world.beacons.before_run = be_faster
    job = world.space.editing.apply(plan)
    assert "is not as the plan saw it" in job.failures[0].error
    (entry,) = world.space.journal.entries()
    assert (entry.state, entry.steps_done) == (EntryState.FAILED, 0)
    before = held(world)
    with pytest.raises(ConfigurationError, match=f"{entry.entry} {NOTHING}"):
        world.space.editing.plan_undo(entry.entry)
    assert held(world) == before


def test_a_stale_record_is_refused_before_an_entry_is_opened(world: World) -> None:
    plan = world.space.editing.plan_beacons(["b1"], FIRST)
    world.beacons.snapshots["b1"] = _with_record(world, ask_first=True)
    job = world.space.editing.apply(plan)
    assert "has changed since the plan was made; nothing was written" in job.failures[0].error
    assert (world.space.journal.entries(), world.beacons.ran) == ((), [])


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "client_certificates": st.sampled_from(["ignore", "accept", "require"]),
        "require_ssl": st.sampled_from(["true", "false"]),
        "ask": st.sampled_from(["first-handshake", "late"]),
    },
).filter(bool)
BROKEN = st.sampled_from(["", "set-httpsys", "set-access", "restart-site"])


@settings(max_examples=60, deadline=None)
@given(
    edits=st.lists(st.tuples(SETTINGS, BROKEN, BROKEN, BROKEN), min_size=2, max_size=4),
    ask_first=st.booleans(),
    afresh=st.booleans(),
)
def test_undo_of_a_failed_entry_gives_back_what_was_there_before_it(
    edits: list[tuple[dict[str, str], str, str, str]], ask_first: bool, afresh: bool
) -> None:
    """Any edits, planned at once or each in its turn, any operation failing, its answer garbled or lost: whichever
    entry failed, its undo leads to what it found, and where it made nothing there is none."""
    with TemporaryDirectory() as directory, closing(World(Path(directory))) as world:
        world.beacons.snapshots["b1"] = beacon_snapshot("b1", flags=("Ssl",), ask_first=ask_first)
        every = [world.space.editing.plan_beacons(["b1"], wanted) for wanted, *_ in edits]
        for seen, (wanted, fail, garble, lose) in zip(every, edits, strict=True):
            plan = world.space.editing.plan_beacons(["b1"], wanted) if afresh else seen
            if not plan.targets:
                continue
            before, known = held(world), len(world.space.journal.entries())
            world.beacons.fail_at, world.beacons.garble_at, world.beacons.lose_at = fail, garble, lose
            world.space.editing.apply(plan, accept_lockout=len({one.device for one in plan.lockouts}) or None)
            world.beacons.fail_at = world.beacons.garble_at = world.beacons.lose_at = ""
            world.beacons.down.clear()
            entries = world.space.journal.entries()
            if len(entries) == known:
                assert held(world) == before, "without an entry nothing may be written"
                continue
            _undone_is_as_before(world, entries[0].entry, before)


def _undone_is_as_before(world: World, entry: str, before: tuple[object, object]) -> None:
    found = world.space.journal.entry(entry)
    if found.state is EntryState.OPEN:
        world.space.recovery.settle(world.space.recovery.inspect(found))
        found = world.space.journal.entry(entry)
    if found.state is EntryState.FAILED and held(world) == before:
        with pytest.raises(ConfigurationError, match=NOTHING):
            world.space.editing.plan_undo(entry)
    elif found.state is EntryState.FAILED:
        after = held(world)
        undo = world.space.editing.plan_undo(entry)
        accepted = len({one.device for one in undo.lockouts}) or None
        assert world.space.editing.apply(undo, accepted).state is JobState.DONE
        assert held(world) == before != after


@pytest.mark.parametrize("how", ["refused", "lost"])
def test_a_device_edit_that_wrote_nothing_cannot_be_undone(world: World, how: str) -> None:
    world.sweep()
    world.space.editing.apply(world.space.editing.plan_devices(["d1"], {"CheckServerCertificate": "False"}))
    plan = world.space.editing.plan_devices(["d1"], {"AddClientCertificateAndKey": "True"})
    planned = world.devices.files["d1"].replace(b"AndKey=False", b"AndKey=True")

    def be_faster(_name: str) -> None:
        world.devices.files["d1"] = planned

    def lose(_name: str) -> None:
        raise SshError("connection lost", target="d1", phase="write")

    world.devices.before_write = be_faster if how == "refused" else lose
    world.space.editing.apply(plan)
    world.devices.before_write = nothing
    entry = world.space.journal.entries()[0]
    assert (entry.plan, entry.state, entry.steps_done) == (plan.id, EntryState.FAILED, 0)
    with pytest.raises(ConfigurationError, match=NOTHING):
        world.space.editing.plan_undo(entry.entry)


@pytest.mark.parametrize(("written", "state"), [(True, EntryState.FAILED), (False, EntryState.OPEN)])
def test_a_file_that_is_neither_tells_by_what_was_answered(world: World, written: bool, state: EntryState) -> None:
    """Written, and changed by another at once: its keys can be taken back. Not known to be written: left open."""
    world.sweep()
    plan = world.space.editing.plan_devices(["d1"], {"AddClientCertificateAndKey": "True"})
    odd = CONFIG.replace(b"AndKey=False", b"AndKey=True") + b"# by another\n"

    def change(_name: str) -> None:
        world.devices.files["d1"] = odd
        if not written:
            raise ChangeFailed("the rename's answer is odd", target="d1", phase="write")

    world.devices.after_write = change
    world.space.editing.apply(plan)
    world.devices.after_write = nothing
    (entry,) = world.space.journal.entries()
    assert (entry.state, entry.steps_done) == (state, int(written))
    assert world.space.editing.apply(world.space.editing.plan_undo(entry.entry)).state is JobState.DONE
    assert world.devices.files["d1"] == CONFIG + b"# by another\n"


def test_what_a_cut_off_entry_never_made_is_another_entrys(world: World) -> None:
    """Killed before its first step; the same was planned and made again since."""
    world.sweep()
    for plan in (world.space.editing.plan_beacons(["b1"], FIRST), world.space.editing.plan_devices(["d1"], ON)):
        other = "b1" if plan.beacons else "d1"
        cut_off = f"E-{other}"
        change = {"beacon_change": plan.beacons[0]} if plan.beacons else {"device_change": plan.devices[0]}
        world.store.journal.open_entry(
            JournalEntry(cut_off, world.clock.now(), "P-9", plan.kind, other, EntryState.OPEN, "?", **change)
        )
        world.store.journal.let_go(cut_off)
        assert world.space.editing.apply(plan).state is JobState.DONE
        entry = world.store.journal.entry(cut_off)
        with pytest.raises(ConfigurationError, match="a later entry made the same: there is nothing to undo"):
            world.space.editing.plan_undo(cut_off)
        opened = world.space.recovery.inspect(entry)
        assert opened.state is OpenState.UNTOUCHED
        world.space.recovery.settle(opened)
        with pytest.raises(ConfigurationError, match=NOTHING):
            world.space.editing.plan_undo(cut_off)


def nothing(_name: str) -> None:
    """What the hooks of the fakes do of themselves."""
