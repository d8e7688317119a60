"""The pool that carries jobs: bounded daemon threads of our own.

Quitting never waits for a host that doesn't answer (ThreadPoolExecutor's atexit join would).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from console.errors import CredentialError, HostKeyError, MtlsConsoleError, UnreachableError
from console.ports import Clock
from console.services.clock import SystemClock
from console.services.events import TargetFinished, TargetStarted
from console.services.job import Afterwards, Job, JobKind, JobState, TargetProgress, TargetState, Work
from console.services.tracing import record_unexpected
from console.services.turns import Turns

__all__ = ["Afterwards", "Job", "JobKind", "JobRunner", "JobState", "TargetProgress", "TargetState", "Work"]


@dataclass(slots=True)
class _Task:
    job: Job
    work: Work
    deadline: float = 0.0
    step: Afterwards | None = None
    """What goes on after the work itself has ended."""
    error: MtlsConsoleError | None = None
    """How the work itself ended."""


class JobRunner:
    """A bounded pool of daemon threads, and the list of jobs that it ran. Jobs take turns, target by target: what one
    person asks of one device never waits behind a sweep of everything.

    A worker whose work overruns its time limit is given up and replaced: the target fails with a clear message, the
    straggler's later result is ignored. `close()` never waits.
    """

    def __init__(self, workers: int = 16, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._limit = workers
        self._waiting = Turns()
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
        job.attach(self)
        with self._condition:
            self._jobs.append(job)
        if work:
            self.add(job, work)
        else:
            job.finish_when_nothing_is_left(self._clock.now())
        return job

    def add(self, job: Job, work: Sequence[Work]) -> None:
        """Queue more work of a running job, before what waits there already. Of one that was cancelled nothing is
        begun any more."""
        now = self._clock.now()
        with self._condition:
            # `Job.cancel` says so before it asks for the lock: work is either refused here or dropped there.
            cancelled = job.cancelled
            for item in work:
                job.register(item.target)
                if cancelled:
                    job.mark(item.target, TargetState.CANCELLED, now)
            if not cancelled:
                self._waiting.put_first(job, work)
            self._hire()
            self._condition.notify_all()

    def drop_waiting(self, job: Job) -> None:
        """Forget what a cancelled job has not begun."""
        with self._condition:
            dropped = self._waiting.drop(job)
        now = self._clock.now()
        for work in dropped:
            job.mark(work.target, TargetState.CANCELLED, now)
        job.finish_when_nothing_is_left(now)

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
                task = _Task(*self._waiting.take())
                task.deadline = monotonic() + task.work.timeout_seconds
                self._running[me] = task
                self._condition.notify_all()
            error = self._attempt(task)
            step = task.work.afterwards
            while step is not None and self._begin(me, task, step, error) and _follow(task.work.target, step):
                step = step.then
            self._settle(task, error)
            with self._condition:
                if me not in self._running:
                    return  # given up by the watchdog; a successor has this worker's place
                self._running[me] = _IDLE

    def _attempt(self, task: _Task) -> MtlsConsoleError | None:
        job, work = task.job, task.work
        now = self._clock.now()
        if not job.mark(work.target, TargetState.RUNNING, now):
            return None
        job.emit(TargetStarted(work.target, now))
        for attempt in itertools.count():
            error = _guarded(work.target, lambda: work.run(job))
            again = attempt < work.retries and not job.cancelled and monotonic() < task.deadline
            if error is None or not (again and _worth_retrying(error)):
                return error
        raise AssertionError("unreachable")

    def _begin(self, me: threading.Thread, task: _Task, step: Afterwards, error: MtlsConsoleError | None) -> bool:
        """False: the work was given up meanwhile."""
        with self._condition:
            if me not in self._running:
                return False
            task.step, task.error = step, error
            task.deadline = monotonic() + step.timeout_seconds
            self._condition.notify_all()
        return True

    def _settle(self, task: _Task, error: MtlsConsoleError | None) -> None:
        job, work = task.job, task.work
        if error is not None and work.on_failure is not None:
            on_failure, cause = work.on_failure, error
            error = _guarded(work.target, lambda: on_failure(cause)) or error
        now = self._clock.now()
        if job.mark(work.target, TargetState.FAILED if error else TargetState.DONE, now, error):
            job.emit(TargetFinished(work.target, now, str(error) if error else None))
        job.finish_when_nothing_is_left(now)

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
                self._give_up(task)

    def _give_up(self, task: _Task) -> None:
        step = task.step
        if step is None:
            self._settle(task, _overrun(task.work.target, task.work.timeout_seconds))
            return
        late = _overrun(task.work.target, step.timeout_seconds)
        _guarded(task.work.target, lambda: step.on_failure(late))
        self._settle(task, task.error)


_IDLE = _Task(None, None)  # type: ignore[arg-type]  # a worker that waits; never run


def _guarded(target: str, call: Callable[[], None]) -> MtlsConsoleError | None:
    """The one job boundary: a fault of ours must neither kill a worker nor leave a job without an end."""
    try:
        call()
    except MtlsConsoleError as error:
        return error
    except Exception as error:  # recorded with its trace, and told as the target's failure
        return record_unexpected(error, target)
    return None


def _follow(target: str, step: Afterwards) -> bool:
    """Did it end well?"""
    error = _guarded(target, step.run)
    if error is not None:
        cause = error
        _guarded(target, lambda: step.on_failure(cause))
    return error is None


def _worth_retrying(error: MtlsConsoleError) -> bool:
    """A wrong host key or a missing credential stays so; a lost connection may come back."""
    return isinstance(error, UnreachableError) and not isinstance(error, (HostKeyError, CredentialError))


def _overrun(target: str, seconds: float) -> UnreachableError:
    return UnreachableError(
        f"no end after {seconds:.0f} s; given up",
        target=target,
        phase="time limit",
        hint="Whatever was under way there may still end by itself.",
    )
