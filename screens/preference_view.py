"""What config.ini says of one preference on one or many devices, in the words of the editor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from console.agent.preferences import EffectiveValue, Origin, TlsPreferences
from console.agent.profile import Preference, Provenance

_PLACES = {Origin.COMMON: "Common", Origin.DEFAULT: "agent default", Origin.UNSET: "not set, default unknown"}


def now_words(preference: Preference, devices: Sequence[Sequence[TlsPreferences]], unread: int) -> str:
    """`now: True (Common)`, `now: mixed (2): 9 False, 3 absent`; devices that weren't read are counted."""
    per_device = [_of_device(preference, preferences) for preferences in devices if preferences]
    parts: list[str] = []
    if per_device:
        values = Counter(per_device)
        if len(values) == 1:
            parts.append(f"now: {per_device[0]}")
        else:
            shown = ", ".join(f"{count} {words}" for words, count in values.most_common(3))
            more = ", …" if len(values) > 3 else ""
            parts.append(f"now: mixed ({len(values)}): {shown}{more}")
    if unread:
        parts.append(f"{unread} not read yet")
    return " · ".join(parts) or "now: not read yet"


def _of_device(preference: Preference, preferences: Sequence[TlsPreferences]) -> str:
    values = [one.value(preference.id) for one in preferences]
    if len({(value.value, value.origin if value.origin is not Origin.COMPONENT else None) for value in values}) == 1:
        return _words(values[0], component=values[0].origin is Origin.COMPONENT and "every component")
    return ", ".join(f"{value.component} {_words(value, component='own section')}" for value in values)


def _words(value: EffectiveValue, *, component: str | bool) -> str:
    place = _PLACES.get(value.origin) or (component if isinstance(component, str) else "own section")
    if value.value is None:
        return place
    return f"{value.value} ({place})"


def provenance_note(preference: Preference) -> str:
    """What the console knows of the name itself."""
    if preference.provenance is Provenance.ASSUMED:
        return "assumed name: check agent-profile.toml"
    return f"{preference.provenance.value}: {preference.help}"
