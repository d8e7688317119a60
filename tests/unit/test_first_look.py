"""The barrier between a sweep's first look and its second."""

from __future__ import annotations

import threading

import pytest

from console.errors import MtlsConsoleError, SshError
from console.services.first_look import FirstLook
from console.services.jobs import Job, JobKind, JobRunner, JobState, Work


@pytest.fixture
def runner() -> JobRunner:
    return JobRunner(workers=3)


def nothing(_: Job) -> None:
    return


def fails(_: Job) -> None:
    raise SshError("gone")


def test_the_second_look_comes_once_after_every_part(runner: JobRunner) -> None:
    gate, seen = threading.Event(), list[str]()

    def slow(_: Job) -> None:
        gate.wait(5)
        seen.append("slow")

    def then(job: Job) -> None:
        seen.append("then")
        job.add(Work("second", lambda _: seen.append("second")))

    look = FirstLook(then)
    job = runner.start(JobKind.SWEEP, "x", [look.part(Work("slow", slow)), look.part(Work("quick", nothing))])
    gate.set()
    assert job.wait(5)
    assert seen == ["slow", "then", "second"]
    assert (job.state, job.total) == (JobState.DONE, 3)


def test_parts_that_fail_or_overrun_end_the_first_look_too(runner: JobRunner) -> None:
    gate, failed, second = threading.Event(), list[str](), threading.Event()

    def stuck(_: Job) -> None:
        gate.wait(5)

    def told(error: MtlsConsoleError) -> None:
        failed.append(error.message)

    look = FirstLook(lambda job: job.add(Work("second", lambda _: second.set())))
    parts = [
        Work("fails", fails, on_failure=told),
        Work("stuck", stuck, timeout_seconds=0.2, on_failure=told),
        Work("fine", nothing),
    ]
    job = runner.start(JobKind.SWEEP, "x", [look.part(part) for part in parts])
    assert job.wait(5)
    assert second.is_set()
    assert len(failed) == 2
    gate.set()
    assert (job.done, job.failed) == (2, 2)


def test_a_part_that_a_part_adds_counts(runner: JobRunner) -> None:
    gate, seen = threading.Event(), list[str]()

    def late(_: Job) -> None:
        gate.wait(5)
        seen.append("late")

    def adds(job: Job) -> None:
        job.add(look.part(Work("late", late)))

    look = FirstLook(lambda _: seen.append("then"))
    job = runner.start(JobKind.SWEEP, "x", [look.part(Work("first", adds))])
    gate.set()
    assert job.wait(5)
    assert seen == ["late", "then"]


def test_a_retried_part_ends_once(runner: JobRunner) -> None:
    attempts, seen = list[int](), list[str]()

    def second_time(_: Job) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise SshError("gone")

    look = FirstLook(lambda _: seen.append("then"))
    job = runner.start(JobKind.SWEEP, "x", [look.part(Work("flaky", second_time))])
    assert job.wait(5)
    assert (len(attempts), seen, job.failed) == (2, ["then"], 0)


def test_a_cancelled_job_has_no_second_look(runner: JobRunner) -> None:
    gate, running, seen = threading.Event(), threading.Barrier(4), list[str]()

    def held(_: Job) -> None:
        running.wait(5)
        gate.wait(5)

    look = FirstLook(lambda _: seen.append("then"))
    job = runner.start(JobKind.SWEEP, "x", [look.part(Work(f"t{number}", held)) for number in range(3)])
    running.wait(5)
    job.cancel()
    gate.set()
    assert job.wait(5)
    assert (job.state, job.done, seen) == (JobState.CANCELLED, 3, [])


def test_what_waits_for_some_parts_waits_for_no_other(runner: JobRunner) -> None:
    gate, asked, seen = threading.Event(), threading.Event(), list[str]()
    look = FirstLook(lambda _: seen.append("then"))

    def dead(_: Job) -> None:
        assert asked.wait(5), "the dead host holds it up"
        seen.append("dead")

    def hello(_: Job) -> None:
        gate.wait(5)
        seen.append("hello")

    def question(_: Job) -> None:
        seen.append("asked")
        asked.set()

    def device(job: Job) -> None:
        look.add_after(["hello", "no part"], job, Work("question", question))
        gate.set()

    parts = [Work("dead", dead), Work("hello", hello), Work("device", device)]
    job = runner.start(JobKind.SWEEP, "x", [look.part(part) for part in parts])
    assert job.wait(5)
    assert seen == ["hello", "asked", "dead", "then"]
    assert job.state is JobState.DONE


def test_a_part_that_fails_is_waited_for_no_longer(runner: JobRunner) -> None:
    seen: list[str] = []
    look = FirstLook(nothing)

    def device(job: Job) -> None:
        look.add_after(["fails"], job, Work("first", lambda _: seen.append("first")))
        job.add(look.part(Work("late", fails)))
        look.add_after(["late"], job, Work("second", lambda _: seen.append("second")))

    works = [look.part(Work("fails", fails)), look.part(Work("device", device))]
    job = runner.start(JobKind.SWEEP, "x", works)
    assert job.wait(5)
    assert sorted(seen) == ["first", "second"]
    assert not look.is_open("device")


def test_nothing_is_added_to_a_cancelled_job(runner: JobRunner) -> None:
    gate, added, seen = threading.Event(), threading.Event(), list[str]()
    look = FirstLook(nothing)

    def hello(_: Job) -> None:
        gate.wait(5)

    def device(job: Job) -> None:
        look.add_after(["hello"], job, Work("question", lambda _: seen.append("asked")))
        added.set()

    job = runner.start(JobKind.SWEEP, "x", [look.part(Work("hello", hello)), look.part(Work("device", device))])
    assert added.wait(5)
    job.cancel()
    gate.set()
    assert job.wait(5)
    assert (job.total, seen) == (2, [])
