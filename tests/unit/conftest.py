"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli_shell import Shell
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two devices and two beacons, with every service on fakes of the ports and a real store."""
    made = World(tmp_path / "state")
    yield made
    made.space.close()
    made.store.close()


@pytest.fixture
def shell(world: World) -> Shell:
    """The command line on that world."""
    return Shell(world)
