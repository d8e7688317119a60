"""From a form over the plan to the journal and back, with the keyboard alone."""

from __future__ import annotations

from console.changes.model import DeviceChange, EntryState, Plan, PreferenceEdit, TargetKind
from screens.confirm import Confirm
from screens.device_editor import DeviceEditor
from screens.journal import JournalScreen
from screens.plan_review import GroupView, PlanReview
from screens.plan_text import groups
from tests.screens.conftest import SMALL, opened, screen_text, settled, until
from tests.screens.world import NOW, World, config


async def test_edit_plan_apply_undo(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        await pilot.press("down", "e")
        await settled(pilot)
        assert isinstance(pilot.app.screen, DeviceEditor)
        assert "assumed name: check agent-profile.toml" in screen_text(pilot)
        await pilot.press("space", "ctrl+s")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanReview)
        text = screen_text(pilot)
        assert "nothing written yet" in text
        assert "-AddClientCertificateAndKey=False" in text
        assert "+AddClientCertificateAndKey=True" in text
        assert "After this plan: b1 3 of 4 get through (now 2)" in text
        assert world.files["lx-0002"] == config("False")

        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(pilot.app.screen, JournalScreen), "the journal")
        await until(pilot, lambda: bool(world.entries), "the entry")
        await until(pilot, lambda: "E-0001" in screen_text(pilot), "the entry on the screen")
        assert world.files["lx-0002"] == config("True")

        await pilot.press("u")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanReview), "the inverse plan")
        await settled(pilot)
        assert "1 device that gets through now would be cut off" in screen_text(pilot)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the lock-out's question")
        await pilot.press("y", "enter")  # a slip: the number has to be typed
        await settled(pilot)
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("1", "enter")
        await until(pilot, lambda: "Apply this plan?" in screen_text(pilot), "the question")
        await pilot.press("y")
        await until(pilot, lambda: world.files["lx-0002"] == config("False"), "the undo")
        await until(pilot, lambda: world.entries[-1].state is EntryState.UNDONE, "the first entry marked")
        assert [accepted for _, accepted in world.applied] == [None, 1]


async def test_no_answer_writes_nothing(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "e", "space", "ctrl+s")
        await settled(pilot)
        for answer in ("escape", "n"):
            await pilot.press("A")
            await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question")
            await pilot.press(answer)
            await settled(pilot)
            assert isinstance(pilot.app.screen, PlanReview)
        assert not world.applied


async def test_many_are_one_group_and_the_count_is_typed(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "space", "space", "e")
        await settled(pilot)
        text = screen_text(pilot)
        assert "Edit 2 devices · mutual TLS" in text
        assert "now: False (Common)" in text
        await pilot.press("space", "ctrl+s")
        await settled(pilot)
        assert "2 targets, the same change" in screen_text(pilot)
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question")
        await pilot.press("y")
        await settled(pilot)
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("backspace", "2", "enter")
        await until(pilot, lambda: len(world.entries) == 2, "both written")


async def test_mixed_values_and_production(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("a", "e")
        await settled(pilot)
        assert "now: mixed (2): 2 True (Common), 2 False (Common)" in screen_text(pilot)
        await pilot.press("space", "space", "ctrl+s")  # False for all: sol-002 is in production
        await settled(pilot)
        text = screen_text(pilot)
        assert "2 devices that get through now would be cut off" in text
        assert "already as asked: lx-0002, aix-031" in text
        await pilot.press("A")
        await until(pilot, lambda: "Type 2" in screen_text(pilot), "the lock-out's question")
        await pilot.press("2", "enter")
        await until(pilot, lambda: "Type prod estate" in screen_text(pilot), "the estate's name is asked for")
        await pilot.press("escape")
        await settled(pilot)
        assert not world.applied


async def test_require_names_who_would_be_locked_out(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("tab", "down", "e")
        await settled(pilot)
        text = screen_text(pilot)
        assert "b2: https *:443:" in text
        assert "now: accept" in text
        await pilot.press("left", "ctrl+s")
        await settled(pilot)
        text = screen_text(pilot)
        assert "2 devices that get through now would be cut off" in text
        assert "lx-0002 at b2" in text
        assert "aix-031 at b2" in text


async def test_an_untouched_form_makes_no_plan(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("e", "ctrl+s")
        await settled(pilot)
        assert isinstance(pilot.app.screen, DeviceEditor)
        await until(pilot, lambda: "Nothing is chosen yet" in screen_text(pilot), "the word about it")


async def test_read_only_shuts_every_writing_action_off() -> None:
    world = World(read_only=True)
    async with opened(world) as pilot:
        assert "[read-only]" in screen_text(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert pilot.app.screen.check_action("shell", ()) is None
        await pilot.press("down", "e", "space", "ctrl+s")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanReview)
        await pilot.press("A")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanReview)
        assert pilot.app.screen.check_action("apply", ()) is None
        assert not world.applied
    world.jobs.close()


def test_warnings_stand_in_the_review_and_keep_targets_apart(world: World) -> None:
    edits = (PreferenceEdit("ManageSoft\\Common", "CheckServerCertificate", None, "False"),)
    changes = tuple(
        DeviceChange(name, "config.ini", "", "", edits, warnings=warnings)
        for name, warnings in (("a", ()), ("b", ("any server is trusted\x1b[31m",)), ("c", ()))
    )
    calm, warned = groups(Plan("0001", NOW, TargetKind.DEVICE, "", changes))
    assert calm.targets == ("a", "c")
    assert warned.targets == ("b",)
    assert warned.warnings == ("any server is trusted�[31m",)
    assert "▲ any server is trusted" in GroupView(warned, odd=True).render().plain
