"""How long a beacon may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `read` must exceed `operation`: the server may hold a Receive for that long before it says "not yet"."""

    operation: int = 10
    read: int = 15
    """Also the time to connect."""
    script: float = 180.0
    """From the command line to the end of its answer; then it is terminated."""


DEFAULT_LIMITS = Limits()
