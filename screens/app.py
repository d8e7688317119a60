"""The application: wiring, modes, theme, the drain of background news. What screens show and do is theirs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from textual.actions import ActionParseResult, parse
from textual.app import App
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.events import DeliveryComplete, DeliveryFailed
from textual.screen import Screen

from console.errors import MtlsConsoleError
from console.readiness.model import LiveOutcome
from console.services.events import PairProbed
from console.services.job import Job, JobKind, JobState
from console.services.workspace import Workspace
from screens.actions import Scope, bindings, permitted
from screens.background import in_thread
from screens.base import ConsoleScreen
from screens.confirm import Confirm
from screens.editor import Editor
from screens.errors import show_error, tell
from screens.feed import DRAIN_SECONDS, Feed
from screens.fleet import FleetScreen
from screens.help import Help
from screens.jobs import JobsScreen
from screens.journal import JournalScreen
from screens.overview import OverviewScreen
from screens.pair_report import PairReport
from screens.palette import ActionCommands
from screens.sessions import SessionsScreen
from screens.shell import Terminal, attach
from screens.terminal import bearing_hang_up, ending_with_it
from screens.text import plain, plural
from screens.theme import CALM

_OPEN_TOLD = 3


class ConsoleApp(App[int]):
    """Holds one Workspace. Jobs belong to it: leaving a screen never cancels work."""

    CSS_PATH = "app.tcss"
    TITLE = "mtls-console"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar = {ActionCommands}
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.EVERYWHERE)
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "fleet": FleetScreen,
        "overview": OverviewScreen,
        "jobs": JobsScreen,
        "sessions": SessionsScreen,
        "journal": JournalScreen,
    }

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.register_theme(CALM)
        self.theme = CALM.name
        self.workspace = workspace
        self.feed = Feed()
        self._locked = False
        """By the person in front of it; `--read-only` can't be unlocked."""
        self._outcomes: dict[str, Counter[LiveOutcome]] = {}
        """Of probe jobs that run: components counted by how their handshake ended."""
        self._unlisten: Callable[[], None] = lambda: None

    # -- life

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """So that our stylesheet also works under another theme, from the palette."""
        return dict(CALM.variables)

    def on_mount(self) -> None:
        self._unlisten = self.workspace.estate.listen(self.feed.estate_changed)
        self.set_interval(DRAIN_SECONDS, self._drain)
        self.switch_mode("fleet")
        self.run_worker(self._tell_of_open_entries())

    def on_unmount(self) -> None:
        self._unlisten()
        self.feed.close()

    @property
    def estate_name(self) -> str:
        """The fleet file's name, or its directory's where the file is the usual `fleet.toml`."""
        path = self.workspace.fleet.path
        return f"{path.parent.name if path.stem == 'fleet' and path.parent.name else path.stem} estate"

    @property
    def read_only(self) -> bool:
        return self._locked or self.workspace.read_only

    @property
    def swept_at(self) -> datetime | None:
        """When the newest observation was made."""
        seen = self.workspace.estate.observation()
        taken = [snapshot.taken_at for snapshot in seen.devices.values()]
        taken += [snapshot.taken_at for snapshot in seen.beacons.values()]
        return max(taken, default=None)

    @property
    def oldest_at(self) -> datetime | None:
        """When the oldest of the observations was made that the picture is made of."""
        seen = self.workspace.estate.observation()
        taken = [snapshot.taken_at for snapshot in seen.devices.values()]
        taken += [snapshot.taken_at for snapshot in seen.beacons.values()]
        return min(taken, default=None)

    # -- news

    def _drain(self) -> None:
        news = self.feed.drain()
        if news is None:
            return
        for job, event in news.events:
            if isinstance(event, PairProbed):
                self._outcomes.setdefault(job.id, Counter())[event.result.outcome] += 1
        for job in news.finished:
            self._tell_of_failures(job)
            self._tell_of_handshakes(job)
        if isinstance(self.screen, ConsoleScreen):
            self.screen.post_message(news)

    def _tell_of_failures(self, job: Job) -> None:
        """One word for a job, however many hosts failed."""
        if job.state is not JobState.FAILED:
            return
        first = job.failures[0]
        more = f" And {job.failed - 1} more: 4 shows them." if job.failed > 1 else ""
        what = "" if job.kind is JobKind.APPLY else f"{job.title}: "
        tell(self, f"{what}{first.error}{more}", warning=True)

    def _tell_of_handshakes(self, job: Job) -> None:
        outcomes = self._outcomes.pop(job.id, None)
        if outcomes and not isinstance(self.screen, PairReport):  # the report shows them itself: a toast would hide it
            words = ", ".join(f"{count} {outcome.value}" for outcome, count in sorted(outcomes.items()))
            tell(self, f"{job.title}: {words}", warning=LiveOutcome.FAILED in outcomes)

    async def _tell_of_open_entries(self) -> None:
        """A killed console leaves open journal entries; they are told of, and never block anything."""
        try:
            opened = await in_thread(self.workspace.recovery.open_entries)
        except MtlsConsoleError as error:
            show_error(self, error)
            return
        for entry in opened[:_OPEN_TOLD]:
            # Told one by one: what to do depends on the state that its target is in.
            found = await in_thread(partial(self.workspace.recovery.inspect, entry))
            tell(self, f"A console was cut off while it wrote ({entry.entry}). {found.message}", warning=True)
        if len(opened) > _OPEN_TOLD:
            tell(self, f"{len(opened) - _OPEN_TOLD} more entries are open: 6 (Journal), then i.", warning=True)

    # -- actions of every screen

    def action_go(self, mode: str) -> None:
        """To this screen itself: what was opened on it is closed; asks first where that holds input."""
        self._reach(mode)

    def come_back(self, mode: str = "fleet") -> None:
        """To this screen, and to what was opened on it."""
        if self.current_mode != mode:
            self.switch_mode(mode)

    def _reach(self, mode: str, then: Callable[[], None] = lambda: None) -> None:
        self.come_back(mode)
        chosen = sum(len(screen.chosen) for screen in self.screen_stack if isinstance(screen, Editor))
        if chosen:
            self.run_worker(self._drop(chosen, then), group="question", exclusive=True)
        else:
            self._uncover()
            then()

    async def _drop(self, chosen: int, then: Callable[[], None]) -> None:
        lines = [f"{plural(chosen, 'setting')} chosen in the editor, and not applied."]
        if await self.push_screen_wait(Confirm("Drop what was chosen?", lines)):
            self._uncover()
            then()

    def _uncover(self) -> None:
        for _ in range(len(self.screen_stack) - 1):
            self.pop_screen()

    def action_pair_report(self) -> None:
        """From everywhere; where the Fleet's own screens stand before it (a report, an editor), those come back."""
        self.come_back()
        if isinstance(self.screen, FleetScreen):
            self.screen.action_pair()

    def show_fleet(self, filter_text: str, beacon: str = "") -> None:
        """The fleet, filtered; with the cursor of the beacons on that one."""

        def show() -> None:
            screen = self.screen_stack[0]
            if isinstance(screen, FleetScreen):
                screen.show_filtered(filter_text, beacon)

        self._reach("fleet", show)

    def show_journal(self) -> None:
        """After an apply began: the review and its form have done their work."""
        self._uncover()
        self.action_go("journal")

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_help(self) -> None:
        if isinstance(self.screen, ConsoleScreen):
            self.push_screen(Help(self.screen.SCOPE))

    def on_delivery_complete(self, event: DeliveryComplete) -> None:
        tell(self, f"Exported to {event.path}")

    def on_delivery_failed(self, event: DeliveryFailed) -> None:
        tell(self, f"Couldn't export: {event.exception}", warning=True)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As Textual's; but a key that is shut off now says so, where Textual says nothing."""
        if await super().run_action(action, default_namespace, namespaces):
            return True
        destination, name, _ = parse(action) if isinstance(action, str) else action
        screen = self.screen
        if not isinstance(screen, ConsoleScreen) or not (default_namespace is screen or destination == "screen"):
            return False
        if permitted(name, screen.SCOPE, read_only=self.read_only):
            return False
        how = "This console is read-only" if self.workspace.read_only else "Locked: L unlocks it"
        tell(self, f"{how}. Nothing was done.", warning=True)
        return True

    def action_lock(self) -> None:
        if self.workspace.read_only:
            tell(self, "This console was opened with --read-only; L doesn't lift that.", warning=True)
        elif self._locked:
            self.run_worker(self._unlock(), group="question", exclusive=True)
        else:
            self._set_locked(True)
            tell(self, "Locked: nothing can be applied until L unlocks it.")

    async def _unlock(self) -> None:
        if await self.push_screen_wait(Confirm("Unlock?", ["Plans can be applied again."])):
            self._set_locked(False)
            tell(self, "Unlocked.")

    def _set_locked(self, locked: bool) -> None:
        self._locked = locked
        if isinstance(self.screen, ConsoleScreen):
            self.screen.show_status()

    def action_leave(self) -> None:
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self.current_mode != "fleet":
            self.come_back()
        else:
            self.run_worker(self._quit(), group="question", exclusive=True)

    async def action_quit(self) -> None:
        self.run_worker(self._quit(), group="question", exclusive=True)

    async def _quit(self) -> None:
        running = [job for job in self.workspace.jobs.jobs if job.state is JobState.RUNNING]
        writing = [job for job in running if job.kind is JobKind.APPLY]
        if running:
            lines = [f"{job.title}: {job.left} left" for job in running]
            if writing:
                lines.append("What is being written is finished or left whole; the journal says so at the next start.")
            if not await self.push_screen_wait(Confirm("Quit while this runs?", lines)):
                return
        self.exit(0)

    def open_shell(self, device: str) -> None:
        self.run_worker(self._shell(device), exclusive=True, group="shell")

    async def _shell(self, device: str) -> None:
        terminal = Terminal.own()
        if terminal is None:
            tell(self, "A shell needs a terminal, and this console doesn't run in one.", warning=True)
            return
        columns, rows = terminal.size()
        term = os.environ.get("TERM", "xterm-256color")
        try:
            channel = await in_thread(lambda: self.workspace.sessions.open_shell(device, term, columns, rows))
        except MtlsConsoleError as error:
            show_error(self, error)
            return
        try:
            # batch_update: a repaint while suspended would fill the stopped driver's queue and hang the app.
            with self.suspend(), self.batch_update():
                os.write(terminal.write_fd, f"\r\n{plain(device)}: exit comes back to mtls-console\r\n".encode())
                status = await attach(channel, terminal)
        except MtlsConsoleError as error:
            show_error(self, error)
            return
        finally:
            self.workspace.sessions.close(channel)
            self.refresh(layout=True)
        if status is None:
            tell(self, f"{device}: the connection ended before the shell did.", warning=True)


def run_console(workspace: Workspace) -> int:
    """Open the console on this workspace; returns the exit status. Closing the workspace is the caller's."""
    with bearing_hang_up(), ending_with_it():
        return ConsoleApp(workspace).run() or 0
