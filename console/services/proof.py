"""Data against proof: where a live handshake and a verdict disagree, both are shown and neither is changed."""

from __future__ import annotations

from collections.abc import Mapping

from console.readiness.beside import LIVE_DISAGREES
from console.readiness.model import (
    Finding,
    LiveOutcome,
    LiveResult,
    PairVerdict,
    Side,
    Status,
    Step,
    Verdict,
)
from console.readiness.proof import FORETOLD


def disagreement(verdict: PairVerdict, live: Mapping[str, LiveResult]) -> Finding | None:
    """The finding for components whose live outcome isn't what their verdict predicts; None where all agree."""
    wrong = tuple(
        component
        for component, result in live.items()
        if result.outcome is not LiveOutcome.NOT_RUN
        and FORETOLD.get(verdict.components.get(component, Verdict.UNKNOWN), result.outcome) is not result.outcome
    )
    if not wrong:
        return None
    result = live[wrong[0]]
    predicted = verdict.components[wrong[0]]
    evidence = {
        "predicted": str(predicted),
        "live": str(result.outcome),
        "from": result.origin,
        "tool": result.tool,
        "tls": result.tls or "",
        "http_status": "" if result.http_status is None else str(result.http_status),
        "error": result.error or "",
    }
    return Finding(
        check=LIVE_DISAGREES,
        step=Step.HTTP,
        side=Side.PAIR,
        status=Status.WARN,
        message=(
            f"The data say {predicted}, but the live handshake of {', '.join(wrong)} "
            + ("got through." if result.outcome is LiveOutcome.OK else f"failed: {result.error or 'no reason given'}.")
        ),
        components=wrong,
        evidence={key: value for key, value in evidence.items() if value},
        remedy="Sweep both sides and try again; where they still disagree, a rule of this program is wrong: report it.",
    )
