"""Verdict and handshake side by side. What happened is what curl and the listener said, never the judge's code."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console import cli
from console.errors import ExitStatus


@dataclass(frozen=True, slots=True)
class Mismatch:
    seed: int
    device: str
    component: str
    said: str
    happened: str
    story: str
    """What was put into this pair: enough to make it again by hand."""
    false_ready: bool
    outcome: bool
    """False: the outcome agreed, only the end at which it stopped didn't."""

    def __str__(self) -> str:
        return (
            f"seed {self.seed} {self.device} {self.component}: we say {self.said}; it was {self.happened}\n"
            f"    {self.story}"
        )


@dataclass(slots=True)
class Tally:
    components: int = 0
    pairs: int = 0
    failed: int = 0
    unknown: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    """Why verdicts are unknown, or no handshake was made."""

    def share(self, *, ends: bool) -> float:
        """Of outcomes that agree; `ends`: of failures whose end agrees."""
        wrong = sum(1 for one in self.mismatches if one.outcome is not ends)
        return 1 - wrong / max(1, self.failed if ends else self.components)


def checked_live(fleet_file: Path) -> list[dict[str, Any]]:
    """The pairs of `check --live`, the command that a user runs. Raises RuntimeError where it can't be run.

    A lab that can't be reached says nothing about a verdict: then once more. (Seen once in about 60 rounds, on a
    machine that stood still for a minute: every device took longer than its 60 s.)
    """
    for _ in range(2):
        answer, errors = io.StringIO(), io.StringIO()
        outside = cli.real_outside(stdout=answer, stderr=errors)
        status = cli.run(["-F", str(fleet_file), "check", "--live", "--format", "json"], outside)
        if status != ExitStatus.UNREACHABLE:
            break
    if status not in (0, 1):
        raise RuntimeError(f"check ended with status {status}: {errors.getvalue()[-2000:]}")
    pairs: list[dict[str, Any]] = json.loads(answer.getvalue())["pairs"]
    return pairs


def compare(pair: dict[str, Any], seed: int, story: str, tally: Tally) -> None:
    tally.pairs += 1
    for component, judged in pair["components"].items():
        _compare_component(pair, component, judged, (seed, story), tally)


def _compare_component(
    pair: dict[str, Any], component: str, judged: dict[str, Any], told: tuple[int, str], tally: Tally
) -> None:
    live, verdict = judged["live"], judged["verdict"]
    tally.verdicts[verdict] += 1
    if verdict == "unknown" or live["outcome"] == "not-run":
        tally.unknown += 1
        tally.undecided[_why(pair, component, verdict, live)] += 1
        return
    tally.components += 1
    happened = f"{live['outcome']} {live['failed_side'] or ''} {live['error'] or ''}".strip()
    predicted = verdict in ("ready", "at-risk")
    failing = [f for f in pair["findings"] if f["status"] == "fail" and component in f["components"]]
    first = f"{failing[0]['refused_by']} {failing[0]['check']}: {failing[0]['message']}" if failing else ""
    common = (told[0], pair["device"], component, f"{verdict} {first}", happened, told[1])
    if predicted != (live["outcome"] == "ok"):
        tally.mismatches.append(Mismatch(*common, false_ready=predicted, outcome=True))
    if live["outcome"] == "failed":
        tally.failed += 1
        if failing and failing[0]["refused_by"] != live["failed_side"]:
            tally.mismatches.append(Mismatch(*common, false_ready=False, outcome=False))


def _why(pair: dict[str, Any], component: str, verdict: str, live: dict[str, Any]) -> str:
    if verdict != "unknown":
        return f"not run: {live['error']}"
    open_ones = [f for f in pair["findings"] if f["status"] == "unknown" and component in f["components"]]
    return f"{open_ones[0]['check']}: {open_ones[0]['message']} (it was {live['outcome']})" if open_ones else "unknown"


def report(tally: Tally, mismatches: Sequence[Mismatch] | None = None) -> str:
    lines = [
        f"{tally.pairs} pairs, {tally.components} handshakes compared, {tally.failed} failed, "
        f"{tally.unknown} unknown or not run; verdicts {dict(tally.verdicts)}",
        f"outcome agrees in {tally.share(ends=False):.2%}, the end at which it stopped in {tally.share(ends=True):.2%}",
    ]
    lines += [f"undecided {count}×: {why}" for why, count in tally.undecided.most_common(10)]
    return "\n".join([*lines, *map(str, tally.mismatches if mismatches is None else mismatches)])
