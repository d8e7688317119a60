"""The bottom line: the keys that matter here, from the action registry; what may not be done now is dim."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from screens.actions import Scope, footer, permitted

_WIDE = 100


class ActionFooter(Widget):
    COMPONENT_CLASSES = {"footer--key", "footer--off"}  # noqa: RUF012

    def __init__(self, scope: Scope, *, read_only: bool) -> None:
        super().__init__()
        self._scope = scope
        self._read_only = read_only

    def set_read_only(self, read_only: bool) -> None:
        if read_only != self._read_only:
            self._read_only = read_only
            self.refresh()

    def render(self) -> Text:
        return footer_text(
            self._scope,
            self.size.width,
            read_only=self._read_only,
            key=self.get_component_rich_style("footer--key", partial=True),
            off=self.get_component_rich_style("footer--off", partial=True),
        )


def footer_text(scope: Scope, width: int, *, read_only: bool, key: Style, off: Style) -> Text:
    text = Text(no_wrap=True, end="")
    off_words = Style(color=off.color)
    for action in footer(scope, wide=width >= _WIDE):
        where = "app" if action.scope is Scope.EVERYWHERE else "screen"
        allowed = permitted(action.name.split("(")[0], action.scope, read_only=read_only)
        click = Style(meta={"@click": f"{where}.{action.name}" if "(" in action.name else f"{where}.{action.name}()"})
        text.append(f" {action.key_text}", (key if allowed else off) + click)
        text.append(f" {action.label} ", click if allowed else off + click)
        if not allowed:
            text.append("(locked) ", off_words)  # in words too: not every terminal can strike out
    return text
