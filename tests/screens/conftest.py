"""Helpers of the Pilot tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from textual.pilot import Pilot

from screens.app import ConsoleApp
from tests.screens.world import World

WIDE = (160, 50)
SMALL = (80, 24)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.jobs.close()


@asynccontextmanager
async def opened(world: World, size: tuple[int, int] = WIDE) -> AsyncIterator[Pilot[int]]:
    """The console on this world, with its first picture of the fleet drawn."""
    app = ConsoleApp(world.workspace())
    async with app.run_test(size=size, notifications=True) as pilot:
        await settled(pilot)
        yield pilot


async def settled(pilot: Pilot[int]) -> None:
    """Every message handled, and every service call that screens wait for has come back."""
    for _ in range(3):
        await pilot.pause()
        waiting_for_a_person = ("question", "shell")
        workers = [one for one in pilot.app.workers if not one.is_finished and one.group not in waiting_for_a_person]
        if workers:
            await pilot.app.workers.wait_for_complete(workers)
    await pilot.pause()


async def until(pilot: Pilot[int], condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait for something that a background thread brings about."""
    end = monotonic() + seconds
    while not condition():
        assert monotonic() < end, f"never happened: {what}"
        await pilot.pause()
        await asyncio.sleep(0.02)
    await pilot.pause()


def screen_text(pilot: Pilot[int]) -> str:
    """What a person sees, line by line."""
    screen = pilot.app.screen
    lines = screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)
