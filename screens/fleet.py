"""Both sides at once: beacons left, devices right, the handshake of the two rows under the cursors below."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from console.fleet.model import Fleet
from console.readiness.model import PairVerdict
from screens.actions import Scope, bindings
from screens.background import in_thread
from screens.base import ConsoleScreen
from screens.errors import tell
from screens.export import export_table
from screens.facts import FactsScreen
from screens.fleet_model import FleetModel, build
from screens.fleet_rows import BEACON_COLUMNS, beacon_row, device_columns, device_row
from screens.other_pairs import worse_words
from screens.pair_report import PairReport
from screens.text import plain, plural
from screens.widgets.fleet_table import FleetTable
from screens.widgets.handshake_strip import HandshakeStrip
from screens.widgets.rows import MARK_ORDER

_FILTER_HINT = "words !not ~loosely os:aix fault:… verdict:blocked (here) worst:blocked (any)"


class FleetScreen(ConsoleScreen):
    SCOPE = Scope.FLEET
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.FLEET)

    def __init__(self) -> None:
        super().__init__()
        self._model: FleetModel | None = None
        self._building = False
        self._again = False

    # -- frame

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="panes"):
            with Vertical(id="beacons-pane"):
                yield Static(classes="heading", id="beacons-heading")
                yield FleetTable(BEACON_COLUMNS, empty="The fleet file names no beacon.", id="beacons")
            with Vertical(id="devices-pane"):
                yield Static(classes="heading", id="devices-heading")
                yield FleetTable(device_columns(""), empty="The fleet file names no device.", id="devices")
        yield Input(placeholder=_FILTER_HINT, id="filter", compact=True)
        yield HandshakeStrip(id="strip")

    def on_mount(self) -> None:
        super().on_mount()
        self.devices.focus()
        self._show_names(self.workspace.fleet)
        self.refresh_model()
        if self.console_app.swept_at is None and (self.workspace.fleet.beacons or self.workspace.fleet.devices):
            self.sweep(None)  # a fleet that was never read has nothing to show yet

    @property
    def beacons(self) -> FleetTable:
        return self.query_one("#beacons", FleetTable)

    @property
    def devices(self) -> FleetTable:
        return self.query_one("#devices", FleetTable)

    @property
    def pane(self) -> FleetTable:
        """The table that the keys act on: the one in front."""
        return self.beacons if self.has_class("-beacons") else self.devices

    @property
    def marked_count(self) -> int:
        return len(self.beacons.marked) + len(self.devices.marked)

    # -- the model

    def _show_names(self, fleet: Fleet) -> None:
        """Names at once; the verdicts follow as soon as they are worked out."""
        empty = FleetModel(self.workspace.clock.now(), self.workspace.estate.observation())
        self.beacons.show([beacon_row(empty, beacon) for beacon in fleet.beacons])
        self.devices.show([device_row(empty, device, "") for device in fleet.devices])
        self.query_one(HandshakeStrip).show(None, instead="Judging what is known …")
        self._show_headings()

    def refresh_model(self) -> None:
        """One build at a time; what happens meanwhile is in the next one."""
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
                self.beacons.show([beacon_row(self._model, beacon) for beacon in self.workspace.fleet.beacons])
                await self._show_devices()
                if not self._again:
                    return
        finally:
            self._building = False

    @work(group="rows", exclusive=True)
    async def _show_devices_again(self) -> None:
        await self._show_devices()

    async def _show_devices(self) -> None:
        """Their rows name the beacon under the other cursor; of a large fleet they take a while to make."""
        model, beacon, fleet = self._model, self.beacons.cursor_id or "", self.workspace.fleet
        if model is None:
            return
        rows = await in_thread(lambda: [device_row(model, device, beacon) for device in fleet.devices])
        if (self.beacons.cursor_id or "") != beacon or self._model is not model:
            return  # the cursor went on meanwhile, or the model did: newer rows are on their way
        self.devices.show(rows, device_columns(beacon, rows))
        self._show_strip()
        self._show_headings()

    def _show_strip(self) -> None:
        strip = self.query_one(HandshakeStrip)
        device, model = self.devices.cursor_id, self._model
        if model is None:
            return
        verdict = self.current_pair()
        lonely = model.unused.get(self.beacons.cursor_id or "") if self.pane is self.beacons else None
        if lonely is not None:
            strip.show(None, instead=f"{lonely.message} {lonely.remedy}")
        elif device is None:
            strip.show(None, instead="No device is shown.")
        elif verdict is not None:
            obstacle = verdict.first_obstacle
            others = model.faults.get(obstacle.check, 1) - 1 if obstacle else 0
            strip.show(verdict, others=others, proof=model.proof(verdict), aside=self._aside(model, verdict))
        elif device in model.observation.devices:
            strip.show(None, instead=f"{device} names no beacon of this fleet in its failover lists. d shows them.")
        else:
            failure = model.observation.failures.get(device)
            strip.show(None, instead=f"{failure[1]}" if failure else f"{device} was never read. c reads it, R all.")

    def _aside(self, model: FleetModel, verdict: PairVerdict) -> str:
        """That the pair isn't the one of both cursors, or that the device has a worse one."""
        beacon = self.beacons.cursor_id
        if beacon and verdict.use.beacon != beacon:
            return f"doesn't use {beacon}"
        worse = worse_words(model.by_device.get(verdict.use.device, ()), verdict)
        return f"worse: {worse}" if worse else ""

    def current_pair(self) -> PairVerdict | None:
        """Of the rows under both cursors; the worst of the device's where it doesn't use that beacon."""
        device = self.devices.cursor_id
        if self._model is None or device is None:
            return None
        return self._model.partner(device, self.beacons.cursor_id or "")

    def _show_headings(self) -> None:
        for name, table in (("beacons", self.beacons), ("devices", self.devices)):
            front = table is self.pane
            text = Text(f" {name.upper()} {table.row_count:,}", style=Style(bold=front, dim=not front), no_wrap=True)
            if len(table.visible_ids) != table.row_count:
                text.append(f" · showing {len(table.visible_ids):,}")
            if table.filter_text:
                text.append(f" · {plain(table.filter_text)}")
            if table.filter_error:
                text.append(f" · {plain(table.filter_error)}")
            if table.marking_range:
                text.append(" · range")
            lost = self._model.unanswered if self._model is not None and table is self.devices else ()
            if lost:
                text.append(f" · {plural(len(lost), 'endpoint')} without a beacon", Style(bold=False))
            if front and self.has_class("-narrow"):
                other = self.devices if table is self.beacons else self.beacons
                text.append(f"   tab: {other.id} {other.row_count:,}", Style(dim=True, bold=False))
            self.query_one(f"#{name}-heading", Static).update(text)

    # -- messages

    def on_fleet_table_cursor_moved(self, event: FleetTable.CursorMoved) -> None:
        if event.table is self.beacons:
            self._show_devices_again()
        else:
            self._show_strip()

    def on_fleet_table_changed(self) -> None:
        self._show_headings()
        self.show_status()

    def on_fleet_table_opened(self, event: FleetTable.Opened) -> None:
        if event.table is self.devices:
            self.action_pair()
        else:
            self._to_front(self.devices)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_headings)

    def on_descendant_focus(self) -> None:
        if isinstance(self.focused, FleetTable):
            self.set_class(self.focused is self.beacons, "-beacons")
            self._show_headings()
            self._show_strip()

    def _to_front(self, table: FleetTable) -> None:
        self.set_class(table is self.beacons, "-beacons")
        # In a narrow terminal the table is still hidden now and couldn't take the focus.
        self.call_after_refresh(table.focus)
        self._show_headings()

    # -- filter

    def action_filter(self) -> None:
        self.add_class("-filtering")
        box = self.query_one("#filter", Input)
        box.value = self.pane.filter_text
        self.call_after_refresh(box.focus)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self.has_class("-filtering"):
            self.pane.set_filter(event.value)

    def on_input_submitted(self) -> None:
        self._end_filtering()

    def _end_filtering(self) -> None:
        self.remove_class("-filtering")
        self.pane.focus()

    def show_filtered(self, text: str, beacon: str) -> None:
        """Filter the devices, from another screen."""
        if beacon:
            self.beacons.move_to(beacon)
        self.devices.set_filter(text)
        self._to_front(self.devices)

    # -- actions of the table in front

    def action_back(self) -> None:
        if self.has_class("-filtering"):
            self._end_filtering()
        elif self.pane.marking_range:
            self.pane.toggle_range()
            self._show_headings()
        elif self.pane.filter_text:
            self.pane.set_filter("")

    def action_other_pane(self) -> None:
        if self.has_class("-filtering"):
            self._end_filtering()
        else:
            self._to_front(self.devices if self.pane is self.beacons else self.beacons)

    def action_mark(self) -> None:
        self.pane.mark_and_advance()

    def action_range(self) -> None:
        self.pane.toggle_range()
        self._show_headings()

    def action_mark_all(self) -> None:
        self.pane.mark_all_or_none()

    def action_invert(self) -> None:
        self.pane.invert_marks()

    def action_clear_marks(self) -> None:
        self.pane.set_marks(())

    def action_same_fault(self) -> None:
        if self.devices.filter_text.startswith("fault:"):
            self.devices.set_filter("")
            return
        verdict = self.current_pair()
        obstacle = verdict.first_obstacle if verdict else None
        if obstacle is None:
            self.devices.set_filter("!worst:ready")
        else:
            self.devices.set_filter(f"fault:{obstacle.check}")

    def action_order(self) -> None:
        keys = ["", MARK_ORDER, *(column.key for column in self.pane.columns)]
        following = keys[(keys.index(self.pane.order) + 1) % len(keys)] if self.pane.order in keys else ""
        self.pane.set_order(following, reverse=self.pane.reverse)
        self.notify(f"Ordered by {following or 'the fleet file'}", timeout=2, markup=False)

    def action_reverse(self) -> None:
        self.pane.set_order(self.pane.order, reverse=not self.pane.reverse)

    def action_wide(self) -> None:
        self.pane.set_wide(not self.pane.wide)

    def action_export(self) -> None:
        export_table(self.app, self.pane, f"{self.console_app.estate_name} {self.pane.id}", self.workspace.clock.now())

    def action_next_fault(self) -> None:
        self.pane.to_next(1)

    def action_previous_fault(self) -> None:
        self.pane.to_next(-1)

    # -- verbs

    def action_edit(self) -> None:
        if self.pane is self.beacons:
            self.edit(beacons=self.beacons.targets())
        else:
            self.edit(devices=self.devices.targets())

    def action_pair(self) -> None:
        verdict = self.current_pair()
        if verdict is None:
            tell(self.app, "No pair here yet: c reads the device and tells which beacons it names.", warning=True)
        else:
            self.app.push_screen(PairReport(verdict.use))

    def action_check(self) -> None:
        if targets := self.pane.targets():
            self.sweep(targets)

    def action_check_all(self) -> None:
        self.sweep(None)

    def action_live(self) -> None:
        """Of each device its pair with the beacon under the other cursor; of a beacon its pairs with all devices."""
        model = self._model
        if model is None:
            return
        if self.pane is self.beacons:
            uses = [one.use for name in self.beacons.targets() for one in model.by_beacon.get(name, ())]
        else:
            beacon = self.beacons.cursor_id or ""
            pairs = [model.partner(name, beacon) for name in self.devices.targets()]
            uses = [pair.use for pair in pairs if pair is not None]
        self.probe(uses)

    def action_shell(self) -> None:
        device = self.devices.cursor_id
        if device is None:
            return
        if self.pane is self.beacons:
            tell(self.app, "A shell is for devices; tab goes to them.", warning=True)
        else:
            self.open_shell(device)

    def action_facts(self) -> None:
        name = self.pane.cursor_id
        if name is not None:
            self.app.push_screen(FactsScreen(name))

    def action_copy(self) -> None:
        names = self.pane.targets()
        self.app.copy_to_clipboard("\n".join(names))
        self.notify(f"Copied {len(names)} to the clipboard", timeout=2, markup=False)
