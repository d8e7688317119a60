"""The fleet as its administrator wrote it: beacons, devices, pairs, groups, and credentials by reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from console.identity import Same


class WinrmAuthentication(StrEnum):
    BASIC = "basic"
    NTLM = "ntlm"
    CERTIFICATE = "certificate"
    KERBEROS = "kerberos"


class BeaconClientCheck(StrEnum):
    """How far a beacon checks client certificates: as its http.sys records and stores say, or the vendor's page."""

    OBSERVED = "observed"
    DOCUMENTED = "documented"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a password is, never the password. Exactly one field is set."""

    file: Path | None = None
    """A file of mode 0600 (or stricter) that holds the password on its first line."""
    environment: str | None = None
    keyring: str | None = None
    """`service/user` of a keyring entry."""
    prompt: bool = False


@dataclass(frozen=True, slots=True)
class WinrmAddress:
    url: str
    """`https://host:5986/wsman` or `http://host:5985/wsman` (NTLM, Kerberos: they encrypt)."""
    authentication: WinrmAuthentication
    user: str = ""
    password: SecretReference | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Beacon:
    name: str
    host: str
    """The name that devices use."""
    winrm: WinrmAddress | None
    site: str = "Default Web Site"
    client_check: BeaconClientCheck = BeaconClientCheck.OBSERVED
    tags: tuple[str, ...] = ()
    production: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    host: str
    port: int = 22
    user: str = ""
    key_file: Path | None = None
    password: SecretReference | None = None
    use_agent: bool = True
    known_hosts: Path | None = None
    """None: `~/.ssh/known_hosts`."""
    jump: str | None = None
    config_ini: str = "/var/opt/managesoft/etc/config.ini"
    agent_user: str = ""
    """The account that the agent runs as; empty: found out on the device (owner of config.ini's directory)."""
    tags: tuple[str, ...] = ()
    production: bool = False
    port_from_ssh_config: bool = False
    """The fleet file names no port, so that ~/.ssh/config may; else `port` holds."""


@dataclass(frozen=True, slots=True)
class ExplicitPair:
    """A pair named in the fleet file, beside those that the device's own failover lists give."""

    device: str
    beacon: str
    host: str
    port: int
    protocol: str = "https"
    upload_bytes: int | None = None
    """What a live probe uploads; None: not said."""


@dataclass(frozen=True, slots=True)
class PairUse:
    """One way a device may take: to one endpoint, for the components that have it in their failover list."""

    device: str
    beacon: str
    """Empty: no beacon of the fleet answers to host:port."""
    host: str
    port: int
    protocol: str = "https"
    upload_bytes: int | None = None
    address: str = ""
    """`address:port` that probes connect to where [resolve] says so."""


@dataclass(frozen=True, slots=True)
class Policy:
    soon_days: int = 30
    """A certificate that expires within so many days is warned of."""
    skew_warn_seconds: int = 300
    agent_profile: Path | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    path: Path
    beacons: tuple[Beacon, ...] = ()
    devices: tuple[Device, ...] = ()
    pairs: tuple[ExplicitPair, ...] = ()
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Group name to names or globs of beacons and devices."""
    resolve: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """(host, port) that devices use to (address, port) that probes connect to, as curl's --connect-to."""
    policy: Policy = Policy()

    def beacon(self, name: str) -> Beacon:
        """Raises KeyError."""
        return _by_name(Same(self)).beacons[name]

    def device(self, name: str) -> Device:
        """Raises KeyError."""
        return _by_name(Same(self)).devices[name]


@dataclass(frozen=True, slots=True)
class _ByName:
    beacons: Mapping[str, Beacon]
    devices: Mapping[str, Device]


@lru_cache(maxsize=4)
def _by_name(fleet: Same[Fleet]) -> _ByName:
    """Made once a fleet: 50,000 devices are looked up one by one."""
    return _ByName(
        {beacon.name: beacon for beacon in fleet.value.beacons}, {device.name: device for device in fleet.value.devices}
    )
