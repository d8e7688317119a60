"""agent-profile.toml: names, places, kinds and defaults of agent preferences, each with its provenance.

The shipped profile is data beside this module; a user's file is laid over it key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path

from console.agent.revocation_methods import RevocationGenerations, RevocationWords, is_version
from console.errors import ConfigurationError
from console.nearest import nearest
from console.strict_toml import StrictTable, parse_toml, read_toml

SCHEMA = 1


class Provenance(StrEnum):
    DOCUMENTED = "documented"
    OBSERVED = "observed"
    ASSUMED = "assumed"


class PreferenceKind(StrEnum):
    BOOL = "bool"
    PATH = "path"
    INT = "int"
    LIST = "list"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Preference:
    id: str
    """The console's own name for it; stays when a user's profile corrects `name`."""
    name: str
    """What stands in config.ini."""
    kind: PreferenceKind
    provenance: Provenance
    source: str
    help: str
    group: str
    """mutual-tls, server-check, revocation, trust, selection, network or inventory."""
    default: str | None
    """The agent's built-in value; None: it has none, or it isn't known."""
    components: tuple[str, ...]
    """Whose section may hold it."""
    common: bool
    """May stand in Common."""
    section: str
    """Of a preference with one place of its own; else empty."""
    platform: str
    """all | unix."""
    values: tuple[str, ...]
    """Values that are known; empty: any."""


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    section: str
    program: str
    uses: str
    """download | upload: which failover list it works through."""
    purpose: str


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A program of the agent's own that a person may ask for; it does real work."""

    name: str
    program: str
    """Absolute path on the device."""
    arguments: tuple[str, ...]
    uses: str
    """download | upload: which failover list it works through."""
    purpose: str
    effects: tuple[str, ...]
    """What else it does, named before it runs."""
    log: str
    """Where it writes; empty: not known."""
    provenance: Provenance
    source: str


@dataclass(frozen=True, slots=True)
class AgentProfile:
    common_section: str
    download_section: str
    """Parent of the download locations' sections."""
    upload_section: str
    components: Mapping[str, Component]
    preferences: tuple[Preference, ...]
    paths: Mapping[str, str]
    logs: Mapping[str, str]
    source: str
    """Where it was read from: `shipped`, or the user's file laid over it."""
    revocation: RevocationGenerations
    tools: Mapping[str, AgentTool] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> AgentProfile:
        """The shipped profile, with the user's file laid over it.

        Raises ConfigurationError that names file, key and the nearest known key.
        """
        if path is None:
            return _shipped()
        return _build(_shipped_values(), read_toml(path, "the agent profile"))

    def preference(self, name: str) -> Preference:
        """By its name in config.ini or its id, whatever the case. Raises KeyError."""
        wanted = name.lower()
        for preference in self.preferences:
            if wanted in (preference.name.lower(), preference.id.lower()):
                return preference
        raise KeyError(name)

    def nearest(self, name: str) -> str | None:
        """The name of the preference that a mistyped one was most likely meant to be."""
        return nearest(name, [preference.name for preference in self.preferences])

    def component(self, name: str) -> Component:
        """Whatever the case. Raises KeyError."""
        for component in self.components.values():
            if component.name.lower() == name.lower():
                return component
        raise KeyError(name)

    def sections_of(self, preference: Preference) -> tuple[str, ...]:
        """Every section in which the preference may stand, the strongest first."""
        if preference.section:
            return (preference.section,)
        own = tuple(self.components[name].section for name in preference.components)
        return (*own, self.common_section) if preference.common else own


_TOP = ("schema", "paths", "logs", "sections", "revocation", "component", "preference", "tool")
_TOOL = ("program", "arguments", "uses", "purpose", "effects", "log", "provenance", "source")
_COMPONENT = ("section", "program", "uses", "purpose")
_PREFERENCE = (
    "name",
    "kind",
    "group",
    "default",
    "components",
    "common",
    "section",
    "platform",
    "values",
    "provenance",
    "source",
    "help",
)


def _shipped_values() -> StrictTable:
    data = resources.files("console.agent").joinpath("agent-profile.toml").read_bytes()
    return parse_toml(data, "agent-profile.toml")


@cache
def _shipped() -> AgentProfile:
    return _build(_shipped_values(), None)


def _build(shipped: StrictTable, user: StrictTable | None) -> AgentProfile:
    source = user.source if user else "shipped"
    if user is not None:
        user.allow(_TOP)
        _require_schema(user)
    paths = _texts(shipped, user, "paths")
    logs = _texts(shipped, user, "logs")
    sections = _texts(shipped, user, "sections")
    components = {table.where: _component(table) for table in _named_tables(shipped, user, "component", _COMPONENT)}
    tables = _named_tables(shipped, user, "preference", _PREFERENCE)
    preferences = tuple(_preference(table, tuple(components)) for table in tables)
    seen: dict[str, str] = {}
    for preference in preferences:
        other = seen.setdefault(preference.name.lower(), preference.id)
        if other != preference.id:
            raise ConfigurationError(
                f"preference {preference.id!r} and {other!r} both have the name {preference.name!r}", target=source
            )
    return AgentProfile(
        sections["common"],
        sections["download"],
        sections["upload"],
        components,
        preferences,
        paths,
        logs,
        source,
        _revocation(_texts(shipped, user, "revocation"), source),
        {table.where: _tool(table) for table in _named_tables(shipped, user, "tool", _TOOL)},
    )


def _revocation(texts: Mapping[str, str], source: str) -> RevocationGenerations:
    since = texts["newer_since"]
    if not is_version(since):
        raise ConfigurationError(
            f"[revocation] newer_since is {since!r}", target=source, hint="Write a version such as 19.2.0, or unknown."
        )
    older, newer = (
        RevocationWords(_words(texts[f"{name}_words"]), _words(texts[f"{name}_default"])) for name in ("older", "newer")
    )
    return RevocationGenerations(older, newer, since)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().upper() for word in text.split(",") if word.strip())


def _require_schema(user: StrictTable) -> None:
    if user.number("schema", SCHEMA, 0, 10_000) != SCHEMA:
        raise user.fail("schema", f"this console knows schema {SCHEMA} alone")


def _texts(shipped: StrictTable, user: StrictTable | None, key: str) -> dict[str, str]:
    base = shipped.table(key)
    over = user.table(key) if user else None
    values = {} if base is None else {name: base.required_text(name) for name in base.values}
    if over is not None:
        over.allow(values)
        values |= {name: over.required_text(name) for name in over.values}
    return values


def _named_tables(
    shipped: StrictTable, user: StrictTable | None, key: str, allowed: tuple[str, ...]
) -> list[StrictTable]:
    """`[key.NAME]` tables, the user's keys laid over the shipped ones; errors name the user's file."""
    base = shipped.table(key)
    over = user.table(key) if user else None
    merged: dict[str, StrictTable] = {}
    for names in (base, over):
        for name in names.values if names else ():
            table = names.table(name, f"{key}.{name}") if names else None
            if table is None:
                continue
            table.allow(allowed)
            known = next((other for other in merged if other.lower() == name.lower()), name)
            earlier = merged[known].values if known in merged else {}
            merged[known] = StrictTable(table.source, known, {**earlier, **table.values})
    return list(merged.values())


def _component(table: StrictTable) -> Component:
    uses = table.choice("uses", "", ("download", "upload"))
    return Component(
        table.where, table.required_text("section"), table.text("program", ""), uses, table.text("purpose", "")
    )


def _tool(table: StrictTable) -> AgentTool:
    program = table.required_text("program")
    if not program.startswith("/"):
        raise table.fail("program", f"expected an absolute path, found {program!r}")
    return AgentTool(
        name=table.where,
        program=program,
        arguments=table.texts("arguments"),
        uses=table.choice("uses", "", ("download", "upload")),
        purpose=table.text("purpose", ""),
        effects=table.texts("effects"),
        log=table.text("log", ""),
        provenance=Provenance(table.choice("provenance", "assumed", [word.value for word in Provenance])),
        source=table.text("source", ""),
    )


def _preference(table: StrictTable, components: tuple[str, ...]) -> Preference:
    section = table.text("section", "")
    mine = table.texts("components") if table.has("components") else (() if section else components)
    for name in mine:
        if name not in components:
            raise table.fail("components", f"expected some of {', '.join(components)}, found {name!r}")
    return Preference(
        id=table.where,
        name=table.text("name", table.where),
        kind=PreferenceKind(table.choice("kind", "text", [kind.value for kind in PreferenceKind])),
        provenance=Provenance(table.choice("provenance", "assumed", [word.value for word in Provenance])),
        source=table.text("source", ""),
        help=table.text("help", ""),
        group=table.text("group", "network"),
        default=table.text("default", None),
        components=mine,
        common=table.flag("common", not section),
        section=section,
        platform=table.choice("platform", "all", ("all", "unix")),
        values=table.texts("values"),
    )
