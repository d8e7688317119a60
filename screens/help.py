"""Every key, those of the screen in front first; typing searches keys, names and sentences."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from screens.actions import Action, Scope, of_scope

_TABLES = (
    ("↑ ↓ j k", "Move", "One row up or down; PgUp PgDn by pages, g G to the ends."),
    ("← →", "Sideways", "Move columns or lines that are wider than the screen."),
    ("enter", "Open", "Open what the cursor is on."),
)
_MOUSE = (("mouse", "Mouse", "Click puts the cursor on a row, on a heading orders by it, on a footer key presses it."),)


def help_lines(scope: Scope, query: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(heading, [(keys, name, sentence)]): this scope, what holds everywhere, then all others."""
    wanted = query.casefold().split()

    def keep(entry: tuple[str, str, str]) -> bool:
        text = " ".join(entry).casefold()
        return all(word in text for word in wanted)

    order = [scope, Scope.EVERYWHERE, *(other for other in Scope if other not in (scope, Scope.EVERYWHERE))]
    sections: list[tuple[str, list[tuple[str, str, str]]]] = []
    for heading in order:
        entries = [entry for action in of_scope(heading) if keep(entry := _entry(action))]
        if heading is Scope.EVERYWHERE:
            entries += [entry for entry in (*_TABLES, *_MOUSE) if keep(entry)]
        if entries:
            sections.append((heading.value, entries))
    return sections


def _entry(action: Action) -> tuple[str, str, str]:
    bulk = (
        " Acts on the marked rows, else on the one under the cursor." if action.bulk and action.name != "mark" else ""
    )
    return action.key_text, action.label, action.help + bulk


class Help(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "close", "Close", show=False),
        Binding("down", "scroll_help(1)", "Down", show=False),
        Binding("up", "scroll_help(-1)", "Up", show=False),
        Binding("pagedown", "scroll_help(10)", "Page down", show=False),
        Binding("pageup", "scroll_help(-10)", "Page up", show=False),
    ]

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Input(placeholder="search keys and names; esc closes", id="help-search", compact=True)
            with VerticalScroll(id="help-body", can_focus=False):
                yield Static(id="help-text")

    def on_mount(self) -> None:
        self.query_one("#help-text", Static).update(self._text(""))
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one("#help-text", Static).update(self._text(event.value))
        self.query_one("#help-body").scroll_home(animate=False)

    def _text(self, query: str) -> Text:
        text = Text()
        for heading, entries in help_lines(self._scope, query):
            text.append(f"{heading}\n", Style(bold=True))
            for keys, name, sentence in entries:
                text.append(f"  {keys:<9} ", Style(bold=True))
                text.append(f"{name:<17} ")
                text.append(f"{sentence}\n", Style(dim=True))
            text.append("\n")
        return text if text else Text("Nothing is called that. Delete a word.")

    def action_scroll_help(self, lines: int) -> None:
        self.query_one("#help-body").scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        self.dismiss(None)
