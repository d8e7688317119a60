"""What a killed console left: open journal entries, and the state that each of their targets is in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.changes.inverse import inverse_beacon_change, steps_to_undo
from console.changes.model import BeaconChange, DeviceChange, EntryState, JournalEntry
from console.errors import ChangeRefused, MtlsConsoleError
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
    WRITING = "writing"
    """A console that lives is writing for it now: nothing was cut off."""


@dataclass(frozen=True, slots=True)
class OpenEntry:
    entry: JournalEntry
    state: OpenState
    message: str
    """One sentence: what was found, and what to do."""


class RecoveryService:
    def __init__(self, fleet: Fleet, devices: DeviceGateway, beacons: BeaconGateway, journal: Journal) -> None:
        self._fleet = fleet
        self._devices = devices
        self._beacons = beacons
        self._journal = journal

    def open_entries(self) -> tuple[JournalEntry, ...]:
        """Those of consoles that were cut off, newest first, from the journal alone; contacts nothing."""
        return tuple(one for one in self._journal.open_entries() if not self._journal.is_being_written(one.entry))

    def inspect(self, entry: JournalEntry) -> OpenEntry:
        """Read the target and say which state it is in; `writing`, with nothing read, where a console is at work on it.

        Blocks; writes nothing, and never raises for a target that can't be reached or isn't in the fleet any more.
        """
        if self._journal.is_being_written(entry.entry):
            return OpenEntry(entry, OpenState.WRITING, _sentence(entry, OpenState.WRITING))
        return self.look(entry)

    def look(self, entry: JournalEntry) -> OpenEntry:
        """As `inspect`, for the writer itself."""
        try:
            state = self._look(entry)
        except KeyError:
            return OpenEntry(entry, OpenState.UNREACHABLE, f"{entry.target} isn't in the fleet file any more.")
        except MtlsConsoleError as error:
            return OpenEntry(entry, OpenState.UNREACHABLE, f"{entry.target} couldn't be looked at: {error.message}")
        return OpenEntry(entry, state, _sentence(entry, state))

    def settle(self, opened: OpenEntry) -> None:
        """Close the entry as its target turned out: applied is done, untouched is failed; the rest stays open, for
        undo to take back."""
        if opened.state is OpenState.APPLIED:
            self._journal.close_entry(opened.entry.entry, EntryState.DONE)
        elif opened.state is OpenState.UNTOUCHED:
            self._journal.step_done(opened.entry.entry, 0)
            self._journal.close_entry(opened.entry.entry, EntryState.FAILED, "interrupted before anything was written")

    def _look(self, entry: JournalEntry) -> OpenState:
        made = steps_to_undo(entry, self._journal.entries())
        if made == 0 and (entry.device_change or entry.beacon_change):
            return OpenState.UNTOUCHED
        if entry.device_change is not None:
            return self._device_state(entry.device_change)
        if entry.beacon_change is not None:
            return self._beacon_state(entry.beacon_change, made)
        return OpenState.CHANGED  # an entry that holds no change: nothing proves that nothing was written

    def _device_state(self, change: DeviceChange) -> OpenState:
        found = self._devices.read_config(self._fleet.device(change.device)).sha256
        known = {change.before_sha256: OpenState.UNTOUCHED, change.after_sha256: OpenState.APPLIED}
        return known.get(found, OpenState.CHANGED)

    def _beacon_state(self, change: BeaconChange, made: int) -> OpenState:
        """What an undo of the steps that may have been made would still have to take back tells how far they went."""
        try:
            left = inverse_beacon_change(change, self._beacons.snapshot(self._fleet.beacon(change.beacon)), made)
        except ChangeRefused:
            return OpenState.CHANGED
        if left is None:
            return OpenState.UNTOUCHED
        whole = sum(step.inverse is not None for step in change.steps)
        return OpenState.APPLIED if sum(step.inverse is not None for step in left.steps) == whole else OpenState.PARTLY


def _sentence(entry: JournalEntry, state: OpenState) -> str:
    what = f"{entry.target}: {entry.summary}"
    return {
        OpenState.UNTOUCHED: f"{what}: nothing was written; plan it again if it is still wanted.",
        OpenState.APPLIED: f"{what}: it went through, only its record was missing.",
        OpenState.PARTLY: f"{what}: it went through in part; `undo {entry.entry}` takes that back.",
        OpenState.CHANGED: f"{what}: the target is neither as before nor as planned; look at it before anything else.",
        OpenState.UNREACHABLE: f"{what}: the target couldn't be looked at.",
        OpenState.WRITING: f"{what}: a console is writing it now; wait until that has ended.",
    }[state]
