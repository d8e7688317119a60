"""The journal: entries and their events, only ever appended, each synced to disk before the call returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from adapters.store.database import Database
from console.changes.model import EntryState, JournalEntry
from console.errors import ConfigurationError, StoreError

_SHOWN_IDS = 5


class SqliteJournal:
    """A Journal. An entry's state is that of its last event. Thread-safe, and safe beside another console's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._decoder = msgspec.json.Decoder(JournalEntry)

    def next_plan_id(self) -> str:
        return f"P-{self._database.execute('INSERT INTO plan_number DEFAULT VALUES'):04d}"

    def next_entry_id(self) -> str:
        return f"E-{self._database.execute('INSERT INTO entry_number DEFAULT VALUES'):04d}"

    def open_entry(self, entry: JournalEntry) -> None:
        body = msgspec.json.encode(replace(entry, state=EntryState.OPEN, steps_done=0, error=""))
        self._database.execute_all(
            [
                (
                    "INSERT INTO journal_entry (entry, position, body)"
                    " VALUES (?, (SELECT COALESCE(MAX(position), 0) + 1 FROM journal_entry), ?)",
                    (entry.entry, body),
                ),
                _event(entry.entry, EntryState.OPEN, 0, ""),
            ]
        )

    def step_done(self, entry: str, steps_done: int) -> None:
        current = self.entry(entry)
        self._database.execute(*_event(entry, current.state, steps_done, current.error))

    def close_entry(self, entry: str, state: EntryState, error: str = "") -> None:
        current = self.entry(entry)
        self._database.execute(*_event(entry, state, current.steps_done, error))

    def entries(self) -> Sequence[JournalEntry]:
        return tuple(self._read(self._database.rows(f"{_NEWEST_STATE} ORDER BY e.position DESC")))

    def entry(self, entry: str) -> JournalEntry:
        found = next(self._read(self._database.rows(f"{_NEWEST_STATE} WHERE e.entry = ?", (entry,))), None)
        if found is None:
            newest = [str(row[0]) for row in self._database.rows(_NEWEST_IDS, (_SHOWN_IDS,))]
            raise ConfigurationError(
                f"the journal has no entry {entry!r}",
                phase="journal",
                hint=f"The newest are {', '.join(newest)}." if newest else "The journal is empty.",
            )
        return found

    def close(self) -> None:
        self._database.close()

    def _read(self, rows: Iterable[tuple[object, ...]]) -> Iterator[JournalEntry]:
        for name, body, state, steps_done, error in rows:
            try:
                entry = self._decoder.decode(body if isinstance(body, bytes) else b"")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as mistake:
                raise StoreError(
                    f"entry {name} can't be read: {mistake}", target=str(self._database.path), phase="journal"
                ) from mistake
            yield replace(entry, state=EntryState(str(state)), steps_done=int(str(steps_done)), error=str(error))


_NEWEST_STATE = (
    "SELECT e.entry, e.body, v.state, v.steps_done, v.error FROM journal_entry e JOIN journal_event v"
    " ON v.position = (SELECT MAX(position) FROM journal_event WHERE entry = e.entry)"
)
_NEWEST_IDS = "SELECT entry FROM journal_entry ORDER BY position DESC LIMIT ?"


def _event(entry: str, state: EntryState, steps_done: int, error: str) -> tuple[str, Sequence[object]]:
    return (
        "INSERT INTO journal_event (entry, at, state, steps_done, error) VALUES (?, ?, ?, ?, ?)",
        (entry, datetime.now(UTC).isoformat(), str(state), steps_done, error),
    )
