"""The handshake as a ladder, device left, beacon right; pure text, no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from console.readiness.model import Finding, PairVerdict, Side, Status
from screens.stages import STAGES, Stage
from screens.text import plain, short_paths

_ORDER = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.NOT_APPLICABLE)
_ARROW = 13
_ON_THE_RIGHT = (Side.BEACON, Side.NETWORK)


@dataclass(frozen=True, slots=True)
class Half:
    status: Status
    text: str


@dataclass(frozen=True, slots=True)
class Rung:
    left: Half | None
    arrow: str
    right: Half | None


def ladder(verdict: PairVerdict) -> tuple[Rung, ...]:
    """One rung a step, more where a side has more to say than a pass."""
    rungs: list[Rung] = []
    for stage in STAGES:
        arrow = arrow_of(stage)
        here = [finding for finding in verdict.findings if finding.step in stage.steps]
        left = _halves([finding for finding in here if finding.side not in _ON_THE_RIGHT])
        right = _halves([finding for finding in here if finding.side in _ON_THE_RIGHT])
        rungs += [
            Rung(device, arrow if number == 0 else "", beacon)
            for number, (device, beacon) in enumerate(zip_longest(left, right))
        ]
    return tuple(rungs)


def arrow_of(stage: Stage) -> str:
    """`── hello ──▶`, `◀── name ───`; of what nobody says yet its name alone."""
    if not stage.arrow:
        return stage.short.center(_ARROW)
    line = f" {stage.short} ".center(_ARROW, "─")
    return f"{line[:-1]}▶" if stage.arrow == "─▶" else f"◀{line[1:]}"


def _halves(findings: Sequence[Finding]) -> list[Half]:
    """Everything that isn't a pass, the same words once; of passes the first, which stands for the rest."""
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.status))
    loud = [finding for finding in ordered if finding.status not in (Status.PASS, Status.NOT_APPLICABLE)]
    quiet = [finding for finding in ordered if finding.status is Status.PASS]
    chosen = loud or quiet[:1]
    same: dict[Half, int] = {}
    for finding in chosen:
        half = Half(finding.status, short_paths(plain(finding.message)))
        same[half] = same.get(half, 0) + 1
    return [
        Half(half.status, f"{half.text} ({count} checks)" if count > 1 else half.text) for half, count in same.items()
    ]


def shorten(text: str, width: int) -> str:
    """Exactly `width` cells."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"
