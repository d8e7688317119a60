"""The only road to a change: who would be cut off, what changes on which target, what it would make of the estate."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from console.changes.lockout import locked_out_devices
from console.changes.model import Plan, TargetKind
from console.errors import MtlsConsoleError
from console.readiness.model import PairVerdict
from screens.actions import Scope, bindings
from screens.background import in_thread
from screens.base import ConsoleScreen
from screens.confirm import Confirm
from screens.diff import diff_text
from screens.errors import show_error, tell
from screens.plan_text import (
    RESTORES,
    Group,
    changes,
    groups,
    lockout_lines,
    outlook,
    plan_title,
    restart_line,
    unknown_lines,
)
from screens.text import GLYPH, plain, plural
from screens.theme import CALM

_DIM = Style(dim=True)
_BAD = Style(color=CALM.error)
_WARN = Style(color=CALM.warning)
_NAMED = 8


class GroupView(Static, can_focus=True):
    """One change and the targets that get it; enter shows each target's own diff."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "unfold", "Show", show=False)]

    def __init__(self, group: Group, *, odd: bool) -> None:
        super().__init__(classes="group")
        self._group = group
        self._is_odd = odd
        self._unfolded = len(group.targets) == 1

    def action_unfold(self) -> None:
        self._unfolded = not self._unfolded
        self.refresh(layout=True)

    def on_click(self) -> None:
        self.focus()
        self.action_unfold()

    def render(self) -> Text:
        count = len(self._group.targets)
        text = Text(end="")
        if count == 1:
            text.append(plain(self._group.targets[0]), Style(bold=True))
        else:
            text.append(f"{count:,} targets, the same change", Style(bold=True))
        text.append("   odd one out" if self._is_odd else "", _DIM)
        text.append("   enter hides the whole diff" if self._unfolded else "   enter shows the whole diff", _DIM)
        if count > 1:
            text.append(f"\n  {self._names()}", _DIM)
        text.append("\n")
        whole = [(target, diff) for target, diff in self._group.diffs if diff] if self._unfolded else []
        if count > 1 or not whole or self._group.lines[:1] == (RESTORES,):
            text.append_text(diff_text("\n".join(self._group.lines), indent="    "))
        for target, diff in whole:
            if count > 1:
                text.append(f"  {plain(target)}\n", _DIM)
            text.append_text(diff_text(diff, indent="    "))
        text.rstrip()
        for step in self._group.steps:
            text.append(f"\n    {step}")
        for warning in self._group.warnings:
            text.append(f"\n    ▲ {warning}", _WARN)
        return text

    def _names(self) -> str:
        targets = self._group.targets
        shown = targets if self._unfolded else targets[:_NAMED]
        more = f" and {len(targets) - len(shown):,} more" if len(targets) > len(shown) else ""
        return ", ".join(plain(name) for name in shown) + more


class PlanReview(ConsoleScreen):
    SCOPE = Scope.PLAN
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.PLAN),
        Binding("down,j", "app.focus_next", "Next", show=False),
        Binding("up,k", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._now: tuple[PairVerdict, ...] | None = None
        self._then: tuple[PairVerdict, ...] = ()
        self._what_if = False
        self._applying = False

    def compose_body(self) -> ComposeResult:
        plan = self._plan
        yield Static(Text(f" {plan_title(plan)}", no_wrap=True), classes="heading")
        yield Static(Text(f" {restart_line(plan)}", style=_WARN), id="restarts")
        with VerticalScroll(id="plan-scroll", can_focus=False):
            yield Static(Text("\n".join(lockout_lines(plan.lockouts)), style=_BAD), id="lockouts")
            yield Static(Text("\n".join(unknown_lines(plan.unknown)), style=_BAD), id="unknown-devices")
            found = groups(plan)
            for number, group in enumerate(found):
                yield GroupView(group, odd=number > 0 and len(group.targets) == 1 and len(found[0].targets) > 1)
            yield Static(self._rest(), id="plan-rest")
            yield Static(id="what-if")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#restarts").display = bool(restart_line(self._plan))
        self.query_one("#lockouts").display = bool(self._plan.lockouts)
        self.query_one("#unknown-devices").display = bool(self._plan.unknown)
        self.query_one("#plan-rest").display = bool(
            self._plan.refused or self._plan.unchanged or not self._plan.targets
        )
        first = self.query(GroupView)
        if first:
            first.first().focus()
        self.query_one("#what-if", Static).update(Text(" Working out what this plan would make of the estate …", _DIM))
        self.run_worker(self._forecast(), group="forecast")

    def _rest(self) -> Text:
        plan = self._plan
        text = Text()
        if not plan.targets:
            text.append("Nothing to change.\n", Style(bold=True))
        for target, why in plan.refused.items():
            text.append(f"✘ {plain(target)} can't be planned for: {plain(why)}\n", _BAD)
        same = [name for name in plan.unchanged if name not in plan.notes]
        if same:
            names = ", ".join(plain(name) for name in same[:12])
            more = f" and {len(same) - 12:,} more" if len(same) > 12 else ""
            text.append(f"✔ already as asked: {names}{more}\n", _DIM)
        for target, notes in plan.notes.items():
            text.append("".join(f"▲ {plain(target)}: {plain(note)}\n" for note in notes))
        return text

    # -- what if

    async def _forecast(self) -> None:
        estate = self.workspace.estate
        try:
            self._now, self._then = await in_thread(lambda: (estate.verdicts(), estate.judge_with(self._plan)))
        except MtlsConsoleError as error:
            show_error(self.app, error)
            return
        self._show_what_if()

    def _show_what_if(self) -> None:
        if self._now is None:
            return
        text = Text()
        ahead = outlook(self._now, self._then)
        for one in ahead:
            name = plain(one.beacon) or "beacons outside the fleet"
            text.append(f"After this plan: {name} {one.ready_then} of {one.total} get through (now {one.ready_now})\n")
        if not ahead:
            text.append("After this plan: every verdict stays as it is.\n")
        if self._what_if:
            for use, before, after in changes(self._now, self._then):
                text.append(f"  {plain(use.device)} ⇄ {plain(use.beacon or use.host)}:{use.port}  ", _DIM)
                text.append(f"{GLYPH[before]} {before.value} → {GLYPH[after]} {after.value}\n")
        self.query_one("#what-if", Static).update(text)

    def action_what_if(self) -> None:
        self._what_if = not self._what_if
        self._show_what_if()

    # -- apply

    def action_apply(self) -> None:
        if not self._plan.targets:
            tell(self.app, "This plan changes nothing.", warning=True)
        elif not self._applying:
            self.run_worker(self._apply(), group="question")

    async def _apply(self) -> None:
        self._applying = True
        try:
            if not await self._agreed():
                return
            accepted = len(locked_out_devices(self._plan.lockouts)) or None
            job = await self.asked(lambda: self.workspace.editing.start_apply(self._plan, accepted))
        finally:
            self._applying = False
        if job is not None:
            self.console_app.feed.follow(job)
            self.console_app.show_journal()

    async def _agreed(self) -> bool:
        """Asks in proportion to what is at stake; every answer but the right one writes nothing."""
        plan = self._plan
        cut_off = {lockout.device for lockout in plan.lockouts}
        if cut_off:
            question = Confirm("This cuts devices off", lockout_lines(plan.lockouts, limit=6), typed=str(len(cut_off)))
            if not await self.console_app.push_screen_wait(question):
                return False
        named = ", ".join(plan.targets[:_NAMED]) + (" …" if len(plan.targets) > _NAMED else "")
        first = groups(plan)[0]
        what = [f"{plural(len(plan.targets), plan.kind.value)}: {named}", *first.lines[:_NAMED]]
        what += [restart_line(plan)] if restart_line(plan) else []
        what += [f"▲ {warning}" for warning in first.warnings]
        question = Confirm("Apply this plan?", what, typed=self._word())
        return await self.console_app.push_screen_wait(question)

    def _word(self) -> str:
        """What has to be typed: nothing for one target, the count for many, a name for production."""
        plan, fleet = self._plan, self.workspace.fleet
        known = fleet.devices if plan.kind is TargetKind.DEVICE else fleet.beacons
        production = [target.name for target in known if target.production and target.name in plan.targets]
        if len(plan.targets) == 1:
            return production[0] if production else ""
        return self.console_app.estate_name if production else str(len(plan.targets))
