"""Python's cycle collector, and work that keeps nearly all that it makes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """For seconds of bulk work: looking through all that was kept again and again took a fifth of the time (measured,
    docs/benchmarks.md). Whatever isn't part of a cycle is freed as ever. Where two threads overlap, the first to end
    resumes for both, which costs time and nothing else."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # Into the oldest generation with all that was made: the first look through it would stop everything for half
        # a second after 20,000 verdicts, and find nothing.
        gc.freeze()
        gc.unfreeze()
        gc.enable()
