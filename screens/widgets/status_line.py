"""The top line of every screen: which estate, how old its picture, what is marked, what runs, read-only or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from console.services.job import Job, JobState
from screens.text import age, ago, clock_time, plain

_APART = timedelta(minutes=5)
"""Observations of one sweep lie closer together."""


def job_line(job: Job, now: datetime) -> str:
    """`check 7 done, 1 failed, 4 left · 12/s · 3 s left`."""
    ended = job.done + job.failed
    parts = [f"{plain(job.title)} {job.done:,} done, {job.failed:,} failed, {job.left:,} left"]
    seconds = (now - job.started_at).total_seconds()
    if ended and seconds > 1:
        rate = ended / seconds
        parts.append(f"{rate:.1f}/s")
        parts.append(f"{job.left / rate:.0f} s left")
    return " · ".join(parts)


def swept_words(newest: datetime, oldest: datetime | None, now: datetime) -> str:
    """`swept 14:02 · just now · oldest 39 min`: one target read a moment ago doesn't make the whole picture new."""
    words = f"swept {clock_time(newest)} · {ago(newest, now)}"
    return words if oldest is None or newest - oldest <= _APART else f"{words} · oldest {age(oldest, now)}"


class StatusLine(Widget):
    COMPONENT_CLASSES = {"status--dim", "status--accent", "status--warn"}  # noqa: RUF012

    def __init__(self, estate: str, *, read_only: bool) -> None:
        super().__init__()
        self._estate = plain(estate)
        self._read_only = read_only
        self._marked = 0
        self._swept: datetime | None = None
        self._oldest: datetime | None = None
        self._now: datetime | None = None
        self._jobs: Sequence[Job] = ()

    def show(
        self,
        *,
        now: datetime,
        swept: datetime | None,
        marked: int,
        jobs: Sequence[Job],
        read_only: bool,
        oldest: datetime | None = None,
    ) -> None:
        """`swept`: the newest observation, `oldest`: the oldest of the picture; `jobs`: those that run."""
        self._oldest = oldest
        self._now, self._swept, self._marked, self._read_only = now, swept, marked, read_only
        self._jobs = [job for job in jobs if job.state is JobState.RUNNING]
        self.refresh()

    def render(self) -> Text:
        dim, accent, warn = (self._style(name) for name in ("dim", "accent", "warn"))
        left = Text(" mtls-console", style="bold", no_wrap=True, end="")
        left.append(" · ", dim)
        left.append(self._estate)
        right: list[tuple[str, Style]] = []
        if self._jobs and self._now is not None:
            more = f" (+{len(self._jobs) - 1})" if len(self._jobs) > 1 else ""
            right.append((job_line(self._jobs[0], self._now) + more, accent))
        elif self._swept is not None and self._now is not None:
            right.append((swept_words(self._swept, self._oldest, self._now), dim))
        elif self._now is not None:
            right.append(("never swept", dim))
        if self._marked:
            right.append((f"{self._marked:,} marked", accent))
        if self._read_only:
            right.append(("[read-only]", warn))
        tail = Text(" · ", dim).join(Text(words, style) for words, style in right)
        tail.append(" ")
        room = self.size.width - left.cell_len - tail.cell_len
        if room < 1:
            left = Text(" ", end="")
            tail.truncate(max(1, self.size.width - 1), overflow="ellipsis")
            room = max(0, self.size.width - 1 - tail.cell_len)
        left.append(" " * room)
        left.append_text(tail)
        return left

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"status--{name}", partial=True)
