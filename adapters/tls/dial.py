"""Names and addresses: what to ask for (SNI), where to connect, and what a failed connection means."""

from __future__ import annotations

import errno
import ipaddress
import socket
import time
from dataclasses import dataclass

import idna

from console.iis.snapshot import HelloOutcome

_GONE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN}


class Unreachable(Exception):
    """No TCP connection; `outcome` says which kind."""

    def __init__(self, outcome: HelloOutcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a name or address led to, in the resolver's order."""

    endpoints: tuple[tuple[socket.AddressFamily, str, int], ...]

    @property
    def shown(self) -> str:
        return shown(*self.endpoints[0])


def shown(family: socket.AddressFamily, address: str, port: int) -> str:
    """`127.0.0.1:443` or `[::1]:443`."""
    return f"[{address}]:{port}" if family == socket.AF_INET6 else f"{address}:{port}"


def server_name(host: str) -> bytes | None:
    """The name for SNI: without a trailing dot, as A-labels; None for an IP address, which RFC 6066 forbids there.

    Raises Unreachable (NO_ADDRESS) for what can't be a name.
    """
    name = host.strip().rstrip(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return a_label(name)
    return None


def a_label(name: str) -> bytes:
    """ASCII names stay as they are (Windows allows `_`); others become A-labels, UTS 46 mapped. Raises Unreachable."""
    try:
        encoded = name.lower().encode("ascii") if name.isascii() else idna.encode(name, uts46=True)
    except idna.IDNAError as exc:
        raise Unreachable(HelloOutcome.NO_ADDRESS, f"{name[:80]!r} can't be a host name: {exc}") from exc
    if not encoded or len(encoded) > 253 or b"\0" in encoded or any(char <= 0x20 for char in encoded):
        raise Unreachable(HelloOutcome.NO_ADDRESS, f"{name[:80]!r} can't be a host name")
    return encoded


def destination(host: str, port: int) -> Destination:
    """Ask the system's resolver. Raises Unreachable (NO_ADDRESS)."""
    bare = host.strip().strip("[]")
    name = bare if ":" in bare else a_label(bare.rstrip(".")).decode("ascii")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as exc:
        raise Unreachable(HelloOutcome.NO_ADDRESS, f"{name} has no address here ({exc})") from exc
    endpoints = dict.fromkeys((family, str(address[0]), port) for family, _, _, _, address in found)
    return Destination(tuple(endpoints))


def dial(place: Destination, deadline: float) -> tuple[socket.socket, str]:
    """A connected socket and where it leads, trying each address. Raises Unreachable."""
    last = Unreachable(HelloOutcome.NO_ADDRESS, "no address")
    for family, address, port in place.endpoints:
        where = shown(family, address, port)
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unreachable(HelloOutcome.TIMEOUT, f"no time left to connect to {where}")
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(left)
            connection.connect((address, port))
        except TimeoutError:
            connection.close()
            last = Unreachable(HelloOutcome.TIMEOUT, f"{where} does not answer")
        except OSError as exc:
            connection.close()
            why = "no route there" if exc.errno in _GONE else exc.strerror or "failed"
            last = Unreachable(HelloOutcome.REFUSED, f"{where}: {why}")
        else:
            return connection, where
    raise last
