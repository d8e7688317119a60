"""A plan in words: targets with the same change together, the odd ones apart. Pure, no widget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from console.changes.lockout import lost_in_part
from console.changes.model import BeaconChange, DeviceChange, Lockout, Plan
from console.changes.summary import restart_words, step_lines
from console.readiness.model import PairUse, PairVerdict, Verdict
from screens.text import plain, plural

RESTORES = "config.ini comes back byte for byte from its backup"


@dataclass(frozen=True, slots=True)
class Group:
    """Targets that get the very same change."""

    targets: tuple[str, ...]
    lines: tuple[str, ...]
    """`[section]`, `-key=old`, `+key=new`, or the beacon's settings."""
    diffs: tuple[tuple[str, str], ...]
    """(target, whole diff)."""
    warnings: tuple[str, ...] = ()
    """What a person should know before saying yes; harmless text."""
    steps: tuple[str, ...] = ()
    """Everything that runs on each beacon, the site's restart with it; harmless text."""


def groups(plan: Plan) -> tuple[Group, ...]:
    """The largest first."""
    same: tuple[tuple[str, ...], ...]
    together: dict[tuple[tuple[str, ...], ...], list[tuple[str, str]]] = {}
    for change in plan.devices:
        same = (device_lines(change), _harmless(change.warnings), ())
        together.setdefault(same, []).append((change.device, change.diff))
    for beacon in plan.beacons:
        same = (beacon_lines(beacon), _harmless(beacon.warnings), _harmless(step_lines(beacon)))
        together.setdefault(same, []).append((beacon.beacon, beacon.diff))
    found = [
        Group(tuple(target for target, _ in members), lines, tuple(members), warnings, steps)
        for (lines, warnings, steps), members in together.items()
    ]
    return tuple(sorted(found, key=lambda group: -len(group.targets)))


def _harmless(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(plain(text) for text in texts)


def device_lines(change: DeviceChange) -> tuple[str, ...]:
    if change.restore_backup:
        return (RESTORES,)
    lines: list[str] = []
    section = None
    for edit in change.edits:
        if edit.section != section:
            section = edit.section
            lines.append(f"[{plain(section)}]")
        if edit.old is not None:
            lines.append(f"-{plain(edit.key)}={plain(edit.old)}")
        if edit.new is not None:
            lines.append(f"+{plain(edit.key)}={plain(edit.new)}")
    return tuple(lines)


def beacon_lines(change: BeaconChange) -> tuple[str, ...]:
    lines = [f"site {plain(change.site)}"]
    for edit in change.edits:
        lines += [f"-{plain(edit.setting)}={plain(edit.old)}", f"+{plain(edit.setting)}={plain(edit.new)}"]
    return tuple(lines)


def plan_title(plan: Plan) -> str:
    """`Plan 0417 · 12 devices · 2 settings · nothing written yet`."""
    count = len(plan.targets)
    settings = {edit.key for change in plan.devices for edit in change.edits}
    settings |= {edit.setting for change in plan.beacons for edit in change.edits}
    what = f" · {plural(len(settings), 'setting')}" if settings else ""
    undo = f" · takes back {plain(plan.inverse_of)}" if plan.inverse_of else ""
    return f"Plan {plain(plan.id)} · {plural(count, plan.kind.value)}{what}{undo} · nothing written yet"


def restart_line(plan: Plan) -> str:
    """`▲ 1 site is restarted, …`; empty where nothing is stopped."""
    words = restart_words(plan)
    return f"▲ Applied, this plan stops something: {words}." if words else ""


def unknown_lines(unknown: Sequence[str], *, limit: int = 10) -> list[str]:
    """Devices of which nobody can say whether the plan cuts them off."""
    if not unknown:
        return []
    are = "is" if len(unknown) == 1 else "are"
    shown = ", ".join(plain(name) for name in unknown[:limit]) + (" …" if len(unknown) > limit else "")
    return [f"{plural(len(unknown), 'device')} {are} unknown; nobody can say whether they are cut off:", f"    {shown}"]


def lockout_lines(lockouts: Sequence[Lockout], *, limit: int = 12) -> list[str]:
    """Who would be cut off: the number first, then names and why."""
    if not lockouts:
        return []
    devices = list(dict.fromkeys(lockout.device for lockout in lockouts))
    lines = [f"✘ {plural(len(devices), 'device')} that get through now would be cut off:"]
    if len(devices) == 1:
        lines = ["✘ 1 device that gets through now would be cut off:"]
    lines += [f"    {_who(one)} at {plain(one.beacon)}: {plain(one.because)}" for one in lockouts[:limit]]
    if len(lockouts) > limit:
        rest = list(dict.fromkeys(lockout.device for lockout in lockouts[limit:]))
        lines.append(f"    and {', '.join(plain(name) for name in rest)}")
    return lines


def _who(lockout: Lockout) -> str:
    part = lost_in_part(lockout)
    return plain(f"{lockout.device} ({part})" if part else lockout.device)


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a beacon's pairs stand now, and after the plan."""

    beacon: str
    total: int
    ready_now: int
    ready_then: int


_PASSES = (Verdict.READY, Verdict.AT_RISK)


def outlook(now: Sequence[PairVerdict], then: Sequence[PairVerdict]) -> tuple[Outlook, ...]:
    """Only beacons for which a verdict changes."""
    total = Counter(verdict.use.beacon for verdict in now)
    before = Counter(verdict.use.beacon for verdict in now if verdict.verdict in _PASSES)
    after = Counter(verdict.use.beacon for verdict in then if verdict.verdict in _PASSES)
    changed = {use.beacon for use, _, _ in changes(now, then)}
    return tuple(Outlook(name, total[name], before[name], after[name]) for name in total if name in changed)


def changes(now: Sequence[PairVerdict], then: Sequence[PairVerdict]) -> list[tuple[PairUse, Verdict, Verdict]]:
    """(use, verdict now, verdict then) where they differ."""
    before = {verdict.use: verdict.verdict for verdict in now}
    return [
        (verdict.use, before[verdict.use], verdict.verdict)
        for verdict in then
        if verdict.use in before and before[verdict.use] is not verdict.verdict
    ]
