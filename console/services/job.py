"""A job: work on many targets, owned by the application and never by a screen; leaving a screen never cancels it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from console.errors import ExitStatus, MtlsConsoleError
from console.services.events import JobEvent, JobFinished


class JobKind(StrEnum):
    SWEEP = "sweep"
    PROBE = "probe"
    APPLY = "apply"
    READ = "read"


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Finished, and at least one target failed."""
    CANCELLED = "cancelled"


class TargetState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TargetProgress:
    target: str
    state: TargetState = TargetState.WAITING
    error: str = ""
    exit_status: ExitStatus = ExitStatus.DONE
    """Of the failure: NOT_READY for refused or failed, UNREACHABLE where the target couldn't be reached."""
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What follows a target's work before it counts as ended; it has its own time, and changes nothing of how the work
    itself ended."""

    run: Callable[[], None]
    on_failure: Callable[[MtlsConsoleError], None]
    """Called once: for its error, or when its time is over."""
    timeout_seconds: float = 120.0
    then: Afterwards | None = None
    """Begun where this ended well, with a time of its own."""


@dataclass(frozen=True, slots=True)
class Work:
    """One target's work. `run` blocks, may raise MtlsConsoleError, and may add further work to its job."""

    target: str
    run: Callable[[Job], None]
    timeout_seconds: float = 120.0
    retries: int = 1
    """How often an UnreachableError is tried again."""
    on_failure: Callable[[MtlsConsoleError], None] | None = None
    """Called once, before the target counts as failed: after the last attempt, or when its time is over."""
    afterwards: Afterwards | None = None
    """Not begun for work that was given up."""


Subscriber = Callable[[JobEvent], None]


class WorkQueue(Protocol):
    """What a job needs of the runner that carries it."""

    def add(self, job: Job, work: Sequence[Work]) -> None: ...
    def drop_waiting(self, job: Job) -> None: ...


class Job:
    """One job, seen from any thread. Its fields are snapshots; events come to subscribers from worker threads."""

    def __init__(self, job_id: str, kind: JobKind, title: str, started_at: datetime) -> None:
        self.id = job_id
        self.kind = kind
        self.title = title
        self.started_at = started_at
        self.finished_at: datetime | None = None
        self._state = JobState.RUNNING
        self._targets: dict[str, TargetProgress] = {}
        self._counts: Counter[TargetState] = Counter()
        self._subscribers: list[Subscriber] = []
        self._lock = threading.RLock()
        self._finished = threading.Event()
        self._cancelled = threading.Event()
        self._queue: WorkQueue | None = None

    @property
    def state(self) -> JobState:
        return self._state

    @property
    def targets(self) -> tuple[TargetProgress, ...]:
        with self._lock:
            return tuple(self._targets.values())

    @property
    def total(self) -> int:
        return len(self._targets)

    @property
    def done(self) -> int:
        return self._counts[TargetState.DONE]

    @property
    def failed(self) -> int:
        return self._counts[TargetState.FAILED]

    @property
    def left(self) -> int:
        return self._counts[TargetState.WAITING] + self._counts[TargetState.RUNNING]

    @property
    def failures(self) -> tuple[TargetProgress, ...]:
        return tuple(progress for progress in self.targets if progress.state is TargetState.FAILED)

    @property
    def cancelled(self) -> bool:
        """Long work looks at this between its steps."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Nothing further is started; what runs ends by itself, or by its time limit."""
        self._cancelled.set()
        if self._queue is not None:
            self._queue.drop_waiting(self)

    def wait(self, timeout: float | None = None) -> bool:
        """False: still running after `timeout` seconds."""
        return self._finished.wait(timeout)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` for each event, from worker threads; at once with JobFinished where the job has ended.

        It must not raise. Returns the function that ends the subscription.
        """
        with self._lock:
            finished_at = self.finished_at
            if finished_at is None:
                self._subscribers.append(callback)
        if finished_at is not None:
            callback(JobFinished(self.id, finished_at, self._state))

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def emit(self, event: JobEvent) -> None:
        """Tell the subscribers; called by the work itself (PairProbed, StepApplied)."""
        with self._lock:
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            subscriber(event)

    def add(self, *work: Work) -> None:
        """Add work while the job runs; from within its own work alone, else it may have finished already.

        It comes before what else of the job waits, in this order.
        """
        if self._queue is None:
            raise RuntimeError("the job was not started by a runner")
        self._queue.add(self, work)

    # The runner alone calls what follows.

    def attach(self, queue: WorkQueue) -> None:
        self._queue = queue

    def register(self, target: str) -> None:
        """Raises ValueError for a target that the job has already: its end would never be counted."""
        with self._lock:
            if target in self._targets:
                raise ValueError(f"{target} is in the job twice")
            self._targets[target] = TargetProgress(target)
            self._counts[TargetState.WAITING] += 1

    def mark(self, target: str, state: TargetState, at: datetime, error: MtlsConsoleError | None = None) -> bool:
        """False: the target has ended already (a straggler after its time limit)."""
        with self._lock:
            progress = self._targets[target]
            if progress.state not in (TargetState.WAITING, TargetState.RUNNING):
                return False
            self._counts[progress.state] -= 1
            self._counts[state] += 1
            if state is TargetState.RUNNING:
                self._targets[target] = replace(progress, state=state, started_at=at)
                return True
            self._targets[target] = replace(
                progress,
                state=state,
                finished_at=at,
                error=str(error) if error else "",
                exit_status=error.exit_status if error else ExitStatus.DONE,
            )
            return True

    def finish_when_nothing_is_left(self, at: datetime) -> None:
        with self._lock:
            if self.finished_at is not None or self.left:
                return
            if self.cancelled:
                self._state = JobState.CANCELLED
            else:
                self._state = JobState.FAILED if self.failed else JobState.DONE
            self.finished_at = at
        self.emit(JobFinished(self.id, at, self._state))
        self._finished.set()
