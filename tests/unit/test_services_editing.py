"""Edits on fakes of the ports and a real store: plan, apply, undo, and whom they would cut off."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.store.opening import open_store
from console.agent.snapshot import DeviceSnapshot
from console.changes.lockout import locked_out_devices
from console.changes.model import EntryState
from console.command.review import review
from console.errors import ChangeRefused, ConfigurationError, ExitStatus, SshError, UsageError
from console.fleet.model import Device
from console.services.device_revocation import DeviceRevocationService
from console.services.events import JobEvent, StepApplied
from console.services.jobs import JobState
from console.services.recovery import OpenState, RecoveryService
from tests.fakes import beacon_snapshot
from tests.world import CONFIG, World

ON = {"AddClientCertificateAndKey": "True"}


def words(world: World) -> dict[tuple[str, str], str]:
    return {(v.use.device, v.use.beacon): str(v.verdict) for v in world.space.estate.verdicts()}


def test_an_edit_of_a_device_and_its_undo_byte_for_byte(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_devices(["d1", "d2"], ON)
    assert (plan.targets, plan.unchanged, plan.refused) == (("d1",), ("d2",), {})
    assert world.devices.files["d1"] == CONFIG
    job = world.space.editing.apply(plan)
    assert job.state is JobState.DONE
    assert world.devices.files["d1"] == CONFIG.replace(b"AndKey=False", b"AndKey=True")
    assert b"True" in (world.space.estate.observation().devices["d1"].config.content or b"")
    (entry,) = world.space.journal.entries()
    assert (entry.state, entry.plan, entry.target) == (EntryState.DONE, plan.id, "d1")

    undo = world.space.editing.plan_undo(entry.entry)
    assert undo.inverse_of == entry.entry
    assert world.space.editing.apply(undo).state is JobState.DONE
    assert world.devices.files["d1"] == CONFIG
    states = {found.entry: found.state for found in world.space.journal.entries()}
    assert states == {entry.entry: EntryState.UNDONE, "E-0002": EntryState.DONE}
    with pytest.raises(ConfigurationError, match="undone already"):
        world.space.editing.plan_undo(entry.entry)


def test_the_entry_is_on_disk_before_the_write(world: World) -> None:
    world.sweep()
    seen: list[EntryState] = []

    def look(_name: str) -> None:
        other = open_store(world.directory)
        seen.extend(entry.state for entry in other.journal.entries())
        other.close()

    world.devices.before_write = look
    world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON))
    assert seen == [EntryState.OPEN]


def test_a_target_that_changed_is_refused_and_the_others_go_on(world: World) -> None:
    world.devices.files["d2"] = CONFIG
    world.sweep()
    plan = world.space.editing.plan_devices(["d1", "d2"], ON)
    world.devices.files["d1"] += b"; changed\n"
    job = world.space.editing.apply(plan)
    assert [(failure.target, failure.exit_status) for failure in job.failures] == [("d1", ExitStatus.NOT_READY)]
    assert "has changed since" in job.failures[0].error
    assert b"=True" in world.devices.files["d2"]
    assert [entry.target for entry in world.space.journal.entries()] == ["d2"]


def test_undo_of_a_file_that_changed_takes_back_its_keys_alone(world: World) -> None:
    world.sweep()
    world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON))
    stale = world.space.editing.plan_undo("E-0001")
    assert stale.devices[0].restore_backup
    world.devices.files["d1"] += b"; somebody\n"
    assert "has changed since" in world.space.editing.apply(stale).failures[0].error
    fresh = world.space.editing.plan_undo("E-0001")
    assert not fresh.devices[0].restore_backup
    assert world.space.editing.apply(fresh).state is JobState.DONE
    assert world.devices.files["d1"] == CONFIG + b"; somebody\n"


def test_undo_without_its_backup_ends_in_an_inverse_edit(world: World) -> None:
    world.sweep()
    world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON))
    world.devices.backups.clear()
    assert world.space.editing.apply(world.space.editing.plan_undo("E-0001")).state is JobState.FAILED
    assert world.space.editing.apply(world.space.editing.plan_undo("E-0001")).state is JobState.DONE
    assert world.devices.files["d1"] == CONFIG
    assert world.space.journal.entry("E-0001").state is EntryState.UNDONE


def test_a_device_that_cannot_be_read_is_refused_in_the_plan(world: World) -> None:
    world.devices.down.add("d1")
    plan = world.space.editing.plan_devices(["d1", "d2"], {"CheckServerCertificate": "True"})
    assert list(plan.refused) == ["d1"]
    assert plan.unreached == ("d1",)


@pytest.mark.parametrize("edits", [{"AddClientCertificate": "True"}, {"AddClientCertificateAndKey": "perhaps"}, {}])
def test_wrong_words_are_found_before_anything_is_contacted(world: World, edits: dict[str, str | None]) -> None:
    world.devices.down.add("d1")
    with pytest.raises(UsageError):
        world.space.editing.plan_devices(["d1"], edits)


@pytest.mark.parametrize(
    ("written", "state"), [(True, EntryState.DONE), (False, EntryState.FAILED)], ids=["written", "not written"]
)
def test_a_lost_connection_is_settled_by_what_the_file_holds(world: World, written: bool, state: EntryState) -> None:
    world.sweep()
    plan = world.space.editing.plan_devices(["d1"], ON)

    def lose(_name: str) -> None:
        raise SshError("connection lost", target="d1", phase="write")

    if written:
        world.devices.after_write = lose
    else:
        world.devices.before_write = lose
    job = world.space.editing.apply(plan)
    assert job.failures[0].exit_status is ExitStatus.UNREACHABLE
    (entry,) = world.space.journal.entries()
    assert entry.state is state


def test_a_beacons_steps_are_recorded_one_by_one_and_undone(world: World) -> None:
    world.sweep()
    start = world.beacons.snapshots["b1"]
    settings = {"client_certificates": "accept", "require_ssl": "true", "ask": "first-handshake"}
    plan = world.space.editing.plan_beacons(["b1"], settings)
    events: list[JobEvent] = []
    job = world.space.editing.start_apply(plan)
    job.subscribe(events.append)
    assert job.wait(10)
    assert job.state is JobState.DONE
    assert [operation for _, operation in world.beacons.ran] == ["set-httpsys", "set-access", "restart-site"]
    (entry,) = world.space.journal.entries()
    assert (entry.state, entry.steps_done) == (EntryState.DONE, 3)
    assert sum(isinstance(event, StepApplied) for event in events) <= 3
    assert world.space.editing.apply(world.space.editing.plan_undo(entry.entry)).state is JobState.DONE
    after = world.beacons.snapshots["b1"]
    assert (after.access, after.httpsys) == (start.access, start.httpsys)


def test_a_failed_step_says_how_far_it_came_and_undo_takes_that_back(world: World) -> None:
    world.sweep()
    start = world.beacons.snapshots["b1"]
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "accept", "ask": "first-handshake"})
    world.beacons.fail_at = "set-access"
    job = world.space.editing.apply(plan)
    assert "1 of 3 steps were done" in job.failures[0].error
    (entry,) = world.space.journal.entries()
    assert (entry.state, entry.steps_done) == (EntryState.FAILED, 1)
    world.beacons.fail_at = ""
    assert world.space.editing.apply(world.space.editing.plan_undo(entry.entry)).state is JobState.DONE
    assert world.beacons.snapshots["b1"].httpsys == start.httpsys


@pytest.mark.parametrize(("operation", "done"), [("set-httpsys", 1), ("set-access", 2)])
def test_a_step_whose_answer_is_garbled_is_looked_at(world: World, operation: str, done: int) -> None:
    """The write went through though its script failed: the journal says so, the estate sees it, undo takes it back."""
    world.sweep()
    start = world.beacons.snapshots["b1"]
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "accept", "ask": "first-handshake"})
    world.beacons.garble_at = operation
    job = world.space.editing.apply(plan)
    assert f"{done} of 3 steps were done" in job.failures[0].error
    (entry,) = world.space.journal.entries()
    assert (entry.state, entry.steps_done) == (EntryState.FAILED, done)
    assert (
        world.space.estate.observation().beacons["b1"].httpsys == world.beacons.snapshots["b1"].httpsys != start.httpsys
    )
    world.beacons.garble_at = ""
    assert world.space.editing.apply(world.space.editing.plan_undo(entry.entry)).state is JobState.DONE
    assert world.beacons.snapshots["b1"].httpsys == start.httpsys
    assert world.beacons.snapshots["b1"].access == start.access


def test_one_change_of_a_target_at_a_time(world: World) -> None:
    world.sweep()
    slow = world.space.editing.plan_beacons(["b1"], {"require_ssl": "true"})
    other = world.space.editing.plan_beacons(["b1"], {"ask": "first-handshake"})
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(20)

    world.beacons.before_run = wait
    running = world.space.editing.start_apply(slow)
    assert begun.wait(20)
    refused = world.space.editing.apply(other)
    assert "another change of it is being made now" in refused.failures[0].error
    go_on.set()
    running.wait()
    assert running.state is JobState.DONE
    assert [entry.plan for entry in world.space.journal.entries()] == [slow.id]
    assert (
        world.space.editing.apply(world.space.editing.plan_beacons(["b1"], {"ask": "first-handshake"})).failures == ()
    )


def test_an_entry_that_is_being_written_is_no_interrupted_one(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_beacons(["b1"], {"require_ssl": "true"})
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(20)

    world.beacons.before_run = wait
    running = world.space.editing.start_apply(plan)
    assert begun.wait(20)
    other = open_store(world.directory)  # a second console
    recovery = RecoveryService(world.fleet, world.devices, world.beacons, other.journal)
    (entry,) = other.journal.open_entries()
    assert recovery.open_entries() == ()
    opened = recovery.inspect(entry)
    assert opened.state is OpenState.WRITING
    recovery.settle(opened)
    with pytest.raises(ChangeRefused, match="is being written by a console now"):
        world.space.editing.plan_undo(entry.entry)
    go_on.set()
    assert running.wait(20)
    assert other.journal.entry(entry.entry).state is EntryState.DONE
    assert not other.journal.is_being_written(entry.entry)
    other.close()


def test_a_slow_look_afterwards_is_no_failure_of_what_was_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sweep()
    monkeypatch.setattr("console.services.editing.LOOK_SECONDS", 0.2)
    plan = world.space.editing.plan_devices(["d1"], ON)
    go_on = threading.Event()
    collect = world.devices.collect

    def slow(device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        assert go_on.wait(20)
        return collect(device, hosts)

    monkeypatch.setattr(world.devices, "collect", slow)
    job = world.space.editing.start_apply(plan)
    assert job.wait(20)
    failures = world.space.estate.observation().failures
    go_on.set()
    assert "d1" in failures
    assert job.state is JobState.DONE
    (entry,) = world.space.journal.entries()
    assert entry.state is EntryState.DONE


def test_slow_addresses_for_revocation_leave_the_look_as_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sweep()
    monkeypatch.setattr("console.services.editing.REVOCATION_SECONDS", 0.2)
    plan = world.space.editing.plan_devices(["d1"], ON)
    go_on, asked = threading.Event(), list[str]()

    def slow(device: Device) -> None:
        asked.append(device.name)
        assert go_on.wait(20)

    monkeypatch.setattr(
        "console.services.device_revocation.DeviceRevocationService.ask", lambda _, device: slow(device)
    )
    job = world.space.editing.start_apply(plan)
    assert job.wait(20)
    go_on.set()
    assert (asked, job.state) == (["d1"], JobState.DONE)
    seen = world.space.estate.observation()
    assert seen.failures == {}
    assert b"AndKey=True" in (seen.devices["d1"].config.content or b"")


def test_what_was_refused_is_neither_looked_at_nor_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sweep()
    plan = world.space.editing.plan_devices(["d1"], ON)
    world.devices.files["d1"] += b"; changed\n"
    world.devices.collected.clear()
    asked: list[str] = []
    monkeypatch.setattr(DeviceRevocationService, "ask", lambda _, device: asked.append(device.name))
    assert world.space.editing.apply(plan).state is JobState.FAILED
    assert (asked, world.devices.collected) == ([], [])


def test_nobody_is_cut_off_without_their_exact_number(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "require"})
    assert locked_out_devices(plan.lockouts) == ("d1",)
    for accepted in (None, 0, 2):
        with pytest.raises(ChangeRefused, match="d1"):
            world.space.editing.apply(plan, accepted)
    assert world.beacons.ran == []
    assert world.space.journal.entries() == ()
    assert world.space.editing.apply(plan, 1).state is JobState.DONE


def test_a_plan_looks_at_both_sides_first_and_refuses_to_strand_a_device_silently(world: World) -> None:
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "require"})
    assert sorted(world.devices.collected) == ["d1", "d2"]
    assert locked_out_devices(plan.lockouts) == ("d1",)
    assert plan.unknown == ()
    world.space.editing.plan_beacons(["b1"], {"client_certificates": "require"})
    assert len(world.devices.collected) == 2, "what is fresh isn't looked at again"
    with pytest.raises(ChangeRefused, match="would be cut off"):
        world.space.editing.start_apply(plan)
    world.clock.forward(minutes=6)
    world.space.editing.apply(plan, 1)
    assert len(world.devices.collected) == 4, "what the plan saw may be long ago"


def test_devices_that_cannot_be_seen_are_told_in_the_plan(world: World) -> None:
    world.devices.down.add("d1")
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "require"})
    assert plan.unknown == ("d1",)
    assert any("nobody can say" in line and "1 device" in line for line in review(plan))


def test_what_requiring_would_cut_off_is_what_a_plan_would_say(world: World) -> None:
    assert world.space.editing.cut_off_by_require("b1") == ()
    world.sweep()
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "require"})
    assert world.space.editing.cut_off_by_require("b1") == locked_out_devices(plan.lockouts) == ("d1",)


def test_a_device_edit_that_cuts_itself_off_counts_too(world: World) -> None:
    world.beacons.snapshots["b1"] = beacon_snapshot("b1", flags=("SslNegotiateCert", "SslRequireCert"))
    world.sweep()
    plan = world.space.editing.plan_devices(["d2"], {"AddClientCertificateAndKey": "False"})
    assert locked_out_devices(plan.lockouts) == ("d2",)
    with pytest.raises(ChangeRefused):
        world.space.editing.apply(plan)


def test_a_read_only_console_applies_nothing(world: World) -> None:
    world.sweep()
    space = world.start(read_only=True)
    with pytest.raises(ChangeRefused, match="read-only"):
        space.editing.apply(space.editing.plan_devices(["d1"], ON))
    assert world.devices.files["d1"] == CONFIG


def test_a_read_only_console_opens_no_shell(world: World) -> None:
    with pytest.raises(ChangeRefused, match="read-only"):
        world.start(read_only=True).sessions.open_shell("d1", "xterm", 80, 25)


def test_a_plan_for_another_fleet_is_refused(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_devices(["d1"], ON)
    with pytest.raises(ConfigurationError, match="d77"):
        world.space.editing.apply(replace(plan, devices=(replace(plan.devices[0], device="d77"),)))


def test_what_if_judges_without_writing(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "require"})
    after = {(v.use.device, v.use.beacon): str(v.verdict) for v in world.space.estate.judge_with(plan)}
    assert after["d1", "b1"] == "blocked"
    assert set(words(world).values()) == {"ready"}
