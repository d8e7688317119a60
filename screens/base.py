"""What all screens of the console share: status line above, footer below, news, and the verbs of many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from console.errors import MtlsConsoleError
from console.readiness.model import PairUse
from console.services.job import Job
from console.services.workspace import Workspace
from screens.actions import Scope, permitted
from screens.background import in_thread
from screens.errors import show_error, tell
from screens.feed import News
from screens.widgets.action_footer import ActionFooter
from screens.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from screens.app import ConsoleApp

Result = TypeVar("Result")


class ConsoleScreen(Screen[None]):
    """Subclasses name their SCOPE, take its BINDINGS from the registry, compose a body and follow the news."""

    SCOPE: ClassVar[Scope]
    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-tall")]  # noqa: RUF012 - declared by Textual
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (150, "-broad")]  # noqa: RUF012 - declared by Textual

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def workspace(self) -> Workspace:
        return self.console_app.workspace

    # -- frame

    def compose(self) -> ComposeResult:
        yield StatusLine(self.console_app.estate_name, read_only=self.console_app.read_only)
        yield from self.compose_body()
        yield ActionFooter(self.SCOPE, read_only=self.console_app.read_only)

    def compose_body(self) -> Iterable:  # type: ignore[type-arg]  # Textual's ComposeResult is a bare Iterable alias
        return ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None: greyed out. Textual asks here before it runs anything."""
        return True if permitted(action, self.SCOPE, read_only=self.console_app.read_only) else None

    def on_mount(self) -> None:
        self.set_interval(1.0, self.show_status)
        self.show_status()

    def on_screen_resume(self) -> None:
        self.show_status()
        self.refresh_model()

    def on_news(self, news: News) -> None:
        self.show_status()
        self.take_news(news)

    def take_news(self, news: News) -> None:  # noqa: ARG002
        """Something happened while this screen is in front; by default what it shows is made afresh."""
        self.refresh_model()

    def refresh_model(self) -> None:
        """Read the services again and show what they say."""

    @property
    def marked_count(self) -> int:
        return 0

    def show_status(self) -> None:
        self.query_one(ActionFooter).set_read_only(self.console_app.read_only)
        self.query_one(StatusLine).show(
            now=self.workspace.clock.now(),
            swept=self.console_app.swept_at,
            oldest=self.console_app.oldest_at,
            marked=self.marked_count,
            jobs=self.workspace.jobs.jobs,
            read_only=self.console_app.read_only,
        )

    # -- verbs

    def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            self.console_app.come_back()

    async def asked(self, call: Callable[[], Result]) -> Result | None:
        """A blocking service call, off the event loop; its error is shown and None comes back."""
        try:
            return await in_thread(call)
        except MtlsConsoleError as error:
            show_error(self.app, error)
            return None

    def follow(self, start: Callable[[], Job]) -> Job | None:
        """Start a job that the app owns: leaving this screen doesn't end it."""
        try:
            job = start()
        except MtlsConsoleError as error:
            show_error(self.app, error)
            return None
        self.console_app.feed.follow(job)
        self.show_status()
        return job

    def sweep(self, targets: Sequence[str] | None) -> None:
        self.follow(lambda: self.workspace.sweep.start(targets))

    def probe(self, uses: Sequence[PairUse]) -> None:
        if not uses:
            tell(
                self.app, "No pair to test: the device names no beacon of this fleet. c reads it afresh.", warning=True
            )
            return
        self.follow(lambda: self.workspace.probing.start(uses))

    def open_shell(self, device: str) -> None:
        self.console_app.open_shell(device)

    def edit(self, devices: Sequence[str] = (), beacons: Sequence[str] = (), remedy: str = "") -> None:
        """Open the editor of these targets; one kind at a time. `remedy`: opens at the setting that this names."""
        from screens.beacon_editor import BeaconEditor
        from screens.device_editor import DeviceEditor

        if devices:
            self.app.push_screen(DeviceEditor(tuple(devices), remedy))
        elif beacons:
            self.app.push_screen(BeaconEditor(tuple(beacons), remedy))
        else:
            tell(self.app, "Nothing to edit here.", warning=True)
