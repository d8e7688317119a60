"""What becomes of an exception that nobody expected: a record in the log file, and a message that names it."""

from __future__ import annotations

import logging
import secrets

from console.errors import MtlsConsoleError

_log = logging.getLogger("mtls_console")


def record_unexpected(error: Exception, target: str) -> MtlsConsoleError:
    """Log the trace under an id of its own; the message carries the id and the exception's type, not its text."""
    trace = secrets.token_hex(4)
    _log.error("unexpected exception %s at %s", trace, target, exc_info=error)
    return MtlsConsoleError(
        f"unexpected {type(error).__name__}, a fault of this program (trace {trace})",
        target=target,
        phase="internal error",
        hint="The log file in the state directory holds the trace under that id.",
    )
