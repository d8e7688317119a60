"""Undo as a plan: the inverse of one journal entry, made against what the target holds now. Pure.

Only what the entry changed is taken back; what others changed since stays, and is told in a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

import msgspec

from console.agent.document import ConfigDocument
from console.changes.beacon_plan import access_step, change_of, httpsys_step, known_settings
from console.changes.binding_plan import rebind
from console.changes.device_plan import apply_edits, is_secret, sha256_of
from console.changes.diff import file_diff, visible
from console.changes.model import BeaconChange, BeaconStep, DeviceChange, EntryState, JournalEntry, PreferenceEdit
from console.changes.what_if import after_steps
from console.errors import ChangeRefused, ConfigurationError
from console.iis.bindings import https_bindings, record_of
from console.iis.settings import access_at, access_flags, in_order
from console.iis.snapshot import AccessSetting, BeaconSnapshot, HttpSysRecord


def inverse_device_change(change: DeviceChange, content: bytes, *, newest: bool) -> DeviceChange | None:
    """Take back one edit of config.ini, which holds `content` now. None: nothing of it is left there.

    The newest edit of a file that didn't change since comes back byte for byte from its backup; else the edited keys
    get their old values. `newest`: no later write of this program to the same file, undo included.
    Raises ChangeRefused where an edited key holds a password by now, or would: no plan may hold one.
    """
    now = sha256_of(content)
    if now == change.before_sha256:
        return None
    document = ConfigDocument.parse(content)
    edits = tuple(
        PreferenceEdit(edit.section, edit.key, document.get(edit.section, edit.key), edit.old)
        for edit in reversed(change.edits)
        if document.get(edit.section, edit.key) != edit.old
    )
    for edit in edits:
        if any(value is not None and is_secret(edit.key, value) for value in (edit.old, edit.new)):
            raise ChangeRefused(
                f"{edit.key} holds a password now",
                target=change.device,
                phase="undo",
                hint="Take the password out of the file first, then plan the undo again.",
            )
    if newest and now == change.after_sha256 and not change.restore_backup:
        # The backup may differ from the inverse edits where a line was removed: it knows the line's place.
        return replace(
            change,
            before_sha256=now,
            after_sha256=change.before_sha256,
            edits=edits,
            restore_backup=True,
            diff=file_diff(content, apply_edits(content, edits), change.path),
            warnings=(),
        )
    if not edits:
        return None
    after = apply_edits(content, edits)
    since = {(edit.section.lower(), edit.key.lower()): edit.new for edit in change.edits}
    return replace(
        change,
        before_sha256=now,
        after_sha256=sha256_of(after),
        edits=edits,
        restore_backup=False,
        diff=file_diff(content, after, change.path),
        warnings=tuple(
            f"{edit.key} was changed since, to {_shown(edit.old)}."
            for edit in edits
            if edit.old != since[(edit.section.lower(), edit.key.lower())]
        ),
    )


def inverse_beacon_change(
    change: BeaconChange, snapshot: BeaconSnapshot, steps_done: int | None = None
) -> BeaconChange | None:
    """Take back a beacon's settings, which are now as `snapshot` says. None: nothing of it is left there.

    `steps_done`: how many steps were applied; None: all. Raises ChangeRefused where the site or the record is gone.
    """
    known_settings(snapshot, change.site)
    steps: list[BeaconStep] = []
    current = snapshot
    for number, step in reversed(list(enumerate(change.steps[:steps_done]))):
        if step.operation == "set-binding":
            file_sha256 = current.config_sha256 if all(done.operation == "set-httpsys" for done in steps) else ""
            again = _inverse_binding(step, change.steps[number + 1 : number + 2], current, file_sha256)
            steps += again
            current = after_steps(current, again)
            continue
        inverse = _inverse_step(step, current, untouched=all(done.operation == "set-httpsys" for done in steps))
        if inverse is not None:
            steps.append(inverse)
            current = after_steps(current, [inverse])
    return change_of(snapshot, change.site, steps)


def steps_to_undo(entry: JournalEntry, entries: Iterable[JournalEntry] = ()) -> int:
    """How many of the entry's first steps it made, or may have made; a device's change is one step.

    What a target holds now proves nothing of who wrote it: steps that the entry never made aren't its own to take
    back, even where another entry made the same. `entries`: the journal, newest first. A later entry that made the
    step which was under way when this one was cut off found it unmade: it wasn't this one's.
    """
    whole = len(entry.beacon_change.steps) if entry.beacon_change is not None else 1
    if entry.state is EntryState.FAILED:
        return min(entry.steps_done, whole)
    if entry.state is EntryState.OPEN:
        under_way = entry.steps_done < whole and not _made_later(entry, entries)
        return entry.steps_done + 1 if under_way else entry.steps_done
    return whole


def _made_later(entry: JournalEntry, entries: Iterable[JournalEntry]) -> bool:
    """Did a later entry make the step behind those that are recorded of this one?"""
    for other in entries:
        if other.entry == entry.entry:
            return False
        if other.target != entry.target or other.kind is not entry.kind or other.state is EntryState.OPEN:
            continue
        made = steps_to_undo(other)
        if entry.device_change is not None and other.device_change is not None:
            if made and other.device_change.before_sha256 == entry.device_change.before_sha256:
                return True
        elif entry.beacon_change is not None and other.beacon_change is not None:
            wanted = _found_by(entry.beacon_change.steps[entry.steps_done])
            if wanted and any(_found_by(step) == wanted for step in other.beacon_change.steps[:made]):
                return True
    return False


def _found_by(step: BeaconStep) -> dict[str, object]:
    """Where a step writes, and what it found there; empty for one that writes nothing."""
    if "before" not in step.parameters:
        return {}
    place = {key: value for key, value in step.parameters.items() if key not in ("after", "configSha256")}
    return {"operation": step.operation, **place}


def require_undoable(entry: JournalEntry, entries: Iterable[JournalEntry] = ()) -> None:
    """Raises ConfigurationError for an entry that was taken back already, never begun, or failed with nothing made."""
    if entry.state is EntryState.UNDONE:
        raise ConfigurationError(f"{entry.entry} has been undone already", target=entry.target, phase="undo")
    if entry.device_change is None and entry.beacon_change is None:
        raise ConfigurationError(f"{entry.entry} changed nothing", target=entry.target, phase="undo")
    if entry.state is EntryState.OPEN and steps_to_undo(entry, entries) == 0:
        raise ConfigurationError(
            f"{entry.entry} was cut off before it changed anything, and a later entry made the same: there is nothing "
            "to undo",
            target=entry.target,
            phase="undo",
        )
    if entry.state is EntryState.FAILED and steps_to_undo(entry) == 0:
        raise ConfigurationError(
            f"{entry.entry} failed and changed nothing: there is nothing to undo", target=entry.target, phase="undo"
        )


def _inverse_step(step: BeaconStep, current: BeaconSnapshot, *, untouched: bool) -> BeaconStep | None:
    """`untouched`: applicationHost.config is still the file of the snapshot when the step runs."""
    if step.inverse is None:
        return None
    if step.operation == "set-access":
        return _inverse_access(step, current, current.config_sha256 if untouched else "")
    if step.operation == "set-httpsys":
        return _inverse_httpsys(step, current)
    raise ChangeRefused(f"a step {step.operation} can't be undone by this version", target=current.beacon, phase="undo")


def _inverse_access(step: BeaconStep, current: BeaconSnapshot, config_sha256: str) -> BeaconStep | None:
    location = str(step.parameters["location"])
    before = _flags(step.parameters["before"])
    after = _flags(step.parameters["after"])
    entry = access_at(current, location)
    own = entry if entry is not None and entry.location.lower() == location.lower() and entry.explicit else None
    now = access_flags(own.flags) if own else None
    if now == before:
        return None
    wanted: frozenset[str] | None
    if now == after:
        wanted = before
    else:
        # Somebody set other flags since: only those that this entry added or removed are taken back.
        inherited = access_flags(entry.flags) if entry else frozenset()
        start = before if before is not None else frozenset()
        held = now if now is not None else inherited
        wanted = (held - ((after or frozenset()) - start)) | (start - (after or frozenset()))
        if wanted == held:
            return None
    setting = AccessSetting(location, tuple(in_order(now or frozenset())), explicit=now is not None)
    result = None if wanted is None else in_order(wanted)
    return access_step(str(step.parameters["site"]), setting, result, config_sha256)


def _inverse_httpsys(step: BeaconStep, current: BeaconSnapshot) -> BeaconStep | None:
    before = msgspec.convert(step.parameters["before"], HttpSysRecord)
    after = msgspec.convert(step.parameters["after"], HttpSysRecord)
    place = (before.kind, before.key.lower())
    record = next((r for r in current.httpsys if (r.kind, r.key.lower()) == place), None)
    if record is None:
        raise ChangeRefused(
            f"the http.sys record {before.key} is gone; nothing to undo there",
            target=current.beacon,
            phase="undo",
            hint="The binding was removed or bound anew. Set `ask` on what is there now.",
        )
    # The rest of the record (a renewed certificate, say) stays as it is now.
    old: Mapping[str, object] = asdict(before)
    changed = {name: old[name] for name, value in asdict(after).items() if old[name] != value}
    wanted = msgspec.convert({**asdict(record), **changed}, HttpSysRecord)
    return None if wanted == record else httpsys_step(record, wanted)


def _inverse_binding(
    step: BeaconStep, following: Sequence[BeaconStep], current: BeaconSnapshot, config_sha256: str
) -> list[BeaconStep]:
    """The old certificate, with the record's flags of now; with the captured ones where the change broke off before
    it put them back."""
    site, information = str(step.parameters["site"]), str(step.parameters["information"])
    before = msgspec.convert(step.parameters["before"], dict[str, str | int])
    after = msgspec.convert(step.parameters["after"], dict[str, str | int])
    binding = next((one for one in https_bindings(current, site) if one.information == information), None)
    record = record_of(current, binding) if binding is not None else None
    if binding is None or record is None:
        raise ChangeRefused(
            f"the https binding {information} is gone; nothing to undo there", target=current.beacon, phase="undo"
        )
    if record.certhash.upper() != after["thumbprint"]:
        return []  # taken back already, or somebody bound a third certificate since: theirs stays
    steps = rebind(site, binding, record, str(before["thumbprint"]), str(before["store"]), config_sha256)
    restoring = next((one for one in following if one.operation == "set-httpsys" and one.inverse is None), None)
    if restoring is not None and msgspec.convert(restoring.parameters["before"], HttpSysRecord) == record:
        kept = msgspec.convert(restoring.parameters["after"], HttpSysRecord)
        wanted = rebind(
            site,
            binding,
            replace(kept, certhash=record.certhash),
            str(before["thumbprint"]),
            str(before["store"]),
            config_sha256,
        )
        return [steps[0], *wanted[1:]]
    return steps


def _flags(value: object) -> frozenset[str] | None:
    words = msgspec.convert(value, list[str] | None)
    return None if words is None else access_flags(words)


def _shown(value: str | None) -> str:
    return "no line" if value is None else repr(visible(value))


def is_newest(entry: JournalEntry, entries: Iterable[JournalEntry]) -> bool:
    """Did this program write nothing else to the entry's target after it? `entries` newest first, as the journal gives.

    An entry that failed may have written; it counts.
    """
    for other in entries:
        if other.target == entry.target and other.kind is entry.kind:
            return other.entry == entry.entry
    return False
