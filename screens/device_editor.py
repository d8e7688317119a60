"""The TLS preferences of config.ini, of one device or of many at once; ctrl+s makes the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from console.agent.preferences import (
    ADD_CLIENT_CERTIFICATE,
    CA_DIRECTORY,
    CA_FILE,
    CHECK_REVOCATION,
    CHECK_SERVER,
    CLIENT_CERTIFICATE,
    CLIENT_KEY,
    PRIORITIZE_REVOCATION,
)
from console.agent.profile import Preference, PreferenceKind
from console.changes.model import Plan
from console.readiness.model import COMPONENTS
from screens.actions import Scope, bindings
from screens.editor import Editor
from screens.fleet_model import preferences_of
from screens.preference_view import now_words, provenance_note
from screens.widgets.form import LEAVE, REMOVE, Field

_FIELDS = (
    ADD_CLIENT_CERTIFICATE,
    CLIENT_CERTIFICATE,
    CLIENT_KEY,
    CHECK_SERVER,
    CHECK_REVOCATION,
    PRIORITIZE_REVOCATION,
    CA_FILE,
    CA_DIRECTORY,
)
WHERE = "Where"
EVERYWHERE = "Common and every component"
COMMON_ONLY = "Common alone"


class DeviceEditor(Editor):
    SCOPE = Scope.DEVICE_EDITOR
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.DEVICE_EDITOR)

    def __init__(self, devices: Sequence[str], remedy: str = "") -> None:
        super().__init__(devices, "device", "mutual TLS", remedy)

    def fields(self) -> Iterable[Field]:
        seen = self.workspace.estate.observation().devices
        snapshots = [seen[name] for name in self.targets if name in seen]
        profile = self.workspace.profile
        preferences = [preferences_of(snapshot, profile) for snapshot in snapshots]
        unread = len(self.targets) - sum(bool(found) for found in preferences)
        for name in _FIELDS:
            preference = profile.preference(name)
            yield Field(
                preference.name,
                options=_options(preference),
                now=now_words(preference, preferences, unread),
                note=provenance_note(preference),
            )
        yield Field(
            WHERE,
            options=(COMMON_ONLY, *COMPONENTS),
            now=f"“{LEAVE}” means {EVERYWHERE}: set in Common, overriding lines of components are removed",
        )

    @property
    def chosen(self) -> dict[str, str]:
        return {name: value for name, value in super().chosen.items() if name != WHERE}

    def make_plan(self) -> Callable[[], Plan]:
        place = next(field.value for field in self.all_fields if field.field == WHERE)
        edits: dict[str, str | None] = {}
        for name, value in self.chosen.items():
            wanted = None if value == REMOVE else value
            if place in COMPONENTS:
                edits[f"{place}.{name}"] = wanted
            else:
                edits[name] = wanted
                if place == LEAVE:
                    # Lines that aren't there stay so: the plan holds them only where a component overrides Common.
                    components = self.workspace.profile.preference(name).components
                    edits.update({f"{component}.{name}": None for component in components})
        return lambda: self.workspace.editing.plan_devices(self.targets, edits)


def _options(preference: Preference) -> tuple[str, ...]:
    if preference.kind is PreferenceKind.BOOL:
        return ("True", "False", REMOVE)
    return ()
