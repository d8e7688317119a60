"""One table above, what is under its cursor pictured below: jobs, sessions, journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from screens.base import ConsoleScreen
from screens.widgets.fleet_table import FleetTable
from screens.widgets.rows import Column, Row


class TableScreen(ConsoleScreen):
    COLUMNS: ClassVar[tuple[Column, ...]]
    HEADING: ClassVar[str]
    EMPTY: ClassVar[str]
    """What an empty table says: what it would hold, and what to press."""

    def compose_body(self) -> ComposeResult:
        yield Static(self.HEADING, classes="heading", id="table-heading")
        yield FleetTable(self.COLUMNS, empty=self.EMPTY, id="table")
        with VerticalScroll(id="picture-scroll", can_focus=False):
            yield Static(id="picture")

    @property
    def table(self) -> FleetTable:
        return self.query_one("#table", FleetTable)

    def rows(self) -> Sequence[Row]:
        """What the table holds now; read from the services, which keep it in memory."""
        raise NotImplementedError

    def picture(self, row_id: str) -> Text:
        """What stands below the table for this row."""
        raise NotImplementedError

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus()
        self.refresh_model()

    def refresh_model(self) -> None:
        rows = self.rows()
        self.query_one("#table-heading", Static).update(Text(f"{self.HEADING} {len(rows)}"))
        self.table.show(rows)
        self.draw_picture()

    def draw_picture(self) -> None:
        row_id = self.table.cursor_id
        self.query_one("#picture", Static).update(self.picture(row_id) if row_id is not None else Text(""))

    def on_fleet_table_cursor_moved(self) -> None:
        self.draw_picture()
        self.query_one("#picture-scroll").scroll_home(animate=False)
