"""How long until the program answers, against an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.report import Table, children_cpu, seconds, times

_FLEET = """
[[beacon]]
name = "beacon00"
host = "beacon00.corp.example"
[[device]]
name = "device00000"
host = "device00000"
"""


def run(rounds: int) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        fleet = Path(folder) / "fleet.toml"
        fleet.write_text(_FLEET)
        environment = {"XDG_STATE_HOME": str(Path(folder) / "state"), "HOME": folder, "PATH": "/usr/bin:/bin"}
        python, program = [sys.executable], [sys.executable, "-m", "console"]
        commands = (
            ("python -c pass", [*python, "-c", "pass"], {0}),
            ("mtls-console --version", [*program, "--version"], {0}),
            ("mtls-console check --cached", [*program, "-F", str(fleet), "check", "--cached"], {0, 1}),
            (
                "python -c 'import cryptography.x509, OpenSSL'",
                [*python, "-c", "import cryptography.x509, OpenSSL"],
                {0},
            ),
            ("python -c 'import textual.app'", [*python, "-c", "import textual.app"], {0}),
        )
        measured = [(what, *_measure(command, good, environment, rounds)) for what, command, good in commands]
    base = measured[0][1]
    return Table(
        f"Start-up, median of {rounds}",
        ("what", "wall", "CPU", "against python -c pass"),
        tuple((what, seconds(wall), seconds(cpu), times(wall, base)) for what, wall, cpu in measured),
    )


def _measure(
    command: Sequence[str], good: set[int], environment: Mapping[str, str], rounds: int
) -> tuple[float, float]:
    walls, cpus = [], []
    for number in range(rounds + 1):
        cpu, wall = children_cpu(), time.perf_counter()
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode not in good:
            raise RuntimeError(f"{command} ended with status {ended.returncode}: {ended.stderr[-400:]}")
        if number:  # the first one writes byte code and fills the page cache
            walls.append(time.perf_counter() - wall)
            cpus.append(children_cpu() - cpu)
    return statistics.median(walls), statistics.median(cpus)
