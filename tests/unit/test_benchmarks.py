"""Each benchmark runs, in its smallest size. Times are never asserted here: `make bench` measures."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.bench import judging, memory, startup, sweeping, synthetic, verdict_rate
from tests.bench.report import Table, machine

SMALL = synthetic.Size(devices=12, beacons=4, client_chains=3)


@pytest.mark.parametrize(
    ("run", "programs"),
    [
        (lambda: judging.run(SMALL), ("openssl",)),
        (lambda: verdict_rate.run(3), ("openssl",)),
        (lambda: memory.run(SMALL), ()),
        (lambda: sweeping.run(2), ("ssh",)),
        (lambda: startup.run(1), ()),
    ],
    ids=["judging", "verdicts", "memory", "sweep", "startup"],
)
def test_it_prints_a_table(run: Callable[[], Table], programs: tuple[str, ...]) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed")
    table = run()
    text = table.text()
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert all(row[0] in text for row in table.rows)


def test_the_machine_is_one_line() -> None:
    assert "\n" not in machine()
