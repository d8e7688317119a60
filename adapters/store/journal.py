"""The journal: entries and their events, only ever appended, each synced to disk before the call returns.

What is appended never changes, so a body is read once: who looks at the journal again and again reads states alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from adapters.store.database import Database
from adapters.store.writers import Writers
from console.changes.model import EntryState, JournalEntry
from console.errors import ConfigurationError, StoreError

_SHOWN_IDS = 5
_BODIES_KEPT = 2000
_AT_ONCE = 500
"""Bodies that one statement asks for; SQLite takes 999 values at least."""


class SqliteJournal:
    """A Journal. An entry's state is that of its last event. Thread-safe, and safe beside another console's."""

    def __init__(self, database: Database, writers: Writers) -> None:
        self._database = database
        self._writers = writers
        self._decoder = msgspec.json.Decoder(JournalEntry)
        self._bodies: dict[str, JournalEntry] = {}

    def next_plan_id(self) -> str:
        return f"P-{self._database.execute('INSERT INTO plan_number DEFAULT VALUES'):04d}"

    def next_entry_id(self) -> str:
        return f"E-{self._database.execute('INSERT INTO entry_number DEFAULT VALUES'):04d}"

    def open_entry(self, entry: JournalEntry) -> None:
        body = msgspec.json.encode(replace(entry, state=EntryState.OPEN, steps_done=0, error=""))
        self._writers.take(entry.entry)
        try:
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
        except StoreError:
            self._writers.let_go(entry.entry)
            raise

    def let_go(self, entry: str) -> None:
        self._writers.let_go(entry)

    def is_being_written(self, entry: str) -> bool:
        return self._writers.is_held(entry)

    def step_done(self, entry: str, steps_done: int) -> None:
        self._follow(entry, None, steps_done, None)

    def close_entry(self, entry: str, state: EntryState, error: str = "") -> None:
        self._follow(entry, state, None, error)
        self._writers.forget(entry)

    def _follow(self, entry: str, state: EntryState | None, steps_done: int | None, error: str | None) -> None:
        """An event like the entry's last one but for what is given; in one statement, so that two consoles can't both
        follow the same event. Raises ConfigurationError where there is no such entry."""
        self.entry(entry)
        self._database.execute(_NEXT_EVENT, (_now(), state, steps_done, error, entry))

    def entries(self, limit: int | None = None) -> Sequence[JournalEntry]:
        many = -1 if limit is None else limit
        return tuple(self._read(self._database.rows(f"{_NEWEST_STATE} ORDER BY e.position DESC LIMIT ?", (many,))))

    def open_entries(self) -> Sequence[JournalEntry]:
        is_open = (str(EntryState.OPEN),)
        return tuple(
            self._read(self._database.rows(f"{_NEWEST_STATE} WHERE v.state = ? ORDER BY e.position DESC", is_open))
        )

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
        self._writers.close()
        self._database.close()

    def _read(self, rows: Iterable[tuple[object, ...]]) -> Iterator[JournalEntry]:
        states = [(str(name), state, steps_done, error) for name, state, steps_done, error in rows]
        bodies = self._bodies_of([name for name, *_ in states])
        for name, state, steps_done, error in states:
            yield replace(bodies[name], state=EntryState(str(state)), steps_done=int(str(steps_done)), error=str(error))

    def _bodies_of(self, names: Sequence[str]) -> Mapping[str, JournalEntry]:
        kept = self._bodies
        found = {name: kept[name] for name in names if name in kept}
        missing = [name for name in names if name not in found]
        for begin in range(0, len(missing), _AT_ONCE):
            some = missing[begin : begin + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            for name, body in self._database.rows(f"{_BODIES} ({marks})", some):
                found[str(name)] = self._decoded(str(name), body)
        if missing:
            # The newest: they are what is looked at again. Another thread may have kept others; they are read anew.
            newest = sorted({**kept, **found}.items(), key=lambda one: (len(one[0]), one[0]))
            self._bodies = dict(newest[-_BODIES_KEPT:])
        return found

    def _decoded(self, name: str, body: object) -> JournalEntry:
        try:
            return self._decoder.decode(body if isinstance(body, bytes) else b"")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as mistake:
            raise StoreError(
                f"entry {name} can't be read: {mistake}", target=str(self._database.path), phase="journal"
            ) from mistake


_NEWEST_STATE = (
    "SELECT e.entry, v.state, v.steps_done, v.error FROM journal_entry e JOIN journal_event v"
    " ON v.position = (SELECT MAX(position) FROM journal_event WHERE entry = e.entry)"
)
_BODIES = "SELECT entry, body FROM journal_entry WHERE entry IN"
_NEXT_EVENT = (
    "INSERT INTO journal_event (entry, at, state, steps_done, error)"
    " SELECT entry, ?, COALESCE(?, state), COALESCE(?, steps_done), COALESCE(?, error) FROM journal_event"
    " WHERE position = (SELECT MAX(position) FROM journal_event WHERE entry = ?)"
)
_NEWEST_IDS = "SELECT entry FROM journal_entry ORDER BY position DESC LIMIT ?"


def _event(entry: str, state: EntryState, steps_done: int, error: str) -> tuple[str, Sequence[object]]:
    return (
        "INSERT INTO journal_event (entry, at, state, steps_done, error) VALUES (?, ?, ?, ?, ?)",
        (entry, _now(), str(state), steps_done, error),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat()
