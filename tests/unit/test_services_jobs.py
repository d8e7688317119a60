"""The job runner: bounded, cancellable, one retry for the unreachable, never hung by a stuck host."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from console.errors import ChangeRefused, ExitStatus, HostKeyError, SshError
from console.services.events import JobEvent, JobFinished, TargetFinished, TargetStarted
from console.services.jobs import Afterwards, Job, JobKind, JobRunner, JobState, TargetState, Work


def held_by(gate: threading.Event) -> Callable[[Job], None]:
    def run(_: Job) -> None:
        gate.wait(30)

    return run


@pytest.fixture
def runner() -> JobRunner:
    return JobRunner(workers=3)


def test_every_target_runs_and_the_job_ends_with_one_event(runner: JobRunner) -> None:
    events: list[JobEvent] = []
    gate = threading.Event()
    job = runner.start(JobKind.SWEEP, "x", [Work(f"t{i}", held_by(gate)) for i in range(7)])
    job.subscribe(events.append)
    gate.set()
    assert job.wait(5)
    assert (job.state, job.total, job.done, job.failed, job.left) == (JobState.DONE, 7, 7, 0, 0)
    assert isinstance(events[-1], JobFinished)
    assert sum(isinstance(event, TargetFinished) for event in events) == 7


def test_never_more_at_once_than_workers(runner: JobRunner) -> None:
    lock, now, peak = threading.Lock(), [0], [0]
    full = threading.Barrier(3)

    def run(_: Job) -> None:
        with lock:
            now[0] += 1
            peak[0] = max(peak[0], now[0])
        full.wait(5)
        with lock:
            now[0] -= 1

    job = runner.start(JobKind.SWEEP, "x", [Work(f"t{i}", run) for i in range(9)])
    assert job.wait(5)
    assert peak[0] == 3


@pytest.mark.parametrize(
    ("error", "attempts", "status"),
    [
        (SshError("gone"), 2, ExitStatus.UNREACHABLE),
        (HostKeyError("changed"), 1, ExitStatus.UNREACHABLE),
        (ChangeRefused("no"), 1, ExitStatus.NOT_READY),
        (ValueError("a secret that must not show"), 1, ExitStatus.NOT_READY),
    ],
)
def test_only_the_unreachable_is_tried_again(
    runner: JobRunner, error: Exception, attempts: int, status: ExitStatus
) -> None:
    tries = [0]

    def run(_: Job) -> None:
        tries[0] += 1
        raise error

    job = runner.start(JobKind.SWEEP, "x", [Work("t", run), Work("u", lambda _: None)])
    assert job.wait(5)
    assert tries[0] == attempts
    assert job.state is JobState.FAILED
    (failure,) = job.failures
    assert failure.exit_status is status
    assert "a secret" not in failure.error


def test_a_second_attempt_may_succeed(runner: JobRunner) -> None:
    tries = [0]

    def run(_: Job) -> None:
        tries[0] += 1
        if tries[0] == 1:
            raise SshError("gone")

    job = runner.start(JobKind.SWEEP, "x", [Work("t", run)])
    assert job.wait(5)
    assert job.state is JobState.DONE


def test_cancel_drops_what_waits_and_lets_run_what_runs() -> None:
    runner = JobRunner(workers=1)
    started, gate = threading.Event(), threading.Event()

    def run(_: Job) -> None:
        started.set()
        gate.wait(5)

    job = runner.start(JobKind.SWEEP, "x", [Work("a", run), Work("b", run)])
    assert started.wait(5)
    job.cancel()
    gate.set()
    assert job.wait(5)
    assert job.state is JobState.CANCELLED
    assert [progress.state for progress in job.targets] == [TargetState.DONE, TargetState.CANCELLED]


def test_what_work_of_a_cancelled_job_adds_is_never_begun(runner: JobRunner) -> None:
    begun: list[str] = []

    def adds(job: Job) -> None:
        job.cancel()
        job.add(Work("b", lambda _: begun.append("b")))

    job = runner.start(JobKind.SWEEP, "x", [Work("a", adds)])
    assert job.wait(5)
    assert job.state is JobState.CANCELLED
    assert [progress.state for progress in job.targets] == [TargetState.DONE, TargetState.CANCELLED]
    assert begun == []


def test_work_adds_work_before_its_job_ends(runner: JobRunner) -> None:
    job = runner.start(JobKind.SWEEP, "x", [Work("a", lambda job: job.add(Work("b", lambda _: None)))])
    assert job.wait(5)
    assert [progress.target for progress in job.targets] == ["a", "b"]
    assert job.done == 2


def test_a_stuck_target_fails_and_its_place_is_taken() -> None:
    runner = JobRunner(workers=1)
    stuck = threading.Event()
    job = runner.start(
        JobKind.SWEEP,
        "x",
        [Work("stuck", held_by(stuck), timeout_seconds=0.1), Work("next", lambda _: None)],
    )
    assert job.wait(10)
    assert [progress.state for progress in job.targets] == [TargetState.FAILED, TargetState.DONE]
    assert "time limit" in job.failures[0].error
    stuck.set()


def test_a_late_subscriber_hears_of_the_end(runner: JobRunner) -> None:
    job = runner.start(JobKind.SWEEP, "x", [])
    events: list[JobEvent] = []
    job.subscribe(events.append)
    assert [type(event) for event in events] == [JobFinished]


def test_events_of_one_target_are_in_order(runner: JobRunner) -> None:
    events: list[JobEvent] = []
    gate = threading.Event()
    job = runner.start(JobKind.SWEEP, "x", [Work("gate", held_by(gate))])
    job.subscribe(events.append)
    runner.add(job, [Work("t", lambda _: None)])
    gate.set()
    assert job.wait(5)
    mine = [type(event) for event in events if getattr(event, "target", "") == "t"]
    assert mine == [TargetStarted, TargetFinished]


def test_what_comes_afterwards_changes_nothing_of_how_the_work_ended(runner: JobRunner) -> None:
    told: list[str] = []

    def refuse(_: Job) -> None:
        raise ChangeRefused("no", target="bad")

    def lose() -> None:
        raise SshError("gone")

    works = [
        Work("good", lambda _: None, afterwards=Afterwards(lose, lambda error: told.append(error.message))),
        Work("bad", refuse, afterwards=Afterwards(lambda: told.append("looked"), lambda _: told.append("never"))),
    ]
    job = runner.start(JobKind.APPLY, "x", works)
    assert job.wait(5)
    assert {one.target: one.state for one in job.targets} == {"good": TargetState.DONE, "bad": TargetState.FAILED}
    assert sorted(told) == ["gone", "looked"]


def test_a_late_afterwards_is_given_up_and_the_work_stays_done(runner: JobRunner) -> None:
    gate, told = threading.Event(), []

    def look() -> None:
        gate.wait(30)

    afterwards = Afterwards(look, lambda error: told.append(error.message), timeout_seconds=0.2)
    job = runner.start(JobKind.APPLY, "x", [Work("t", lambda _: None, timeout_seconds=20, afterwards=afterwards)])
    assert job.wait(10)
    gate.set()
    assert [one.state for one in job.targets] == [TargetState.DONE]
    assert told == ["no end after 0 s; given up"]


def test_a_late_second_step_afterwards_has_a_failure_of_its_own(runner: JobRunner) -> None:
    gate, told = threading.Event(), list[str]()

    def ask() -> None:
        told.append("asked")
        gate.wait(30)

    second = Afterwards(ask, lambda error: told.append(f"second: {error.message}"), timeout_seconds=0.2)
    first = Afterwards(lambda: told.append("looked"), lambda _: told.append("first failed"), then=second)
    job = runner.start(JobKind.APPLY, "x", [Work("t", lambda _: None, afterwards=first)])
    assert job.wait(10)
    gate.set()
    assert job.state is JobState.DONE
    assert told == ["looked", "asked", "second: no end after 0 s; given up"]


def test_after_a_first_step_that_failed_comes_no_second(runner: JobRunner) -> None:
    told: list[str] = []

    def lose() -> None:
        raise SshError("gone")

    second = Afterwards(lambda: told.append("asked"), lambda _: told.append("never"))
    first = Afterwards(lose, lambda error: told.append(error.message), then=second)
    assert runner.start(JobKind.APPLY, "x", [Work("t", lambda _: None, afterwards=first)]).wait(10)
    assert told == ["gone"]


def test_work_that_is_given_up_has_no_afterwards(runner: JobRunner) -> None:
    gate, told = threading.Event(), []
    afterwards = Afterwards(lambda: told.append("looked"), lambda _: told.append("told"))
    ended = threading.Event()

    def run(_: Job) -> None:
        gate.wait(30)
        ended.set()

    job = runner.start(JobKind.APPLY, "x", [Work("t", run, timeout_seconds=0.2, afterwards=afterwards)])
    assert job.wait(10)
    gate.set()
    assert ended.wait(10)
    assert [one.state for one in job.targets] == [TargetState.FAILED]
    assert told == []


def test_a_target_is_in_a_job_once(runner: JobRunner) -> None:
    with pytest.raises(ValueError, match="t is in the job twice"):
        runner.start(JobKind.SWEEP, "x", [Work("t", lambda _: None), Work("t", lambda _: None)])


def test_a_job_of_one_target_never_waits_behind_all_of_another() -> None:
    runner = JobRunner(workers=1)
    gate, begun, order = threading.Event(), threading.Event(), list[str]()

    def first(_: Job) -> None:
        begun.set()
        gate.wait(5)

    def noted(name: str) -> Work:
        return Work(name, lambda _: order.append(name))

    many = runner.start(JobKind.SWEEP, "many", [Work("held", first), *(noted(f"m{number}") for number in range(50))])
    assert begun.wait(5)
    one = runner.start(JobKind.PROBE, "one", [noted("o1"), noted("o2")])
    gate.set()
    assert many.wait(5)
    assert one.wait(5)
    assert order[:4] == ["m0", "o1", "m1", "o2"]
    assert order[4:] == [f"m{number}" for number in range(2, 50)]


def test_added_work_comes_before_what_waits_in_its_own_order() -> None:
    runner = JobRunner(workers=1)
    order: list[str] = []

    def noted(name: str) -> Work:
        return Work(name, lambda _: order.append(name))

    work = [Work("a", lambda job: job.add(noted("a1"), noted("a2"))), noted("b")]
    assert runner.start(JobKind.SWEEP, "x", work).wait(5)
    assert order == ["a1", "a2", "b"]
