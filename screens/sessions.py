"""The connections that the console holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from screens.actions import Scope, bindings
from screens.background import in_thread
from screens.errors import tell
from screens.table_screen import TableScreen
from screens.text import Tone, ago, exact, plain
from screens.widgets.fleet_table import cell
from screens.widgets.rows import Cell, Column, Row


class SessionsScreen(TableScreen):
    SCOPE = Scope.SESSIONS
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.SESSIONS)
    HEADING = "SESSIONS"
    EMPTY = "No shell is open. 1, then s on a device opens one."
    COLUMNS = (
        Column("session", "session", 8),
        Column("device", "device", 20, grow=True),
        Column("since", "since", 14, right=True),
    )

    def rows(self) -> Sequence[Row]:
        now = self.workspace.clock.now()
        return [
            Row(
                held.id,
                Cell("▶", Tone.ACCENT),
                (cell(held.id), cell(held.device), cell(ago(held.since, now), order=-held.since.timestamp())),
            )
            for held in self.workspace.sessions.held()
        ]

    def picture(self, row_id: str) -> Text:
        held = next((held for held in self.workspace.sessions.held() if held.id == row_id), None)
        return Text(f" {plain(held.device)}: a shell since {exact(held.since)}") if held else Text("")

    def action_refresh(self) -> None:
        self.refresh_model()

    def action_shell(self) -> None:
        held = next((held for held in self.workspace.sessions.held() if held.id == self.table.cursor_id), None)
        if held is None:
            tell(self.app, "No session here. 1, then s on a device opens one.", warning=True)
        else:
            self.open_shell(held.device)

    def action_close_session(self) -> None:
        held = next((held for held in self.workspace.sessions.held() if held.id == self.table.cursor_id), None)
        if held is not None:
            self.run_worker(self._close(held.id))

    async def _close(self, session: str) -> None:
        held = next((held for held in self.workspace.sessions.held() if held.id == session), None)
        if held is not None:
            await in_thread(lambda: self.workspace.sessions.close(held.channel))
        self.refresh_model()
