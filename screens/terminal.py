"""What Textual draws on, made to bear that the terminal goes."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Terminal(io.FileIO):
    """Standard error; after the terminal has gone, whatever is drawn is dropped."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data) or 0
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return memoryview(data).nbytes


@contextmanager
def bearing_hang_up() -> Iterator[None]:
    """While inside, a terminal that goes is no error for who draws.

    Textual 8.2.8 draws from a thread that dies of the first OSError; its queue of 30 then fills, and the app's
    own ordinary end blocks on it for good (seen: a hung-up console at 100 % of a core for half an hour).
    """
    before = sys.__stderr__
    encoding = before.encoding if before is not None else "utf-8"
    sys.__stderr__ = io.TextIOWrapper(  # type: ignore[misc]  # the name that Textual's driver draws on
        io.BufferedWriter(_Terminal(2, "wb", closefd=False)), encoding=encoding, errors="backslashreplace"
    )
    try:
        yield
    finally:
        sys.__stderr__ = before  # type: ignore[misc]


_LOOK_SECONDS = 1.0


def hung_up(descriptor: int) -> bool:
    """Whether this terminal has gone: no call on it answers any more (Linux: EIO, of a closed descriptor too)."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return error.args[0] in (errno.EIO, errno.ENXIO, errno.EBADF)
    return False


@contextmanager
def ending_with_it() -> Iterator[None]:
    """While inside, a terminal that goes ends us by SIGHUP, as if the kernel had sent it.

    It sends it to the session's leader alone: where that is `make`, which passes on SIGTERM and nothing else, nobody
    tells us, and Textual's input thread reads the end of the file again and again.
    """
    if not os.isatty(0):
        yield  # nothing that could go; a test
        return
    left = threading.Event()

    def watch() -> None:
        main = threading.main_thread().ident
        while not left.wait(_LOOK_SECONDS):
            if main is not None and hung_up(0):
                signal.pthread_kill(main, signal.SIGHUP)
                return

    watcher = threading.Thread(target=watch, name="terminal", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        left.set()
        watcher.join()
