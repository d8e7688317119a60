"""One pair, whole: the ladder of its handshake, then every finding, failing ones first, in full."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from console.readiness.model import COMPONENTS, Finding, PairUse, PairVerdict, Side, Status
from console.readiness.own_openssl import OPENSSL_DISAGREES
from console.readiness.proof import FROM_DATA, Proof, Strength, proof_of
from console.services.observation import comparable
from console.services.proof import beside_live, disagreement
from console.services.strength import proofs
from screens.actions import Scope, bindings
from screens.agent_tools import question_lines, tool_text
from screens.background import in_thread
from screens.base import ConsoleScreen
from screens.confirm import Confirm
from screens.errors import tell
from screens.ladder import Half, ladder, shorten
from screens.live import live_line, live_text, own_tools_text
from screens.mending import Mend, by_hand, editor_side, mend, way
from screens.obstacles import devices_by_fault, uses_with_fault
from screens.other_pairs import following, worse, worse_words
from screens.own_openssl import own_line, own_text
from screens.report_text import affected, report_text
from screens.text import GLYPH, TONE, Tone, plain

_MIDDLE = 13
_FIRST = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.PASS: 3, Status.NOT_APPLICABLE: 4}
_CALM = Style(bold=False, dim=True)


class LadderView(Widget):
    COMPONENT_CLASSES = {f"tone--{tone.value}" for tone in Tone if tone is not Tone.PLAIN}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__(id="ladder")
        self._verdict: PairVerdict | None = None

    def show(self, verdict: PairVerdict) -> None:
        self._verdict = verdict
        self.refresh(layout=True)

    def render(self) -> Text:
        text = Text(no_wrap=True, end="")
        if self._verdict is None:
            return text
        half = max(10, (self.size.width - _MIDDLE - 8) // 2)
        use = self._verdict.use
        text.append(f"   DEVICE {shorten(plain(use.device), half - 7)}{' ' * (_MIDDLE + 3)}", Style(bold=True))
        text.append(f"BEACON {shorten(plain(use.beacon or use.host), half - 7)}", Style(bold=True))
        for rung in ladder(self._verdict):
            text.append("\n ")
            self._half(text, rung.left, half)
            text.append(f" {shorten(rung.arrow, _MIDDLE)} ", self._tone(Tone.DIM))
            self._half(text, rung.right, half)
        return text

    def _half(self, text: Text, half: Half | None, width: int) -> None:
        if half is None:
            text.append(" " * (width + 2))
            return
        tone = TONE[half.status]
        text.append(f"{GLYPH[half.status]} ", self._tone(tone))
        loud = half.status in (Status.FAIL, Status.WARN, Status.UNKNOWN)
        text.append(shorten(half.text, width), self._tone(tone) if loud else Style())

    def _tone(self, tone: Tone) -> Style:
        return Style() if tone is Tone.PLAIN else self.get_component_rich_style(f"tone--{tone.value}", partial=True)


_ANSWERED = {Status.PASS: "passed: ", Status.NOT_APPLICABLE: "doesn't apply: "}
"""Of the checks that found nothing wrong."""


class FindingView(Static):
    """One finding: in full where it is current or isn't a pass, else in one line."""

    COMPONENT_CLASSES = LadderView.COMPONENT_CLASSES

    def __init__(self, finding: Finding, use: PairUse, place: str, devices: int) -> None:
        """`devices`: how many have this very fault."""
        super().__init__(classes="finding")
        self.finding = finding
        self._use = use
        self._place = place
        self._devices = devices
        self._current = False

    def set_current(self, current: bool) -> None:
        self._current = current
        self.set_class(current, "-current")
        self.refresh(layout=True)

    def render(self) -> Text:
        finding = self.finding
        tone = self.get_component_rich_style(f"tone--{TONE[finding.status].value}", partial=True)
        dim = self.get_component_rich_style("tone--dim", partial=True)
        text = Text(end="")
        full = self._current or finding.status in (Status.FAIL, Status.UNKNOWN) or finding.risk
        good = finding.status in _ANSWERED
        if good and not full:
            # A check is named after the fault that it looks for, which would read wrong beside a tick: words first.
            text.append(GLYPH[finding.status], tone)
            text.append(f" {plain(finding.message)}")
            text.append(f"  {affected(finding)} · {finding.check}", dim)
            return text
        text.append(f"{GLYPH[finding.status]} {_ANSWERED.get(finding.status, '')}{finding.check}", tone)
        text.append(f"  {affected(finding)}", dim)
        if not full:
            text.append(f"  {plain(finding.message)}")
            return text
        text.append(f"  {self._place}", dim)
        for head, words in report_text(finding, self._use):
            text.append(f"\n  {head:<7} ", dim)
            text.append(words)
            if head == "Fix" and self._current:
                text.append(f"  {way(finding, self._use)}", dim)
                if self._devices > 1 and mend(finding) is Mend.EDIT:
                    text.append(f" · E edit on all {self._devices:,} devices with this fault", dim)
        return text


class PairReport(ConsoleScreen):
    SCOPE = Scope.PAIR
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.PAIR)

    def __init__(self, use: PairUse) -> None:
        super().__init__()
        self._use = use
        self._verdict: PairVerdict | None = None
        self._current = 0
        self._went_round = False
        """`b` was pressed: from the worst pair on it goes through all of them."""
        self._proved: tuple[Finding, ...] = ()
        """What the device's own OpenSSL says against the data."""
        self._own_tools = False
        self._awaited: tuple[object, ...] | None = None
        """The device's answers as they were when it was asked; None: nothing is awaited."""

    def compose_body(self) -> ComposeResult:
        yield Static(id="pair-head", classes="heading")
        with VerticalScroll(id="pair-scroll"):
            yield LadderView()
            yield Static(id="live")
            yield Vertical(id="findings")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#pair-scroll").focus()
        self.refresh_model()

    # -- the model

    def refresh_model(self) -> None:
        found = [
            one
            for one in self.workspace.estate.verdicts_of_device(self._use.device)
            if (one.use.beacon, one.use.host, one.use.port) == (self._use.beacon, self._use.host, self._use.port)
        ]
        if not found:
            self.query_one("#pair-head", Static).update(
                Text(" This pair is gone: the device names the beacon no more.")
            )
            return
        proved = self.workspace.device_proof.findings(found[0])
        same_findings = self._verdict is not None and (self._verdict.findings, self._proved) == (
            found[0].findings,
            proved,
        )
        self._verdict, self._proved = found[0], proved
        self.query_one(LadderView).show(found[0])
        self._show_head(found[0])
        self._show_live(found[0])
        if not same_findings:
            self.run_worker(self._show_findings(found[0]), group="findings", exclusive=True)

    def _all_findings(self, verdict: PairVerdict) -> tuple[Finding, ...]:
        estate = self.workspace.estate
        live = comparable(estate.live_of(verdict), verdict.use, estate.observation())
        against = disagreement(verdict, live)
        odd = [*([] if against is None else [against]), *beside_live(live)]
        odd += [finding for finding in self._proved if finding.check == OPENSSL_DISAGREES]
        others = [finding for finding in self._proved if finding.check != OPENSSL_DISAGREES]
        # In the handshake's order among those of the data, as the agent would meet them.
        return (*odd, *sorted((*verdict.findings, *others), key=lambda one: (_FIRST[one.status], one.step)))

    def _show_head(self, verdict: PairVerdict) -> None:
        use = verdict.use
        head = Text(f" {plain(use.device)} ⇄ {plain(use.host)}:{use.port}   ", style=Style(bold=True), no_wrap=True)
        head.append(f"{GLYPH[verdict.verdict]} {verdict.verdict.value}{_for_whom(verdict)}")
        proved = self._proof(verdict)
        broad = self.has_class("-broad")
        live = self.workspace.estate.live_of(verdict)
        foretold = proved.against is None and proved.strength in (Strength.PARTIAL, Strength.LIVE)
        own = self.workspace.device_proof
        # On 80 columns the words stand once, with the stronger proof.
        agrees = proof_of(verdict, {}, own.newer_results(use)) == Proof(Strength.OPENSSL) and (broad or not foretold)
        proofs_said = own_line(own.results(use), foretold=agrees) + live_line(live, foretold=foretold, broad=broad)
        head.append(f"{'   ' if broad else chr(10) + ' '}proof: data{proofs_said}", _CALM)
        against = proved.against
        if against is not None:
            # Brightest in the line: the verdict stays what the data say, and nobody should miss that it is doubted.
            head.append(f"  ≠ {against.word} says otherwise", self._doubt_style())
        if words := worse_words(self.workspace.estate.verdicts_of_device(use.device), verdict):
            head.append(f"\n {plain(use.device)} has a worse pair: {words}  (b goes there)", self._doubt_style())
        self.query_one("#pair-head", Static).update(head)

    def _proof(self, verdict: PairVerdict) -> Proof:
        found = proofs(self.workspace.estate, self.workspace.device_proof, (verdict,))
        return found.get(verdict.use, FROM_DATA)

    def _doubt_style(self) -> Style:
        return self.query_one(LadderView).get_component_rich_style("tone--warn", partial=True)

    def _show_live(self, verdict: PairVerdict) -> None:
        results = self.workspace.estate.live_of(verdict)
        text = own_text(self.workspace.device_proof.results(verdict.use))
        text.append_text(live_text(results))
        if self._own_tools:
            snapshot = self.workspace.estate.observation().devices.get(verdict.use.device)
            text.append_text(own_tools_text(snapshot, results))
        text.append_text(tool_text(self.workspace.agent_tools.runs(verdict.use.device)))
        live = self.query_one("#live", Static)
        live.update(text)
        live.display = bool(text.plain)
        if self._awaited is not None and self._awaited != self._answers():
            self._awaited = None
            self.call_after_refresh(lambda: self.query_one("#pair-scroll").scroll_to_widget(live, animate=False))

    async def _show_findings(self, verdict: PairVerdict) -> None:
        findings = self._all_findings(verdict)
        estate = self.workspace.estate
        devices = await in_thread(lambda: devices_by_fault(estate.verdicts()))
        loud = sum(finding.status not in (Status.PASS, Status.NOT_APPLICABLE) for finding in findings)
        box = self.query_one("#findings", Vertical)
        async with box.batch():
            await box.remove_children()
            await box.mount_all(
                FindingView(
                    finding,
                    verdict.use,
                    f"{number} of {loud} findings" if number <= loud else "",
                    devices.get(finding.check, 0),
                )
                for number, finding in enumerate(findings, start=1)
            )
        self._current = min(self._current, max(0, len(findings) - 1))
        self._select(self._current, scroll=False)

    # -- the finding that keys act on

    @property
    def current(self) -> Finding | None:
        views = list(self.query(FindingView))
        return views[self._current].finding if self._current < len(views) else None

    def _select(self, index: int, *, scroll: bool = True) -> None:
        views = list(self.query(FindingView))
        if not views:
            return
        self._current = max(0, min(index, len(views) - 1))
        for number, view in enumerate(views):
            view.set_current(number == self._current)
        if scroll:
            chosen = views[self._current]
            self.call_after_refresh(lambda: self.query_one("#pair-scroll").scroll_to_widget(chosen, animate=False))

    def action_next_finding(self) -> None:
        self._select(self._current + 1)

    def action_previous_finding(self) -> None:
        if self._current == 0:
            self.query_one("#pair-scroll").scroll_home(animate=False)
        self._select(self._current - 1)

    # -- verbs

    def action_edit(self) -> None:
        finding = self.current
        if finding is not None and self._told_by_hand(finding):
            return
        if finding is not None and editor_side(finding) is Side.BEACON and self._use.beacon:
            self.edit(beacons=(self._use.beacon,), remedy=finding.remedy)
        else:
            self.edit(devices=(self._use.device,), remedy=finding.remedy if finding is not None else "")

    def action_edit_all(self) -> None:
        finding = self.current
        if finding is None or finding.status is Status.PASS:
            tell(self.app, "This finding is no fault.", warning=True)
            return
        if self._told_by_hand(finding):
            return
        with_it = uses_with_fault(self.workspace.estate.verdicts(), finding.check)
        if editor_side(finding) is Side.BEACON:
            self.edit(beacons=tuple(dict.fromkeys(use.beacon for use in with_it if use.beacon)))
        else:
            self.edit(devices=tuple(dict.fromkeys(use.device for use in with_it)))

    def _told_by_hand(self, finding: Finding) -> bool:
        """Of a fault that no editor can mend: says where it is mended, instead of opening one that tempts."""
        if finding.status is Status.PASS or mend(finding) is not Mend.BY_HAND or not finding.remedy:
            return False
        where = by_hand(finding, self._use)
        tell(self.app, f"{finding.check}: {where}. The Fleet's e edits all the same.")
        return True

    def action_other_pair(self) -> None:
        """The ones worse than this come first: from them on the device's pairs are gone through, worst first."""
        pairs = self.workspace.estate.verdicts_of_device(self._use.device)
        ahead = worse(pairs, self._verdict) if self._verdict is not None and not self._went_round else ()
        other = next(iter(ahead), None) or (following(pairs, self._verdict) if self._verdict is not None else None)
        if other is None:
            tell(self.app, f"{self._use.device} names no other beacon.", warning=True)
            return
        self._went_round = True
        self._use, self._verdict, self._current, self._awaited = other.use, None, 0, None
        self.query_one("#pair-scroll").scroll_home(animate=False)
        self.refresh_model()

    def action_check(self) -> None:
        self.sweep([name for name in (self._use.device, self._use.beacon) if name])

    def action_live(self) -> None:
        self._show_what_comes()
        self.probe([self._use])

    def action_own_openssl(self) -> None:
        self._own_tools = True
        self._show_what_comes()
        self.follow(lambda: self.workspace.device_proof.start([self._use]))
        if self._verdict is not None:
            self._show_live(self._verdict)

    def _show_what_comes(self) -> None:
        """The next answer of the device is scrolled to: it may lie above or below what is shown."""
        self._awaited = self._answers()

    def _answers(self) -> tuple[object, ...]:
        if self._verdict is None:
            return ()
        live = self.workspace.estate.live_of(self._verdict).values()
        tools = self.workspace.agent_tools.runs(self._use.device).values()
        return (*live, *self.workspace.device_proof.results(self._use).values(), *tools)

    def action_agent_tool(self, uses: str) -> None:
        """The agent's own tool for this direction; its side effects are named, and asked about, first."""
        tools = self.workspace.agent_tools.tools().values()
        tool = next((tool for tool in tools if tool.uses == uses), None)
        if tool is None:
            tell(self.app, f"The agent profile names no tool for the {uses} list.", warning=True)
            return
        snapshot = self.workspace.estate.observation().devices.get(self._use.device)
        account = snapshot.agent_user if snapshot is not None else ""
        question = Confirm(
            f"Run the agent's {tool.name}? It does real work", question_lines(tool, self._use.device, account)
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._awaited = self._answers()
                self.follow(lambda: self.workspace.agent_tools.start(self._use.device, tool.name))

        self.app.push_screen(question, answered)

    def action_shell(self) -> None:
        self.open_shell(self._use.device)

    def action_copy(self) -> None:
        if self._verdict is None:
            return
        lines = [f"{self._use.device} - {self._use.host}:{self._use.port}: {self._verdict.verdict.value}"]
        for finding in self._all_findings(self._verdict):
            lines.append(f"{GLYPH[finding.status]} {finding.check} ({affected(finding)})")
            lines += [f"  {head}: {words}" for head, words in report_text(finding, self._use)]
        self.app.copy_to_clipboard("\n".join(lines))
        self.notify("Copied the report to the clipboard", timeout=2, markup=False)


def _for_whom(verdict: PairVerdict) -> str:
    """` for Launcher, Tracker` where some components are as bad as the pair, nothing where it's ready."""
    if all(one is verdict.verdict for one in verdict.components.values()) and verdict.first_obstacle is None:
        return ""
    hit = [name for name in COMPONENTS if verdict.components.get(name) is verdict.verdict]
    return f" for {', '.join(hit)}" if hit else ""
