"""Random pairs of raw files, as odd as they are found in the field, against real handshakes.

`python -m tests.truth.odd_pairs --pairs 3000 --seed 1` is the long run, `--each` tries every single change once; CI
makes a bounded one (test_random_pairs.py). A mismatch is shrunk to the fewest changes that still show it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import tomli_w

from fixtures.lab.supervisor import Lab
from tests.truth.comparison import Tally, checked_live, compare, report
from tests.truth.odd_pair import Draft, build
from tests.truth.odd_settings import VOCABULARY

BATCH = 100
_COUNTS = (1, 1, 2, 2, 2, 3, 3, 4)
_ALL = {name: change for topic in VOCABULARY.values() for name, change in topic.items()}
Changes = tuple[str, ...]


_OF_ROOT = {"CA file unreadable", "agent as nobody", "key for root alone, agent as nobody"}
"""Only root may give a device's agent another account."""


def drawn(seed: int, number: int) -> Changes:
    """The changes of one random pair, each of another topic; the same for the same numbers."""
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 - has to be repeatable
    topics = dice.sample(sorted(VOCABULARY), dice.choice(_COUNTS))
    return _possible(tuple(dice.choice(sorted(VOCABULARY[topic])) for topic in topics))


def every_change() -> list[Changes]:
    return [_possible((name,)) for name in _ALL]


def _possible(changes: Changes) -> Changes:
    return changes if os.geteuid() == 0 else tuple(name for name in changes if name not in _OF_ROOT)


def drafted(number: int, changes: Changes) -> Draft:
    """Changes come in the vocabulary's order of topics: names first, for others speak of the host."""
    draft = Draft(f"b-{number}.corp.example")
    for name, change in _ALL.items():
        if name in changes:
            change(draft)
    return draft


def run_batch(seed: int, batch: Sequence[Changes], tally: Tally) -> None:
    """One lab with a beacon and a device for each pair."""
    with tempfile.TemporaryDirectory(prefix="pairs-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # an agent with another account has to come through
        tables = [build(drafted(number, changes), f"{number:03}", place) for number, changes in enumerate(batch)]
        spec = {"beacon": [beacon for beacon, _ in tables], "device": [device for _, device in tables]}
        (place / "spec.toml").write_text(tomli_w.dumps(spec))
        with Lab.start(place / "spec.toml", place / "lab") as lab:
            pairs = checked_live(lab.fleet_file)
    for pair in pairs:
        number = int(pair["device"].removeprefix("d-"))
        compare(pair, seed, f"changes: {' | '.join(batch[number])}", tally)


def shrunk(seed: int, tally: Tally) -> list[str]:
    """For each pair that disagrees: the fewest of its changes that still do."""
    told = []
    for changes in dict.fromkeys(tuple(one.story.removeprefix("changes: ").split(" | ")) for one in tally.mismatches):
        fewer = [some for size in range(len(changes)) for some in combinations(changes, size)]
        again = Tally()
        run_batch(seed, fewer, again)
        least = min((one.story for one in again.mismatches), key=lambda story: story.count("|"), default="")
        told.append(f"{' | '.join(changes)}\n    least: {least or 'all of them'}")
    return told


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="every single change once")
    parser.add_argument("--shrink", action="store_true", help="find the fewest changes that disagree")
    options = parser.parse_args(words)
    wanted = every_change() if options.each else [drawn(options.seed, number) for number in range(options.pairs)]
    tally = Tally()
    for start in range(0, len(wanted), BATCH):
        run_batch(options.seed, wanted[start : start + BATCH], tally)
    lines = [report(tally)]
    if options.shrink:
        lines += shrunk(options.seed, tally)
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(one.false_ready for one in tally.mismatches))


if __name__ == "__main__":
    raise SystemExit(main())
