"""What a component of the agent really uses: its own section, then Common, then the built-in default.

Source of the precedence: vendor pages PMD-NetworkMaxRate and Gloss-Registry (a missing key and an empty value both
mean the default). An empty value in the component's section is taken as not there, so that Common still counts; no page
says so, and it is reported as a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from console.agent.document import ConfigDocument
from console.agent.profile import AgentProfile, Preference, PreferenceKind, Provenance
from console.identity import Same

ADD_CLIENT_CERTIFICATE = "AddClientCertificateAndKey"
CHECK_SERVER = "CheckServerCertificate"
CHECK_REVOCATION = "CheckCertificateRevocation"
CA_FILE = "SSLCACertificateFile"
CA_DIRECTORY = "SSLCACertificatePath"
CLIENT_CERTIFICATE = "SSLClientCertificateFile"
CLIENT_KEY = "SSLClientPrivateKeyFile"
PRIORITIZE_REVOCATION = "PrioritizeRevocationChecks"
CRL_LIFETIME = "SSLCRLCacheLifetime"
OCSP_LIFETIME = "SSLOCSPCacheLifetime"
"""Ids of the profile's preferences (a user's profile may give each another name in config.ini)."""
_TLS = (
    ADD_CLIENT_CERTIFICATE,
    CHECK_SERVER,
    CHECK_REVOCATION,
    CA_FILE,
    CA_DIRECTORY,
    CLIENT_CERTIFICATE,
    CLIENT_KEY,
    PRIORITIZE_REVOCATION,
    CRL_LIFETIME,
    OCSP_LIFETIME,
)


class Origin(StrEnum):
    COMPONENT = "component"
    COMMON = "common"
    DEFAULT = "default"
    UNSET = "unset"
    """Not set, and no default is known."""


class ProblemKind(StrEnum):
    ODD_BOOLEAN = "odd-boolean"
    ODD_NUMBER = "odd-number"
    UNKNOWN_VALUE = "unknown-value"
    UNEXPANDED = "unexpanded"
    """Holds `$(`, `${` or `%`: taken literally as a path, it isn't found."""
    QUOTED = "quoted"
    """Quotes are part of the value (measured)."""
    DUPLICATE = "duplicate"
    """Set more than once in one section, with different values."""
    EMPTY_OVERRIDE = "empty-override"


@dataclass(frozen=True, slots=True)
class PreferenceProblem:
    kind: ProblemKind
    preference: str
    section: str
    raw: str
    message: str


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One preference as one component uses it."""

    preference: Preference
    component: str
    value: str | None
    """None: unset, and no default is known."""
    origin: Origin
    section: str
    """Where it stands in the file; empty for a default."""
    provenance: Provenance
    """How it is known that the preference exists and what it means."""
    raw: str | None
    """As the file holds it; None where it holds nothing."""
    problems: tuple[PreferenceProblem, ...] = ()

    @property
    def boolean(self) -> bool | None:
        """True and False in any case; None for anything else, which is never guessed."""
        return parse_boolean(self.value)


@dataclass(frozen=True, slots=True)
class TlsPreferences:
    """The TLS side of one component. Booleans are None where the file's word can't be told."""

    component: str
    add_client_certificate: bool | None
    check_server: bool | None
    check_revocation: bool | None
    ca_file: str
    """Empty: none, here and below."""
    ca_directory: str
    client_certificate: str
    client_key: str
    prioritize_revocation: tuple[str, ...]
    values: tuple[EffectiveValue, ...]
    """Each of the above with its origin, and how long answers on revocation are kept."""
    problems: tuple[PreferenceProblem, ...]

    def value(self, preference_id: str) -> EffectiveValue:
        """Raises KeyError for a preference that isn't one of them."""
        for value in self.values:
            if value.preference.id == preference_id:
                return value
        raise KeyError(preference_id)


def parse_boolean(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").strip().lower())


class Values(Protocol):
    """What preferences are read from: a ConfigDocument, or what was taken from one."""

    def values(self, section: str, key: str) -> tuple[str, ...]: ...
    def get(self, section: str, key: str) -> str | None: ...


def effective(document: Values, profile: AgentProfile, component: str, name: str) -> EffectiveValue:
    """Raises KeyError for a preference or component that the profile doesn't have."""
    preference = profile.preference(name)
    own = profile.component(component).section
    problems: list[PreferenceProblem] = []
    for section in (preference.section,) if preference.section else (own, profile.common_section):
        values = document.values(section, preference.name)
        if not values:
            continue
        problems += _duplicates(preference, section, values)
        raw = values[-1]
        if raw:
            problems += _oddities(preference, section, raw)
            origin = Origin.COMMON if section == profile.common_section else Origin.COMPONENT
            return EffectiveValue(
                preference, component, raw, origin, section, preference.provenance, raw, tuple(problems)
            )
        if section == own and document.get(profile.common_section, preference.name):
            message = f"{preference.name} is empty in [{section}]; Common's value is assumed to count"
            problems.append(PreferenceProblem(ProblemKind.EMPTY_OVERRIDE, preference.name, section, "", message))
    origin = Origin.UNSET if preference.default is None else Origin.DEFAULT
    return EffectiveValue(
        preference, component, preference.default, origin, "", preference.provenance, None, tuple(problems)
    )


def effective_tls(document: ConfigDocument, profile: AgentProfile, component: str) -> TlsPreferences:
    """The same object for files that say the same. Raises KeyError for a component that the profile doesn't have."""
    places = _places(Same(profile), component)
    return _effective_tls(Same(profile), component, document.values_at(places))


@lru_cache(maxsize=64)
def _places(profile: Same[AgentProfile], component: str) -> tuple[tuple[str, str], ...]:
    """Where the values of one component's TLS preferences may stand, in lower case."""
    own, common = profile.value.component(component).section, profile.value.common_section
    found: list[tuple[str, str]] = []
    for preference in map(profile.value.preference, _TLS):
        sections = (preference.section,) if preference.section else (own, common)
        found += [(section.lower(), preference.name.lower()) for section in (*sections, common)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The few values that count, without the document that they are from."""

    at: Mapping[tuple[str, str], tuple[str, ...]]

    def values(self, section: str, key: str) -> tuple[str, ...]:
        return self.at.get((section.lower(), key.lower()), ())

    def get(self, section: str, key: str) -> str | None:
        return (self.values(section, key) or (None,))[-1]


@lru_cache(maxsize=20_000)
def _effective_tls(
    profile: Same[AgentProfile], component: str, values_seen: tuple[tuple[str, ...], ...]
) -> TlsPreferences:
    seen = _Seen(dict(zip(_places(profile, component), values_seen, strict=True)))

    def read(name: str) -> EffectiveValue:
        return effective(seen, profile.value, component, name)

    add, server, revocation = read(ADD_CLIENT_CERTIFICATE), read(CHECK_SERVER), read(CHECK_REVOCATION)
    ca_file, ca_directory = read(CA_FILE), read(CA_DIRECTORY)
    certificate, key, prioritize = read(CLIENT_CERTIFICATE), read(CLIENT_KEY), read(PRIORITIZE_REVOCATION)
    lifetimes = (read(CRL_LIFETIME), read(OCSP_LIFETIME))
    values = (add, server, revocation, ca_file, ca_directory, certificate, key, prioritize, *lifetimes)
    return TlsPreferences(
        component=component,
        add_client_certificate=add.boolean,
        check_server=server.boolean,
        check_revocation=revocation.boolean,
        ca_file=ca_file.value or "",
        ca_directory=ca_directory.value or "",
        client_certificate=certificate.value or "",
        client_key=key.value or "",
        prioritize_revocation=split_list(prioritize.value),
        values=values,
        problems=tuple(problem for value in values for problem in value.problems),
    )


def split_list(value: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (value or "").split(",") if word.strip())


def value_problem(preference: Preference, value: str) -> str:
    """Why `value` isn't of the preference's kind; empty where it is. For what a user is about to write."""
    if preference.kind is PreferenceKind.BOOL and parse_boolean(value) is None:
        return "expected True or False"
    if preference.kind is PreferenceKind.INT and not (value.isascii() and value.isdigit()):
        return "expected a whole number, 0 or more"
    if preference.kind is PreferenceKind.PATH:
        if has_variable(value):
            return "expected a path; variables such as $(…), ${…} or %…% aren't expanded"
        if not value.startswith("/"):
            return "expected an absolute path without quotes"
    if preference.values:
        words = split_list(value) if preference.kind is PreferenceKind.LIST else (value,)
        known = {word.lower() for word in preference.values}
        unknown = next((word for word in words if word.lower() not in known), None)
        if unknown is not None or not words:
            return f"expected {', '.join(preference.values)}"
    return ""


def has_variable(value: str) -> bool:
    return "$(" in value or "${" in value or "%" in value


def _duplicates(preference: Preference, section: str, values: tuple[str, ...]) -> list[PreferenceProblem]:
    if len(set(values)) < 2:
        return []
    message = f"{preference.name} is set {len(values)} times in [{section}]; the last is assumed to count"
    return [PreferenceProblem(ProblemKind.DUPLICATE, preference.name, section, values[-1], message)]


def _oddities(preference: Preference, section: str, raw: str) -> list[PreferenceProblem]:
    name = preference.name
    found: list[tuple[ProblemKind, str]] = []
    if preference.kind is PreferenceKind.BOOL and parse_boolean(raw) is None:
        found.append(
            (ProblemKind.ODD_BOOLEAN, f"{name}={raw}: neither True nor False; what the agent makes of it isn't known")
        )
    if preference.kind is PreferenceKind.INT and not raw.isdigit():
        found.append((ProblemKind.ODD_NUMBER, f"{name}={raw}: not a whole number"))
    if preference.kind is PreferenceKind.PATH and has_variable(raw):
        found.append((ProblemKind.UNEXPANDED, f"{name}={raw}: variables aren't expanded; no such file is found"))
    if preference.kind in (PreferenceKind.PATH, PreferenceKind.BOOL) and raw[:1] in ("'", '"'):
        found.append((ProblemKind.QUOTED, f"{name}={raw}: quotes are part of the value"))
    if preference.kind is PreferenceKind.LIST and preference.values and value_problem(preference, raw):
        found.append((ProblemKind.UNKNOWN_VALUE, f"{name}={raw}: {value_problem(preference, raw)}"))
    return [PreferenceProblem(kind, name, section, raw, message) for kind, message in found]
