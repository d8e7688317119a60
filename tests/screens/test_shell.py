"""Attaching: bytes pass both ways, the size follows, the terminal is given back as it was."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import struct
import termios
from collections.abc import Iterator

import pytest

from console.errors import SshError
from screens.background import in_thread
from screens.shell import Terminal, attach


class SocketChannel:
    """A shell's channel as the SSH adapter gives it: it never blocks."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self.sizes: list[tuple[int, int]] = []
        self.refuse = 0
        """So many sends take nothing, as when the device isn't reading."""

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, data: bytes) -> int:
        if self.refuse:
            self.refuse -= 1
            return 0
        try:
            return self._end.send(data)
        except OSError as exc:
            raise SshError("the shell has ended", phase="shell") from exc

    def receive(self, limit: int) -> bytes:
        return self._end.recv(limit)

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    def exit_status(self) -> int | None:
        return 7

    def close(self) -> None:
        self._end.close()


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    outer, inner = os.openpty()
    yield outer, inner
    os.close(outer)
    os.close(inner)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    yield here, there
    here.close()
    there.close()


def set_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


async def test_bytes_pass_both_ways(pty: tuple[int, int], ends: tuple[socket.socket, socket.socket]) -> None:
    outer, inner = pty
    here, there = ends
    set_size(inner, 91, 33)
    before = termios.tcgetattr(inner)
    channel = SocketChannel(here)
    channel.refuse = 2
    attached = asyncio.create_task(attach(channel, Terminal(inner, inner)))

    there.sendall(b"\x1b[1mhello\x1b[0m\r\n")
    shown = await in_thread(lambda: os.read(outer, 100))
    assert shown == b"\x1b[1mhello\x1b[0m\r\n"  # untouched: the user's own terminal draws it

    os.write(outer, b"\x03ls\x1b[A\n")
    typed = await in_thread(lambda: there.recv(100))
    assert typed == b"\x03ls\x1b[A\n"  # control keys too, and no carriage return made of the line end

    set_size(inner, 132, 40)
    signal.raise_signal(signal.SIGWINCH)
    while channel.sizes[-1:] != [(132, 40)]:
        await asyncio.sleep(0)
    assert channel.sizes[0] == (91, 33)

    there.close()
    assert await attached == 7
    assert termios.tcgetattr(inner) == before


async def test_terminal_comes_back_after_a_lost_connection(
    pty: tuple[int, int], ends: tuple[socket.socket, socket.socket]
) -> None:
    outer, inner = pty
    here, _ = ends
    before = termios.tcgetattr(inner)

    class Lost(SocketChannel):
        def send(self, data: bytes) -> int:
            raise SshError("the shell has ended", phase="shell")

    attached = asyncio.create_task(attach(Lost(here), Terminal(inner, inner)))
    while termios.tcgetattr(inner)[3] & termios.ICANON:  # until it's raw
        await asyncio.sleep(0)
    os.write(outer, b"x")
    with pytest.raises(SshError):
        await attached
    assert termios.tcgetattr(inner) == before
