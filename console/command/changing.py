"""`set`, `apply` and `undo`: plan, review, apply. The plan is the answer; whatever else is said goes to stderr."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from console.changes.beacon_plan import check_settings
from console.changes.device_plan import resolve_edits
from console.changes.inverse import require_undoable
from console.changes.model import EntryState, JournalEntry, Plan, TargetKind
from console.command.history import number_of
from console.command.observing import known_for, status_of, sweep_selection, watched, worst
from console.command.outside import Outside
from console.command.plans import plan_in_the_way, read_plan, write_plan
from console.command.review import question_for, review
from console.command.selection import PairSelection, Selection, is_selector, select
from console.command.text import counted, error_lines, one_line, table
from console.errors import ExitStatus, UsageError
from console.iis.settings import SETTINGS
from console.services.recovery import OpenState
from console.services.workspace import Workspace


def configure_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="SELECT… KEY=VALUE…", help="targets of one kind, and what to set")
    parser.add_argument("--unset", action="append", default=[], metavar="KEY", help="remove a preference's line")
    _configure_outcome(parser)


def configure_apply(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", type=Path, metavar="PLAN")
    _configure_answers(parser)


def configure_undo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("entry", metavar="ENTRY", help="of `history`, e.g. E-0007")
    _configure_outcome(parser)


def _configure_outcome(parser: argparse.ArgumentParser) -> None:
    outcome = parser.add_mutually_exclusive_group()
    outcome.add_argument("--out", type=Path, metavar="PLAN", help="write the plan for `apply`")
    outcome.add_argument("--apply", action="store_true", help="apply it, after a question")
    _configure_answers(parser)


def _configure_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="answer the question")
    parser.add_argument(
        "--accept-lockout", type=_count, metavar="N", help="so many devices that now get through may be cut off"
    )


def run_set(arguments: argparse.Namespace, outside: Outside) -> int:
    selectors = [word for word in arguments.words if is_selector(word)]
    edits = _edits([word for word in arguments.words if not is_selector(word)], arguments.unset)
    _require_free(arguments.out)
    workspace = outside.workspace(arguments.fleet)
    try:
        selection = _selected(workspace, selectors, edits)
        _observe(workspace, selection.kind, selection.names, outside)
        if selection.kind is TargetKind.DEVICE:
            plan = workspace.editing.plan_devices(selection.names, edits)
        else:
            plan = workspace.editing.plan_beacons(selection.names, {key: value or "" for key, value in edits.items()})
        return _conclude(workspace, plan, arguments, outside)
    finally:
        workspace.close()


def run_apply(arguments: argparse.Namespace, outside: Outside) -> int:
    plan = read_plan(arguments.plan)
    workspace = outside.workspace(arguments.fleet)
    try:
        workspace.editing.require_known(plan)
        left = workspace.editing.left_of(plan)
        if len(left.targets) < len(plan.targets):
            gone = counted(len(plan.targets) - len(left.targets), plan.kind)
            outside.say(f"{plan.id} was applied to {gone} already: left out")
        plan = left
        # What the plan saw may be long ago: whom it would cut off is judged by what is there now.
        _observe(workspace, plan.kind, plan.targets, outside)
        return _apply(workspace, plan, arguments, outside)
    finally:
        workspace.close()


def run_undo(arguments: argparse.Namespace, outside: Outside) -> int:
    _require_free(arguments.out)
    workspace = outside.workspace(arguments.fleet)
    try:
        entry = workspace.journal.entry(_entry_name(arguments.entry))
        require_undoable(entry)
        _observe(workspace, entry.kind, [entry.target], outside)
        if entry.state is EntryState.OPEN:
            opened = workspace.recovery.inspect(entry)
            outside.say(error_lines(opened.message))
            if opened.state is OpenState.UNTOUCHED:
                workspace.recovery.settle(opened)
                return ExitStatus.DONE
        return _conclude(workspace, workspace.editing.plan_undo(entry.entry), arguments, outside)
    finally:
        workspace.close()


def _entry_name(word: str) -> str:
    """`7` is E-0007, as `history` writes it."""
    return f"E-{int(word):04d}" if word.isascii() and word.isdecimal() and len(word) < 10 else word.upper()


def _require_free(out: Path | None) -> None:
    """Raises ConfigurationError, before anything is contacted, where --out names a file that is no plan."""
    if out is not None:
        plan_in_the_way(out)


def _edits(words: Sequence[str], unset: Sequence[str]) -> dict[str, str | None]:
    edits: dict[str, str | None] = {}
    for word in words:
        key, _, value = word.partition("=")
        if not key:
            raise UsageError(f"{word!r} names no key", hint="Write KEY=VALUE.")
        if key in edits:
            raise UsageError(f"{key} is given twice")
        edits[key] = value
    for key in unset:
        if key in edits:
            raise UsageError(f"{key} is given twice")
        edits[key] = None
    if not edits:
        raise UsageError("nothing to set", hint="Give KEY=VALUE, or --unset KEY.")
    return edits


def _selected(workspace: Workspace, selectors: Sequence[str], edits: dict[str, str | None]) -> Selection:
    """Targets, and edits that fit their kind; raises UsageError before anything is contacted."""
    kind = TargetKind.BEACON if set(edits) <= set(SETTINGS) else None
    selection = select(workspace.fleet, selectors, *known_for(workspace, selectors), kind)
    if selection.kind is TargetKind.DEVICE:
        resolve_edits(edits, workspace.profile)
        return selection
    removed = [key for key, value in edits.items() if value is None]
    if removed:
        raise UsageError(f"--unset {removed[0]}: a beacon's setting has a value, and can't be removed")
    check_settings({key: value or "" for key, value in edits.items()})
    return selection


def _observe(workspace: Workspace, kind: TargetKind, names: Sequence[str], outside: Outside) -> None:
    """Both sides of the targets' pairs, as `check` does: without them nobody knows who would be cut off."""
    chosen = frozenset(names)
    pairs = PairSelection(devices=chosen) if kind is TargetKind.DEVICE else PairSelection(beacons=chosen)
    if chosen:
        sweep_selection(workspace, pairs, outside)


def _conclude(workspace: Workspace, plan: Plan, arguments: argparse.Namespace, outside: Outside) -> int:
    """Show the plan; then write it, apply it, or leave it at that."""
    outside.answer("\n".join(review(plan, colour=outside.colour, applying=arguments.apply)))
    status = ExitStatus.DONE
    if plan.refused:
        status = ExitStatus.UNREACHABLE if plan.unreached else ExitStatus.NOT_READY
        outside.say(error_lines(f"can't be planned for: {', '.join(plan.refused)}"))
    if arguments.out is not None:
        replaced = plan_in_the_way(arguments.out)
        write_plan(plan, arguments.out)
        outside.say(f"{plan.id} is in {arguments.out}" + (f", in place of {replaced}" if replaced else ""))
    elif arguments.apply and plan.targets:
        return worst([status, ExitStatus(_apply(workspace, plan, arguments, outside))])
    return status


def _apply(workspace: Workspace, plan: Plan, arguments: argparse.Namespace, outside: Outside) -> int:
    if not plan.targets:
        outside.say(f"{plan.id} changes nothing")
        return ExitStatus.DONE
    before = entries_of(workspace, plan)
    workspace.editing.require_allowed(plan, arguments.accept_lockout)
    if not arguments.yes:
        _ask(workspace, plan, outside)
    job = watched(workspace.editing.start_apply(plan, arguments.accept_lockout), outside, "apply")
    rows = [
        (entry.entry, one_line(entry.target), str(entry.state), one_line(entry.summary))
        for entry in entries_of(workspace, plan).values()
        if entry.entry not in before
    ]
    if rows:
        outside.answer("\n".join(table(("entry", "target", "state", "summary"), rows)))
    outside.say(f"{plan.id}: {job.done} of {counted(len(plan.targets), plan.kind)} changed")
    return status_of(job)


def entries_of(workspace: Workspace, plan: Plan) -> dict[str, JournalEntry]:
    """What was written of this plan so far, oldest first."""
    return {entry.entry: entry for entry in sorted(workspace.journal.entries(), key=number_of) if entry.plan == plan.id}


def _ask(workspace: Workspace, plan: Plan, outside: Outside) -> None:
    """Raises UsageError where nobody can be asked, or the answer isn't the one that was asked for."""
    if not outside.stdin.isatty():
        raise UsageError("nobody is there to be asked, so nothing was written", hint="Answer with --yes.")
    question, expected = question_for(plan, workspace.fleet)
    outside.stderr.write(f"{question} ")
    outside.stderr.flush()
    if outside.stdin.readline().strip() != expected:
        raise UsageError("not confirmed: nothing was written")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number")
    return int(text)
