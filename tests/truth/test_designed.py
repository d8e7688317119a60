"""Designed pairs against what was expected of them and what a real handshake did.

An eighth of them by default; MTLS_CONSOLE_TRUTH_ALL=1 runs all (four minutes of CPU).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.truth import designed
from tests.truth.comparison import report
from tests.truth.designed_cases import CASES

pytestmark = pytest.mark.truth

_installed = bool(shutil.which("curl") and shutil.which("openssl") and list(Path("/usr/lib").glob("*/faketime")))
_STEP = 1 if os.environ.get("MTLS_CONSOLE_TRUTH_ALL") else 8


@pytest.mark.skipif(not _installed, reason="needs curl, openssl and libfaketime")
def test_designed_pairs_end_as_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    chosen = dict(list(designed.possible(CASES).items())[::_STEP])
    with tempfile.TemporaryDirectory(prefix="designed-") as folder:  # not pytest's, which is closed to other accounts
        tally, wrong = designed.run(chosen, Path(folder))
    assert wrong == []
    assert tally.pairs == len(chosen)
    assert tally.mismatches == [], report(tally)
