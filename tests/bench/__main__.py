"""`make bench`: every benchmark, or those named; `--quick` for a look at small sizes."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tests.bench import judging, memory, startup, sweeping, synthetic, verdict_rate
from tests.bench.report import Table, machine

BENCHMARKS: dict[str, Callable[[bool], Table]] = {
    "judging": lambda quick: judging.run(synthetic.Size(1_000) if quick else synthetic.Size()),
    "verdicts": lambda quick: verdict_rate.run(50 if quick else 400),
    "memory": lambda quick: memory.run(synthetic.Size(2_000 if quick else 50_000)),
    "sweep": lambda quick: sweeping.run(12 if quick else 100),
    "startup": lambda quick: startup.run(3 if quick else 11),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small sizes")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    for name in arguments.names or BENCHMARKS:
        print(f"\n{BENCHMARKS[name](arguments.quick).text()}", end="", flush=True)


if __name__ == "__main__":
    main()
