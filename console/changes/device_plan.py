"""Plans for config.ini: from KEY=VALUE words to a DeviceChange, and the bytes that the change leads to. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from console.agent.document import ConfigDocument
from console.agent.preferences import parse_boolean, value_problem
from console.agent.profile import AgentProfile, Preference, PreferenceKind, Provenance
from console.agent.secrets import mask_secrets
from console.changes.diff import file_diff, visible
from console.changes.model import DeviceChange, PreferenceEdit
from console.errors import ChangeFailed, ChangeRefused, UsageError
from console.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class WantedValue:
    """One KEY=VALUE after its words were understood."""

    preference: Preference
    section: str
    component: str
    """Empty: Common, or the preference's own section."""
    value: str | None
    """None: no line."""


def resolve_edits(edits: Mapping[str, str | None], profile: AgentProfile) -> tuple[WantedValue, ...]:
    """`Name` goes into Common, `Component.Name` into that component's section; None removes the line.

    Raises UsageError for an unknown name (with the nearest), a place where it can't stand, or a value not of its kind.
    """
    found: dict[tuple[str, str], WantedValue] = {}
    for word, value in edits.items():
        wanted = _resolve(word, value, profile)
        place = (wanted.section.lower(), wanted.preference.name.lower())
        if place in found:
            raise UsageError(f"{word}: {wanted.preference.name} is given twice for [{wanted.section}]")
        found[place] = wanted
    return tuple(found.values())


def plan_device_change(
    device: str, path: str, content: bytes, sha256: str, edits: Mapping[str, str | None], profile: AgentProfile
) -> DeviceChange | None:
    """None: the file already is as asked. Raises UsageError as `resolve_edits`, and ChangeRefused.

    `sha256` is that of the file as it was read; the change is refused later where the file has another.
    """
    wanted = resolve_edits(edits, profile)
    document = ConfigDocument.parse(content)
    if b"\0" in content:
        raise ChangeRefused(
            f"{path} holds NUL bytes and isn't a text that the agent reads (UTF-16?)",
            target=device,
            phase="plan",
            hint="Write it again as plain text with LF line ends first.",
        )
    changes: list[PreferenceEdit] = []
    for want in wanted:
        old = document.get(want.section, want.preference.name)
        if old == want.value:
            continue
        if old is not None and is_secret(want.preference.name, old):
            raise ChangeRefused(f"{want.preference.name} holds a password now", target=device, phase="plan")
        changes.append(PreferenceEdit(want.section, want.preference.name, old, want.value))
    if not changes:
        return None
    after = apply_edits(content, changes)
    return DeviceChange(
        device=device,
        path=path,
        before_sha256=sha256,
        after_sha256=sha256_of(after),
        edits=tuple(changes),
        diff=file_diff(content, after, path),
        warnings=_warnings(wanted, ConfigDocument.parse(after), profile),
    )


def notes_on_unchanged(content: bytes, edits: Mapping[str, str | None], profile: AgentProfile) -> tuple[str, ...]:
    """Why a file that already is as asked may still not do what was meant: values of components that count first."""
    return _overrides(resolve_edits(edits, profile), ConfigDocument.parse(content), profile)


def apply_edits(content: bytes, edits: Iterable[PreferenceEdit]) -> bytes:
    document = ConfigDocument.parse(content)
    for edit in edits:
        if edit.new is None:
            document = document.remove(edit.section, edit.key)
        else:
            document = document.set(edit.section, edit.key, edit.new)
    return document.to_bytes()


def content_after(change: DeviceChange, content: bytes) -> bytes:
    """The bytes to write. Raises ChangeRefused where `content` isn't what the plan saw.

    Raises ChangeFailed where the edits don't lead to the planned hash (a plan file that was changed by hand).
    """
    if sha256_of(content) != change.before_sha256:
        raise ChangeRefused(
            f"{change.path} has changed since the plan was made; nothing was written",
            target=change.device,
            phase="apply",
            hint="Plan again, and review what the file holds now.",
        )
    after = apply_edits(content, change.edits)
    if sha256_of(after) != change.after_sha256:
        raise ChangeFailed(
            f"the plan's edits of {change.path} don't lead to the result that it names; nothing was written",
            target=change.device,
            phase="apply",
            hint="The plan was changed by hand, or made by another version. Plan again.",
        )
    return after


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _resolve(word: str, value: str | None, profile: AgentProfile) -> WantedValue:
    component_name, dot, name = word.rpartition(".")
    component = None
    if dot:
        try:
            component = profile.component(component_name)
        except KeyError:
            hint = did_you_mean(component_name, profile.components)
            raise UsageError(f"{visible(word)}: no component is named {component_name!r}", hint=hint) from None
    try:
        preference = profile.preference(name)
    except KeyError:
        hint = did_you_mean(name, [known.name for known in profile.preferences])
        raise UsageError(f"no agent preference is named {name!r}", hint=hint) from None
    if component is not None and component.name not in preference.components:
        raise UsageError(
            f"{preference.name} can't stand in the section of {component.name}",
            hint=f"It may stand in {', '.join(f'[{section}]' for section in profile.sections_of(preference))}.",
        )
    if component is None and not preference.section and not preference.common:
        if len(preference.components) != 1:
            words = ", ".join(f"{name}.{preference.name}" for name in preference.components)
            raise UsageError(f"{preference.name} can't stand in Common", hint=f"Write one of {words}.")
        component = profile.component(preference.components[0])
    section = component.section if component else preference.section or profile.common_section
    return WantedValue(preference, section, component.name if component else "", _checked(preference, value))


def _checked(preference: Preference, value: str | None) -> str | None:
    if value is None:
        return None
    if is_secret(preference.name, value):
        raise UsageError(f"{preference.name}: passwords aren't written by this program")
    problem = value_problem(preference, value)
    if problem:
        raise UsageError(f"{preference.name}={visible(value)}: {problem}", hint=preference.help)
    if preference.kind is PreferenceKind.BOOL:
        return str(parse_boolean(value))
    # Refuses what can't be written on one line; the section stands for any.
    ConfigDocument().set("x", preference.name, value)
    return value


def is_secret(name: str, value: str) -> bool:
    """Would this line of config.ini be masked? Such a value never gets into a plan, a journal or a screen."""
    line = f"{name}={value}".encode("utf-8", "surrogateescape")
    return bool(value) and mask_secrets(line) != line


def _warnings(wanted: Iterable[WantedValue], after: ConfigDocument, profile: AgentProfile) -> tuple[str, ...]:
    found = [
        f"The name {want.preference.name} is assumed; no vendor page confirms it."
        for want in wanted
        if want.preference.provenance is Provenance.ASSUMED and want.value is not None
    ]
    return (*found, *_overrides(wanted, after, profile))


def _overrides(wanted: Iterable[WantedValue], after: ConfigDocument, profile: AgentProfile) -> tuple[str, ...]:
    found: list[str] = []
    for want in wanted:
        preference = want.preference
        for name in preference.components if not want.component and not preference.section else ():
            own = after.get(profile.component(name).section, preference.name)
            if own and own != want.value:
                shown = "(a password)" if is_secret(preference.name, own) else visible(own)
                found.append(
                    f"{name}'s own line {preference.name}={shown} counts before Common's: remove it "
                    f"(--unset {name}.{preference.name}), or give it the same value ({name}.{preference.name}=…)."
                )
    return tuple(found)
