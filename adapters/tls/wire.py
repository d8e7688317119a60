"""Bytes to and from a server that nobody trusts: each wait ends, and so does what it may send."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field

from adapters.tls.dial import Destination, Unreachable, dial
from console.iis.snapshot import HelloOutcome

PIECE = 16 * 1024
_READ_LIMIT = 512 * 1024
"""Bytes a server may send before its handshake is done. OpenSSL itself takes a chain of 100 KB."""


class Ended(Exception):
    """The handshake can't go on; `outcome` says why."""

    def __init__(self, outcome: HelloOutcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(slots=True)
class Wire:
    """What was seen of one connection."""

    connection: socket.socket
    deadline: float
    heard: int = 0
    head: bytearray = field(default_factory=bytearray)
    """The first bytes the server sent: TLS, HTTP or neither."""

    def send(self, data: bytes) -> None:
        self._wait()
        try:
            self.connection.sendall(data)
        except TimeoutError as exc:
            raise Ended(HelloOutcome.TIMEOUT, "the server doesn't take our hello") from exc
        except OSError as exc:
            raise Ended(HelloOutcome.RESET, "the connection was reset at our hello") from exc

    def receive(self) -> bytes:
        self._wait()
        try:
            data = self.connection.recv(PIECE)
        except TimeoutError as exc:
            raise Ended(HelloOutcome.TIMEOUT, "no answer to our hello") from exc
        except OSError as exc:
            raise Ended(HelloOutcome.RESET, "the connection was reset at our hello") from exc
        self.heard += len(data)
        self.head += data[: 16 - len(self.head)]
        if not data:
            raise Ended(HelloOutcome.RESET, "the connection was closed at our hello")
        if self.heard > _READ_LIMIT:
            raise Ended(HelloOutcome.FAILED, f"more than {_READ_LIMIT} bytes and no end of the handshake")
        return data

    def _wait(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Ended(HelloOutcome.TIMEOUT, "no end of the handshake in time")
        self.connection.settimeout(left)


def speaks_http(place: Destination, deadline: float) -> bool:
    """Does it answer a plain HTTP request in HTTP? One connection. Never raises for what the server does."""
    try:
        connection, _ = dial(place, deadline)
    except Unreachable:
        return False
    with connection:
        wire = Wire(connection, deadline)
        try:
            wire.send(b"HEAD / HTTP/1.0\r\n\r\n")
            return wire.receive().startswith(b"HTTP/")
        except Ended:
            return False
