"""The user's own terminal, handed to a shell on a device: bytes pass straight through."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from console.ports import ShellChannel
from screens.background import in_thread

_CHUNK = 32768
_RETRY_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Terminal:
    """The descriptors that a person looks at and types into."""

    read_fd: int
    write_fd: int

    @classmethod
    def own(cls) -> Terminal | None:
        """Ours; None where there is no terminal (a test, a browser)."""
        streams = [stream for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__) if stream is not None]
        terminals = [stream.fileno() for stream in streams if stream.isatty()]
        if sys.__stdin__ is None or not sys.__stdin__.isatty() or len(terminals) < 2:
            return None
        return cls(sys.__stdin__.fileno(), terminals[1])

    def size(self) -> tuple[int, int]:
        """Columns, rows."""
        size = os.get_terminal_size(self.write_fd)
        return size.columns, size.lines


@contextmanager
def raw(terminal: Terminal) -> Iterator[None]:
    """Raw mode; whatever happens, the terminal is as it was afterwards."""
    before = termios.tcgetattr(terminal.read_fd)
    try:
        tty.setraw(terminal.read_fd, termios.TCSADRAIN)  # the default would drop what was typed ahead
        yield
    finally:
        termios.tcsetattr(terminal.read_fd, termios.TCSADRAIN, before)


async def attach(channel: ShellChannel, terminal: Terminal) -> int | None:
    """Pass bytes both ways until the shell ends; its exit status. The event loop keeps running meanwhile: the
    terminal must be out of its hands (`with app.suspend(), app.batch_update()`)."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGWINCH, lambda: channel.resize(*terminal.size()))
    try:
        with raw(terminal):
            channel.resize(*terminal.size())
            await in_thread(lambda: _pump(channel, terminal))
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
    return channel.exit_status()


def _pump(channel: ShellChannel, terminal: Terminal) -> None:
    """Until the shell ends or our terminal is gone. The channel never blocks; keys it doesn't take yet wait here."""
    pending = b""
    while True:
        watched = [channel.fileno()]
        if len(pending) < _CHUNK:
            watched.append(terminal.read_fd)
        # That a device takes input again isn't to be seen on the descriptor: ask again while keys wait.
        ready, _, _ = select.select(watched, [], [], _RETRY_SECONDS if pending else None)
        if watched[0] in ready:
            try:
                data = channel.receive(_CHUNK)
            except BlockingIOError:
                data = None
            if data == b"":
                return
            _write_all(terminal.write_fd, data or b"")
        if terminal.read_fd in ready:
            typed = os.read(terminal.read_fd, _CHUNK)
            if not typed:
                return
            pending += typed
        if pending:
            pending = pending[channel.send(pending) :]


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
