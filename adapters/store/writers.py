"""Which journal entries are being written at this moment, by any console on this machine.

A file for each, locked while its console writes: the kernel lets go of the lock of a console that was killed, so that
what lives and what was cut off can be told apart without process numbers (which are used again). flock, as SQLite
itself, needs a local disk.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from pathlib import Path

from console.errors import StoreError

_ENTRY = re.compile(r"[A-Za-z]+-[0-9]+")


class Writers:
    """Thread-safe. The directory is made when the first entry is taken."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._held: dict[str, int] = {}

    def take(self, entry: str) -> None:
        """Raises StoreError where the file can't be made, or another console has it."""
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self._directory / entry, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._error(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise self._error(error) from error
        with self._lock:
            self._held[entry] = descriptor

    def let_go(self, entry: str) -> None:
        """Does nothing for an entry that isn't held here."""
        with self._lock:
            descriptor = self._held.pop(entry, None)
        if descriptor is not None:
            (self._directory / entry).unlink(missing_ok=True)
            os.close(descriptor)

    def is_held(self, entry: str) -> bool:
        """By a console that lives, this one included. Raises StoreError where it can't be told."""
        if not _ENTRY.fullmatch(entry):
            return False
        try:
            descriptor = os.open(self._directory / entry, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._error(error) from error
        try:
            # Shared: two that ask at once aren't taken for a writer.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError as error:
            raise self._error(error) from error
        finally:
            os.close(descriptor)
        return False

    def forget(self, entry: str) -> None:
        """Remove what a killed console left of an entry that has ended."""
        if _ENTRY.fullmatch(entry) and entry not in self._held:
            (self._directory / entry).unlink(missing_ok=True)

    def close(self) -> None:
        with self._lock:
            held = tuple(self._held)
        for entry in held:
            self.let_go(entry)

    def _error(self, error: OSError) -> StoreError:
        return StoreError(
            error.strerror or str(error),
            target=str(self._directory),
            phase="lock",
            hint="The state directory must be writable, have room, and be on a local disk.",
        )
