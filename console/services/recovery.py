"""What a killed console left: open journal entries, and the state that each of their targets is in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.changes.model import JournalEntry
from console.fleet.model import Fleet
from console.ports import BeaconGateway, DeviceGateway, Journal


class OpenState(StrEnum):
    UNTOUCHED = "untouched"
    """As before the edit."""
    APPLIED = "applied"
    """As after it: the edit went through, only its record is missing."""
    PARTLY = "partly"
    """Some of a beacon's steps went through."""
    CHANGED = "changed"
    """Neither as before nor as after: someone else changed it since."""
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class OpenEntry:
    entry: JournalEntry
    state: OpenState
    message: str
    """One sentence: what was found, and what to do."""


class RecoveryService:
    def __init__(self, fleet: Fleet, devices: DeviceGateway, beacons: BeaconGateway, journal: Journal) -> None:
        raise NotImplementedError

    def open_entries(self) -> tuple[JournalEntry, ...]:
        """From the journal alone; contacts nothing."""
        raise NotImplementedError

    def inspect(self, entry: JournalEntry) -> OpenEntry:
        """Read the target and say which state it is in. Blocks; writes nothing there, never raises for an unreachable
        target."""
        raise NotImplementedError

    def settle(self, opened: OpenEntry) -> None:
        """Close the entry as its target turned out: applied is done, untouched is failed; the rest stays open."""
        raise NotImplementedError
