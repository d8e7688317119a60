"""`history`: the journal, newest first. One entry is one target's part of one plan."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC

from console.changes.model import JournalEntry
from console.command.outside import Outside
from console.command.report import well_formed
from console.command.text import one_line, table
from console.errors import ExitStatus


def configure_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run_history(arguments: argparse.Namespace, outside: Outside) -> int:
    workspace = outside.workspace(arguments.fleet)
    try:
        entries = sorted(workspace.journal.entries(), key=number_of, reverse=True)
        interrupted = workspace.recovery.open_entries()
    finally:
        workspace.close()
    if arguments.format == "json":
        outside.answer(json.dumps(well_formed([as_values(entry) for entry in entries]), ensure_ascii=False, indent=2))
    elif entries:
        outside.answer("\n".join(_lines(entries)))
    else:
        outside.say("The journal is empty.")
    if interrupted and arguments.format == "table":
        names = ", ".join(entry.entry for entry in interrupted[:5]) + (" …" if len(interrupted) > 5 else "")
        outside.say(f"Begun and not ended (a killed run): {names}. `undo ENTRY` says what state its target is in.")
    return ExitStatus.DONE


def number_of(entry: JournalEntry) -> tuple[int, str]:
    """Its place by its number: entries of one plan are opened side by side, in no order."""
    return len(entry.entry), entry.entry


def as_values(entry: JournalEntry) -> dict[str, object]:
    return {
        "entry": entry.entry,
        "at": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "plan": entry.plan,
        "target": entry.target,
        "state": str(entry.state),
        "summary": entry.summary,
    }


def _lines(entries: Sequence[JournalEntry]) -> list[str]:
    rows = [
        (
            entry.entry,
            entry.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            entry.plan,
            one_line(entry.target),
            str(entry.state),
            one_line(f"{entry.summary} ({entry.error})" if entry.error else entry.summary),
        )
        for entry in entries
    ]
    return table(("entry", "at (UTC)", "plan", "target", "state", "summary"), rows)
