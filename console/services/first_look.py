"""Parts of a sweep's first look, and what is asked once some of them, or all, have ended, whatever became of each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from console.errors import MtlsConsoleError
from console.services.jobs import Job, Work


@dataclass(slots=True)
class _Waiting:
    work: Work
    open: set[str]
    """Parts that it waits for."""


class FirstLook:
    """`then` is called once, in the work that ends last, while its job still runs: it may add work. Never for a job
    that was cancelled."""

    def __init__(self, then: Callable[[Job], None]) -> None:
        self._then = then
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._waiting: dict[str, list[_Waiting]] = {}
        """By the parts that are waited for."""
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

    def is_open(self, target: str) -> bool:
        """False: the part has ended, or was given up while it goes on all the same."""
        with self._lock:
            return target in self._open

    def add_after(self, targets: Iterable[str], job: Job, work: Work) -> None:
        """Add work to the job once those of these targets that are parts have ended: at once, or in the last of them.

        To be called in a part's work. Nothing is added to a job that was cancelled meanwhile.
        """
        with self._lock:
            waiting = _Waiting(work, self._open.intersection(targets))
            for target in waiting.open:
                self._waiting.setdefault(target, []).append(waiting)
            at_once = not waiting.open
        if at_once:
            job.add(work)

    def _end(self, target: str) -> None:
        ready: list[Work] = []
        with self._lock:
            self._open.discard(target)
            for waiting in self._waiting.pop(target, ()):
                waiting.open.discard(target)
                if not waiting.open:
                    ready.append(waiting.work)
            job = self._job
            last = not self._open and not self._ended and job is not None
            self._ended = self._ended or last
        if job is None or job.cancelled:
            return
        if ready:
            job.add(*ready)
        if last:
            self._then(job)
