"""snapshot.ps1's answer to a BeaconSnapshot."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from adapters.winrm.fields import (
    FieldError,
    access_flags,
    boolean,
    integer,
    items,
    long_text,
    optional_boolean,
    optional_integer,
    rows,
    table,
    text,
)
from adapters.winrm.httpsys import httpsys_record, is_winrms_own
from adapters.winrm.remote_text import clean
from adapters.winrm.server_facts import server_facts
from console.errors import CommandFailed
from console.fleet.model import Beacon
from console.iis.snapshot import (
    AccessSetting,
    BeaconSnapshot,
    Binding,
    HttpSysRecord,
    Schannel,
    Site,
    StoreCertificate,
)

_SCHEMA = 1
_DER_LIMIT = 64 * 1024
_DEFAULT_READ_AHEAD = 49152
"""IIS's own default of serverRuntime uploadReadAheadSize. [serverRuntime.md]"""


def beacon_snapshot(beacon: Beacon, taken_at: datetime, answer: Mapping[str, object]) -> BeaconSnapshot:
    """Raises CommandFailed, which names the field that isn't as promised."""
    try:
        return _snapshot(beacon, taken_at, answer)
    except FieldError as exc:
        raise CommandFailed(
            f"the answer can't be read: {exc}",
            target=beacon.name,
            phase="snapshot",
            hint="Is the script that answered the one of this version?",
        ) from exc


def _snapshot(beacon: Beacon, taken_at: datetime, answer: Mapping[str, object]) -> BeaconSnapshot:
    if integer(answer, "schema") != _SCHEMA:
        raise FieldError(f"schema: expected {_SCHEMA}, got {text(answer, 'schema')[:20]!r}")
    schannel, services = table(answer, "schannel"), table(answer, "services")
    protocols = table(schannel, "protocols")
    server, unread = server_facts(answer)
    notes = tuple(clean(f"{text(row, 'at')}: {text(row, 'message')}") for row in rows(answer, "errors"))
    return BeaconSnapshot(
        beacon=beacon.name,
        taken_at=taken_at,
        clock=_clock(text(answer, "utc")),
        computer=text(answer, "computer"),
        os_build=integer(answer, "build"),
        powershell=text(answer, "powershell"),
        elevated=optional_boolean(answer, "elevated"),
        features=tuple(clean(str(feature), 100) for feature in items(answer, "features")),
        sites=tuple(_site(row) for row in rows(answer, "sites")),
        access=tuple(_access(row) for row in rows(answer, "access")),
        httpsys=_records(beacon, answer),
        certificates=tuple(_certificate(row) for row in rows(answer, "certificates")),
        schannel=Schannel(
            protocols={clean(name, 40): boolean(protocols, name) for name in protocols},
            send_trusted_issuer_list=_as_boolean(optional_integer(schannel, "sendTrustedIssuerList")),
            client_auth_trust_mode=optional_integer(schannel, "clientAuthTrustMode"),
            message_limit=optional_integer(schannel, "messageLimit"),
            cipher_suites=tuple(clean(str(suite), 100) for suite in items(schannel, "cipherSuites")) or None,
        ),
        upload_read_ahead=integer(answer, "uploadReadAheadSize", _DEFAULT_READ_AHEAD),
        config_sha256=text(answer, "configSha256").lower(),
        services={clean(name, 100): text(services, name) for name in services},
        notes=(*notes, *unread),
        server=server,
    )


def _clock(utc: str) -> datetime | None:
    if not utc:
        return None
    try:
        clock = datetime.fromisoformat(utc)
    except ValueError as exc:
        raise FieldError(f"utc: {utc[:40]!r} is not an ISO time") from exc
    return clock.astimezone(UTC) if clock.tzinfo else clock.replace(tzinfo=UTC)


def _as_boolean(value: int | None) -> bool | None:
    return None if value is None else value != 0


def _site(row: Mapping[str, object]) -> Site:
    name = text(row, "name")
    bindings = (_binding(name, binding) for binding in rows(row, "bindings"))
    return Site(
        name=name,
        id=integer(row, "id"),
        state=text(row, "state"),
        bindings=tuple(binding for binding in bindings if binding is not None),
        applications=tuple(clean(str(path), 200) for path in items(row, "applications")) or None,
    )


def _binding(site: str, row: Mapping[str, object]) -> Binding | None:
    """None for net.tcp, net.pipe, ftp and the like: their information has another form and no TLS of http.sys."""
    protocol = text(row, "protocol").lower()
    if protocol not in ("http", "https"):
        return None
    information = text(row, "information")
    address, port, host = (["", "", "", *information.rsplit(":", 2)])[-3:]  # an IPv6 address holds colons itself
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise FieldError(f"information: {information[:80]!r} is not ADDRESS:PORT:HOST")
    return Binding(
        site=site,
        protocol=protocol,
        address=address,
        port=int(port),
        host=host,
        ssl_flags=integer(row, "sslFlags"),
        thumbprint=text(row, "thumbprint").upper(),
        store=text(row, "store"),
    )


def _access(row: Mapping[str, object]) -> AccessSetting:
    return AccessSetting(
        location=text(row, "location"), flags=access_flags(row.get("flags")), explicit=boolean(row, "explicit")
    )


def _records(beacon: Beacon, answer: Mapping[str, object]) -> tuple[HttpSysRecord, ...]:
    port = _port(beacon)
    records = (httpsys_record(row) for row in rows(answer, "httpsys"))
    return tuple(record for record in records if not is_winrms_own(record, port))


def _port(beacon: Beacon) -> int | None:
    if beacon.winrm is None or not beacon.winrm.url.lower().startswith("https"):
        return None
    return urlsplit(beacon.winrm.url).port


def _certificate(row: Mapping[str, object]) -> StoreCertificate:
    thumbprint = text(row, "thumbprint").upper()
    try:
        der = base64.b64decode(long_text(row, "rawB64", _DER_LIMIT * 4 // 3 + 4), validate=True)
    except binascii.Error as exc:
        raise FieldError(f"rawB64 of {thumbprint[:40]}: not Base64") from exc
    return StoreCertificate(
        store=text(row, "store"),
        thumbprint=thumbprint,
        der=der,
        has_key=boolean(row, "hasKey"),
        friendly_name=text(row, "friendlyName"),
        provider=text(row, "provider"),
        exportable=optional_boolean(row, "exportable"),
    )
