"""Designed pairs: each has one thing in mind, and says beforehand what a real handshake does.

Three answers are held against each other: what was expected (from the reference, by hand), our verdict, and what curl
and the lab's listener did. `python -m tests.truth.designed_cases [WORD…]` runs those whose name holds a word.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from fixtures.lab.iis_directory import IisDirectory
from fixtures.lab.supervisor import Lab
from tests.truth.comparison import Tally, checked_live, compare, report
from tests.truth.odd_pair import Change, Draft, build

COMPONENT = "Uploader"


@dataclass(frozen=True, slots=True)
class Designed:
    change: Change
    expected: str
    """`ok`, or the end at which it stops (device | beacon | pair | network) and, where IIS answers, its status."""
    needs_root: bool = False
    """The agent has another account, which only root may give it."""
    undecided: bool = False
    """Nothing that a collector sees decides it: our verdict may be unknown."""


def draft_of(number: int, case: Designed) -> Draft:
    draft = Draft(f"b-{number}.corp.example")
    case.change(draft)
    return draft


def possible(cases: Mapping[str, Designed]) -> dict[str, Designed]:
    return {name: case for name, case in cases.items() if os.geteuid() == 0 or not case.needs_root}


def run(cases: Mapping[str, Designed], place: Path) -> tuple[Tally, list[str]]:
    """All of them in one lab; what differs from what was expected, one sentence each."""
    place.chmod(0o755)  # an agent with another account has to come through
    names = list(cases)
    drafts = [draft_of(number, cases[name]) for number, name in enumerate(names)]
    tables = [build(draft, f"{number:03}", place) for number, draft in enumerate(drafts)]
    spec = {"beacon": [beacon for beacon, _ in tables], "device": [device for _, device in tables]}
    (place / "spec.toml").write_text(tomli_w.dumps(spec))
    with Lab.start(place / "spec.toml", place / "lab") as lab:
        for draft, (beacon, _) in zip(drafts, tables, strict=True):
            for change in draft.settings:
                change(IisDirectory(lab.beacon_dir(beacon["name"])))
        pairs = checked_live(lab.fleet_file)
    tally, wrong = Tally(), []
    for pair in pairs:
        name = names[int(pair["device"].removeprefix("d-"))]
        compare(pair, 0, name, tally)
        wrong += [f"{name}: expected {cases[name].expected}, {said}" for said in _surprises(cases[name], pair)]
    return tally, wrong


def _surprises(case: Designed, pair: Mapping[str, Any]) -> list[str]:
    judged = pair["components"][COMPONENT]
    live, verdict = judged["live"], judged["verdict"]
    end, _, status = case.expected.partition(" ")
    happened = live["failed_side"] if live["outcome"] == "failed" else live["outcome"]
    surprises = []
    if happened != end or (status and str(live["http_status"]) != status):
        surprises.append(f"it was {happened} {live['http_status']} {live['error']}")
    failing = [f for f in pair["findings"] if f["status"] == "fail" and COMPONENT in f["components"]]
    first = f"{failing[0]['check']} {failing[0]['message']}" if failing else "nothing fails"
    if case.undecided and verdict == "unknown":
        return surprises
    if (end == "ok") != (verdict in ("ready", "at-risk")) or (end != "ok" and verdict != "blocked"):
        surprises.append(f"we say {verdict}: {first}")
    elif end != "ok" and failing[0]["refused_by"] != end:
        surprises.append(f"we say {failing[0]['refused_by']}: {first}")
    return surprises


def main(words: Sequence[str], cases: Mapping[str, Designed]) -> int:
    chosen = {name: case for name, case in cases.items() if not words or any(word in name for word in words)}
    with tempfile.TemporaryDirectory(prefix="designed-") as folder:
        tally, wrong = run(possible(chosen), Path(folder))
    sys.stdout.write("\n".join([report(tally), *wrong]) + "\n")
    return int(bool(wrong))
