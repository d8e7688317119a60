"""The log file: what nobody expected, with its trace. Beside the store, private, small."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from console.errors import StoreError

FILE_NAME = "console.log"
_LARGEST = 1_000_000


def log_to(directory: Path) -> None:
    """Warnings and worse of this program and its libraries go to `directory`, never to the terminal.

    Raises StoreError where the file can't be written.
    """
    path = directory / FILE_NAME
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            str(error.strerror),
            target=str(path),
            phase="open",
            hint="The log file must be a file that you may write; move it away if another account left it.",
        ) from error
    handler = RotatingFileHandler(path, maxBytes=_LARGEST, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.setLevel(logging.WARNING)
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known, RotatingFileHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
