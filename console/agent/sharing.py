"""Equal parts of device snapshots held once: thousands of devices have the same CA bundle, paths and owners.

Snapshots are immutable, so sharing shows nowhere but in memory.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TypeVar, cast

from console.agent.snapshot import DeviceSnapshot, DirectoryFact, FileFact, KeyFact

T = TypeVar("T", bound=Hashable)

_MANY = 200_000


class SharedParts:
    """Not thread-safe. Holds what it has seen lately: two generations of at most `many` parts each."""

    def __init__(self, many: int = _MANY) -> None:
        self._many = many
        self._young: dict[Hashable, Hashable] = {}
        self._old: dict[Hashable, Hashable] = {}

    def share(self, snapshot: DeviceSnapshot) -> DeviceSnapshot:
        """An equal snapshot, of parts that were seen before where there are such."""
        one = self._one
        return replace(
            snapshot,
            system=one(snapshot.system),
            release=one(snapshot.release),
            hostname=snapshot.device if snapshot.hostname == snapshot.device else snapshot.hostname,
            login=one(snapshot.login),
            agent_user=one(snapshot.agent_user),
            agent_user_source=one(snapshot.agent_user_source),
            agent_version=one(snapshot.agent_version),
            config=self._file(snapshot.config),
            files=tuple(self._file(fact) for fact in snapshot.files),
            directories=tuple(self._directory(fact) for fact in snapshot.directories),
            keys=tuple(self._key(fact) for fact in snapshot.keys),
            tls=one(snapshot.tls),
            names=tuple(one(fact) for fact in snapshot.names),
            reach=one(snapshot.reach) if snapshot.reach else (),
            notes=tuple(one(note) for note in snapshot.notes),
            revocation=one(tuple(one(fact) for fact in snapshot.revocation)) if snapshot.revocation else (),
        )

    def _one(self, part: T) -> T:
        """Keys of one type never equal those of another: text, bytes and facts only."""
        known = self._young.get(part)
        if known is None:
            known = self._old.get(part, part)
            if len(self._young) >= self._many:
                self._young, self._old = {}, self._young
            self._young[part] = known
        return cast("T", known)

    def _file(self, fact: FileFact) -> FileFact:
        known = self._young.get(fact)
        if known is not None:
            return cast("FileFact", known)
        one = self._one
        return one(
            replace(
                fact,
                path=one(fact.path),
                owner=one(fact.owner),
                group=one(fact.group),
                sha256=one(fact.sha256),
                content=None if fact.content is None else one(fact.content),
                head=one(fact.head),
                unreadable_because=one(fact.unreadable_because),
            )
        )

    def _directory(self, fact: DirectoryFact) -> DirectoryFact:
        return self._one(
            replace(fact, path=self._one(fact.path), entries=tuple(self._file(entry) for entry in fact.entries))
        )

    def _key(self, fact: KeyFact) -> KeyFact:
        return self._one(replace(fact, file=self._file(fact.file)))
