"""Compact form fields: what is, where it comes from, and what it shall be; "leave as is" is every default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from screens.text import plain

LEAVE = "leave as is"
REMOVE = "remove the line"


@dataclass
class FieldChanged(Message):
    field: str


class Choice(Widget, can_focus=True):
    """One of a few words: space, enter, ← and → go through them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right,enter,l", "step(1)", "Next", show=False),
        Binding("left,h", "step(-1)", "Previous", show=False),
    ]

    def __init__(self, name: str, options: Sequence[str]) -> None:
        super().__init__(classes="field-value")
        self._field = name
        self._options = tuple(options)
        self._index = 0

    @property
    def value(self) -> str:
        return self._options[self._index]

    def action_step(self, step: int) -> None:
        self._index = (self._index + step) % len(self._options)
        self.refresh()
        self.post_message(FieldChanged(self._field))

    def on_click(self) -> None:
        self.focus()
        self.action_step(1)

    def render(self) -> Text:
        arrows = ("‹", "›") if self.has_focus else ("[", "]")
        return Text(f"{arrows[0]} {self.value} {arrows[1]}", style=Style(bold=self.value != LEAVE), no_wrap=True)


class Field(Vertical):
    """Name, value to be, and what it is now; help and provenance below."""

    def __init__(self, name: str, *, options: Sequence[str] = (), now: str, note: str = "") -> None:
        """Without `options` any text may be typed; empty then means "leave as is", and `-` removes the line."""
        super().__init__(classes="field")
        self.field = name
        self._options = tuple(options)
        self._now = plain(now)
        self._note = plain(note)

    def compose(self) -> ComposeResult:
        yield Static(Text(self.field, no_wrap=True), classes="field-name")
        if self._options:
            yield Choice(self.field, (LEAVE, *self._options))
        else:
            yield Input(placeholder=f"{LEAVE} (- removes)", compact=True, classes="field-value", select_on_focus=False)
        yield Static(Text(self._now), classes="field-now")
        if self._note:
            yield Static(Text(self._note), classes="field-note")

    @property
    def value(self) -> str:
        """`LEAVE`, `REMOVE`, or the value to set."""
        if self._options:
            return self.query_one(Choice).value
        typed = self.query_one(Input).value.strip()
        return {"": LEAVE, "-": REMOVE}.get(typed, typed)

    def focus_value(self) -> None:
        (self.query_one(Choice) if self._options else self.query_one(Input)).focus()
