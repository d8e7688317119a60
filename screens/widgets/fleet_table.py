"""A table for fleets of any size: only visible lines are drawn; cursor and marks hold on to ids, not to lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.text import Tone, plain, sentence
from screens.widgets.rows import MARK_ORDER, Cell, Column, Row, arrange, fit, natural, unknown_column

_ATTENTION = (Tone.BAD, Tone.WARN, Tone.UNKNOWN)
_PREFIX = 4
"""Cursor bar, mark, glyph and a blank stand before the first column."""


class FleetTable(ScrollView, can_focus=True):
    """Rows with a cursor, marks, a filter and an order.

    The model is handed in whole by `show`; the table keeps the cursor on the same id where that row still exists.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--marked",
        *(f"table--{tone.value}" for tone in Tone if tone is not Tone.PLAIN),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False),
        Binding("down,j", "cursor(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("left", "shift_columns(-1)", "Columns left", show=False),
        Binding("right", "shift_columns(1)", "Columns right", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    @dataclass
    class CursorMoved(Message):
        table: FleetTable
        row: str | None

        @property
        def control(self) -> FleetTable:
            return self.table

    @dataclass
    class Opened(Message):
        table: FleetTable
        row: str

        @property
        def control(self) -> FleetTable:
            return self.table

    @dataclass
    class Changed(Message):
        """Marks, filter or order changed."""

        table: FleetTable

        @property
        def control(self) -> FleetTable:
            return self.table

    def __init__(self, columns: Sequence[Column], *, empty: str, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._rows: tuple[Row, ...] = ()
        self._view: tuple[Row, ...] = ()
        self._places: dict[str, int] = {}
        self._cursor = 0
        self._shift = 0
        """How many columns after the first have moved out of sight to the left."""
        self._marks: set[str] = set()
        self._range_from: str | None = None
        self._range_base: set[str] = set()
        self._styles: dict[tuple[Tone, bool, bool], Style] = {}
        self.empty = empty
        """What an empty table says: what to press."""
        self.filter_text = ""
        self.order = ""
        self.reverse = False
        self.wide = False
        self._natural: tuple[Column, ...] = ()

    # -- the model

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    @property
    def row_count(self) -> int:
        return len(self._rows)

    @property
    def visible_ids(self) -> tuple[str, ...]:
        """Ids that pass the filter, in order."""
        return tuple(row.id for row in self._view)

    @property
    def cursor_id(self) -> str | None:
        return self._view[self._cursor].id if self._view else None

    @property
    def marked(self) -> tuple[str, ...]:
        """Marked ids in the order of the model; hidden ones included."""
        return tuple(row.id for row in self._rows if row.id in self._marks)

    def targets(self) -> tuple[str, ...]:
        """What every verb acts on: the marked rows, else the one under the cursor."""
        if self._marks:
            return self.marked
        return (self.cursor_id,) if self.cursor_id is not None else ()

    def show(self, rows: Iterable[Row], columns: Sequence[Column] | None = None) -> None:
        """Replace the model; marks of rows that are gone are dropped, the cursor stays on its row."""
        self._rows = tuple(rows)
        if columns is not None:
            self._columns = tuple(columns)
        known = {row.id for row in self._rows}
        if not self._marks <= known:
            self._marks &= known
            self.post_message(self.Changed(self))
        self._arrange()

    def set_filter(self, text: str) -> None:
        self.filter_text = text
        self._arrange()
        self.post_message(self.Changed(self))

    @property
    def filter_error(self) -> str:
        return unknown_column(self.filter_text, self._columns, self._rows)

    def set_order(self, key: str, *, reverse: bool = False) -> None:
        self.order = key
        self.reverse = reverse
        self._arrange()
        self.post_message(self.Changed(self))

    def set_wide(self, wide: bool) -> None:
        """Columns as wide as what they hold, or as the model says."""
        self.wide = wide
        self._shift = 0
        self._arrange()

    @property
    def visible_rows(self) -> tuple[Row, ...]:
        """Those that pass the filter, in order."""
        return self._view

    def set_marks(self, ids: Iterable[str]) -> None:
        known = {row.id for row in self._rows}
        self._marks = set(ids) & known
        self.refresh()
        self.post_message(self.Changed(self))

    def move_to(self, row_id: str) -> bool:
        """Put the cursor on that row; False where the filter hides it."""
        if row_id not in self._places:
            return False
        self._move(self._places[row_id])
        return True

    def _arrange(self) -> None:
        held = self.cursor_id
        self._view = arrange(self._rows, self._columns, self.filter_text, self.order, self.reverse)
        self._places = {row.id: index for index, row in enumerate(self._view)}
        self._natural = natural(self._columns, self._view) if self.wide else ()
        self._cursor = self._places.get(held or "", min(self._cursor, max(0, len(self._view) - 1)))
        self.virtual_size = Size(self._width, len(self._view) + 1)
        self._keep_in_sight()
        self.refresh()
        if self.cursor_id != held:
            self.post_message(self.CursorMoved(self, self.cursor_id))

    # -- moving

    def _move(self, index: int) -> None:
        if not self._view:
            return
        old = self._cursor
        self._cursor = max(0, min(index, len(self._view) - 1))
        if self._range_from is not None:
            self._extend_range()
        if old != self._cursor:
            self._keep_in_sight()
            self._redraw_row(old)
            self._redraw_row(self._cursor)
            self.post_message(self.CursorMoved(self, self.cursor_id))

    def _keep_in_sight(self) -> None:
        lines = max(1, self.size.height - 1)
        top = round(self.scroll_offset.y)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + lines:
            self.scroll_to(y=self._cursor - lines + 1, animate=False, force=True)

    def _redraw_row(self, index: int) -> None:
        line = index - self.scroll_offset.y + 1
        if 1 <= line < self.size.height:
            self.refresh(Region(0, line, self._width, 1))

    def action_cursor(self, step: int) -> None:
        self._move(self._cursor + step)

    def action_page(self, direction: int) -> None:
        self._move(self._cursor + direction * max(1, self.size.height - 2))

    def action_edge(self, direction: int) -> None:
        self._move(0 if direction < 0 else len(self._view) - 1)

    def action_shift_columns(self, step: int) -> None:
        """Columns that don't fit come into sight; the first one stays."""
        shown = self._shown_columns
        hidden = len(shown) - len(fit(shown, self._width - _PREFIX))
        if (step > 0 and hidden > 0) or (step < 0 and self._shift):
            self._shift += step
            self.refresh()

    @property
    def _shown_columns(self) -> tuple[Column, ...]:
        first, *others = self._natural or self._columns
        room = max(1, self._width - _PREFIX - first.width - 1)
        # A column wider than the screen would fall away whole; cut, it can be read.
        return (first, *(replace(one, width=min(one.width, room)) for one in others[self._shift :]))

    def to_next(self, step: int) -> None:
        """To the next row in that direction whose glyph asks for attention."""
        order = range(self._cursor + step, len(self._view) if step > 0 else -1, step)
        found = next((index for index in order if self._view[index].mark.tone in _ATTENTION), None)
        if found is not None:
            self._move(found)

    def action_open(self) -> None:
        if self.cursor_id is not None:
            self.post_message(self.Opened(self, self.cursor_id))

    # -- marking

    def mark_and_advance(self) -> None:
        if self.cursor_id is None:
            return
        self._marks ^= {self.cursor_id}
        self._redraw_row(self._cursor)
        self._move(self._cursor + 1)
        self.post_message(self.Changed(self))

    def mark_all_or_none(self) -> None:
        """Every visible row; all of them marked already: none of them."""
        visible = set(self.visible_ids)
        self.set_marks(self._marks - visible if visible <= self._marks else self._marks | visible)

    def invert_marks(self) -> None:
        self.set_marks(self._marks ^ set(self.visible_ids))

    def toggle_range(self) -> None:
        """Start marking a range at the cursor, or end it."""
        if self._range_from is not None or self.cursor_id is None:
            self._range_from = None
            return
        self._range_from = self.cursor_id
        self._range_base = set(self._marks)
        self._extend_range()

    @property
    def marking_range(self) -> bool:
        return self._range_from is not None

    def _extend_range(self) -> None:
        start = self._places.get(self._range_from or "", self._cursor)
        first, last = sorted((start, self._cursor))
        self._marks = self._range_base | {row.id for row in self._view[first : last + 1]}
        self.refresh()
        self.post_message(self.Changed(self))

    # -- drawing

    @property
    def _width(self) -> int:
        """Without the scroll bar, which would hide the end of the last column."""
        return self.scrollable_content_region.width

    def on_resize(self) -> None:
        self.virtual_size = Size(self._width, len(self._view) + 1)
        self._keep_in_sight()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            self._order_by_column_at(event.x)
        elif (index := event.y - 1 + round(self.scroll_offset.y)) < len(self._view):
            self._move(index)

    def _order_by_column_at(self, x: int) -> None:
        left = _PREFIX
        shown = self._shown_columns
        for column, width in zip(shown, fit(shown, self._width - _PREFIX), strict=False):
            if left <= x <= left + width:
                self.set_order(column.key, reverse=self.order == column.key and not self.reverse)
                return
            left += width + 1
        self.set_order(MARK_ORDER, reverse=self.order == MARK_ORDER and not self.reverse)

    def render_line(self, y: int) -> Strip:
        width = self._width
        if y == 0:
            return self._header(width)
        index = round(self.scroll_offset.y) + y - 1
        if index < len(self._view):
            return self._line(self._view[index], index == self._cursor, width)
        base = self.rich_style
        if not self._view and y == 2:
            why = sentence(self.filter_error or f"nothing matches “{self.filter_text}”")
            text = f"{why[0].upper()}{why[1:]} esc clears the filter." if self._rows else self.empty
            dim = self._style(Tone.DIM, cursor=False, marked=False)
            return Strip([Segment(set_cell_size(f"  {text}", width), dim)])
        return Strip.blank(width, base)

    def _header(self, width: int) -> Strip:
        style = self.get_component_rich_style("table--header")
        parts = [" " * _PREFIX]
        shown = self._shown_columns
        for column, cells in zip(shown, fit(shown, width - _PREFIX), strict=False):
            title = plain(column.title)
            if column.key == self.order:
                title += "▼" if self.reverse else "▲"
            parts.append(_sized(title, cells, right=column.right) + " ")
        return Strip([Segment(set_cell_size("".join(parts), width), style)])

    def _line(self, row: Row, cursor: bool, width: int) -> Strip:
        marked = row.id in self._marks
        blank = self._style(Tone.PLAIN, cursor, marked)
        segments = [
            Segment("▌" if cursor else " ", self._style(Tone.ACCENT, cursor, marked)),
            Segment("●" if marked else " ", self._style(Tone.ACCENT, cursor, marked)),
            Segment(_sized(row.mark.text, 1), self._style(row.mark.tone, cursor, marked)),
            Segment(" ", blank),
        ]
        shown = self._shown_columns
        cells_shown = (row.cells[0], *row.cells[1 + self._shift :])
        for number, (column, cells) in enumerate(zip(shown, fit(shown, width - _PREFIX), strict=False)):
            if number:
                segments.append(Segment(" ", blank))
            cell = cells_shown[number]
            segments.append(
                Segment(_sized(plain(cell.text), cells, right=column.right), self._style(cell.tone, cursor, marked))
            )
        return Strip(segments).adjust_cell_length(width, blank)

    def _style(self, tone: Tone, cursor: bool, marked: bool) -> Style:
        key = (tone, cursor, marked)
        style = self._styles.get(key)
        if style is None:
            style = self.rich_style
            if tone is not Tone.PLAIN:
                style += self.get_component_rich_style(f"table--{tone.value}", partial=True)
            if marked:
                style += self.get_component_rich_style("table--marked", partial=True)
            if cursor:
                style += self.get_component_rich_style("table--cursor", partial=True)
            self._styles[key] = style
        return style


def _sized(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells; what is cut ends in `…`."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - length) + text if right else text + " " * (width - length)


def cell(text: str, tone: Tone = Tone.PLAIN, order: float | str | None = None) -> Cell:
    """A cell of foreign text, made harmless."""
    return Cell(plain(text), tone, order)
