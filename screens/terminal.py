"""What Textual draws on, made to bear that the terminal goes."""

from __future__ import annotations

import errno
import io
import sys
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
