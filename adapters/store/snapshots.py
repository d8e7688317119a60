"""Newest snapshots, failures and live results, as JSON in SQLite."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from adapters.store.database import Database
from console.agent.sharing import SharedParts
from console.agent.snapshot import DeviceSnapshot
from console.iis.snapshot import BeaconSnapshot
from console.readiness.model import LiveResult

_log = logging.getLogger("mtls_console")
_T = TypeVar("_T")

_PAGE = 500
"""Rows that are read at once."""


class SqliteSnapshotStore:
    """A SnapshotStore. Thread-safe; raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save_device(self, snapshot: DeviceSnapshot) -> None:
        self._save("device", snapshot.device, snapshot.taken_at, snapshot)

    def save_beacon(self, snapshot: BeaconSnapshot) -> None:
        self._save("beacon", snapshot.beacon, snapshot.taken_at, snapshot)

    def save_failure(self, target: str, at: datetime, error: str) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO failure (target, at, error) VALUES (?, ?, ?)", (target, at.isoformat(), error)
        )

    def devices(self) -> Mapping[str, DeviceSnapshot]:
        """Of what devices have in common one copy is held: 50,000 of them have to fit into memory."""
        parts = SharedParts()
        return {name: parts.share(snapshot) for name, snapshot in self._load("device", DeviceSnapshot)}

    def beacons(self) -> Mapping[str, BeaconSnapshot]:
        return dict(self._load("beacon", BeaconSnapshot))

    def failures(self) -> Mapping[str, tuple[datetime, str]]:
        rows = self._database.rows("SELECT target, at, error FROM failure")
        return {str(target): (datetime.fromisoformat(str(at)), str(error)) for target, at, error in rows}

    def save_live(self, device: str, beacon: str, host: str, port: int, component: str, result: LiveResult) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO live (device, beacon, host, port, component, body) VALUES (?, ?, ?, ?, ?, ?)",
            (device, beacon, host, port, component, msgspec.json.encode(result)),
        )

    def live(self) -> Mapping[tuple[str, str, str, int, str], LiveResult]:
        found = {}
        decoder = msgspec.json.Decoder(LiveResult)
        for device, beacon, host, port, component, body in self._database.rows(
            "SELECT device, beacon, host, port, component, body FROM live"
        ):
            result = _decoded(decoder, body, f"{device} live")
            if result is not None:
                found[(str(device), str(beacon), str(host), int(str(port)), str(component))] = result
        return found

    def close(self) -> None:
        self._database.close()

    def _save(self, kind: str, name: str, taken_at: datetime, snapshot: object) -> None:
        body = msgspec.json.encode(snapshot)
        self._database.execute_all(
            [
                (
                    f"INSERT OR REPLACE INTO {kind}_snapshot ({kind}, taken_at, body) VALUES (?, ?, ?)",  # noqa: S608  # two constants
                    (name, taken_at.isoformat(), body),
                ),
                ("DELETE FROM failure WHERE target = ?", (name,)),
            ]
        )

    def _load(self, kind: str, shape: type[_T]) -> Iterator[tuple[str, _T]]:
        """By name. Page by page: all bodies of a large fleet at once would be more than its snapshots."""
        decoder = msgspec.json.Decoder(shape)
        query = f"SELECT {kind}, body FROM {kind}_snapshot WHERE {kind} > ? ORDER BY {kind} LIMIT {_PAGE}"  # noqa: S608  # two constants
        after = ""
        while rows := self._database.rows(query, (after,)):
            for name, body in rows:
                after = str(name)
                snapshot = _decoded(decoder, body, after)
                if snapshot is not None:
                    yield after, snapshot


def _decoded(decoder: msgspec.json.Decoder[_T], body: object, name: str) -> _T | None:
    """None for a row of another shape (an older program wrote it): that target counts as not observed yet."""
    if not isinstance(body, bytes):
        return None
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _log.warning("stored snapshot of %s is of another shape and is ignored: %s", name, error)
        return None
