"""Open a fleet's store: snapshots and journal in one file, over two connections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapters.store.database import Database
from adapters.store.journal import SqliteJournal
from adapters.store.snapshots import SqliteSnapshotStore
from adapters.store.writers import Writers

FILE_NAME = "state.sqlite"
WRITERS_NAME = "writing"


@dataclass(frozen=True, slots=True)
class Store:
    snapshots: SqliteSnapshotStore
    journal: SqliteJournal

    def close(self) -> None:
        self.snapshots.close()
        self.journal.close()


def open_store(directory: Path) -> Store:
    """Open or create the store in a directory. Raises StoreError (newer schema, not a database, not writable).

    Snapshots may be lost with the machine's power, the journal may not: it has its own connection that syncs each
    commit.
    """
    path = directory / FILE_NAME
    journal = Database(path, durable=True)
    try:
        snapshots = Database(path, durable=False)
    except BaseException:
        journal.close()
        raise
    return Store(SqliteSnapshotStore(snapshots), SqliteJournal(journal, Writers(directory / WRITERS_NAME)))
