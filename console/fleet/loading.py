"""fleet.toml and fleet.d/*.toml into a Fleet. Strict: every error names file, key, and the nearest known key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from console.errors import ConfigurationError
from console.fleet.credentials import REFERENCES, existing_file, refuse_plain_secrets, secret_reference
from console.fleet.model import (
    Beacon,
    BeaconClientCheck,
    Device,
    ExplicitPair,
    Fleet,
    Policy,
    WinrmAddress,
    WinrmAuthentication,
)
from console.nearest import did_you_mean
from console.strict_toml import StrictTable, read_toml

KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("policy", "resolve", "beacon", "device", "pair", "group"),
    "policy": ("soon_days", "skew_warn_seconds", "beacon_client_check", "agent_profile"),
    "beacon": ("name", "host", "site", "beacon_client_check", "tags", "production", "winrm"),
    "beacon.winrm": ("url", "authentication", "user", *REFERENCES, "ca_file", "certificate_file", "key_file"),
    "device": (
        "name",
        "host",
        "port",
        "user",
        "key_file",
        *REFERENCES,
        "agent",
        "known_hosts",
        "jump",
        "config_ini",
        "agent_user",
        "tags",
        "production",
    ),
    "pair": ("device", "beacon", "host", "port", "protocol", "upload_bytes"),
}
"""Every key of every table; anything else is an error. `resolve` and `group` hold names."""
_CHECKS = tuple(check.value for check in BeaconClientCheck)
_NAME = re.compile(r"\w[\w.\-]*")
_HOST = re.compile(r"[\w.\-:%\[\]]+")
GLOB = re.compile(r"[*?\[]")


def additions_directory(fleet_file: Path) -> Path:
    """fleet.d beside the fleet file: what the program adds, it adds there."""
    return fleet_file.parent / "fleet.d"


@dataclass(slots=True)
class _Parts:
    """What has been read so far, each with the file that it came from."""

    base: Path
    policy: dict[str, object] = field(default_factory=dict)
    beacons: dict[str, tuple[Beacon, bool, str]] = field(default_factory=dict)
    """Name to the beacon, whether it says beacon_client_check itself, and its file."""
    devices: dict[str, tuple[Device, str]] = field(default_factory=dict)
    pairs: list[StrictTable] = field(default_factory=list)
    groups: dict[str, tuple[StrictTable, tuple[str, ...]]] = field(default_factory=dict)
    resolve: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)


def load_fleet(path: Path) -> Fleet:
    """Raises ConfigurationError (exit status 2); nothing is contacted. Paths in the files are relative to `path`."""
    path = path.expanduser().absolute()
    parts = _Parts(path.parent)
    _read(read_toml(path, "the fleet file; make one, or name one with -F"), parts)
    for extra in sorted(additions_directory(path).glob("*.toml")):
        _read(read_toml(extra, "an addition to the fleet file"), parts)
    _require_distinct(parts)
    check = BeaconClientCheck(str(parts.policy.pop("beacon_client_check", BeaconClientCheck.OBSERVED.value)))
    beacons = tuple(b if own else replace(b, client_check=check) for b, own, _ in parts.beacons.values())
    devices = tuple(device for device, _ in parts.devices.values())
    fleet = Fleet(path, beacons, devices, resolve=parts.resolve, policy=_policy(parts.policy))
    fleet = replace(fleet, pairs=_pairs(parts.pairs, parts), groups=_groups(parts))
    _require_jumps(parts)
    return fleet


def _read(top: StrictTable, parts: _Parts) -> None:
    refuse_plain_secrets(top)
    top.allow(KEYS[""])
    _read_policy(top.table("policy"), parts)
    _read_resolve(top.table("resolve"), parts)
    for table in top.tables("beacon"):
        named = _named(table, "beacon")
        _require_new(named, parts.beacons)
        beacon = _beacon(named, parts.base)
        parts.beacons[beacon.name] = (beacon, named.has("beacon_client_check"), named.source)
    for table in top.tables("device"):
        named = _named(table, "device")
        _require_new(named, parts.devices)
        device = _device(named, parts.base)
        parts.devices[device.name] = (device, named.source)
    parts.pairs.extend(top.tables("pair"))
    groups = top.table("group")
    for name in groups.values if groups else ():
        if groups is not None:
            if not _NAME.fullmatch(name):
                raise groups.fail(name, "a group's name has letters, digits, '.', '_' and '-' alone")
            if name in parts.groups:
                raise groups.fail(name, f"this group is also in {parts.groups[name][0].source}")
            parts.groups[name] = (groups, groups.texts(name))


def _read_policy(table: StrictTable | None, parts: _Parts) -> None:
    if table is None:
        return
    table.allow(KEYS["policy"])
    for key in table.values:
        if key in parts.policy:
            raise table.fail(key, "another file of this fleet says it already")
    values: dict[str, object] = {
        "soon_days": table.number("soon_days", None, 0, 3650),
        "skew_warn_seconds": table.number("skew_warn_seconds", None, 0, 86400 * 365),
        "agent_profile": existing_file(table, "agent_profile", parts.base),
        "beacon_client_check": table.choice("beacon_client_check", BeaconClientCheck.OBSERVED.value, _CHECKS),
    }
    parts.policy.update({key: values[key] for key in table.values})


def _policy(values: Mapping[str, object]) -> Policy:
    policy = Policy()
    soon, skew, profile = (values.get(key) for key in ("soon_days", "skew_warn_seconds", "agent_profile"))
    return Policy(
        soon if isinstance(soon, int) else policy.soon_days,
        skew if isinstance(skew, int) else policy.skew_warn_seconds,
        profile if isinstance(profile, Path) else None,
    )


def _read_resolve(table: StrictTable | None, parts: _Parts) -> None:
    for key in table.values if table else ():
        if table is not None:
            source, target = split_endpoint(key), split_endpoint(table.required_text(key))
            if source is None or target is None:
                raise table.fail(key, 'expected "HOST:PORT" = "ADDRESS:PORT"')
            place = (source[0].lower(), source[1])
            if parts.resolve.setdefault(place, target) != target:
                raise table.fail(key, "is resolved twice, and the two differ")


def split_endpoint(text: str) -> tuple[str, int] | None:
    """`host:port` or `[ipv6]:port`; None where it is neither."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    if not (colon and host and port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        return None
    return host, int(port)


def _named(table: StrictTable, kind: str) -> StrictTable:
    name = table.required_text("name")
    if not _NAME.fullmatch(name):
        raise table.fail("name", "expected letters, digits, '.', '_' and '-' alone, so that it can be selected")
    return table.named(f'{kind} "{name}"')


def _require_new(table: StrictTable, known: Mapping[str, tuple[object, ...]]) -> None:
    name = table.required_text("name")
    if name in known:
        raise ConfigurationError(f"{table.where} is named twice (also in {known[name][-1]})", target=table.source)


def _require_distinct(parts: _Parts) -> None:
    """A target is selected, journalled and stored by its name alone."""
    for name, (_, source) in parts.devices.items():
        if name in parts.beacons:
            raise ConfigurationError(
                f"a device and a beacon are both named {name} (the beacon in {parts.beacons[name][-1]})",
                target=source,
                hint="Give one of them another name: history and selection tell targets apart by it.",
            )


def _host(table: StrictTable, default: str) -> str:
    host = table.text("host", default) or default
    if not _HOST.fullmatch(host) or host.startswith("-"):
        raise table.fail("host", "expected a host name or an IP address")
    return host


def _beacon(table: StrictTable, base: Path) -> Beacon:
    table.allow(KEYS["beacon"])
    name = table.required_text("name")
    winrm = table.table("winrm", f"winrm of {table.where}")
    host = _host(table, name)
    return Beacon(
        name=name,
        host=host,
        winrm=_winrm(winrm, base, host) if winrm else None,
        site=table.text("site", "Default Web Site"),
        client_check=BeaconClientCheck(table.choice("beacon_client_check", "observed", _CHECKS)),
        tags=table.texts("tags"),
        production=table.flag("production", False),
    )


def _winrm(table: StrictTable, base: Path, host: str) -> WinrmAddress:
    table.allow(KEYS["beacon.winrm"])
    url = table.text("url", f"https://{host}:5986/wsman")
    try:
        split = urlsplit(url)
        well_formed = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
    except ValueError:
        well_formed = False
    # The URL isn't repeated: it may hold a password.
    if not well_formed:
        raise table.fail("url", "expected https://HOST:5986/wsman or http://HOST:5985/wsman")
    if split.username is not None or split.password is not None:
        raise table.fail("url", "holds a user or password; give `user` and a reference to the password instead")
    default = WinrmAuthentication.CERTIFICATE if table.has("certificate_file") else WinrmAuthentication.NTLM
    words = [word.value for word in WinrmAuthentication]
    authentication = WinrmAuthentication(table.choice("authentication", default.value, words))
    if split.scheme == "http" and authentication in (WinrmAuthentication.BASIC, WinrmAuthentication.CERTIFICATE):
        raise table.fail(
            "url", f"{authentication} needs https; http is for ntlm and kerberos, which encrypt the messages"
        )
    address = WinrmAddress(
        url=url,
        authentication=authentication,
        user=table.text("user", ""),
        password=secret_reference(table, base),
        ca_file=existing_file(table, "ca_file", base),
        certificate_file=existing_file(table, "certificate_file", base),
        key_file=existing_file(table, "key_file", base),
    )
    if authentication is WinrmAuthentication.CERTIFICATE:
        for key, value in (("certificate_file", address.certificate_file), ("key_file", address.key_file)):
            if value is None:
                raise table.fail(key, "is missing; authentication by certificate needs it")
    elif authentication is not WinrmAuthentication.KERBEROS:
        if not address.user:
            raise table.fail("user", f"is missing; {authentication} needs it")
        if address.password is None:
            raise table.fail("password_file", f"one of {', '.join(REFERENCES)} is missing; {authentication} needs it")
    return address


def _device(table: StrictTable, base: Path) -> Device:
    table.allow(KEYS["device"])
    name = table.required_text("name")
    config_ini = table.text("config_ini", Device(name, name).config_ini)
    if not config_ini.startswith("/"):
        raise table.fail("config_ini", "expected an absolute path on the device")
    return Device(
        name=name,
        host=_host(table, name),
        port=table.number("port", 22, 1, 65535),
        user=table.text("user", ""),
        key_file=existing_file(table, "key_file", base),
        password=secret_reference(table, base),
        use_agent=table.flag("agent", True),
        known_hosts=existing_file(table, "known_hosts", base),
        jump=table.text("jump", None),
        config_ini=config_ini,
        agent_user=table.text("agent_user", ""),
        tags=table.texts("tags"),
        production=table.flag("production", False),
        port_from_ssh_config=not table.has("port"),
    )


def _pairs(tables: Iterable[StrictTable], parts: _Parts) -> tuple[ExplicitPair, ...]:
    pairs: dict[tuple[str, str, str, int, str], ExplicitPair] = {}
    for table in tables:
        table.allow(KEYS["pair"])
        device, beacon = table.required_text("device"), table.required_text("beacon")
        _require_known(table, "device", device, parts.devices)
        _require_known(table, "beacon", beacon, parts.beacons)
        pair = ExplicitPair(
            device,
            beacon,
            host=_host(table, parts.beacons[beacon][0].host),
            port=table.number("port", 443, 1, 65535),
            protocol=table.choice("protocol", "https", ("https", "http")),
            upload_bytes=table.number("upload_bytes", None, 0, 2**40),
        )
        key = (pair.device, pair.beacon, pair.host.lower(), pair.port, pair.protocol)
        if pairs.setdefault(key, pair) != pair:
            raise table.fail("pair", "the same pair is named twice, and the two differ")
    return tuple(pairs.values())


def _groups(parts: _Parts) -> dict[str, tuple[str, ...]]:
    known = {*parts.beacons, *parts.devices}
    for name, (table, members) in parts.groups.items():
        for member in members:
            if member not in known and not GLOB.search(member):
                raise ConfigurationError(
                    f"group {name!r}: no beacon or device is named {member!r}",
                    target=table.source,
                    hint=did_you_mean(member, known),
                )
    return {name: members for name, (_, members) in parts.groups.items()}


def _require_known(table: StrictTable, key: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise ConfigurationError(
            f"{key} in {table.where}: no {key} is named {name!r}", target=table.source, hint=did_you_mean(name, known)
        )


def _require_jumps(parts: _Parts) -> None:
    """A jump host is a device of the fleet, or a host as ssh(1) takes it; a device can't be its own."""
    for device, source in parts.devices.values():
        if device.jump == device.name:
            raise ConfigurationError(f'device "{device.name}" can\'t be its own jump host', target=source)
