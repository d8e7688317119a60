"""One line that says what a change does, for lists, the journal and questions."""

from __future__ import annotations

from console.changes.diff import visible
from console.changes.model import BeaconChange, DeviceChange, Plan, PreferenceEdit

RESTART = "restart-site"
"""The operation that stops a site and starts it again."""


def device_summary(change: DeviceChange) -> str:
    """`AddClientCertificateAndKey False → True (Common)`; several with commas."""
    told = ", ".join(_edit(edit) for edit in change.edits)
    if change.restore_backup:
        return f"put the backup of {change.path} back" + (f": {told}" if told else "")
    return told


def beacon_summary(change: BeaconChange) -> str:
    """`Default Web Site: client_certificates accept → require`; the steps where no word changes."""
    told = ", ".join(f"{edit.setting} {edit.old} → {edit.new}" for edit in change.edits)
    return f"{visible(change.site)}: {told or '; '.join(visible(step.summary) for step in change.steps)}"


def step_lines(change: BeaconChange) -> tuple[str, ...]:
    """`1. 0.0.0.0:443: …`, `2. Restart site …`: everything that will run on the beacon, in its order."""
    return tuple(f"{number}. {visible(step.summary)}" for number, step in enumerate(change.steps, start=1))


def restart_words(plan: Plan) -> str:
    """What a plan stops for a moment: `1 site is restarted, which ends its open connections`; empty where none is."""
    sites = sum(step.operation == RESTART for change in plan.beacons for step in change.steps)
    if not sites:
        return ""
    return (
        "1 site is restarted, which ends its open connections"
        if sites == 1
        else (f"{sites} sites are restarted, which ends their open connections")
    )


def _edit(edit: PreferenceEdit) -> str:
    where = edit.section.removeprefix("ManageSoft\\").removesuffix("\\CurrentVersion")
    return f"{edit.key} {_value(edit.old)} → {_value(edit.new)} ({visible(where)})"


def _value(value: str | None) -> str:
    if value is None:
        return "(none)"
    return visible(value) or "(empty)"
