"""One SSH connection: socket or jump host, handshake, host key, login, and a polite goodbye. Everything blocks."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import paramiko
from paramiko.common import cMSG_DISCONNECT

from adapters.ssh.algorithms import nothing_in_common, server_offer
from adapters.ssh.authentication import log_in
from adapters.ssh.descriptors import none_left
from adapters.ssh.hostkeys import KnownHosts
from adapters.ssh.target import Target
from adapters.ssh.text import plain
from console.errors import SshError
from console.ports import SecretSource

# paramiko logs tracebacks at ERROR; without a handler Python would print them over the screen.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_BY_APPLICATION = 11
_GOODBYE_SECONDS = 0.5
_KEEPALIVE_SECONDS = 60
_IDLE_POLL_SECONDS = 5.0
"""paramiko's thread wakes every 0.1 s to look whether it shall end: 19 % of a core with 1000 connections (measured).
It blocks on the socket anyway, and closing shuts the socket down, which wakes it at once."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10.0
    banner: float = 15.0
    handshake: float = 20.0
    login: float = 20.0
    channel: float = 15.0


@dataclass(slots=True)
class Connection:
    """A transport that is logged in, with the hops that carry it."""

    target: Target
    transport: paramiko.Transport
    sock: socket.socket | paramiko.Channel
    carriers: tuple[Connection, ...] = ()

    @property
    def alive(self) -> bool:
        return self.transport.is_active() and all(hop.alive for hop in self.carriers)

    def close(self) -> None:
        """Say SSH_MSG_DISCONNECT first: it halves what closing costs the device's sshd (measured)."""
        farewell(self.transport, self.sock)
        for hop in reversed(self.carriers):
            hop.close()


def farewell(transport: paramiko.Transport, sock: socket.socket | paramiko.Channel) -> None:
    """Never blocks for long: a peer that reads no more holds up its own goodbye alone."""
    if transport.is_active() and transport.initial_kex_done:
        goodbye = threading.Thread(target=_say_goodbye, args=(transport,), name="ssh goodbye", daemon=True)
        goodbye.start()
        goodbye.join(_GOODBYE_SECONDS)
    transport.close()
    with contextlib.suppress(OSError, EOFError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError, EOFError):
        sock.close()


def _say_goodbye(transport: paramiko.Transport) -> None:
    message = paramiko.Message()
    message.add_byte(cMSG_DISCONNECT)
    message.add_int(_BY_APPLICATION)
    message.add_string("mtls-console is done")
    message.add_string("")
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):  # it has gone already
        transport.packetizer.send_message(message)


def connect(
    target: Target, timeouts: Timeouts, secrets: SecretSource, known_hosts: Callable[[Target], KnownHosts]
) -> Connection:
    """Raises SshError, HostKeyError, CredentialError; leaves nothing open then."""
    carriers: list[Connection] = []
    try:
        for hop in target.jumps:
            carriers.append(_hop(hop, carriers[-1] if carriers else None, timeouts, secrets, known_hosts(hop)))
        last = _hop(target, carriers[-1] if carriers else None, timeouts, secrets, known_hosts(target))
    except BaseException:
        for carrier in reversed(carriers):
            carrier.close()
        raise
    last.carriers = tuple(carriers)
    return last


def _hop(
    target: Target, via: Connection | None, timeouts: Timeouts, secrets: SecretSource, known: KnownHosts
) -> Connection:
    sock = _socket(target, via, timeouts)
    transport = paramiko.Transport(sock)
    try:
        transport.banner_timeout = timeouts.banner
        transport.handshake_timeout = timeouts.handshake
        transport.auth_timeout = timeouts.login
        transport.channel_timeout = timeouts.channel
        _prefer_known_types(transport, known, target.host_key_name)
        _handshake(transport, target, via, timeouts)
        key = transport.get_remote_server_key()
        known.check(target.name, target.host_key_name, key.get_name(), key.asbytes())
        log_in(transport, target, secrets)
        sock.settimeout(_IDLE_POLL_SECONDS)
        transport.set_keepalive(_KEEPALIVE_SECONDS)
    except BaseException:
        farewell(transport, sock)
        raise
    return Connection(target, transport, sock)


def _socket(target: Target, via: Connection | None, timeouts: Timeouts) -> socket.socket | paramiko.Channel:
    try:
        if via is not None:
            return via.transport.open_channel(
                "direct-tcpip", (target.host, target.port), ("127.0.0.1", 0), timeout=timeouts.connect
            )
        sock = socket.create_connection((target.host, target.port), timeouts.connect)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, EOFError, paramiko.SSHException) as exc:
        if (ours := none_left(exc, target.name, "connect")) is not None:
            raise ours from exc
        through = f" through {via.target.name}" if via else ""
        raise SshError(
            f"can't reach {target.host} port {target.port}{through}: {_reason(exc)}",
            target=target.name,
            phase="connect",
            hint="Is the host name right, is sshd running, does a firewall let this console through?",
        ) from exc
    return sock


def _handshake(transport: paramiko.Transport, target: Target, via: Connection | None, timeouts: Timeouts) -> None:
    try:
        transport.start_client(timeout=timeouts.banner + timeouts.handshake)
    except paramiko.ssh_exception.IncompatiblePeer as exc:
        offer = {} if via else server_offer(target.host, target.port, timeouts.connect)
        raise SshError(
            nothing_in_common(transport, offer),
            target=target.name,
            phase="handshake",
            hint="Let the device's sshd offer a newer algorithm; this console has none of the old ones.",
        ) from exc
    except (paramiko.SSHException, EOFError, OSError) as exc:
        raise SshError(
            f"no SSH handshake with {target.host} port {target.port}: {_reason(exc)}",
            target=target.name,
            phase="handshake",
        ) from exc
    if not transport.initial_kex_done:
        raise SshError(
            f"no SSH handshake with {target.host} port {target.port} in time", target=target.name, phase="handshake"
        )


def _prefer_known_types(transport: paramiko.Transport, known: KnownHosts, name: str) -> None:
    """As ssh does: ask first for the types that known_hosts has, or a second, unknown key looks like a change."""
    types = {key.key_type for key in known.keys_for(name)}
    if "ssh-rsa" in types:
        types |= {"rsa-sha2-512", "rsa-sha2-256"}
    options = transport.get_security_options()
    options.key_types = tuple(sorted(options.key_types, key=lambda kind: kind not in types))


def _reason(exc: BaseException) -> str:
    if isinstance(exc, TimeoutError):
        return "no answer in time"
    if isinstance(exc, socket.gaierror):
        return "the name isn't known"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror.lower()
    return plain(str(exc)) or "the connection was closed"
