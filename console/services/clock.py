"""The system's clock behind the Clock port; tests give a frozen one."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """UTC, with a time zone."""

    def now(self) -> datetime:
        return datetime.now(UTC)
