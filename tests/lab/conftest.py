"""Listeners that are closed again after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.lab.listener import Listeners


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    served = Listeners()
    served.start()
    yield served
    served.close()
