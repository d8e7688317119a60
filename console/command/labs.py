"""The console itself, `demo`, and `lab up`."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.command.formats import to_table
from console.command.observing import judged, prove, sweep_selection
from console.command.outside import Outside
from console.command.selection import PairSelection
from console.errors import ExitStatus, UsageError
from console.services.workspace import Workspace


def configure_console(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="the console alone: nothing can be applied")


def run_console(arguments: argparse.Namespace, outside: Outside) -> int:
    if not outside.interactive:
        raise UsageError(
            "the console needs a terminal", hint="Without one, use a command: sweep, check, show, set, history."
        )
    _require_screen(outside)
    workspace = outside.open_workspace(outside.fleet_file(arguments.fleet), arguments.read_only, True)
    try:
        return outside.run_console(workspace)
    finally:
        workspace.close()


def _require_screen(outside: Outside) -> None:
    """Textual draws on stderr: sent elsewhere, a person would sit before an empty screen. Raises UsageError."""
    if not outside.stderr.isatty():
        raise UsageError(
            "the console draws on stderr, and stderr isn't the terminal here",
            hint="Leave out the redirection (2>FILE, 2>&1 | …).",
        )


def configure_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", type=_count, metavar="N", help="so many devices (12)")
    parser.add_argument("--beacons", type=_count, metavar="N", help="so many beacons (3)")


def run_demo(arguments: argparse.Namespace, outside: Outside) -> int:
    if arguments.fleet is not None:
        raise UsageError("the demo brings its own fleet: leave out -F")

    with_screen = outside.interactive and outside.stderr.isatty()  # Textual draws on stderr

    def use(workspace: Workspace) -> int:
        if with_screen:
            return outside.run_console(workspace)
        everything = PairSelection()
        sweep_selection(workspace, everything, outside)
        proof = prove(workspace, everything, outside)
        outside.answer(to_table(judged(workspace, everything, proof), colour=outside.colour, fix=_FIX_IN_DEMO))
        return ExitStatus.DONE

    outside.say("Starting a loopback fleet …")
    return outside.demo(arguments.devices, arguments.beacons, use)


_FIX_IN_DEMO = (
    "the demo's lab ends with this table. In a terminal `demo` opens the console on it: there enter on a pair says on "
    "which machine what has to be done."
)


def configure_lab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", type=_only_up, metavar="up")
    parser.add_argument("spec", type=Path, metavar="SPEC")
    # Asked for in `run_lab`: argparse would ask for it before it looks at the action.
    parser.add_argument("--dir", type=Path, metavar="DIR", dest="directory", help="where the lab's files go (needed)")
    parser.add_argument("--sshd", action="store_true", help="serve devices by OpenSSH's sshd, where it is installed")
    parser.add_argument("--powershell", metavar="PROGRAM", help="run this for every command line over WS-Man")


def run_lab(arguments: argparse.Namespace, outside: Outside) -> int:
    if arguments.fleet is not None:
        raise UsageError("a lab writes its own fleet file: leave out -F")
    if arguments.directory is None:
        raise UsageError("`lab up` needs a directory for the lab's files", hint="Write lab up SPEC --dir DIR.")
    return outside.serve_lab(arguments.spec, arguments.directory, arguments.sshd, arguments.powershell)


def _only_up(word: str) -> str:
    if word != "up":
        raise argparse.ArgumentTypeError(f"{word!r}: there is `lab up SPEC --dir DIR` alone; ctrl+c ends a lab")
    return word


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to 1000")
    return int(text)
