"""The journal: append-only, on disk before the write, alive after a kill."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.store.database import Database
from adapters.store.opening import FILE_NAME, WRITERS_NAME, open_store
from console.changes.model import EntryState, JournalEntry, TargetKind
from console.errors import ConfigurationError, StoreError

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def entry(name: str, target: str = "d1") -> JournalEntry:
    return JournalEntry(name, NOW, "P-0001", TargetKind.DEVICE, target, EntryState.OPEN, "x")


def test_the_state_of_an_entry_is_that_of_its_last_event(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    journal = store.journal
    assert [journal.next_plan_id(), journal.next_entry_id(), journal.next_entry_id()] == ["P-0001", "E-0001", "E-0002"]
    journal.open_entry(entry("E-0001"))
    journal.open_entry(entry("E-0002", "d2"))
    journal.step_done("E-0001", 2)
    journal.close_entry("E-0001", EntryState.FAILED, "refused")
    journal.close_entry("E-0002", EntryState.DONE)
    journal.close_entry("E-0002", EntryState.UNDONE)
    newest, oldest = journal.entries()
    assert (newest.entry, newest.target, newest.state) == ("E-0002", "d2", EntryState.UNDONE)
    assert (oldest.state, oldest.steps_done, oldest.error) == (EntryState.FAILED, 2, "refused")
    store.close()


def test_an_unknown_entry_is_a_usage_error_that_names_the_newest(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    journal = store.journal
    with pytest.raises(ConfigurationError, match=r"'E-0009'.*\n.*empty"):
        journal.entry("E-0009")
    journal.open_entry(entry("E-0001"))
    with pytest.raises(ConfigurationError, match="newest are E-0001"):
        journal.entry("E-0009")
    store.close()


def test_nothing_is_rewritten_or_removed(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.journal.open_entry(entry("E-0001"))
    store.close()
    connection = sqlite3.connect(tmp_path / "s" / FILE_NAME)
    for statement in ("UPDATE journal_entry SET body = ''", "DELETE FROM journal_event"):
        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_killed_process_leaves_its_entry_open_and_readable(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from adapters.store.opening import open_store
from tests.unit.test_journal import entry
journal = open_store(Path(sys.argv[1])).journal
journal.open_entry(entry(journal.next_entry_id()))
journal.step_done("E-0001", 1)
os._exit(9)  # as a kill would: nothing is closed or flushed
"""
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", program, tmp_path / "s"], cwd=root, timeout=60, check=False)
    assert ended.returncode == 9
    store = open_store(tmp_path / "s")
    journal = store.journal
    (found,) = journal.entries()
    assert (found.state, found.steps_done) == (EntryState.OPEN, 1)
    assert journal.open_entries() == (found,)
    assert not journal.is_being_written("E-0001")
    journal.close_entry("E-0001", EntryState.FAILED)
    assert journal.open_entries() == ()
    assert list((tmp_path / "s" / WRITERS_NAME).iterdir()) == []
    assert journal.next_entry_id() == "E-0002"
    store.close()


def test_threads_and_a_second_console_never_share_an_id(tmp_path: Path) -> None:
    stores = [open_store(tmp_path / "s") for _ in range(2)]
    taken: list[str] = []
    lock = threading.Lock()

    def take(number: int) -> None:
        for _ in range(10):
            name = stores[number % 2].journal.next_entry_id()
            with lock:
                taken.append(name)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 40
    for store in stores:
        store.close()


def test_what_a_live_console_writes_is_told_from_what_was_cut_off(tmp_path: Path) -> None:
    """Another process writes, is asked about while it lives, and is then killed."""
    program = """
import sys
from pathlib import Path
from adapters.store.opening import open_store
from tests.unit.test_journal import entry
journal = open_store(Path(sys.argv[1])).journal
journal.open_entry(entry(journal.next_entry_id()))
print("writing", flush=True)
sys.stdin.read()
"""
    words = [sys.executable, "-c", program, str(tmp_path / "s")]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        store = open_store(tmp_path / "s")
        assert store.journal.is_being_written("E-0001")
        assert store.journal.is_being_written("E-0001")
        assert not store.journal.is_being_written("E-0002")
        assert not store.journal.is_being_written("../../etc/passwd")
        writer.kill()
        writer.wait(20)
    assert not store.journal.is_being_written("E-0001")
    store.close()


def test_this_console_is_a_writer_as_well_until_it_lets_go(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.journal.open_entry(entry("E-0001"))
    assert store.journal.is_being_written("E-0001")
    with pytest.raises(StoreError):
        store.journal.open_entry(entry("E-0001"))
    store.journal.let_go("E-0001")
    store.journal.let_go("E-0001")
    assert not store.journal.is_being_written("E-0001")
    with pytest.raises(StoreError):  # its id is taken for ever
        store.journal.open_entry(entry("E-0001"))
    assert not store.journal.is_being_written("E-0001")
    store.close()


def test_newest_entries_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    for number in range(1, 6):
        store.journal.open_entry(entry(f"E-{number:04d}"))
    assert [one.entry for one in store.journal.entries(2)] == ["E-0005", "E-0004"]
    assert len(store.journal.entries()) == 5
    store.close()


def bodies_asked(monkeypatch: pytest.MonkeyPatch) -> list[list[object]]:
    """What statements that read bodies ask for, from now on."""
    asked: list[list[object]] = []
    rows = Database.rows

    def noted(database: Database, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        if "body" in statement:
            asked.append(list(values))
        return rows(database, statement, values)

    monkeypatch.setattr(Database, "rows", noted)
    return asked


def test_a_body_is_read_from_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "s")
    store.journal.open_entry(entry("E-0001"))
    asked = bodies_asked(monkeypatch)
    first = store.journal.entries()
    store.journal.close_entry("E-0001", EntryState.DONE)
    assert [one.state for one in (*first, *store.journal.entries())] == [EntryState.OPEN, EntryState.DONE]
    assert asked == [["E-0001"]]
    store.close()


def test_bodies_are_read_many_at_once_and_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.journal._AT_ONCE", 4)
    monkeypatch.setattr("adapters.store.journal._BODIES_KEPT", 3)
    store = open_store(tmp_path / "s")
    names = [f"E-{number:04d}" for number in (1, 2, 3, 4, 9_998, 9_999, 10_000)]
    for name in names:
        store.journal.open_entry(entry(name))
    asked = bodies_asked(monkeypatch)
    assert [one.entry for one in store.journal.entries()] == names[::-1]
    assert asked == [names[:2:-1], names[2::-1]]
    del asked[:]
    assert [one.entry for one in store.journal.entries(3)] == ["E-10000", "E-9999", "E-9998"]
    assert asked == []
    store.journal.open_entry(entry("E-10001"))
    assert [one.entry for one in store.journal.entries(3)] == ["E-10001", "E-10000", "E-9999"]
    assert asked == [["E-10001"]]
    store.close()


def test_two_consoles_at_once_lose_no_step(tmp_path: Path) -> None:
    """One writes steps while the other closes the entry: the last state has both."""
    stores = [open_store(tmp_path / "s") for _ in range(2)]
    stores[0].journal.open_entry(entry("E-0001"))

    def steps() -> None:
        for number in range(1, 40):
            stores[0].journal.step_done("E-0001", number)

    threads = [
        threading.Thread(target=steps),
        threading.Thread(target=lambda: stores[1].journal.close_entry("E-0001", EntryState.FAILED, "given up")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = stores[0].journal.entry("E-0001")
    assert (found.state, found.steps_done, found.error) == (EntryState.FAILED, 39, "given up")
    for store in stores:
        store.close()
