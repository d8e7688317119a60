"""A device's pairs beside each other: which of them gives its row the sign, and which are worse than the one shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console.readiness.model import PairVerdict, Verdict
from console.readiness.proof import FROM_DATA, Proof
from screens.text import GLYPH, WORST_FIRST, plain, some

_DOUBTED = WORST_FIRST.index(Verdict.AT_RISK) - 0.2
"""Ready by the data, and a proof says otherwise: worse than at risk."""

ProofOf = Callable[[PairVerdict], Proof]


def weight(verdict: PairVerdict, proof: Proof = FROM_DATA) -> float:
    """Least is worst."""
    if proof.against is not None and verdict.verdict in (Verdict.READY, Verdict.AT_RISK):
        return _DOUBTED
    return float(WORST_FIRST.index(verdict.verdict))


def telling(verdicts: Sequence[PairVerdict], shown: PairVerdict | None, proof: ProofOf) -> PairVerdict | None:
    """The pair that gives the device its sign: the one shown, where none is worse."""
    worst = min(verdicts, key=lambda one: weight(one, proof(one)), default=None)
    if worst is None or shown is None:
        return worst
    return shown if weight(shown, proof(shown)) <= weight(worst, proof(worst)) else worst


def worse(verdicts: Sequence[PairVerdict], shown: PairVerdict) -> tuple[PairVerdict, ...]:
    """The device's other pairs that are worse, worst first."""
    return tuple(one for one in sorted(verdicts, key=weight) if weight(one) < weight(shown))


def following(verdicts: Sequence[PairVerdict], shown: PairVerdict) -> PairVerdict | None:
    """The pair after this one, worst first and round; None: the device has no other."""
    ordered = sorted(verdicts, key=weight)
    uses = [one.use for one in ordered]
    if len(ordered) < 2 or shown.use not in uses:
        return next((one for one in ordered if one.use != shown.use), None)
    return ordered[(uses.index(shown.use) + 1) % len(ordered)]


def worse_words(verdicts: Sequence[PairVerdict], shown: PairVerdict) -> str:
    """`branch ✘ blocked, plant ✘ blocked`; empty where none is worse."""
    return some([f"{_name(one, shown)} {GLYPH[one.verdict]} {one.verdict.value}" for one in worse(verdicts, shown)])


def _name(verdict: PairVerdict, shown: PairVerdict) -> str:
    """By its host where the beacon is none of the fleet's, or has several names."""
    use = verdict.use
    return plain(use.host if use.beacon in ("", shown.use.beacon) else use.beacon)
