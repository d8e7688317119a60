"""20,000 pairs from stored snapshots, judged cold and again. Goal (issue 6, point 10): 5 s cold, 1 s warm, one core."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.store.opening import open_store
from console.agent.profile import AgentProfile
from console.services.estate import Estate
from tests.bench import synthetic
from tests.bench.openssl import seconds_per_verify
from tests.bench.report import Spent, Table, alone, seconds, timed, times
from tests.fakes import FrozenClock

COLD_GOAL, WARM_GOAL = 5.0, 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    pairs: int
    loaded: Spent
    cold: Spent
    warm: Spent
    """Ten minutes later, nothing observed since: every pair again."""
    swept: Spent
    """After a sweep that found nothing new: every snapshot is another object, taken later."""
    one_beacon: Spent
    """After one beacon was observed anew: its pairs alone."""
    one_beacon_pairs: int
    verify: float
    """Seconds for one `openssl verify`."""


def measure(size: synthetic.Size, directory: Path) -> Measured:
    """In a process where nothing was judged yet."""
    made = synthetic.Estate(size)
    made.save(directory)
    verify = seconds_per_verify(made)
    profile, clock = AgentProfile.load(), FrozenClock(synthetic.NOW)
    fleet = made.fleet
    store = open_store(directory)
    estate, loaded = timed(lambda: Estate(fleet, profile, store.snapshots, clock))
    verdicts, cold = timed(estate.verdicts)
    clock.forward(minutes=11)
    _, warm = timed(estate.verdicts)
    clock.forward(hours=1)
    for device in made.devices(taken_at=clock.now()):
        estate.record_device(device)
    _, swept = timed(estate.verdicts)
    beacon = next(iter(made.beacons()))
    estate.record_beacon(replace(beacon, taken_at=clock.now(), clock=clock.now()))
    _, one_beacon = timed(estate.verdicts)
    store.close()
    touched = sum(verdict.use.beacon == beacon.beacon for verdict in verdicts)
    return Measured(len(verdicts), loaded, cold, warm, swept, one_beacon, touched, verify)


def run(size: synthetic.Size) -> Table:
    with tempfile.TemporaryDirectory() as directory:
        measured = alone(measure, size, Path(directory))
    pairs = measured.pairs
    rows = [
        ("read from the store", pairs, measured.loaded, ""),
        ("cold: which way each device goes, and every verdict", pairs, measured.cold, f"{COLD_GOAL:.0f} s"),
        ("warm: 11 minutes later, every verdict", pairs, measured.warm, f"{WARM_GOAL:.0f} s"),
        ("swept again, nothing new", pairs, measured.swept, ""),
        ("one beacon observed anew", measured.one_beacon_pairs, measured.one_beacon, ""),
    ]
    chains = size.client_chains + size.beacons
    return Table(
        f"Judging {pairs} pairs ({size.devices} devices, {size.beacons} beacons, {chains} distinct chains), one core",
        ("what", "pairs", "wall", "CPU", "CPU a pair", "goal", "openssl verify, one chain a pair"),
        tuple(
            (
                what,
                str(number),
                seconds(spent.wall),
                seconds(spent.cpu),
                f"{spent.cpu / max(number, 1) * 1e6:.0f} us",
                goal,
                times(measured.verify * number, spent.wall) if goal else "",
            )
            for what, number, spent, goal in rows
        ),
        (f"`openssl verify` takes {measured.verify * 1000:.1f} ms a chain here, and says far less.",),
    )
