"""An interactive shell on a device: bytes pass straight through a channel of the connection that is already held."""

from __future__ import annotations

import contextlib

import paramiko

from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain
from console.errors import SshError


class DeviceShell:
    """console.ports.ShellChannel. Never blocks: wait for `fileno` to become readable, then `receive`."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        channel.settimeout(0.0)

    def fileno(self) -> int:
        """Readable when there is output or the shell has ended."""
        return self._channel.fileno()

    def send(self, data: bytes) -> int:
        """How many bytes were taken; 0 while the device isn't reading. Raises SshError when the shell has gone."""
        if not self._channel.closed and not self._channel.send_ready():
            return 0
        try:
            return self._channel.send(data)
        except TimeoutError:
            return 0
        except OSError as exc:
            raise SshError("the shell has ended", phase="shell") from exc

    def receive(self, limit: int) -> bytes:
        """Empty at end of file. Raises BlockingIOError where nothing is waiting."""
        try:
            return self._channel.recv(limit)
        except TimeoutError as exc:
            raise BlockingIOError("nothing is waiting") from exc

    def resize(self, columns: int, rows: int) -> None:
        with contextlib.suppress(paramiko.SSHException, OSError):  # a shell that has just ended has no size
            self._channel.resize_pty(columns, rows)

    def exit_status(self) -> int | None:
        """None while the shell runs, and where the connection ended before it."""
        if not self._channel.exit_status_ready():
            return None
        status = self._channel.recv_exit_status()
        return status if status >= 0 else None

    def close(self) -> None:
        self._channel.close()


def open_shell(session: DeviceSession, term: str, columns: int, rows: int) -> DeviceShell:
    """Raises SshError, HostKeyError, CredentialError."""
    channel = session.open_shell_channel()
    try:
        channel.get_pty(term, columns, rows)
        channel.invoke_shell()
    except (paramiko.SSHException, EOFError, OSError) as exc:
        channel.close()
        raise SshError(
            f"the device doesn't open a shell: {plain(str(exc)) or 'the connection was closed'}",
            target=session.device.name,
            phase="shell",
        ) from exc
    return DeviceShell(channel)
