"""What was changed, newest first; the diff below; the way back is a plan like any other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import BindingType

from console.changes.model import EntryState, JournalEntry
from console.errors import MtlsConsoleError
from screens.actions import Scope, bindings
from screens.background import in_thread
from screens.diff import diff_text
from screens.errors import show_error, tell
from screens.plan_review import PlanReview
from screens.table_screen import TableScreen
from screens.text import Tone, ago, exact, plain
from screens.widgets.fleet_table import cell
from screens.widgets.rows import Cell, Column, Row

_MARK = {
    EntryState.OPEN: Cell("▶", Tone.ACCENT),
    EntryState.DONE: Cell("✔", Tone.GOOD),
    EntryState.FAILED: Cell("✘", Tone.BAD),
    EntryState.UNDONE: Cell("↶", Tone.DIM),
}


_SHOWN = 1000
"""Newest entries; `mtls-console history` has them all."""


class JournalScreen(TableScreen):
    SCOPE = Scope.JOURNAL
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.JOURNAL)
    HEADING = "JOURNAL"
    EMPTY = "Nothing was changed yet. 1, then e on a device or beacon begins a change."
    COLUMNS = (
        Column("entry", "entry", 7),
        Column("target", "target", 14),
        Column("state", "state", 7),
        Column("summary", "what", 30, grow=True),
        Column("at", "when", 11, right=True),
        Column("plan", "plan", 8),
    )

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, JournalEntry] = {}

    def rows(self) -> Sequence[Row]:
        now = self.workspace.clock.now()
        return [
            Row(
                entry.entry,
                _MARK[entry.state],
                (
                    cell(entry.entry),
                    cell(entry.target),
                    cell(entry.state.value),
                    cell(entry.summary),
                    cell(ago(entry.at, now), Tone.DIM, order=-entry.at.timestamp()),
                    cell(entry.plan, Tone.DIM),
                ),
            )
            for entry in self._entries.values()
        ]

    def refresh_model(self) -> None:
        self._read()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        try:
            entries = await in_thread(partial(self.workspace.journal.entries, _SHOWN))
        except MtlsConsoleError as error:
            show_error(self.app, error)
            return
        self._entries = {entry.entry: entry for entry in entries}
        super().refresh_model()

    def picture(self, row_id: str) -> Text:
        entry = self._entries[row_id]
        text = Text(f" {plain(entry.target)} · {exact(entry.at)} · {plain(entry.summary)}\n")
        if entry.undoes:
            text.append(f" takes back {plain(entry.undoes)}\n")
        if entry.error:
            text.append(f" ✘ {plain(entry.error)}\n")
        if entry.state is EntryState.OPEN:
            text.append(" Not finished: it runs, or a console was cut off while it wrote.\n")
        change = entry.device_change or entry.beacon_change
        if change is not None:
            text.append("\n")
            text.append_text(diff_text(change.diff))
        return text

    def action_inspect(self) -> None:
        entry = self._entries.get(self.table.cursor_id or "")
        if entry is None:
            tell(self.app, "Nothing was changed yet: there is no entry to look into.", warning=True)
        elif entry.state is not EntryState.OPEN:
            ended = (
                f"{entry.entry} ended ({entry.state.value}): what it changed stands below, nothing is left to find out."
            )
            tell(self.app, f"{ended} u plans the way back.")
        else:
            self.run_worker(self._inspect(entry), group="inspect", exclusive=True)

    async def _inspect(self, entry: JournalEntry) -> None:
        found = await self.asked(lambda: self.workspace.recovery.inspect(entry))
        if found is None:
            return
        tell(self.app, found.message)
        await self.asked(lambda: self.workspace.recovery.settle(found))
        self.refresh_model()

    def action_undo(self) -> None:
        entry = self.table.cursor_id
        if entry is not None:
            self.run_worker(self._undo(entry), group="undo", exclusive=True)

    async def _undo(self, entry: str) -> None:
        plan = await self.asked(lambda: self.workspace.editing.plan_undo(entry))
        if plan is not None:
            self.app.push_screen(PlanReview(plan))
