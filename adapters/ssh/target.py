"""Where a device really is: its fleet entry, completed from ~/.ssh/config as ssh itself would do."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path

import paramiko

from adapters.ssh.hostkeys import host_key_name
from console.errors import ConfigurationError
from console.fleet.model import Device, Fleet, SecretReference

DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_MOST_HOPS = 8
SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True, slots=True)
class Target:
    """One hop, with everything that connecting needs."""

    name: str
    host: str
    port: int
    user: str
    key_files: tuple[Path, ...]
    """Named ones: a missing one is an error."""
    default_keys: tuple[Path, ...]
    """~/.ssh/id_*: used where they exist."""
    password: SecretReference | None
    use_agent: bool
    known_hosts: tuple[Path, ...]
    host_key_name: str
    jumps: tuple[Target, ...] = ()
    """From the console outwards."""


class TargetResolver:
    """Reads ~/.ssh/config once. Raises ConfigurationError (exit 2) where it can't be understood."""

    def __init__(self, fleet: Fleet, home: Path | None = None) -> None:
        self._fleet = fleet
        self._ssh = (home or Path.home()) / ".ssh"
        self._config = _load(self._ssh / "config")

    def resolve(self, device: Device) -> Target:
        """Raises ConfigurationError, also for jump hosts that lead in a circle."""
        return self._target(device, self._jumps(device, ()))

    def _target(self, device: Device, jumps: tuple[Target, ...]) -> Target:
        option = self._lookup(device.host)
        port = _port(device.name, option.get("port", "22")) if device.port_from_ssh_config else device.port
        host = option.get("hostname", device.host) or device.host
        listed: list[str] = list(option.get("identityfile", []))
        named = (device.key_file,) if device.key_file else tuple(Path(p).expanduser() for p in listed)
        files = (device.known_hosts,) if device.known_hosts else (self._ssh / "known_hosts", SYSTEM_KNOWN_HOSTS)
        return Target(
            name=device.name,
            host=host,
            port=port,
            user=device.user or option.get("user", "") or getpass.getuser(),
            key_files=named,
            default_keys=() if named or device.password else tuple(self._ssh / key for key in DEFAULT_KEYS),
            password=device.password,
            use_agent=device.use_agent and option.get("identitiesonly", "no") != "yes",
            known_hosts=files,
            host_key_name=option.get("hostkeyalias") or host_key_name(host, port),
            jumps=jumps,
        )

    def _jumps(self, device: Device, towards: tuple[str, ...]) -> tuple[Target, ...]:
        """From the console outwards. The first hop brings its own jump hosts with it, as ssh does; the others are
        reached through the hop before them. `towards`: the names that lead here."""
        spec = device.jump if device.jump is not None else self._option(device.host, "proxyjump")
        if not spec or spec.lower() == "none":
            return ()
        words = [hop.strip() for hop in spec.split(",") if hop.strip()]
        if towards and device.jump is None and device.name in words:
            return ()  # `Host *` of ~/.ssh/config is meant for what lies behind the jump host
        towards = (*towards, device.name)
        hops = [self._hop(device, hop, towards) for hop in words]
        before = self._jumps(hops[0], towards) if hops else ()
        return (*before, *(self._target(hop, ()) for hop in hops))

    def _hop(self, device: Device, hop: str, towards: tuple[str, ...]) -> Device:
        """A device of the fleet by its name, or `[user@]host[:port]` as in ProxyJump."""
        if hop == device.name:
            raise ConfigurationError(f"jump host {hop} is the device itself", target=device.name)
        if hop in towards or len(towards) > _MOST_HOPS:
            way = " → ".join((*towards, hop))
            raise ConfigurationError(
                f"its jump hosts lead in a circle: {way}",
                target=towards[0],
                hint="Look at `jump` in the fleet file, and at ProxyJump in ~/.ssh/config.",
            )
        known = next((d for d in self._fleet.devices if d.name == hop), None)
        if known is not None:
            return known
        user, _, rest = hop.rpartition("@")
        host, port = _host_and_port(device.name, rest)
        return Device(
            name=hop,
            host=host,
            port=port or 22,
            port_from_ssh_config=port is None,
            user=user,
            key_file=device.key_file,
            use_agent=device.use_agent,
            known_hosts=device.known_hosts,
        )

    def _lookup(self, host: str) -> paramiko.SSHConfigDict:
        try:
            return self._config.lookup(host)
        except (paramiko.SSHException, KeyError, ValueError) as exc:
            raise ConfigurationError(
                f"{self._ssh / 'config'} can't be used for {host}: {exc}", target=host, phase="ssh config"
            ) from exc

    def _option(self, host: str, key: str) -> str | None:
        value = self._lookup(host).get(key)
        return value if isinstance(value, str) else None


def _load(path: Path) -> paramiko.SSHConfig:
    config = paramiko.SSHConfig()
    try:
        with path.open(encoding="utf-8") as file:
            config.parse(file)
    except FileNotFoundError:
        return config
    except (OSError, UnicodeDecodeError, paramiko.SSHException) as exc:
        raise ConfigurationError(f"can't read {path}: {exc}", phase="ssh config") from exc
    return config


def _port(target: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ConfigurationError(f"{text!r} isn't a port", target=target, phase="ssh config")
    return int(text)


def _host_and_port(target: str, text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, _port(target, rest[1:]) if rest.startswith(":") else None
    host, colon, port = text.rpartition(":")
    if colon and ":" not in host:
        return host, _port(target, port)
    return text, None
