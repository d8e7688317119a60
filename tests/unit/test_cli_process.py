"""The program as a process: what becomes of it where stdout is closed, full, or nobody reads any more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FLEET = """
[[beacon]]
name = "b1"
host = "b1.test"
[[device]]
name = "d1"
host = "d1.test"
"""


@pytest.mark.parametrize(
    ("redirected", "status", "says"),
    [
        (">&-", 0, ""),
        (">&- 2>&-", 0, ""),
        ("<&-", 0, ""),
        ("> /dev/full", 1, "can't be written to stdout: No space left on device"),
        ("| true", 0, ""),
    ],
)
def test_no_traceback_whatever_the_streams_are(tmp_path: Path, redirected: str, status: int, says: str) -> None:
    if "full" in redirected and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    fleet = tmp_path / "fleet.toml"
    fleet.write_text(FLEET)
    ended = subprocess.run(  # noqa: S602 - a shell's redirections are what is tested
        f'"{sys.executable}" -m console fleet list -F "{fleet}" {redirected}',
        shell=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=False,
    )
    assert ended.returncode == status
    assert says in ended.stderr
    assert len(ended.stderr.splitlines()) == bool(says)
