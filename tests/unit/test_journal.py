"""The journal: append-only, on disk before the write, alive after a kill."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.store.opening import FILE_NAME, open_store
from console.changes.model import EntryState, JournalEntry, TargetKind
from console.errors import ConfigurationError

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
