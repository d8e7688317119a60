"""TLS on an SSH channel: OpenSSL on memory buffers, bounded bytes, bounded time."""

from __future__ import annotations

import time

import paramiko
from OpenSSL import SSL

PIECE = 16 * 1024
LIMIT = 512 * 1024
"""Bytes that a server may send in all."""
LINE_LIMIT = 64 * 1024


class Torn(Exception):
    """The conversation ended, in OpenSSL's words or ours. `late`: the time was over."""

    def __init__(self, message: str, *, late: bool = False) -> None:
        super().__init__(message)
        self.late = late


class TlsChannel:
    """`tls` None: plain bytes."""

    def __init__(self, tls: SSL.Connection | None, channel: paramiko.Channel, deadline: float) -> None:
        self._tls = tls
        self._channel = channel
        self._deadline = deadline
        self._heard = 0

    def do_handshake(self) -> None:
        """Raises Torn. Our last flight is sent too, so that the server's log shows a handshake and not a torn one."""
        if self._tls is None:
            return
        while True:
            try:
                self._tls.do_handshake()
            except SSL.WantReadError:
                self._flush()
                self._feed()
            except SSL.Error as exc:
                self._flush_quietly()
                raise Torn(_reason(exc)) from exc
            else:
                self._flush()
                return

    def send(self, data: bytes) -> None:
        """Raises Torn."""
        if self._tls is None:
            self._send(data)
            return
        left = memoryview(data)
        while left:
            try:
                left = left[self._tls.send(bytes(left)) :]
            except SSL.WantReadError:
                self._flush()
                self._feed()
            except SSL.Error as exc:
                raise Torn(_reason(exc)) from exc
        self._flush()

    def receive_line(self) -> bytes:
        """What came up to the end of the first line, or of the conversation. Raises Torn where nothing came."""
        got = bytearray()
        while b"\n" not in got and len(got) < LINE_LIMIT:
            piece = self._receive()
            if not piece:
                break
            got += piece
        return bytes(got)

    def _receive(self) -> bytes:
        """Empty at the end. Raises Torn."""
        if self._tls is None:
            return self._take()
        while True:
            try:
                return self._tls.recv(PIECE)
            except SSL.WantReadError:
                self._flush()
                self._feed()
            except SSL.ZeroReturnError:
                return b""
            except SSL.Error as exc:
                raise Torn(_reason(exc)) from exc

    def _feed(self) -> None:
        data = self._take()
        if not data:
            raise Torn("Connection reset by peer or closed")
        if self._tls is not None:
            self._tls.bio_write(data)

    def _take(self) -> bytes:
        self._wait()
        try:
            data = self._channel.recv(PIECE)
        except TimeoutError as exc:
            raise Torn("no answer in time", late=True) from exc
        except OSError as exc:
            raise Torn("Connection reset by peer") from exc
        self._heard += len(data)
        if self._heard > LIMIT:
            raise Torn(f"more than {LIMIT} bytes and no end")
        return data

    def _flush(self) -> None:
        while self._tls is not None:
            try:
                data = self._tls.bio_read(PIECE)
            except SSL.WantReadError:
                return
            self._send(data)

    def _flush_quietly(self) -> None:
        """An alert of ours on its way out; whoever has gone doesn't hear it."""
        try:
            self._flush()
        except Torn:
            return

    def _send(self, data: bytes) -> None:
        self._wait()
        try:
            self._channel.sendall(data)
        except TimeoutError as exc:
            raise Torn("it takes no more", late=True) from exc
        except OSError as exc:
            raise Torn("Broken pipe") from exc

    def _wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Torn("no end in time", late=True)
        self._channel.settimeout(left)


def _reason(error: SSL.Error) -> str:
    if isinstance(error, SSL.SysCallError):
        return "Connection reset by peer"
    reasons = [str(entry[-1]) for entry in (error.args[0] if error.args else ()) if entry]
    return reasons[0] if reasons else "the handshake failed"
