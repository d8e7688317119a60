"""Words of the command line: which command, with which arguments; every mistake is one UsageError."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from console.command.outside import Outside
from console.errors import UsageError
from console.nearest import did_you_mean

PROGRAM = "mtls-console"


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Outside], int]
    """Returns an exit status, or raises an MtlsConsoleError that holds one."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong and nothing else: no usage text, no exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"See {self.prog} --help.")


def parse(commands: Sequence[Command], words: Sequence[str], version: str) -> tuple[Command, argparse.Namespace]:
    """The command (the first of `commands` where none is named) and its arguments; options may stand anywhere.

    Raises UsageError; SystemExit(0) after --help and --version.
    """
    place = _place_of_command(words)
    known = {command.name: command for command in commands if command.name}
    if place is None:
        parser = _parser(commands[0], PROGRAM)
        parser.add_argument("--version", action="version", version=f"{PROGRAM} {version}")
        parser.description = _overview(commands)
        return commands[0], parser.parse_args(list(words))
    name = words[place]
    if name not in known:
        raise UsageError(f"no command is called {name!r}", hint=did_you_mean(name, known))
    command = known[name]
    parser = _parser(command, f"{PROGRAM} {name}")
    arguments, unknown = parser.parse_known_intermixed_args([*words[:place], *words[place + 1 :]])
    if unknown:
        _refuse(parser, commands[0], name, unknown)
    return command, arguments


def _refuse(parser: Parser, console: Command, name: str, unknown: Sequence[str]) -> NoReturn:
    """What the command doesn't know may be of the console, whose `--help` lists it."""
    strange = _parser(console, PROGRAM).parse_known_args(list(unknown))[1]
    for word in unknown:
        if word not in strange:
            parser.error(f"{word} goes with the console alone, which opens where no command is named; not with {name}")
    parser.error(f"unrecognized arguments: {' '.join(unknown)}")


def _parser(command: Command, program: str) -> Parser:
    parser = Parser(
        prog=program,
        description=command.help,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-F",
        "--fleet",
        metavar="FLEET",
        type=Path,
        help="the fleet file; without it fleet.toml of the config directory",
    )
    command.configure(parser)
    return parser


def _place_of_command(words: Sequence[str]) -> int | None:
    place = 0
    while place < len(words):
        word = words[place]
        if word in ("-F", "--fleet"):
            place += 2
        elif word.startswith("-"):
            place += 1
        else:
            return place
    return None


def _overview(commands: Sequence[Command]) -> str:
    named = [command for command in commands if command.name]
    return "\n".join([commands[0].help, "", "commands:", *(f"  {command.name:<9}{command.help}" for command in named)])
