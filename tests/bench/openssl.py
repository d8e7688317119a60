"""The peer of every verdict: `openssl verify`, one process a chain, as a shell script would call it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.synthetic import Estate

_CHAINS = 100


def verify(trusted: Path, sent: Path, leaf: Path) -> None:
    """Raises CalledProcessError for a chain that doesn't hold."""
    subprocess.run(
        ["openssl", "verify", "-no-CApath", "-CAfile", trusted, "-untrusted", sent, "-purpose", "sslserver", leaf],
        check=True,
        capture_output=True,
    )


def seconds_per_verify(estate: Estate, chains: int = _CHAINS) -> float:
    """Wall time of one, on average over the beacons' own chains."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        trusted, sent, leaf = (directory / name for name in ("trusted.pem", "sent.pem", "leaf.pem"))
        trusted.write_bytes(estate.bundles[0])
        spent = 0.0
        for number in range(chains):
            place = number % len(estate.servers)
            sent.write_bytes(estate.issuing[place % len(estate.issuing)].pem)
            leaf.write_bytes(estate.servers[place].pem)
            start = time.perf_counter()
            verify(trusted, sent, leaf)
            spent += time.perf_counter() - start
        return spent / chains
