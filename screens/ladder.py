"""The handshake as a ladder, device left, beacon right; pure text, no widget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size

from console.readiness.model import Finding, PairVerdict, Side, Status, Step
from screens.text import plain

RUNGS: tuple[tuple[str, tuple[Step, ...]], ...] = (
    ("── TCP ──▶", (Step.CONNECT,)),
    ("", (Step.CLIENT_FILES, Step.TRUST_FILES)),
    ("── hello ─▶", (Step.HELLO,)),
    ("◀─ cert ──", (Step.SERVER_CERTIFICATE,)),
    ("◀─ trust ─", (Step.TRUSTED,)),
    ("◀─ name ──", (Step.NAME,)),
    ("── cert ──▶", (Step.CLIENT_CERTIFICATE,)),
    ("── proof ─▶", (Step.ACCEPTED,)),
    ("── HTTP ──▶", (Step.HTTP,)),
)
_ORDER = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.NOT_APPLICABLE)
_LONG_PATH = re.compile(r"(?<![\w/:.])(?:/[^/\s]+){2,}(/[^/\s]+/[^/\s]+)")
"""A path of four parts or more; not the one of a URL."""
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
    for arrow, steps in RUNGS:
        here = [finding for finding in verdict.findings if finding.step in steps]
        left = _halves([finding for finding in here if finding.side not in _ON_THE_RIGHT])
        right = _halves([finding for finding in here if finding.side in _ON_THE_RIGHT])
        rungs += [
            Rung(device, arrow if number == 0 else "", beacon)
            for number, (device, beacon) in enumerate(zip_longest(left, right))
        ]
    return tuple(rungs)


def _halves(findings: Sequence[Finding]) -> list[Half]:
    """Everything that isn't a pass, the same words once; of passes the first, which stands for the rest."""
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.status))
    loud = [finding for finding in ordered if finding.status not in (Status.PASS, Status.NOT_APPLICABLE)]
    quiet = [finding for finding in ordered if finding.status is Status.PASS]
    chosen = loud or quiet[:1]
    same: dict[Half, int] = {}
    for finding in chosen:
        half = Half(finding.status, _short_paths(plain(finding.message)))
        same[half] = same.get(half, 0) + 1
    return [
        Half(half.status, f"{half.text} ({count} checks)" if count > 1 else half.text) for half, count in same.items()
    ]


def _short_paths(text: str) -> str:
    """Of a long path its end, which tells files apart; the finding below has it whole."""
    return _LONG_PATH.sub(r"…\1", text)


def shorten(text: str, width: int) -> str:
    """Exactly `width` cells."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"
