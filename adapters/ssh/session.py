"""One device's connection, shared by all its work: made when first needed, made again once when it has died."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko

from adapters.ssh.connection import Connection, Timeouts, connect
from adapters.ssh.hostkeys import KnownHosts
from adapters.ssh.stderr import StderrReader
from adapters.ssh.target import Target
from adapters.ssh.text import plain
from console.errors import CommandFailed, SshError
from console.fleet.model import Device
from console.ports import SecretSource

OUTPUT_LIMIT = 16 * 1024 * 1024
"""A device that prints more than this, on stdout or on stderr, is cut off."""
_LAST_WORDS_SECONDS = 2.0
"""Stderr ends with stdout but where a process that was left behind holds it."""


@dataclass(frozen=True, slots=True)
class Output:
    status: int | None
    """None: the connection or the time ended before the command did."""
    stdout: bytes
    stderr: bytes
    """Its beginning (see adapters.ssh.stderr)."""
    timed_out: bool = False
    lost: bool = False


class DeviceSession:
    """Thread-safe. Channels run side by side on one transport; only connecting and editing are serialised."""

    def __init__(
        self,
        device: Device,
        resolve: Callable[[Device], Target],
        secrets: SecretSource,
        known_hosts: Callable[[Target], KnownHosts],
        timeouts: Timeouts,
    ) -> None:
        self.device = device
        self.editing = threading.Lock()
        self._resolve = resolve
        self._secrets = secrets
        self._known_hosts = known_hosts
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._connecting = threading.Lock()
        self._connection: Connection | None = None
        self._shells: list[paramiko.Channel] = []
        self._closed = False

    @property
    def connected(self) -> bool:
        connection = self._connection
        return connection is not None and connection.alive

    @property
    def has_shell(self) -> bool:
        """A shell is open on it, whose user may be anywhere."""
        with self._lock:
            self._shells = [channel for channel in self._shells if not channel.closed]
            return bool(self._shells)

    def run(self, command: str, stdin: bytes, timeout: float, limit: int = OUTPUT_LIMIT) -> Output:
        """Run a command; what it printed, also where it was cut off. Raises SshError when it couldn't be started,
        CommandFailed when it printed more than `limit` bytes."""
        channel = self.open_channel()
        try:
            channel.settimeout(timeout)
            channel.exec_command(command)
        except (paramiko.SSHException, EOFError, OSError) as exc:
            channel.close()
            raise SshError(
                f"the device doesn't run commands: {plain(str(exc)) or 'the connection was closed'}",
                target=self.device.name,
                phase="run",
            ) from exc
        try:
            return self._exchange(channel, stdin, time.monotonic() + timeout, limit)
        finally:
            channel.close()

    def open_channel(self) -> paramiko.Channel:
        """Raises SshError, HostKeyError, CredentialError."""
        reused, connection = self._connected()
        try:
            return self._open(connection)
        except SshError:
            self._drop(connection)
            if not reused:
                raise
        return self._open(self._connected()[1])

    def open_shell_channel(self) -> paramiko.Channel:
        """As `open_channel`; until it is closed, by either end, the session counts as in use."""
        channel = self.open_channel()
        with self._lock:
            self._shells.append(channel)
        return channel

    def open_forwarded(self, place: tuple[str, int], seconds: float) -> paramiko.Channel:
        """A TCP connection that the device's SSH server makes (direct-tcpip, RFC 4254, 7.2).

        Raises paramiko.ChannelException where the server refuses it or can't connect, TimeoutError where it doesn't
        say, SshError and its kin where the device itself isn't reached.
        """
        _, connection = self._connected()
        try:
            return connection.transport.open_channel("direct-tcpip", place, ("127.0.0.1", 0), timeout=seconds)
        except paramiko.ChannelException:
            raise
        except (paramiko.SSHException, EOFError, OSError) as exc:
            if connection.alive:
                raise TimeoutError(f"no answer within {seconds:.0f} s") from exc
            raise SshError("the connection was lost", target=self.device.name, phase="forward") from exc

    def _open(self, connection: Connection) -> paramiko.Channel:
        try:
            return connection.transport.open_session(timeout=self._timeouts.channel)
        except paramiko.ChannelException as exc:
            raise SshError(
                f"the device refused a session: {plain(str(exc))}", target=self.device.name, phase="run"
            ) from exc
        except (paramiko.SSHException, EOFError, OSError) as exc:
            raise SshError(
                f"the connection was lost: {plain(str(exc)) or 'closed by the device'}",
                target=self.device.name,
                phase="run",
            ) from exc

    def _connected(self) -> tuple[bool, Connection]:
        """(was it there already, the connection). Connecting is serialised; closing never waits for it."""
        with self._connecting:
            connection = self._take()
            if connection is not None and connection.alive:
                return True, connection
            if connection is not None:
                self._drop(connection)
            made = connect(self._resolve(self.device), self._timeouts, self._secrets, self._known_hosts)
            with self._lock:
                closed = self._closed
                if not closed:
                    self._connection = made
            if closed:
                made.close()
                self._take()
            return False, made

    def _take(self) -> Connection | None:
        with self._lock:
            if self._closed:
                raise SshError("the console is closing", target=self.device.name, phase="connect")
            return self._connection

    def _drop(self, connection: Connection) -> None:
        with self._lock:
            if self._connection is connection:
                self._connection = None
        connection.close()

    def disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Afterwards nothing connects any more; a connection that is just being made is closed when it is there."""
        with self._lock:
            self._closed = True
        self.disconnect()

    def _exchange(self, channel: paramiko.Channel, stdin: bytes, deadline: float, limit: int) -> Output:
        """Send on a thread of its own, as a command may answer before it has read everything."""
        sender = threading.Thread(
            target=_send, args=(channel, stdin), name=f"ssh-stdin-{self.device.name}", daemon=True
        )
        sender.start()
        errors = StderrReader(channel, limit, self.device.name)
        out = bytearray()
        timed_out = False
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                timed_out = True
                break
            channel.settimeout(remaining)
            try:
                chunk = channel.recv(65536)
            except TimeoutError:
                timed_out = True
                break
            out += chunk
            if len(out) > limit or errors.too_much:
                raise CommandFailed(
                    f"the device printed more than {limit} bytes and was cut off", target=self.device.name, phase="run"
                )
            if not chunk:
                break
        status = None if timed_out else self._status(channel, deadline)
        said = errors.text(min(_LAST_WORDS_SECONDS, deadline - time.monotonic()))
        return Output(status, bytes(out), said, timed_out, lost=status is None and not timed_out)

    def _status(self, channel: paramiko.Channel, deadline: float) -> int | None:
        channel.status_event.wait(max(0.0, deadline - time.monotonic()))
        status = channel.exit_status if channel.exit_status_ready() else -1
        return status if status >= 0 else None


def _send(channel: paramiko.Channel, data: bytes) -> None:
    # What stops the sender (a lost connection, a command that ended) shows on the receiving side, which reports it.
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        channel.sendall(data)
        channel.shutdown_write()
