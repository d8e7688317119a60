"""What a command may do beyond services and values. console/cli.py fills it in; tests give their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from console.services.workspace import Workspace


class CannotAnswer(Exception):
    """Stdout takes nothing."""


@dataclass(frozen=True, slots=True)
class Outside:
    open_workspace: Callable[[Path, bool, bool], Workspace]
    """(fleet file, read-only, for screens). Raises ConfigurationError, StoreError, CredentialError."""
    run_console: Callable[[Workspace], int]
    serve_lab: Callable[[Path, Path, bool, str | None], int]
    """(SPEC, directory, with OpenSSH's sshd, PowerShell program)."""
    demo: Callable[[int | None, int | None, Callable[[Workspace], int]], int]
    """(devices, beacons, what to do with the workspace of a lab that is up): its result."""
    default_fleet: Callable[[], Path]
    environment: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO

    @property
    def interactive(self) -> bool:
        """A person sits there: questions can be asked, screens can be shown."""
        return self.stdin.isatty() and self.stdout.isatty()

    @property
    def colour(self) -> bool:
        """On stdout: a terminal, and NO_COLOR (no-color.org) unset or empty."""
        return self.stdout.isatty() and not self.environment.get("NO_COLOR")

    def fleet_file(self, named: Path | None) -> Path:
        return named if named is not None else self.default_fleet()

    def workspace(self, fleet: Path | None) -> Workspace:
        """For a command: the fleet that `-F` names, or the default one."""
        return self.open_workspace(self.fleet_file(fleet), False, False)

    def say(self, text: str) -> None:
        """To stderr: whatever isn't the answer itself."""
        print(text, file=self.stderr, flush=True)

    def answer(self, text: str) -> None:
        """To stdout: the answer. Raises CannotAnswer (a full disk), BrokenPipeError (nobody reads any more)."""
        try:
            self.stdout.write(text if text.endswith("\n") else text + "\n")
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CannotAnswer(error.strerror) from error
