"""Jobs: work on many targets, owned by the application and never by a screen.

Leaving a screen never cancels a job. Threads are daemons of our own pool, so that quitting never waits for a host
that doesn't answer (ThreadPoolExecutor's atexit join would).
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING

from console.errors import CredentialError, ExitStatus, HostKeyError, MtlsConsoleError, UnreachableError
from console.services.clock import SystemClock
from console.services.events import JobEvent, JobFinished, TargetFinished, TargetStarted
from console.services.tracing import record_unexpected

if TYPE_CHECKING:
    from console.ports import Clock


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
class Work:
    """One target's work. `run` blocks, may raise MtlsConsoleError, and may add further work to its job."""

    target: str
    run: Callable[[Job], None]
    timeout_seconds: float = 120.0
    retries: int = 1
    """How often an UnreachableError is tried again."""


Subscriber = Callable[[JobEvent], None]


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
        self._subscribers: list[Subscriber] = []
        self._lock = threading.RLock()
        self._finished = threading.Event()
        self._cancelled = threading.Event()
        self._runner: JobRunner | None = None

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
        return sum(progress.state is TargetState.DONE for progress in self.targets)

    @property
    def failed(self) -> int:
        return sum(progress.state is TargetState.FAILED for progress in self.targets)

    @property
    def left(self) -> int:
        return sum(progress.state in (TargetState.WAITING, TargetState.RUNNING) for progress in self.targets)

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
        if self._runner is not None:
            self._runner.drop_waiting(self)

    def wait(self, timeout: float | None = None) -> bool:
        """False: still running after `timeout` seconds."""
        return self._finished.wait(timeout)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """`callback` is called from worker threads, and at once with JobFinished where the job has ended.
        Returns the function that ends the subscription."""
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

    def add(self, work: Work) -> None:
        """Add work while the job runs; from within its own work alone, else it may have finished already."""
        if self._runner is None:
            raise RuntimeError("the job was not started by a runner")
        self._runner.add(self, (work,))

    # What the runner alone calls.

    def _attach(self, runner: JobRunner) -> None:
        self._runner = runner

    def _register(self, target: str) -> None:
        with self._lock:
            self._targets[target] = TargetProgress(target)

    def _mark(self, target: str, state: TargetState, at: datetime, error: MtlsConsoleError | None = None) -> bool:
        """False: the target has ended already (a straggler after its time limit)."""
        with self._lock:
            progress = self._targets[target]
            if progress.state not in (TargetState.WAITING, TargetState.RUNNING):
                return False
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

    def _finish_when_nothing_is_left(self, at: datetime) -> None:
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


@dataclass(slots=True)
class _Task:
    job: Job
    work: Work
    deadline: float = 0.0


class JobRunner:
    """A bounded pool of daemon threads, and the list of jobs that it ran.

    A worker whose work overruns its time limit is given up and replaced: the target fails with a clear message, the
    straggler's later result is ignored. `close()` never waits.
    """

    def __init__(self, workers: int = 16, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._limit = workers
        self._waiting: deque[_Task] = deque()
        self._running: dict[threading.Thread, _Task] = {}
        self._condition = threading.Condition()
        self._jobs: list[Job] = []
        self._ids = itertools.count(1)
        self._closed = False
        self._watchdog: threading.Thread | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Newest first."""
        with self._condition:
            return tuple(reversed(self._jobs))

    def start(self, kind: JobKind, title: str, work: Sequence[Work]) -> Job:
        """Start a job; with no work it is done at once."""
        job = Job(f"J-{next(self._ids):04d}", kind, title, self._clock.now())
        job._attach(self)
        with self._condition:
            self._jobs.append(job)
        if work:
            self.add(job, work)
        else:
            job._finish_when_nothing_is_left(self._clock.now())
        return job

    def add(self, job: Job, work: Sequence[Work]) -> None:
        """Queue more work of a running job."""
        with self._condition:
            for item in work:
                job._register(item.target)
                self._waiting.append(_Task(job, item))
            self._hire()
            self._condition.notify_all()

    def drop_waiting(self, job: Job) -> None:
        """Forget what a cancelled job has not begun."""
        with self._condition:
            dropped = [task for task in self._waiting if task.job is job]
            self._waiting = deque(task for task in self._waiting if task.job is not job)
        now = self._clock.now()
        for task in dropped:
            job._mark(task.work.target, TargetState.CANCELLED, now)
        job._finish_when_nothing_is_left(now)

    def close(self) -> None:
        """Cancel every job and let the workers go; never waits for one that is stuck."""
        with self._condition:
            self._closed = True
            jobs = tuple(self._jobs)
            self._condition.notify_all()
        for job in jobs:
            if job.finished_at is None:
                job.cancel()

    def _hire(self) -> None:
        """Called with the lock held."""
        busy = sum(task is not _IDLE for task in self._running.values())
        wanted = min(self._limit, busy + len(self._waiting))
        while len(self._running) < wanted:
            thread = threading.Thread(target=self._work, name="mtls-console-worker", daemon=True)
            self._running[thread] = _IDLE
            thread.start()
        if self._watchdog is None:
            self._watchdog = threading.Thread(target=self._watch, name="mtls-console-watchdog", daemon=True)
            self._watchdog.start()

    def _work(self) -> None:
        me = threading.current_thread()
        while True:
            with self._condition:
                while not self._waiting and not self._closed:
                    self._condition.wait()
                if self._closed:
                    self._running.pop(me, None)
                    return
                task = self._waiting.popleft()
                task.deadline = monotonic() + task.work.timeout_seconds
                self._running[me] = task
                self._condition.notify_all()
            error = self._attempt(task)
            self._settle(task, error)
            with self._condition:
                if me not in self._running:
                    return  # given up by the watchdog; a successor has this worker's place
                self._running[me] = _IDLE

    def _attempt(self, task: _Task) -> MtlsConsoleError | None:
        job, work = task.job, task.work
        now = self._clock.now()
        if not job._mark(work.target, TargetState.RUNNING, now):
            return None
        job.emit(TargetStarted(work.target, now))
        for attempt in itertools.count():
            try:
                work.run(job)
            except MtlsConsoleError as error:
                if isinstance(error, UnreachableError) and worth_retrying(error):
                    if attempt < work.retries and not job.cancelled and monotonic() < task.deadline:
                        continue
                return error
            except Exception as error:  # the one job boundary: a fault of ours must not kill the worker or hang the job
                return record_unexpected(error, work.target)
            else:
                return None
        raise AssertionError("unreachable")

    def _settle(self, task: _Task, error: MtlsConsoleError | None) -> None:
        now = self._clock.now()
        state = TargetState.FAILED if error else TargetState.DONE
        if task.job._mark(task.work.target, state, now, error):
            task.job.emit(TargetFinished(task.work.target, now, str(error) if error else None))
        task.job._finish_when_nothing_is_left(now)

    def _watch(self) -> None:
        while True:
            overdue: list[_Task] = []
            with self._condition:
                if self._closed:
                    return
                deadlines = [task.deadline for task in self._running.values() if task is not _IDLE]
                self._condition.wait(max(0.05, min(deadlines) - monotonic()) if deadlines else None)
                now = monotonic()
                for thread, task in list(self._running.items()):
                    if task is not _IDLE and task.deadline <= now:
                        del self._running[thread]
                        overdue.append(task)
                if overdue:
                    self._hire()
            for task in overdue:
                self._settle(task, _overrun(task.work))


_IDLE = _Task(None, None)  # type: ignore[arg-type]  # a worker that waits; never run


def worth_retrying(error: UnreachableError) -> bool:
    """A wrong host key or a missing credential stays so; a lost connection may come back."""
    return not isinstance(error, (HostKeyError, CredentialError))


def _overrun(work: Work) -> UnreachableError:
    return UnreachableError(
        f"no end after {work.timeout_seconds:.0f} s; given up",
        target=work.target,
        phase="time limit",
        hint="Whatever was under way there may still end by itself.",
    )
