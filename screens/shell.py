"""The user's own terminal, handed to a shell on a device: bytes pass straight through."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from console.ports import ShellChannel
from screens.background import in_thread

_CHUNK = 32768


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
        tty.setraw(terminal.read_fd)
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
    # Keys travel on a thread of their own: a device that takes no input must not hold up what it prints.
    wake_read, wake_write = os.pipe()
    keys = threading.Thread(
        target=_send_keys, args=(channel, terminal.read_fd, wake_read), name="mtls-console-keys", daemon=True
    )
    keys.start()
    try:
        while data := channel.receive(_CHUNK):
            _write_all(terminal.write_fd, data)
    finally:
        os.write(wake_write, b"x")
        keys.join(timeout=2.0)  # a send that blocks must not keep us; the channel's close ends it
        os.close(wake_write)


def _send_keys(channel: ShellChannel, read_fd: int, wake_fd: int) -> None:
    """Until the pump says so, or the terminal is gone."""
    try:
        while True:
            ready, _, _ = select.select([read_fd, wake_fd], [], [])
            if wake_fd in ready:
                return
            data = os.read(read_fd, _CHUNK)
            if not data:
                return
            while data:
                sent = channel.send(data)
                if sent <= 0:
                    return
                data = data[sent:]
    except OSError:
        return  # the channel was closed under us: the pump sees its end and says what happened
    finally:
        os.close(wake_fd)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
