"""When the first look of a sweep has ended, whatever became of each part: only then is it known what else to ask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from console.errors import MtlsConsoleError
from console.services.jobs import Job, Work


class FirstLook:
    """`then` is called once, in the work that ends last, while its job still runs: it may add work. Never for a job
    that was cancelled."""

    def __init__(self, then: Callable[[Job], None]) -> None:
        self._then = then
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._job: Job | None = None
        self._ended = False

    def part(self, work: Work) -> Work:
        """The same work, as a part of the first look; to be asked for before another part has ended."""
        with self._lock:
            self._open.add(work.target)

        def run(job: Job) -> None:
            self._job = job
            work.run(job)
            self._end(work.target)

        def on_failure(error: MtlsConsoleError) -> None:
            if work.on_failure is not None:
                work.on_failure(error)
            self._end(work.target)

        return replace(work, run=run, on_failure=on_failure)

    def _end(self, target: str) -> None:
        with self._lock:
            self._open.discard(target)
            job = self._job
            last = not self._open and not self._ended and job is not None
            self._ended = self._ended or last
        if last and job is not None and not job.cancelled:
            self._then(job)
