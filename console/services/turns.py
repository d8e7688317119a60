"""What waits for a worker: jobs take turns, and the work of each has its own order."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence

from console.services.job import Job, Work


class Turns:
    """Not thread-safe: its owner has a lock."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Job, deque[Work]] = OrderedDict()
        """In the order of their turns; none without work."""

    def __len__(self) -> int:
        return sum(map(len, self._jobs.values()))

    def put_first(self, job: Job, work: Sequence[Work]) -> None:
        """In this order, before what else of the job waits: what follows from a target's work is done while its
        connection is still there."""
        if work:
            self._jobs.setdefault(job, deque()).extendleft(reversed(work))

    def take(self) -> tuple[Job, Work]:
        """The next of the job whose turn it is. Raises KeyError where nothing waits."""
        job, waiting = self._jobs.popitem(last=False)
        work = waiting.popleft()
        if waiting:
            self._jobs[job] = waiting
        return job, work

    def drop(self, job: Job) -> tuple[Work, ...]:
        """What waited of this job."""
        return tuple(self._jobs.pop(job, ()))
