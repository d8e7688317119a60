"""350 random pairs, 150 of them raw files. MTLS_CONSOLE_PAIRS and MTLS_CONSOLE_SEED make another or a longer run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.truth import odd_pairs, random_pairs
from tests.truth.comparison import Tally, report

_HALF = int(os.environ.get("MTLS_CONSOLE_PAIRS", "300")) // 2
_FIRST = int(os.environ.get("MTLS_CONSOLE_SEED", "1"))
_ESTATE = random_pairs.BEACONS * random_pairs.DEVICES
_BATCH = 75

_installed = bool(shutil.which("curl") and shutil.which("openssl") and list(Path("/usr/lib").glob("*/faketime")))
_needs_tools = pytest.mark.skipif(not _installed, reason="needs curl, openssl and libfaketime")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def _demand(tally: Tally) -> None:
    said = report(tally)
    assert not [one for one in tally.mismatches if one.false_ready], said
    assert tally.unknown <= tally.components * 0.05, said
    assert tally.share(ends=False) >= 0.99, said
    assert tally.share(ends=True) >= 0.97, said


@_needs_tools
@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + -(-_HALF // _ESTATE)))
def test_estates_agree_with_real_handshakes(seed: int) -> None:
    tally = Tally()
    random_pairs.run_round(seed, tally)
    assert tally.pairs == _ESTATE
    _demand(tally)


@_needs_tools
@pytest.mark.parametrize("seed", range(_FIRST, _FIRST + -(-_HALF // _BATCH)))
def test_raw_files_agree_with_real_handshakes(seed: int) -> None:
    tally = Tally()
    odd_pairs.run_batch(seed, [odd_pairs.drawn(seed, number) for number in range(_BATCH)], tally)
    assert tally.pairs >= _BATCH
    _demand(tally)
