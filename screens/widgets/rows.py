"""The immutable model below a FleetTable: columns, rows, filter, order. No widget, no Textual."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rich.cells import cell_len

from console.nearest import nearest
from screens.text import Tone


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    """Also the name for filters: `os:aix`."""
    title: str
    width: int
    """Least width in cells."""
    right: bool = False
    grow: bool = False
    """Takes what width is left; one column of a table at most."""


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    tone: Tone = Tone.PLAIN
    order: float | str | None = None
    """What to sort by where the text itself wouldn't do (ages, expiry)."""


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    """Stable: marks and the cursor hold on to it through refresh, filter and sort."""
    mark: Cell
    """The glyph before the first column."""
    cells: tuple[Cell, ...]
    """One for each column."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """More that can be filtered by (`tag:`, `check:`), without being a column."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a filter: `!` turns it round, `~` matches loosely, `column:value` looks in one column alone."""

    value: str
    column: str = ""
    negated: bool = False
    fuzzy: bool = False


_WORD = re.compile(r'(?P<not>!?)(?P<fuzzy>~?)(?:(?P<column>[\w-]+)[:=])?(?P<value>"[^"]*"?|\S*)')


def parse_filter(text: str) -> tuple[Term, ...]:
    """Words are joined by *and*; a value with blanks stands in double quotes. Nothing is an error."""
    terms = []
    for match in _WORD.finditer(text):
        value = match["value"].strip('"').casefold()
        if value:
            terms.append(Term(value, (match["column"] or "").casefold(), bool(match["not"]), bool(match["fuzzy"])))
    return tuple(terms)


def _contains(needle: str, text: str) -> bool:
    return needle in text


def _loosely(needle: str, text: str) -> bool:
    position = -1
    for character in needle:
        position = text.find(character, position + 1)
        if position < 0:
            return False
    return True


def matcher(terms: Sequence[Term], columns: Sequence[Column]) -> Callable[[Row], bool]:
    """A name that is no column and no field of a row matches nothing of it (`unknown_column` says so)."""
    places = {column.key.casefold(): index for index, column in enumerate(columns)}

    def texts_of(row: Row, column: str) -> tuple[str, ...]:
        if not column:
            return tuple(text.casefold() for text in (*(cell.text for cell in row.cells), *row.fields.values()))
        # A field goes before a column: it holds the whole value, the column may hold it shortened.
        for key, value in row.fields.items():
            if key.casefold() == column:
                return (value.casefold(),)
        index = places.get(column)
        return (row.cells[index].text.casefold(),) if index is not None else ()

    def matches(row: Row) -> bool:
        for term in terms:
            fits = _loosely if term.fuzzy else _contains
            if any(fits(term.value, text) for text in texts_of(row, term.column)) == term.negated:
                return False
        return True

    return matches


def unknown_column(text: str, columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """`there is no column “verdct”: verdict?`; empty where the filter names only what is there.

    Without a row nothing is known of the fields, and nothing is said.
    """
    named = [term.column for term in parse_filter(text) if term.column]
    if not named or not rows:
        return ""
    known = dict.fromkeys(column.key.casefold() for column in columns)
    known |= dict.fromkeys(key.casefold() for row in rows for key in row.fields)
    wrong = next((column for column in named if column not in known), "")
    if not wrong:
        return ""
    near = nearest(wrong, known)
    return f"there is no column “{wrong}”: " + (f"{near}?" if near is not None else ", ".join(known))


def arrange(
    rows: Sequence[Row], columns: Sequence[Column], filter_text: str, order: str, reverse: bool
) -> tuple[Row, ...]:
    """Rows that pass the filter, ordered by the column of that key (empty: as they came)."""
    terms = parse_filter(filter_text)
    if unknown_column(filter_text, columns, rows):
        return ()  # also of `!colour:red`, which would match every row
    kept = list(filter(matcher(terms, columns), rows)) if terms else list(rows)
    if order == MARK_ORDER:
        kept.sort(key=lambda row: _order_key(row.mark), reverse=reverse)
    else:
        index = next((number for number, column in enumerate(columns) if column.key == order), None)
        if index is not None:
            kept.sort(key=lambda row: _order_key(row.cells[index]), reverse=reverse)
    return tuple(kept)


MARK_ORDER = "state"
"""Order by the glyph before the first column."""


def _order_key(cell: Cell) -> tuple[int, float, str]:
    """Numbers before words, so that a column may hold both."""
    if isinstance(cell.order, int | float):
        return (0, float(cell.order), "")
    return (1, 0.0, (cell.order if isinstance(cell.order, str) else cell.text).casefold())


def fit(columns: Sequence[Column], width: int) -> tuple[int, ...]:
    """Widths of the columns that fit into `width` cells, one blank between them. Columns fall away from the right;
    the first always stays. What is left goes to the growing column."""
    shown = 1
    used = columns[0].width
    for column in columns[1:]:
        if used + 1 + column.width > width:
            break
        used += 1 + column.width
        shown += 1
    widths = [column.width for column in columns[:shown]]
    left = width - used
    growing = next((index for index, column in enumerate(columns[:shown]) if column.grow), None)
    if left > 0 and growing is not None:
        widths[growing] += left
    elif left < 0:
        widths[0] = max(1, width)
    return tuple(widths)


WIDEST = 120
"""Cells that a column takes at most, however long its texts are."""


def natural(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns as wide as the widest text that they hold, never narrower than they are."""
    widest = [max((cell_len(row.cells[index].text) for row in rows), default=0) for index in range(len(columns))]
    return tuple(
        replace(column, width=min(WIDEST, max(column.width, widest[index]))) for index, column in enumerate(columns)
    )
