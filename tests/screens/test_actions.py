"""The registry: unique keys, footers that fit, help and palette made from it, one gate."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.command import DiscoveryHit, Hit

from screens.actions import ACTIONS, Action, Danger, Scope, bindings, footer, of_scope, permitted
from screens.app import ConsoleApp
from screens.base import ConsoleScreen
from screens.beacon_editor import BeaconEditor
from screens.device_editor import DeviceEditor
from screens.help import Help, help_lines
from screens.palette import ActionCommands
from screens.widgets.action_footer import footer_text
from tests.screens.conftest import SMALL, opened, screen_text, settled
from tests.screens.world import World

EDITORS = (BeaconEditor, DeviceEditor)


def test_ids_are_unique() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("scope", Scope)
def test_no_key_means_two_things_in_one_scope(scope: Scope) -> None:
    keys = [key for action in (*of_scope(scope), *of_scope(Scope.EVERYWHERE)) for key in action.keys.split(",")]
    if scope is not Scope.EVERYWHERE:
        assert len(keys) == len(set(keys))
    assert len(bindings(scope)) == len(of_scope(scope))


@pytest.mark.parametrize("scope", Scope)
def test_footer_fits_80_columns_with_six_keys_at_most(scope: Scope) -> None:
    assert len(footer(scope, wide=False)) <= 6
    text = footer_text(scope, 80, read_only=False, key=Style(), off=Style())
    assert text.cell_len <= 80
    assert text.plain.endswith("? All keys ")


def test_capitals_alone_write() -> None:
    for action in ACTIONS:
        if action.danger is Danger.WRITES and action.name != "shell":
            assert action.keys.isupper()


def test_gate() -> None:
    assert permitted("apply", Scope.PLAN, read_only=False)
    assert not permitted("apply", Scope.PLAN, read_only=True)
    assert not permitted("shell", Scope.FLEET, read_only=True)
    assert permitted("edit", Scope.FLEET, read_only=True)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_action_exists(action: Action) -> None:
    name = f"action_{action.name.split('(')[0]}"
    if action.scope is Scope.EVERYWHERE:
        assert hasattr(ConsoleApp, name)
        return
    assert EDITORS  # imported by the screens only when one is opened
    owners = [one for one in _subclasses(ConsoleScreen) if getattr(one, "SCOPE", None) is action.scope]
    assert owners
    assert all(hasattr(owner, name) for owner in owners)


def _subclasses(kind: type[object]) -> list[type[object]]:
    found: list[type[object]] = []
    child: type[object]
    for child in kind.__subclasses__():
        found += [child, *_subclasses(child)]
    return found


def test_help_begins_with_the_screen_in_front_and_can_be_searched() -> None:
    assert [heading for heading, _ in help_lines(Scope.PLAN, "")][:2] == ["Plan review", "Everywhere"]
    found = help_lines(Scope.FLEET, "undo")
    assert [heading for heading, _ in found] == ["Journal"]
    assert help_lines(Scope.FLEET, "no such words") == []


async def test_help_opens_searches_and_closes(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        await pilot.press("question_mark")
        await settled(pilot)
        assert isinstance(pilot.app.screen, Help)
        assert "Mark the row and go on" in screen_text(pilot)
        await pilot.press(*"undo")
        await settled(pilot)
        text = screen_text(pilot)
        assert "Plan the inverse of this entry" in text
        assert "Mark the row" not in text
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, Help)


async def test_palette_is_made_of_the_registry(world: World) -> None:
    async with opened(world) as pilot:
        provider = ActionCommands(pilot.app.screen)
        shown = [hit.text async for hit in provider.discover() if isinstance(hit, DiscoveryHit)]
        assert "Edit (e)" in shown
        assert "Overview (3)" in shown
        hits = [hit async for hit in provider.search("overview") if isinstance(hit, Hit)]
        assert hits
        await hits[0].command()
        await settled(pilot)
        assert pilot.app.current_mode == "overview"
