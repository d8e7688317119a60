"""Plans and journal entries: the only thing that can be applied, and what was applied. Pure values (msgspec JSON)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class TargetKind(StrEnum):
    DEVICE = "device"
    BEACON = "beacon"


@dataclass(frozen=True, slots=True)
class PreferenceEdit:
    """One key of one section of config.ini. `None` as a value: the line is absent."""

    section: str
    """`ManageSoft\\Common` or `ManageSoft\\Uploader\\CurrentVersion`, without brackets."""
    key: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class DeviceChange:
    device: str
    path: str
    before_sha256: str
    """Of config.ini as the plan saw it: the precondition."""
    after_sha256: str
    """Of config.ini as it will be: checked on the device before the rename."""
    edits: tuple[PreferenceEdit, ...]
    restore_backup: bool = False
    """Undo of the newest edit: put `config.ini.mtls-console.bak` back, byte for byte; `after_sha256` is its hash."""
    diff: str = ""
    """Unified, secrets masked."""
    warnings: tuple[str, ...] = ()
    """What a person should know before saying yes."""


@dataclass(frozen=True, slots=True)
class SettingEdit:
    """One beacon setting in the words of the SPEC: client_certificates, require_ssl, ask."""

    setting: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class BeaconStep:
    """One script: its operation name and its parameters (JSON values, no secret), and the step that takes it back."""

    operation: str
    parameters: dict[str, object]
    inverse: dict[str, object] | None
    """Parameters of the same operation that restore what was; None: nothing to take back (a restart)."""
    summary: str


@dataclass(frozen=True, slots=True)
class BeaconChange:
    beacon: str
    site: str
    config_sha256: str
    """Of applicationHost.config as the plan saw it: the precondition."""
    edits: tuple[SettingEdit, ...]
    steps: tuple[BeaconStep, ...]
    diff: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lockout:
    """A (device, beacon) pair that gets through now, in whole or in part, and would be cut off."""

    device: str
    beacon: str
    because: str
    components: tuple[str, ...] = ()
    """Those that get through now and wouldn't; empty: all, or judged as a whole (plans of older consoles)."""


@dataclass(frozen=True, slots=True)
class Plan:
    id: str
    created_at: datetime
    kind: TargetKind
    title: str
    devices: tuple[DeviceChange, ...] = ()
    beacons: tuple[BeaconChange, ...] = ()
    unchanged: tuple[str, ...] = ()
    """Targets that already are as asked."""
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of `unchanged`: what stands beside it all the same, such as a component's own value that counts for it."""
    refused: dict[str, str] = field(default_factory=dict)
    """Targets that can't be planned for, and why."""
    unreached: tuple[str, ...] = ()
    """Of `refused`: those that couldn't be reached (exit status 3)."""
    lockouts: tuple[Lockout, ...] = ()
    unknown: tuple[str, ...] = ()
    """Devices of the touched pairs of which nobody can say whether they would be cut off."""
    inverse_of: str = ""
    """The journal entry that this plan undoes."""

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(c.device for c in self.devices) + tuple(c.beacon for c in self.beacons)


class EntryState(StrEnum):
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One target's part of one plan."""

    entry: str
    at: datetime
    plan: str
    kind: TargetKind
    target: str
    state: EntryState
    summary: str
    device_change: DeviceChange | None = None
    beacon_change: BeaconChange | None = None
    steps_done: int = 0
    """How many steps were made and not found gone since; a device's change is one. Undo of a failed entry takes
    back these alone."""
    error: str = ""
    undoes: str = ""
