"""How ready the estate is, what stands in its way, and who would be cut off; each line opens as a filtered fleet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from console.readiness.model import Side, Verdict
from console.readiness.proof import Proof, Strength
from screens.actions import Scope, bindings
from screens.background import in_thread
from screens.base import ConsoleScreen
from screens.beacon_facts import beacon_facts
from screens.errors import tell
from screens.fleet_model import FleetModel, build, counts
from screens.fleet_rows import ready_cell
from screens.mending import Mend, editor_side, mend
from screens.obstacles import Obstacle, expiries, obstacles, pair_verdicts
from screens.text import GLYPH, TONE, Tone, plain, plural, some
from screens.theme import CALM
from screens.widgets.fleet_table import FleetTable, cell
from screens.widgets.rows import Cell, Column, Row

_BAR = 27
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_COLOUR = {
    Verdict.READY: Style(color=CALM.success),
    Verdict.AT_RISK: Style(color=CALM.warning),
    Verdict.BLOCKED: Style(color=CALM.error),
    Verdict.UNKNOWN: Style(color=CALM.variables["unknown"]),
}
BEACON_COLUMNS = (
    Column("name", "BEACON", 12, grow=True),
    Column("ready", "ready", 6, right=True),
    Column("bar", "", 8),
    Column("client", "client cert", 11),
    Column("cut", "if required", 11, right=True),
)
OBSTACLE_COLUMNS = (
    Column("words", "TOP OBSTACLES", 24, grow=True),
    Column("side", "fix on", 7),
    Column("devices", "devices", 7, right=True),
)


def bar(share: float, width: int) -> str:
    """`████▌   `, to an eighth of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


class OverviewScreen(ConsoleScreen):
    SCOPE = Scope.OVERVIEW
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.OVERVIEW),
        Binding("tab,shift+tab", "app.focus_next", "Other table", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._obstacles: dict[str, Obstacle] = {}
        self._model: FleetModel | None = None
        self._cut: Mapping[str, tuple[str, ...]] = {}
        self._building = False
        self._again = False

    def compose_body(self) -> ComposeResult:
        yield Static(Text(" Judging what is known …"), id="overview-head")
        with Horizontal(id="overview-panes"):
            with Vertical(id="overview-left"):
                yield FleetTable(BEACON_COLUMNS, empty="The fleet file names no beacon.", id="overview-beacons")
            with Vertical(id="overview-right"):
                yield FleetTable(
                    OBSTACLE_COLUMNS, empty="Nothing known stands in the way. R reads the fleet afresh.", id="obstacles"
                )
        yield Static(id="overview-foot")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#obstacles", FleetTable).focus()
        self.refresh_model()

    # -- the model

    def refresh_model(self) -> None:
        if self._building:
            self._again = True
            return
        self._building = True
        self.run_worker(self._build(), group="model")

    async def _build(self) -> None:
        try:
            while True:
                self._again = False
                self._model = await in_thread(partial(build, self.workspace, self._model))
                self._show_model(self._model)
                self._cut = await in_thread(self._who_would_be_cut_off)
                self._show_model(self._model)
                if not self._again:
                    return
        finally:
            self._building = False

    def _who_would_be_cut_off(self) -> Mapping[str, tuple[str, ...]]:
        seen = self.workspace.estate.observation().beacons
        return {
            beacon.name: self.workspace.editing.cut_off_by_require(beacon.name)
            for beacon in self.workspace.fleet.beacons
            if beacon_facts(seen.get(beacon.name), beacon.site).client_certificates in ("ignore", "accept")
        }

    def _show_model(self, model: FleetModel) -> None:
        self.query_one("#overview-head", Static).update(self._head(model))
        self.query_one("#overview-beacons", FleetTable).show(self._beacon_rows(model))
        found = obstacles(model)
        self._obstacles = {one.check: one for one in found}
        self.query_one("#obstacles", FleetTable).show(_obstacle_row(one) for one in found)
        self.query_one("#overview-foot", Static).update(self._foot(model))

    def _head(self, model: FleetModel) -> Text:
        tally, fleet = pair_verdicts(model), self.workspace.fleet
        pairs = sum(tally.values())
        text = Text(f" {plural(len(fleet.devices), 'device')} × {plural(len(fleet.beacons), 'beacon')}   ")
        if not pairs:
            return text
        share = tally[Verdict.READY] / pairs
        text.append("ready ")
        if not self.has_class("-narrow"):
            # Green as far as handshakes proved it; what is ready by the data alone has no colour.
            proved = round(_BAR * self._proved_live(model) / pairs)
            whole = bar(share, _BAR).replace(" ", "░")
            text.append(whole[:proved], _COLOUR[Verdict.READY])
            text.append(whole[proved:])
            text.append(" ")
        text.append(f"{round(100 * share)} %")
        for verdict in (Verdict.AT_RISK, Verdict.BLOCKED, Verdict.UNKNOWN):
            style = _COLOUR[verdict] if tally[verdict] else Style(dim=True)
            text.append(f"   {verdict.value} {round(100 * tally[verdict] / pairs)} %", style)
        self._proof_line(text, model)
        return text

    def _proved_live(self, model: FleetModel) -> int:
        """Pairs that are ready, and of which a handshake said so."""
        verdicts = (verdict for verdicts in model.by_device.values() for verdict in verdicts)
        return sum(one.verdict is Verdict.READY and model.proof(one) == Proof(Strength.LIVE) for one in verdicts)

    def _proof_line(self, text: Text, model: FleetModel) -> None:
        """How the verdicts are proved: a green bar alone would say more than is known."""
        proofs = [model.proof(verdict) for verdicts in model.by_device.values() for verdict in verdicts]
        if not proofs:
            return
        text.append("\n PROOF  ", Style(bold=True))
        held = [proof for proof in proofs if proof.against is None]
        counted = [(strength, sum(one.strength is strength for one in held)) for strength in Strength]
        text.append(
            " · ".join(f"{one.word} {count:,}" for one, count in counted if count or one is not Strength.PARTIAL)
        )
        if doubted := len(proofs) - len(held):
            text.append(f" · ≠ says otherwise {doubted:,}", _COLOUR[Verdict.AT_RISK])

    def _beacon_rows(self, model: FleetModel) -> list[Row]:
        rows = []
        for beacon in self.workspace.fleet.beacons:
            verdicts = model.by_beacon.get(beacon.name, ())
            tally = counts(verdicts)
            share = tally[Verdict.READY] / len(verdicts) if verdicts else None
            mode = beacon_facts(model.observation.beacons.get(beacon.name), beacon.site).client_certificates
            cut = self._cut.get(beacon.name)
            ready = ready_cell(model, verdicts, unused=beacon.name in model.unused)
            rows.append(
                Row(
                    beacon.name,
                    Cell(" "),
                    (
                        cell(beacon.name),
                        ready,
                        Cell(bar(share or 0.0, 8), ready.tone),
                        Cell(mode or "?"),
                        Cell(_cut_words(mode, cut), Tone.BAD if cut else Tone.DIM, float(len(cut or ()))),
                    ),
                )
            )
        return rows

    def _foot(self, model: FleetModel) -> Text:
        soon = expiries(model.facts, model.now)
        text = Text(" EXPIRES  ", style=Style(bold=True))
        text.append(
            f"this week {soon.week:,} · this month {soon.month:,} · next 90 days {soon.quarter:,}", Style(bold=False)
        )
        worst = max(self._cut, key=lambda name: len(self._cut[name]), default=None)
        if worst is not None and self._cut[worst]:
            text.append("   WOULD BE CUT OFF ", Style(bold=True))
            text.append(f"if {worst} required now  {len(self._cut[worst]):,}", Style(bold=False))
        if model.unused:
            text.append("\n NO DEVICE USES  ", Style(bold=True))
            text.append(some(list(model.unused)), Style(bold=False))
        if model.unanswered:
            text.append("\n NO BEACON ANSWERS TO  ", Style(bold=True))
            lost = [f"{plain(one.host)}:{one.port} ({plural(len(one.devices), 'device')})" for one in model.unanswered]
            text.append(some(lost), Style(bold=False))
        return text

    # -- actions

    def _behind(self) -> tuple[str, tuple[str, ...], Side, tuple[str, ...]] | None:
        """(filter, devices, side to be changed, beacons) of the line under the cursor."""
        table = self.focused
        if not isinstance(table, FleetTable) or table.cursor_id is None:
            return None
        if table.id == "obstacles":
            one = self._obstacles[table.cursor_id]
            return f"fault:{one.check}", one.devices, editor_side(one), one.beacons
        beacon = table.cursor_id
        return f"beacon:{beacon} !verdict:ready", (), Side.BEACON, (beacon,)

    def action_same_fault(self) -> None:
        behind = self._behind()
        if behind is not None:
            self.console_app.show_fleet(behind[0], behind[3][0] if behind[3] else "")

    def on_fleet_table_opened(self) -> None:
        self.action_same_fault()

    def action_edit(self) -> None:
        behind = self._behind()
        one = self._obstacles.get(behind[0].removeprefix("fault:")) if behind is not None else None
        if behind is None:
            tell(self.app, "Nothing to edit on this line.", warning=True)
        elif one is not None and mend(one) is Mend.BY_HAND:
            tell(self.app, f"No setting mends {one.check}: enter shows the devices, p there tells what to do.")
        elif behind[2] is Side.BEACON:
            self.edit(beacons=tuple(name for name in behind[3] if name))
        else:
            self.edit(devices=behind[1])

    def action_check_all(self) -> None:
        self.sweep(None)


def _obstacle_row(one: Obstacle) -> Row:
    return Row(
        one.check,
        Cell(GLYPH[one.glyph], TONE[one.glyph]),
        (cell(one.words), cell(one.side.value), Cell(f"{len(one.devices):,}", order=float(len(one.devices)))),
        fields={"check": one.check},
    )


def _cut_words(mode: str | None, cut: tuple[str, ...] | None) -> str:
    if mode == "require":
        return "required"
    return "…" if cut is None else f"cuts {len(cut):,}"
