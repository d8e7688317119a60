"""A beacon's settings in the words of the SPEC: client_certificates, require_ssl, ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from console.iis.bindings import asks_in_first_handshake, https_bindings, record_of, site_named
from console.iis.snapshot import AccessSetting, BeaconSnapshot, Binding, HttpSysRecord

SSL = "Ssl"
NEGOTIATE = "SslNegotiateCert"
REQUIRE = "SslRequireCert"
MAP = "SslMapCert"
SSL128 = "Ssl128"
ACCESS_FLAGS = (SSL, NEGOTIATE, REQUIRE, MAP, SSL128)
"""Flags of system.webServer/security/access, in the order in which IIS Manager writes them."""


class ClientCertificates(StrEnum):
    IGNORE = "ignore"
    ACCEPT = "accept"
    REQUIRE = "require"


class Ask(StrEnum):
    FIRST_HANDSHAKE = "first-handshake"
    LATE = "late"
    MIXED = "mixed"
    """The site's https bindings differ."""
    NONE = "none"
    """The site has no https binding."""


SETTINGS: dict[str, tuple[str, ...]] = {
    "client_certificates": tuple(word.value for word in ClientCertificates),
    "require_ssl": ("true", "false"),
    "ask": (Ask.FIRST_HANDSHAKE.value, Ask.LATE.value),
}
"""Every setting that can be planned, with its words."""


@dataclass(frozen=True, slots=True)
class BindingSettings:
    binding: Binding
    record: HttpSysRecord | None
    first_handshake: bool
    """The certificate is asked for in the first handshake, if at all."""


@dataclass(frozen=True, slots=True)
class SiteSettings:
    site: str
    client_certificates: ClientCertificates
    require_ssl: bool
    ask: Ask
    flags: frozenset[str]
    """Effective access flags at the site's location."""
    explicit: bool
    """They are set at this very location."""
    known: bool
    """False: the access section wasn't read; the flags are the default, none."""
    bindings: tuple[BindingSettings, ...]
    """https bindings."""
    deviating: tuple[AccessSetting, ...]
    """Locations below the site whose effective flags differ from the site's (ManageSoftDL, ManageSoftRL)."""


def client_certificates(flags: Iterable[str]) -> ClientCertificates:
    """Require without Negotiate counts as require; whether IIS then asks is an open question of its documentation."""
    found = set(flags)
    if REQUIRE in found:
        return ClientCertificates.REQUIRE
    return ClientCertificates.ACCEPT if NEGOTIATE in found else ClientCertificates.IGNORE


def access_flags(text: str | Iterable[str]) -> frozenset[str]:
    """A set, whatever the order, blanks, case or separator: `Ssl, SslNegotiateCert`. Unknown words are kept."""
    words = text.split(",") if isinstance(text, str) else text
    spelt = {flag.lower(): flag for flag in ACCESS_FLAGS}
    found = {spelt.get(word.strip().lower(), word.strip()) for word in words}
    return frozenset(found - {"", "None", "none"})


def in_order(flags: Iterable[str]) -> list[str]:
    """The known ones as IIS Manager writes them, then the rest sorted."""
    found = set(flags)
    return [flag for flag in ACCESS_FLAGS if flag in found] + sorted(found - set(ACCESS_FLAGS))


def access_at(snapshot: BeaconSnapshot, location: str) -> AccessSetting | None:
    """What holds at a location (`Default Web Site/ManageSoftRL`): its own entry, or its nearest parent's."""
    path = location.strip("/").lower()
    entries = {setting.location.strip("/").lower(): setting for setting in snapshot.access}
    while path:
        if path in entries:
            return entries[path]
        path = path.rpartition("/")[0]
    return None


def site_settings(snapshot: BeaconSnapshot, site: str) -> SiteSettings | None:
    """None: the beacon has no such site."""
    found = site_named(snapshot, site)
    if found is None:
        return None
    access = access_at(snapshot, found.name)
    flags = access_flags(access.flags) if access else frozenset()
    bindings = []
    for binding in https_bindings(snapshot, found.name):
        record = record_of(snapshot, binding)
        bindings.append(BindingSettings(binding, record, asks_in_first_handshake(binding, record)))
    below = found.name.lower() + "/"
    deviating = tuple(
        setting
        for setting in snapshot.access
        if setting.location.lower().startswith(below) and access_flags(setting.flags) != flags
    )
    return SiteSettings(
        site=found.name,
        client_certificates=client_certificates(flags),
        require_ssl=SSL in flags,
        ask=_ask(bindings),
        flags=flags,
        explicit=access.explicit if access else False,
        known=access is not None,
        bindings=tuple(bindings),
        deviating=deviating,
    )


def _ask(bindings: list[BindingSettings]) -> Ask:
    answers = {entry.first_handshake for entry in bindings}
    if not answers:
        return Ask.NONE
    if len(answers) > 1:
        return Ask.MIXED
    return Ask.FIRST_HANDSHAKE if answers.pop() else Ask.LATE
