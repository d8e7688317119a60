"""Plans for a beacon: from the words of the SPEC to steps, each with the parameters that take it back. Pure.

Tightening asks in the first handshake before it demands a certificate; loosening stops demanding first. Every step
carries what it expects to find, and is refused on the beacon where it finds something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import takewhile

import msgspec

from console.changes.binding_plan import PREFIX, binding_steps, binding_warnings, check_thumbprint
from console.changes.diff import settings_diff
from console.changes.model import BeaconChange, BeaconStep, SettingEdit
from console.changes.server_plan import refuse_shared_configuration, server_warnings
from console.changes.summary import RESTART
from console.changes.what_if import after_steps
from console.errors import ChangeRefused, UsageError
from console.iis.bindings import NEGOTIATE_CLIENT_CERTIFICATE, sites_sharing
from console.iis.settings import (
    NEGOTIATE,
    REQUIRE,
    SETTINGS,
    SSL,
    Ask,
    ClientCertificates,
    SiteSettings,
    access_at,
    in_order,
    site_settings,
)
from console.iis.snapshot import AccessSetting, BeaconSnapshot, HttpSysRecord
from console.nearest import did_you_mean

_CERTIFICATE_FLAGS = {
    ClientCertificates.IGNORE: frozenset[str](),
    ClientCertificates.ACCEPT: frozenset({NEGOTIATE}),
    ClientCertificates.REQUIRE: frozenset({NEGOTIATE, REQUIRE}),
}


def check_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """The same with words in lower case. Raises UsageError for an unknown setting or word."""
    checked: dict[str, str] = {}
    for setting, word in settings.items():
        if setting.startswith(PREFIX):
            checked[setting] = check_thumbprint(setting, word)
            continue
        if setting not in SETTINGS:
            raise UsageError(f"no beacon setting is named {setting!r}", hint=did_you_mean(setting, SETTINGS))
        if word.lower() not in SETTINGS[setting]:
            raise UsageError(f"{setting}={word!r}: expected one of {', '.join(SETTINGS[setting])}")
        checked[setting] = word.lower()
    return checked


def plan_beacon_change(snapshot: BeaconSnapshot, site: str, settings: Mapping[str, str]) -> BeaconChange | None:
    """None: the beacon already is as asked. Raises UsageError (words) and ChangeRefused (can't be done there)."""
    wanted = check_settings(settings)
    now = known_settings(snapshot, site)
    access_step = _access_step(snapshot, now, wanted)
    httpsys_steps = _httpsys_steps(snapshot, now, wanted)
    first_handshake = wanted.get("ask") == Ask.FIRST_HANDSHAKE
    steps = [*httpsys_steps, *access_step] if first_handshake else [*access_step, *httpsys_steps]
    certificates = {key.removeprefix(PREFIX): word for key, word in wanted.items() if key.startswith(PREFIX)}
    if certificates:
        # The record is captured as the other steps leave it; the file is the snapshot's until one of them writes it.
        file_sha256 = "" if access_step else snapshot.config_sha256
        steps += binding_steps(after_steps(snapshot, steps), now.site, certificates, file_sha256)
    return change_of(snapshot, now.site, steps)


def known_settings(snapshot: BeaconSnapshot, site: str) -> SiteSettings:
    """Raises ChangeRefused where the site's settings weren't read, for then nothing can be planned or undone."""
    now = site_settings(snapshot, site)
    if now is None:
        found = ", ".join(known.name for known in snapshot.sites) or "none"
        raise ChangeRefused(
            f"there is no site {site!r} (found: {found})",
            target=snapshot.beacon,
            phase="plan",
            hint='Name the beacon\'s site in the fleet file: site = "…".',
        )
    if not now.known:
        notes = "; ".join(snapshot.notes[:2])
        raise ChangeRefused(
            f"the access section of site {site!r} couldn't be read", target=snapshot.beacon, phase="plan", hint=notes
        )
    return now


def change_of(snapshot: BeaconSnapshot, site: str, steps: list[BeaconStep]) -> BeaconChange | None:
    """The steps and a restart as one change, with its edits, diff and warnings; None for no steps."""
    if not steps:
        return None
    refuse_shared_configuration(snapshot, steps)
    restart = BeaconStep(
        RESTART, {"site": site}, None, f"Restart site {site}: it answers nobody meanwhile, and its open connections end"
    )
    before = known_settings(snapshot, site)
    after = known_settings(after_steps(snapshot, steps), site)
    edits = tuple(
        SettingEdit(setting, old, new)
        for setting, old, new in (
            ("client_certificates", before.client_certificates.value, after.client_certificates.value),
            ("require_ssl", _word(before.require_ssl), _word(after.require_ssl)),
            ("ask", before.ask.value, after.ask.value),
        )
        if old != new
    )
    edits += tuple(
        SettingEdit(f"certificate of {old.binding.information}", _certificate(old.record), _certificate(new.record))
        for old, new in zip(before.bindings, after.bindings, strict=True)
        if _certificate(old.record) != _certificate(new.record)
    )
    return BeaconChange(
        beacon=snapshot.beacon,
        site=site,
        config_sha256=snapshot.config_sha256,
        edits=edits,
        steps=(*steps, restart),
        diff=settings_diff(_lines(before), _lines(after), f"{snapshot.beacon}: {site}"),
        warnings=(
            *_warnings(snapshot, after, steps),
            *binding_warnings(snapshot, site, steps),
            *server_warnings(snapshot, site, steps),
        ),
    )


def require_records(change: BeaconChange, snapshot: BeaconSnapshot) -> None:
    """Raises ChangeRefused where an http.sys record isn't as the plan saw it any more: found before anything is
    written. Steps behind a binding's are left to their scripts, for binding makes the record anew."""
    found = {(record.kind, record.key.lower()): record for record in snapshot.httpsys}
    planned: dict[tuple[str, str], HttpSysRecord] = {}
    for step in takewhile(lambda one: one.operation != "set-binding", change.steps):
        if step.operation == "set-httpsys":
            before = msgspec.convert(step.parameters["before"], HttpSysRecord)
            planned.setdefault((before.kind, before.key.lower()), before)
    for place, before in planned.items():
        if found.get(place) != before:
            raise ChangeRefused(
                f"the http.sys record {before.key} has changed since the plan was made; nothing was written",
                target=change.beacon,
                phase="apply",
                hint="Plan again, and review what the beacon holds now.",
            )


def access_step(site: str, entry: AccessSetting, after: list[str] | None, config_sha256: str) -> BeaconStep:
    """`after` None: no setting of its own at that location."""
    before = in_order(entry.flags) if entry.explicit else None
    parameters: dict[str, object] = {
        "site": site,
        "location": entry.location,
        "before": before,
        "after": after,
        "configSha256": config_sha256,
    }
    # The hash after the commit isn't known yet; the flags alone are the precondition of taking it back.
    inverse = {**parameters, "before": after, "after": before, "configSha256": ""}
    return BeaconStep(
        "set-access", parameters, inverse, f"{entry.location}: SSL settings {_flags(before)} → {_flags(after)}"
    )


def httpsys_step(before: HttpSysRecord, after: HttpSysRecord) -> BeaconStep:
    """Both full: netsh sets whatever isn't named to its default. [reference: windows.md §1.7]"""
    parameters: dict[str, object] = {
        "kind": before.kind,
        "key": before.key,
        "before": asdict(before),
        "after": asdict(after),
    }
    inverse = {**parameters, "before": asdict(after), "after": asdict(before)}
    changed = [name for name, value in asdict(after).items() if asdict(before)[name] != value]
    summary = ", ".join(f"{name} {getattr(before, name)} → {getattr(after, name)}" for name in changed)
    return BeaconStep("set-httpsys", parameters, inverse, f"{before.key}: {summary}")


def _access_step(snapshot: BeaconSnapshot, now: SiteSettings, wanted: Mapping[str, str]) -> list[BeaconStep]:
    flags = set(now.flags)
    if "client_certificates" in wanted:
        # Kept whole where the word is already true: `require` without Negotiate is completed, the rest stays.
        flags -= {NEGOTIATE, REQUIRE}
        flags |= _CERTIFICATE_FLAGS[ClientCertificates(wanted["client_certificates"])]
    if "require_ssl" in wanted:
        flags = flags | {SSL} if wanted["require_ssl"] == "true" else flags - {SSL}
    if flags == now.flags:
        return []
    entry = access_at(snapshot, now.site)
    own = entry is not None and entry.location.lower() == now.site.lower() and entry.explicit
    setting = AccessSetting(now.site, tuple(in_order(now.flags)), own)
    return [access_step(now.site, setting, in_order(flags), snapshot.config_sha256)]


def _httpsys_steps(snapshot: BeaconSnapshot, now: SiteSettings, wanted: Mapping[str, str]) -> list[BeaconStep]:
    if "ask" not in wanted:
        return []
    first = wanted["ask"] == Ask.FIRST_HANDSHAKE
    if now.ask is Ask.NONE:
        raise ChangeRefused(f"site {now.site!r} has no https binding", target=snapshot.beacon, phase="plan")
    steps: dict[str, BeaconStep] = {}
    for entry in now.bindings:
        if entry.first_handshake == first:
            continue
        where = f"binding {entry.binding.information}"
        if entry.binding.ssl_flags & NEGOTIATE_CLIENT_CERTIFICATE:
            raise ChangeRefused(
                f"{where} asks by its own flag 128 (Server 2025), which this version doesn't clear",
                target=snapshot.beacon,
                phase="plan",
                hint="Clear 'Negotiate Client Certificate' of the binding in IIS Manager.",
            )
        if entry.record is None or entry.record.kind == "ccs":
            what = "uses the central certificate store" if entry.record else "has no certificate bound in http.sys"
            raise ChangeRefused(f"{where} {what}; `ask` can't be set", target=snapshot.beacon, phase="plan")
        changed = replace(entry.record, clientcertnegotiation=first)
        steps[entry.record.key.lower()] = httpsys_step(entry.record, changed)
    return list(steps.values())


def _warnings(snapshot: BeaconSnapshot, after: SiteSettings, steps: list[BeaconStep]) -> tuple[str, ...]:
    found: list[str] = []
    if after.client_certificates is not ClientCertificates.IGNORE and not after.require_ssl:
        found.append("Require SSL is off: over http no certificate is asked for, and whoever uses http is let in.")
    if after.client_certificates is not ClientCertificates.IGNORE and after.ask in (Ask.LATE, Ask.MIXED):
        found.append(
            "The certificate is asked for late (after the request): TLS 1.3 clients are reset, large uploads are "
            "refused. ask=first-handshake avoids it."
        )
    found += [
        f"{setting.location} has SSL settings of its own ({_flags(list(setting.flags))}), which stay."
        for setting in after.deviating
    ]
    for step in steps:
        if step.operation != "set-httpsys":
            continue
        record = next((r for r in snapshot.httpsys if r.key == step.parameters["key"]), None)
        others = [name for name in sites_sharing(snapshot, record) if name != after.site] if record else []
        if others:
            found.append(f"The http.sys record {step.parameters['key']} is shared with {', '.join(others)}.")
    return tuple(found)


def _lines(settings: SiteSettings) -> list[str]:
    lines = [
        f"client_certificates = {settings.client_certificates}",
        f"require_ssl = {_word(settings.require_ssl)}",
        f"ask = {settings.ask}",
        f"access sslFlags = {_flags(in_order(settings.flags))}{'' if settings.explicit else ' (inherited)'}",
    ]
    for entry in settings.bindings:
        if entry.record is not None:
            word = "enable" if entry.record.clientcertnegotiation else "disable"
            lines.append(f"http.sys {entry.record.key} clientcertnegotiation = {word}")
            lines.append(f"{entry.binding.information} certificate = {_certificate(entry.record)}")
    return lines


def _certificate(record: HttpSysRecord | None) -> str:
    return record.certhash.upper() if record is not None and record.certhash else "none"


def _word(flag: bool) -> str:
    return "true" if flag else "false"


def _flags(flags: list[str] | None) -> str:
    if flags is None:
        return "inherited"
    return ",".join(flags) or "None"
