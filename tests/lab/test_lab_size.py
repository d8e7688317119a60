"""How long a big lab takes to come up: 300 beacons and 300 devices within two minutes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fixtures.lab.supervisor import Lab

NUMBER = 300
LIMIT_SECONDS = 120


@pytest.mark.bench
def test_a_big_lab_is_up_within_two_minutes(tmp_path: Path) -> None:
    parts = ['[ca.corp]\n[ca.issuing]\nissuer = "corp"\n']
    for number in range(NUMBER):
        parts.append(f'[certificate.b{number}]\nissuer = "issuing"\n')
        parts.append(f'[certificate.d{number}]\nissuer = "issuing"\nusage = ["client"]\n')
        parts.append(f'[[beacon]]\nname = "b{number}"\n')
    parts += [f'[[device]]\nname = "d{number}"\n[[device.use]]\nbeacon = "b{number}"\n' for number in range(NUMBER)]
    (tmp_path / "spec.toml").write_text("".join(parts))
    started = time.monotonic()
    with Lab.start(tmp_path / "spec.toml", tmp_path / "run"):
        assert time.monotonic() - started < LIMIT_SECONDS
