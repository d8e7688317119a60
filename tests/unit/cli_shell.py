"""The command line as a shell sees it, in the small world: what is contacted, and when, is seen in its fakes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from console.cli import run
from console.command.outside import Outside
from console.services.workspace import Workspace
from tests.fakes import beacon_snapshot
from tests.world import World


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Shell:
    """Runs commands in the small world, as a shell would see them."""

    world: World
    stdin: io.StringIO = field(default_factory=io.StringIO)
    out: str = ""
    err: str = ""
    served: list[tuple[object, ...]] = field(default_factory=list)
    consoles: list[bool] = field(default_factory=list)

    def __call__(self, *words: str, terminal: bool = False, stderr_redirected: bool = False) -> int:
        make: Callable[[], io.StringIO] = Terminal if terminal else io.StringIO
        out, err = make(), io.StringIO() if stderr_redirected else make()

        def serve(*given: object) -> int:
            self.served.append(given)
            return 0

        def console(workspace: Workspace) -> int:
            self.consoles.append(workspace.read_only)
            return 0

        outside = Outside(
            open_workspace=lambda _path, read_only, _screens: self.world.start(read_only),
            run_console=console,
            serve_lab=serve,
            demo=lambda _devices, _beacons, use: use(self.world.start()),
            default_fleet=lambda: Path("/config/fleet.toml"),
            environment={},
            stdin=self.stdin,
            stdout=out,
            stderr=err,
        )
        status = run(words, outside)
        self.out, self.err = out.getvalue(), err.getvalue()
        assert len(self.err.splitlines()) <= 4 or status == 0, self.err
        assert "usage:" not in self.err
        return status

    @property
    def contacted(self) -> bool:
        return bool(self.world.devices.collected or self.world.hello.said or self.world.beacons.ran)


def demand_certificates(shell: Shell) -> None:
    """Of d1, which sends none, and of d2, which does."""
    shell.world.beacons.snapshots["b1"] = beacon_snapshot("b1", flags=("SslNegotiateCert", "SslRequireCert"))
