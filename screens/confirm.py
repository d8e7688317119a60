"""Questions before something has consequences; the answer that does nothing is the default."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from screens.text import plain


class Confirm(ModalScreen[bool]):
    """Asks for `y`, or for a word to be typed. What it is about is fixed when it opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,enter", "answer(False)", "No", show=False),
        Binding("y", "answer(True)", "Yes", show=False),
    ]

    def __init__(self, title: str, lines: list[str], *, typed: str = "") -> None:
        """`typed`: the word that has to be typed; empty: `y` is enough."""
        super().__init__()
        self._title = plain(title)
        self._lines = [plain(line) for line in lines]
        self._typed = typed

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Static(Text(self._title, style="bold"))
            yield Static(Text("\n".join(self._lines)), id="question-lines")
            if self._typed:
                yield Static(Text(f"Type {plain(self._typed)} and press enter; esc: no."))
                yield Input(id="typed", compact=True)
            else:
                yield Static(Text("y: yes   n, enter, esc: no (default)"))

    def action_answer(self, answer: bool) -> None:
        if answer and self._typed:
            return  # it has to be typed; a `y` that reaches us here is a slip
        self.dismiss(answer)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._typed:
            self.dismiss(True)
        else:
            event.input.value = ""
            self.notify(f"That isn't {self._typed}. Nothing was done.", severity="warning", markup=False)
