"""Services on fakes of the ports and a real store: sweep, estate, live probes, edits, undo, recovery."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.store.opening import Store, open_store
from console.agent.snapshot import DeviceSnapshot
from console.changes.lockout import locked_out_devices
from console.changes.model import EntryState, JournalEntry, TargetKind
from console.command.review import review
from console.errors import ChangeRefused, ConfigurationError, ExitStatus, SshError, UsageError
from console.fleet.model import Device
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, Status
from console.services.events import JobEvent, PairProbed, StepApplied
from console.services.jobs import JobState
from console.services.recovery import OpenState, RecoveryService
from tests.fakes import OK, beacon_snapshot, sha256
from tests.world import CONFIG, World

ON = {"AddClientCertificateAndKey": "True"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    yield made
    made.space.close()
    made.store.close()


def words(world: World) -> dict[tuple[str, str], str]:
    return {(v.use.device, v.use.beacon): str(v.verdict) for v in world.space.estate.verdicts()}


# --- sweep and estate


def test_a_look_that_began_earlier_never_covers_a_newer_one(world: World) -> None:
    device, beacon = world.fleet.device("d1"), world.fleet.beacon("b1")
    old_device, old_beacon = world.devices.collect(device, ()), world.beacons.snapshot(beacon)
    old_hello = world.hello.hello("b1.test", 443, None, 1)
    world.clock.forward(seconds=5)
    world.sweep()
    now = world.clock.now()
    estate = world.space.estate
    estate.record_device(old_device)
    estate.record_beacon(old_beacon)
    estate.record_hello(old_hello)
    seen = estate.observation()
    assert seen.devices["d1"].taken_at == seen.beacons["b1"].taken_at == now
    assert [hello.taken_at for hello in seen.beacons["b1"].hellos] == [now]


def test_after_a_failure_of_unknown_outcome_the_device_is_seen_anew(world: World) -> None:
    world.sweep()

    def lose(_name: str) -> None:
        raise SshError("the connection was lost", target="d1", phase="apply")

    world.devices.after_write = lose
    world.clock.forward(seconds=5)
    assert world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON)).failures
    content = world.space.estate.observation().devices["d1"].config.content
    assert content is not None
    assert b"AddClientCertificateAndKey=True" in content


def test_a_sweep_observes_both_sides_and_says_hello_once_an_endpoint(world: World) -> None:
    world.sweep()
    assert sorted(world.devices.collected) == ["d1", "d2"]
    assert sorted(world.hello.said) == [("b1.test", 443, ("127.0.0.1", 4443)), ("b2.test", 443, None)]
    observed = world.space.estate.observation().beacons
    assert {name: len(snapshot.hellos) for name, snapshot in observed.items()} == {"b1": 1, "b2": 1}
    assert set(words(world).values()) == {"ready"}
    assert set(words(world)) == {(d, b) for d in ("d1", "d2") for b in ("b1", "b2")}


def test_what_was_known_is_there_at_the_next_start(world: World) -> None:
    world.sweep()
    world.clock.forward(minutes=3)
    again = world.start().estate
    assert again.observation() == world.space.estate.observation()
    age = again.age("d1")
    assert age is not None
    assert age.total_seconds() == 180


@pytest.mark.parametrize("side", ["device", "beacon"])
def test_an_old_snapshot_never_makes_ready_what_cannot_be_reached(world: World, side: str) -> None:
    world.sweep()
    (world.devices.down if side == "device" else world.beacons.down).add("d1" if side == "device" else "b1")
    job = world.space.sweep.start()
    assert job.wait(10)
    (failure,) = job.failures
    assert failure.exit_status is ExitStatus.UNREACHABLE
    assert words(world)["d1", "b1"] == "unknown"
    observation = world.space.estate.observation()
    assert failure.target in observation.failures
    assert len(observation.devices) + len(observation.beacons) == 4
    again = world.start().estate.verdicts()
    assert {str(v.verdict) for v in again if failure.target in (v.use.device, v.use.beacon)} == {"unknown"}


def test_only_pairs_of_what_changed_are_judged_anew(world: World) -> None:
    world.sweep()
    before = {v.use: v for v in world.space.estate.verdicts()}
    world.space.sweep.collect(world.fleet.device("d1"))
    after = {v.use: v for v in world.space.estate.verdicts()}
    assert {use.device for use in after if after[use] is not before[use]} == {"d1"}
    world.clock.forward(hours=1)
    assert all(v is not after[v.use] for v in world.space.estate.verdicts())


def test_following_a_device_finds_its_beacons(world: World) -> None:
    job = world.space.sweep.start(["d1"], follow=True)
    assert job.wait(10)
    assert {"d1", "b1", "b2"} <= {progress.target for progress in job.targets}
    assert "d2" not in {progress.target for progress in job.targets}


def test_an_unknown_name_is_refused_before_anything_is_contacted(world: World) -> None:
    with pytest.raises(ConfigurationError, match="'d9'"):
        world.space.sweep.start(["d1", "d9"])
    assert world.devices.collected == []


def test_a_beacon_without_winrm_is_no_failure_and_cannot_be_changed(world: World) -> None:
    bare = tuple(replace(beacon, winrm=None) for beacon in world.fleet.beacons)
    world.fleet = replace(world.fleet, beacons=bare)
    world.space = world.start()
    job = world.space.sweep.start()
    assert job.wait(10)
    assert job.failures == ()
    assert len(world.space.estate.observation().beacons["b1"].hellos) == 1
    assert set(words(world).values()) == {"unknown"}
    assert "no winrm" in world.space.editing.plan_beacons(["b1"], {"ask": "late"}).refused["b1"]


def test_listeners_hear_of_what_changed(world: World) -> None:
    heard: set[str] = set()
    end = world.space.estate.listen(heard.update)
    world.sweep()
    assert heard == {"d1", "d2", "b1", "b2"}
    end()


# --- live


def test_components_that_ask_the_same_share_one_handshake(world: World) -> None:
    world.sweep()
    uses = world.space.estate.uses_of_device("d1")[:1]
    events: list[JobEvent] = []
    job = world.space.probing.start(uses)
    job.subscribe(events.append)
    assert job.wait(10)
    assert [request.directory for request in world.devices.probed] == ["ManageSoftDL", "ManageSoftRL"]
    probed = {event.component: event.result for event in events if isinstance(event, PairProbed)}
    live = world.space.estate.live_of(world.space.estate.verdicts_of_device("d1")[0])
    assert set(live) == set(COMPONENTS)
    assert all(result.outcome is LiveOutcome.OK for result in live.values())
    assert set(probed) <= set(COMPONENTS)


def test_the_handshake_is_made_with_the_effective_preferences(world: World) -> None:
    own = b"[ManageSoft\\Uploader\\CurrentVersion]\nAddClientCertificateAndKey=True\nSSLClientCertificateFile=/c.pem\n"
    world.devices.files["d1"] = CONFIG + own
    world.sweep()
    assert world.space.probing.start(world.space.estate.uses_of_device("d1")[:1]).wait(10)
    sent = {request.component: bool(request.client_certificate) for request in world.devices.probed}
    assert sent == {"Launcher": False, "Tracker": False, "Uploader": True}


def test_a_disagreement_is_a_finding_and_changes_no_verdict(world: World) -> None:
    world.devices.probe_result = LiveResult(LiveOutcome.FAILED, error="alert 42")
    world.sweep()
    before = words(world)
    assert world.space.probing.start(world.space.estate.uses_of_device("d1")[:1]).wait(10)
    ((use, finding),) = world.space.estate.disagreements()
    assert (use.device, use.beacon, finding.check, finding.status) == (
        "d1",
        "b1",
        "pair.live-disagrees",
        Status.WARN,
    )
    assert words(world) == before
    world.clock.forward(minutes=1)
    world.sweep()
    assert world.space.estate.disagreements() == ()


def test_an_observation_that_an_edit_overtook_is_dropped(world: World) -> None:
    """A sweep that began before an apply and ends after it must not bring the old state back as fresh."""
    world.sweep()
    estate, seen = world.space.estate, world.space.estate.observation()
    stale_device = replace(
        seen.devices["d1"], taken_at=seen.devices["d1"].taken_at - timedelta(minutes=1), hostname="old"
    )
    stale_beacon = replace(
        seen.beacons["b1"], taken_at=seen.beacons["b1"].taken_at - timedelta(minutes=1), computer="OLD"
    )
    estate.record_device(stale_device)
    estate.record_beacon(stale_beacon)
    estate.record_hello(replace(seen.beacons["b1"].hellos[0], taken_at=stale_beacon.taken_at, error="old"))
    assert estate.observation().devices["d1"] == seen.devices["d1"]
    assert estate.observation().beacons["b1"] == seen.beacons["b1"]


def test_an_observation_from_the_future_holds_nothing_up(world: World) -> None:
    """The console's clock was wrong once: what it stored then must not shut out what is seen now."""
    world.sweep()
    estate, seen = world.space.estate, world.space.estate.observation().devices["d1"]
    estate.record_device(replace(seen, taken_at=seen.taken_at + timedelta(days=400), hostname="future"))
    estate.record_device(seen)
    assert estate.observation().devices["d1"] == seen


def test_a_device_that_was_never_seen_cannot_be_probed(world: World) -> None:
    job = world.space.probing.start(world.space.estate.uses_of_device("d1"))
    assert job.wait(10)
    assert "Sweep it first" in job.failures[0].error


# --- edits


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


# --- recovery


def open_entry_of(world: World, store: Store) -> str:
    """An entry that a killed console left, for d1's edit."""
    plan = world.space.editing.plan_devices(["d1"], ON)
    world.space.editing.apply(plan)
    done = store.journal.entries()[0]
    name = store.journal.next_entry_id()
    store.journal.open_entry(replace(done, entry=name))
    store.journal.let_go(name)  # as the kernel does for a killed console
    return name


KILLED_BEFORE_THE_WRITE = """
import os, sys
from pathlib import Path
from tests.world import World
world = World(Path(sys.argv[1]))
world.sweep()
world.devices.before_write = lambda _name: os._exit(9)
world.space.editing.apply(world.space.editing.plan_devices(["d1"], {"AddClientCertificateAndKey": "True"}))
"""


def test_a_killed_console_finds_its_open_entry_at_the_next_start(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLED_BEFORE_THE_WRITE, str(tmp_path / "state")]
    assert subprocess.run(words, cwd=Path(__file__).parents[2], timeout=60, check=False).returncode == 9
    world = World(tmp_path / "state")
    (entry,) = world.space.recovery.open_entries()
    opened = world.space.recovery.inspect(entry)
    assert (entry.target, opened.state) == ("d1", OpenState.UNTOUCHED)
    assert "nothing was written" in opened.message
    assert world.space.editing.apply(world.space.editing.plan_devices(["d1"], ON)).state is JobState.DONE
    world.space.close()
    world.store.close()


@pytest.mark.parametrize(
    ("content", "state", "settled"),
    [
        (CONFIG, OpenState.UNTOUCHED, EntryState.FAILED),
        (CONFIG.replace(b"AndKey=False", b"AndKey=True"), OpenState.APPLIED, EntryState.DONE),
        (b"[x]\n", OpenState.CHANGED, EntryState.OPEN),
    ],
)
def test_an_open_entry_says_what_state_its_target_is_in(
    world: World, content: bytes, state: OpenState, settled: EntryState
) -> None:
    world.sweep()
    name = open_entry_of(world, world.store)
    world.devices.files["d1"] = content
    (entry,) = world.space.recovery.open_entries()
    opened = world.space.recovery.inspect(entry)
    assert (entry.entry, opened.state) == (name, state)
    world.space.recovery.settle(opened)
    assert world.store.journal.entry(name).state is settled


def test_a_lost_answer_of_a_beacon_leaves_the_entry_open_until_it_is_looked_at(world: World) -> None:
    world.sweep()
    plan = world.space.editing.plan_beacons(["b1"], {"client_certificates": "accept", "ask": "first-handshake"})
    world.beacons.lose_at = "set-httpsys"
    job = world.space.editing.apply(plan)
    assert "stays open" in job.failures[0].error
    (entry,) = world.space.recovery.open_entries()
    assert world.space.recovery.inspect(entry).state is OpenState.UNREACHABLE
    world.beacons.down.clear()
    assert world.space.recovery.inspect(entry).state is OpenState.PARTLY
    world.beacons.lose_at = ""
    assert world.space.editing.apply(world.space.editing.plan_undo(entry.entry)).state is JobState.DONE
    assert not world.beacons.snapshots["b1"].httpsys[0].clientcertnegotiation


def test_an_open_entry_without_a_change_is_never_called_untouched(world: World) -> None:
    entry = JournalEntry("E-0001", world.clock.now(), "P-1", TargetKind.DEVICE, "d1", EntryState.OPEN, "?")
    assert world.space.recovery.inspect(entry).state is OpenState.CHANGED


def test_hashes_of_the_fakes_are_real() -> None:
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert OK.outcome is LiveOutcome.OK


# --- the device's own OpenSSL


def test_the_devices_openssl_is_asked_once_for_components_that_ask_the_same(world: World) -> None:
    world.hello.chain = (b"leaf", b"issuer")
    world.sweep()
    (use,) = [v.use for v in world.space.estate.verdicts() if (v.use.device, v.use.beacon) == ("d1", "b1")]
    proof = world.space.device_proof
    assert proof.results(use) == {}
    heard: list[JobEvent] = []
    job = proof.start([use])
    job.subscribe(heard.append)
    assert job.wait(10)
    assert job.failures == ()
    (asked,) = world.devices.verified
    assert (asked.host, asked.chain, asked.agent_user) == ("b1.test", (b"leaf", b"issuer"), "root")
    assert {component: result.outcome for component, result in proof.results(use).items()} == dict.fromkeys(
        COMPONENTS, LiveOutcome.OK
    )


def test_without_a_chain_or_a_snapshot_there_is_nothing_to_ask(world: World) -> None:
    use = next(v.use for v in world.space.estate.verdicts())
    job = world.space.device_proof.start([use])
    assert job.wait(10)
    assert job.failures[0].exit_status is ExitStatus.UNREACHABLE
    world.sweep()
    assert world.space.device_proof.start([use]).wait(10)
    results = world.space.device_proof.results(use)
    assert {result.outcome for result in results.values()} == {LiveOutcome.NOT_RUN}
    assert "hello" in (results["Tracker"].error or "")
    assert world.devices.verified == []
