"""Reads a command's stderr beside its stdout: unread it would fill the window, and the command would stand still."""

from __future__ import annotations

import contextlib
import threading

import paramiko

KEPT = 64 * 1024
"""Bytes of stderr that are kept, from its beginning; the rest is read and dropped."""


class StderrReader:
    """Begins at once, on a thread of its own; the channel's end ends it."""

    def __init__(self, channel: paramiko.Channel, limit: int, name: str) -> None:
        self._channel = channel
        self._limit = limit
        self._kept = bytearray()
        self._seen = 0
        self._thread = threading.Thread(target=self._read, name=f"ssh-stderr-{name}", daemon=True)
        self._thread.start()

    @property
    def too_much(self) -> bool:
        """More than the limit came; the channel was closed then."""
        return self._seen > self._limit

    def text(self, seconds: float) -> bytes:
        """What was kept; waits so long for what is still on its way."""
        self._thread.join(max(0.0, seconds))
        return bytes(self._kept)

    def _read(self) -> None:
        # Whatever ends the channel shows on stdout's side, which reports it.
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            while chunk := self._next():
                self._seen += len(chunk)
                self._kept += chunk[: KEPT - len(self._kept)]
                if self.too_much:
                    self._channel.close()
                    return

    def _next(self) -> bytes:
        """Empty at the end; the channel's own time limit is for its stdout."""
        while True:
            with contextlib.suppress(TimeoutError):
                return self._channel.recv_stderr(65536)
            if self._channel.closed:
                return b""
