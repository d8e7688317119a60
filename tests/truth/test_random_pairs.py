"""300 random pairs by default; MTLS_CONSOLE_PAIRS and MTLS_CONSOLE_SEED make another or a longer run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.truth.random_pairs import BEACONS, DEVICES, Tally, report, run_round

ROUNDS = -(-int(os.environ.get("MTLS_CONSOLE_PAIRS", "300")) // (BEACONS * DEVICES))
FIRST = int(os.environ.get("MTLS_CONSOLE_SEED", "1"))

_installed = bool(shutil.which("curl") and shutil.which("openssl") and list(Path("/usr/lib").glob("*/faketime")))


@pytest.mark.skipif(not _installed, reason="needs curl, openssl and libfaketime")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
def test_verdicts_agree_with_real_handshakes(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    tally = Tally()
    run_round(seed, tally)
    said = report(tally)
    assert tally.pairs == BEACONS * DEVICES
    assert not [one for one in tally.mismatches if one.false_ready], said
    assert tally.unknown <= tally.components * 0.05, said
    assert tally.share(ends=False) >= 0.99, said
    assert tally.share(ends=True) >= 0.97, said
