"""A plan as text, and the question that it asks before it is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from console.changes.lockout import locked_out_devices, lost_in_part
from console.changes.model import Lockout, Plan, TargetKind
from console.changes.summary import restart_words, step_lines
from console.command.text import counted, harmless, one_line
from console.fleet.model import Fleet

_COLOURS = {"+": "32", "-": "31", "@": "36"}


def review(plan: Plan, *, colour: bool = False, applying: bool = False) -> list[str]:
    """The diff of each target and every step on it, what stays, what can't be planned, whom it would cut off.

    `applying`: the plan is applied right after, so nothing is said of its not being written.
    """
    return list(_lines(plan, colour, applying))


def _lines(plan: Plan, colour: bool, applying: bool) -> Iterator[str]:
    yield f"Plan {plan.id}: {one_line(plan.title)}"
    for target, diff, steps, warnings in _changes(plan):
        yield ""
        yield f"{plan.kind} {one_line(target)}"
        yield from (_painted(harmless(line), colour) for line in diff.splitlines())
        yield from (one_line(step) for step in steps)
        yield from (f"▲ {one_line(warning)}" for warning in warnings)
    yield ""
    if plan.unchanged:
        plain = [name for name in plan.unchanged if name not in plan.notes]
        if plain:
            yield f"already so: {one_line(', '.join(plain))}"
        if plan.notes:
            yield f"already so in that place, but another counts before it: {one_line(', '.join(plan.notes))}"
        for target, notes in plan.notes.items():
            yield from (f"▲ {one_line(target)}: {one_line(note)}" for note in notes)
    for target, said in plan.refused.items():
        why = said.replace("\n  ", ". ")
        yield f"✘ {one_line(why if why.startswith(target) else f'{target}: {why}')}"
    cut_off = locked_out_devices(plan.lockouts)
    if cut_off:
        through = counted(len(cut_off), "device")
        yield f"✘ cut off, though now getting through: {through} (--accept-lockout {len(cut_off)})"
        for lockout in plan.lockouts:
            yield f"    {lockout_line(lockout)}"
    if plan.unknown:
        shown = ", ".join(plan.unknown[:10]) + (" …" if len(plan.unknown) > 10 else "")
        yield f"? unknown, so nobody can say whether they are cut off: {counted(len(plan.unknown), 'device')}"
        yield f"    {one_line(shown)}"
    if plan.targets:
        restart = restart_words(plan)
        if restart:
            yield f"▲ When this plan is applied, {restart}."
        would = f"{counted(len(plan.targets), plan.kind)} would change"
        yield f"{would}." if applying else f"{would}; nothing is written yet."
    else:
        yield "Nothing to change."


def lockout_line(lockout: Lockout) -> str:
    """`device (the components that lose it) ⇄ beacon: why`; without components where all do."""
    part = lost_in_part(lockout)
    who = f"{lockout.device} ({part})" if part else lockout.device
    return one_line(f"{who} ⇄ {lockout.beacon}: {lockout.because}")


def _changes(plan: Plan) -> Iterator[tuple[str, str, Sequence[str], Sequence[str]]]:
    """Target, diff, steps, warnings. A device's change is one write of its file."""
    for change in plan.devices:
        yield change.device, change.diff, (), change.warnings
    for beacon in plan.beacons:
        yield beacon.beacon, beacon.diff, ("runs on it, in this order:", *step_lines(beacon)), beacon.warnings


def question_for(plan: Plan, fleet: Fleet) -> tuple[str, str]:
    """In proportion: one target `y`, many their number, production a name. The question, and the answer it takes."""
    restart = restart_words(plan)
    asked, answer = _question(plan, fleet)
    return f"{restart[:1].upper()}{restart[1:]}. {asked}" if restart else asked, answer


def _question(plan: Plan, fleet: Fleet) -> tuple[str, str]:
    targets = plan.targets
    owners = fleet.devices if plan.kind is TargetKind.DEVICE else fleet.beacons
    production = [target.name for target in owners if target.name in targets and target.production]
    if production:
        return f"{len(production)} of {len(targets)} are production: type {production[0]} to apply:", production[0]
    if len(targets) > 1:
        return f"Apply to {len(targets)} {plan.kind}s? Type the number:", str(len(targets))
    return f"Apply to {targets[0]}? y/n:", "y"


def _painted(line: str, colour: bool) -> str:
    code = _COLOURS.get(line[:1]) if colour else None
    return f"\x1b[{code}m{line}\x1b[0m" if code else line
