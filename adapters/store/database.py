"""One SQLite file, 0600 in a 0700 directory, with a schema version. Errors of SQLite become StoreError here."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from console.errors import StoreError

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE device_snapshot (device TEXT PRIMARY KEY, taken_at TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE beacon_snapshot (beacon TEXT PRIMARY KEY, taken_at TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE failure (target TEXT PRIMARY KEY, at TEXT NOT NULL, error TEXT NOT NULL);
CREATE TABLE live (
  device TEXT NOT NULL, beacon TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL, component TEXT NOT NULL,
  body BLOB NOT NULL, PRIMARY KEY (device, beacon, host, port, component)
);
CREATE TABLE plan_number (number INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE entry_number (number INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE journal_entry (entry TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE journal_event (
  position INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL REFERENCES journal_entry (entry), at TEXT NOT NULL,
  state TEXT NOT NULL, steps_done INTEGER NOT NULL, error TEXT NOT NULL
);
CREATE INDEX journal_event_entry ON journal_event (entry);
CREATE TRIGGER journal_entry_stays BEFORE UPDATE ON journal_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER journal_entry_kept BEFORE DELETE ON journal_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER journal_event_stays BEFORE UPDATE ON journal_event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER journal_event_kept BEFORE DELETE ON journal_event BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""


class Database:
    """One connection, shared by threads under a lock. `durable`: each commit is synced before it returns."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._translated("open"):
            _make_private(path)
            self._connection = sqlite3.connect(path, timeout=15, check_same_thread=False, isolation_level=None)
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise StoreError(
                    f"the state has schema {version}, this program knows {SCHEMA_VERSION}",
                    target=str(self.path),
                    phase="open",
                    hint="A newer mtls-console wrote it: use that one, or move the file away to begin anew.",
                )
            if version == 0:
                for statement in _statements(_SCHEMA):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def execute(self, statement: str, values: Sequence[object] = ()) -> int:
        """One statement, committed when this returns; the id of the row that it inserted."""
        with self._lock, self._translated("write"):
            return self._connection.execute(statement, tuple(values)).lastrowid or 0

    def execute_all(self, statements: Sequence[tuple[str, Sequence[object]]]) -> None:
        """All of them in one transaction, or none."""
        with self._lock, self._translated("write"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in statements:
                    self._connection.execute(statement, tuple(values))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._lock, self._translated("read"):
            return self._connection.execute(statement, tuple(values)).fetchall()

    def close(self) -> None:
        with self._lock, self._translated("close"):
            self._connection.close()

    @contextmanager
    def _translated(self, phase: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                str(error),
                target=str(self.path),
                phase=phase,
                hint="The state directory must be writable, have room, and be on a local disk.",
            ) from error


def _make_private(path: Path) -> None:
    """0700 for the directory, 0600 for the file, before SQLite sees it; its -wal and -shm files take the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def _statements(script: str) -> Iterator[str]:
    """executescript() would commit on its own; a trigger holds semicolons, so SQLite says where a statement ends."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
