"""What both editors share: a form, its plan, and the way to the review. Nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from console.changes.model import Plan
from screens.base import ConsoleScreen
from screens.errors import tell
from screens.plan_review import PlanReview
from screens.text import plain, plural
from screens.widgets.form import LEAVE, Field


class Editor(ConsoleScreen):
    def __init__(self, targets: Sequence[str], noun: str, subject: str, remedy: str = "") -> None:
        """`remedy`: what shall be done about a fault; the cursor begins at the first field that it names."""
        super().__init__()
        self.targets = tuple(targets)
        """Fixed when the form opens: marks that change behind it don't matter."""
        self._noun = noun
        self._subject = subject
        self._remedy = remedy
        self._planning = False

    def fields(self) -> Iterable[Field]:
        raise NotImplementedError

    def heading_lines(self) -> Sequence[str]:
        """What stands above the form, beside its title."""
        return ()

    def make_plan(self) -> Callable[[], Plan]:
        """Called on the event loop; what it returns runs off it."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        who = plain(self.targets[0]) if len(self.targets) == 1 else plural(len(self.targets), self._noun)
        yield Static(Text(f" Edit {who} · {self._subject}"), classes="heading")
        with VerticalScroll(id="form", can_focus=False):
            for line in self.heading_lines():
                yield Static(Text(plain(line)), classes="form-line")
            yield from self.fields()
        yield Static(id="form-status")

    def on_mount(self) -> None:
        super().on_mount()
        self._say(self._idle_words())
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        named = [field for field in self.all_fields if re.search(rf"\b{re.escape(field.field)}\b", self._remedy)]
        for field in (named or self.all_fields)[:1]:
            field.focus_value()

    @property
    def all_fields(self) -> list[Field]:
        return list(self.query(Field))

    @property
    def chosen(self) -> dict[str, str]:
        """Fields that aren't left as they are."""
        return {field.field: field.value for field in self.all_fields if field.value != LEAVE}

    def _idle_words(self) -> str:
        count = len(self.chosen)
        if not count:
            return "↑ ↓ go to a setting, ← → choose; nothing is written before you have seen the plan."
        return f"{plural(count, 'setting')} chosen; ctrl+s shows what it would change."

    def _say(self, words: str) -> None:
        self.query_one("#form-status", Static).update(Text(f" {words}"))

    def on_field_changed(self) -> None:
        self._say(self._idle_words())

    def on_input_changed(self) -> None:
        self._say(self._idle_words())

    def on_input_submitted(self) -> None:
        self.action_next_field()

    def action_next_field(self) -> None:
        self.focus_next("Choice, Input")

    def action_previous_field(self) -> None:
        self.focus_previous("Choice, Input")

    def action_plan(self) -> None:
        if not self.chosen:
            tell(self.app, "Nothing is chosen yet: every field says “leave as is”.", warning=True)
        elif not self._planning:
            self._planning = True
            self.run_worker(self._plan(self.make_plan()), group="plan")

    async def _plan(self, make: Callable[[], Plan]) -> None:
        self._say(f"Reading {plural(len(self.targets), self._noun)} to plan against what is there now …")
        try:
            plan = await self.asked(make)
        finally:
            self._planning = False
        self._say(self._idle_words())
        if plan is not None:
            self.app.push_screen(PlanReview(plan))
