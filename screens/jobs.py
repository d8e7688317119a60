"""What runs and what has run: one row a job, its targets below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from console.services.job import Job, JobState, TargetState
from screens.actions import Scope, bindings
from screens.errors import tell
from screens.table_screen import TableScreen
from screens.text import Tone, ago, plain
from screens.widgets.fleet_table import cell
from screens.widgets.rows import Cell, Column, Row

_MARK: dict[JobState, Cell] = {
    JobState.RUNNING: Cell("▶", Tone.ACCENT),
    JobState.DONE: Cell("✔", Tone.GOOD),
    JobState.FAILED: Cell("✘", Tone.BAD),
    JobState.CANCELLED: Cell("·", Tone.DIM),
}
_TARGET_GLYPH = {
    TargetState.WAITING: "·",
    TargetState.RUNNING: "▶",
    TargetState.DONE: "✔",
    TargetState.FAILED: "✘",
    TargetState.CANCELLED: "·",
}
_TARGET_ORDER = (
    TargetState.FAILED,
    TargetState.RUNNING,
    TargetState.WAITING,
    TargetState.CANCELLED,
    TargetState.DONE,
)
_PICTURED = 200
"""Targets drawn below the table at most; failed ones come first."""


class JobsScreen(TableScreen):
    SCOPE = Scope.JOBS
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.JOBS)
    HEADING = "JOBS"
    EMPTY = "No job has run yet. 1, then c on a device or R for the whole fleet."
    COLUMNS = (
        Column("job", "job", 7),
        Column("title", "what", 24, grow=True),
        Column("state", "state", 10),
        Column("done", "done", 6, right=True),
        Column("failed", "failed", 6, right=True),
        Column("left", "left", 6, right=True),
        Column("started", "started", 12, right=True),
    )

    def rows(self) -> Sequence[Row]:
        now = self.workspace.clock.now()
        return [
            Row(
                job.id,
                _MARK[job.state],
                (
                    cell(job.id),
                    cell(job.title),
                    cell(job.state.value),
                    cell(f"{job.done:,}", order=job.done),
                    cell(f"{job.failed:,}", Tone.BAD if job.failed else Tone.PLAIN, order=job.failed),
                    cell(f"{job.left:,}", order=job.left),
                    cell(ago(job.started_at, now), Tone.DIM, order=-job.started_at.timestamp()),
                ),
            )
            for job in self.workspace.jobs.jobs
        ]

    def _job(self, job_id: str | None) -> Job | None:
        return next((job for job in self.workspace.jobs.jobs if job.id == job_id), None)

    def picture(self, row_id: str) -> Text:
        job = self._job(row_id)
        text = Text()
        if job is None:
            return text
        targets = sorted(job.targets, key=lambda progress: _TARGET_ORDER.index(progress.state))
        for progress in targets[:_PICTURED]:
            text.append(f" {_TARGET_GLYPH[progress.state]} {plain(progress.target):<24} {progress.state.value}")
            text.append(f"  {plain(progress.error)}\n" if progress.error else "\n")
        if len(targets) > _PICTURED:
            text.append(f" … {len(targets) - _PICTURED:,} more targets\n")
        return text

    def action_cancel(self) -> None:
        job = self._job(self.table.cursor_id)
        if job is None or job.state is not JobState.RUNNING:
            tell(self.app, "This job doesn't run.", warning=True)
            return
        job.cancel()
        self.refresh_model()

    def action_retry(self) -> None:
        job = self._job(self.table.cursor_id)
        names = {beacon.name for beacon in self.workspace.fleet.beacons}
        names |= {device.name for device in self.workspace.fleet.devices}
        failed = [progress.target for progress in job.failures if progress.target in names] if job else []
        if failed:
            self.sweep(failed)
        else:
            tell(self.app, "No beacon or device of this job failed.", warning=True)
