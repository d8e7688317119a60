"""What `check --with-plan` says in words: how many pairs would be ready, and which would be cut off."""

from __future__ import annotations

from console.changes.lockout import forecast_lockouts
from console.command.report import CheckReport
from console.command.review import lockout_line
from console.command.text import counted
from console.readiness.model import Verdict

SHOWN = 20
"""Pairs told one by one; the table and the JSON hold all of them."""


def what_if_lines(before: CheckReport, after: CheckReport) -> list[str]:
    """Both of the same pairs. A pair is cut off where a component that gets through now would be blocked."""
    ready, now = after.counts()[Verdict.READY], before.counts()[Verdict.READY]
    lost = forecast_lockouts([pair.verdict for pair in before.pairs], [pair.verdict for pair in after.pairs])
    verb = "is" if ready == 1 else "are"
    head = f"With this plan {ready} of {counted(len(after.pairs), 'pair')} {verb} ready (now {now})"
    if not lost:
        return [f"{head}; none would be cut off."]
    lines = [f"{head}; {'this one' if len(lost) == 1 else f'these {len(lost)}'} would be cut off, because:"]
    lines += [lockout_line(pair) for pair in lost[:SHOWN]]
    if len(lost) > SHOWN:
        lines.append(f"and {len(lost) - SHOWN} more: see the verdicts.")
    return lines
