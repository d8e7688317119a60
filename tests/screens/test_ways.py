"""Where keys lead from everywhere, what a shut-off key says, and that no pair of a device stays out of sight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.style import Style
from textual.widgets import Input

from console.changes.model import EntryState, JournalEntry, TargetKind
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, PairVerdict, Side, Status, Verdict
from screens.actions import Scope
from screens.beacon_editor import BeaconEditor
from screens.confirm import Confirm
from screens.device_editor import DeviceEditor
from screens.fleet import FleetScreen
from screens.live import live_text
from screens.other_pairs import following, telling, worse
from screens.pair_report import PairReport
from screens.plan_review import PlanReview
from screens.widgets.action_footer import footer_text
from screens.widgets.form import Choice
from tests.screens.conftest import SMALL, WIDE, opened, screen_text, settled, until
from tests.screens.test_proof import row_of, tried
from tests.screens.world import NOW, World


@pytest.mark.parametrize("keys", [("p",), ("p", "e"), ("d",), ("e",), ("p", "4"), ("p", "3")])
async def test_1_leads_to_the_fleet_from_everywhere(world: World, keys: tuple[str, ...]) -> None:
    async with opened(world) as pilot:
        for key in ("down", *keys, "1"):
            await pilot.press(key)
            await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
        assert len(pilot.app.screen_stack) == 1


@pytest.mark.parametrize("planned", [False, True], ids=["the form", "its plan"])
async def test_1_asks_before_it_drops_what_was_chosen(world: World, planned: bool) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "e", "space", *(["ctrl+s"] if planned else []))
        await settled(pilot)
        before = pilot.app.screen
        assert isinstance(before, PlanReview if planned else DeviceEditor)
        await pilot.press("1")
        await until(pilot, lambda: "1 setting chosen in the editor" in screen_text(pilot), "the question")
        await pilot.press("enter")  # no is the default
        await settled(pilot)
        assert pilot.app.screen is before
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the question again")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "the fleet")


async def test_the_overview_shows_its_devices_and_no_report_over_them(world: World) -> None:
    async with opened(world) as pilot:
        for key in ("down", "p", "3", "enter"):
            await pilot.press(key)
            await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
        assert pilot.app.screen.devices.visible_ids == ("lx-0002", "aix-031")


@pytest.mark.parametrize(("read_only", "says"), [(False, "Locked: L unlocks it"), (True, "This console is read-only")])
async def test_a_key_that_is_shut_off_says_so(read_only: bool, says: str) -> None:
    world = World(read_only=read_only)
    async with opened(world, SMALL) as pilot:
        if not read_only:
            await pilot.press("L")
        await pilot.press("down", "e", "space", "ctrl+s")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PlanReview)
        assert "Apply … (locked)" in screen_text(pilot)
        await pilot.press("A")
        await until(pilot, lambda: says in screen_text(pilot), "the word about it")
        assert isinstance(pilot.app.screen, PlanReview)
        assert not world.applied
    world.jobs.close()


def test_the_footer_says_locked_of_what_writes_alone() -> None:
    shown = footer_text(Scope.PLAN, 80, read_only=True, key=Style(), off=Style()).plain
    assert shown.count("(locked)") == 1
    assert "(locked)" not in footer_text(Scope.PLAN, 80, read_only=False, key=Style(), off=Style()).plain


# -- a device's other pairs


class _AtRisk(World):
    """What isn't blocked has a risk: every pair has an obstacle of its own."""

    def _judge(self, device: str, content: bytes, beacon: str, mode: str) -> PairVerdict:
        verdict = super()._judge(device, content, beacon, mode)
        if verdict.verdict is Verdict.BLOCKED:
            return verdict
        risk = replace(
            verdict.findings[0], check="pair.risk", status=Status.WARN, message="Something may fail", risk=True
        )
        risky = dict.fromkeys(COMPONENTS, Verdict.AT_RISK)
        return replace(verdict, verdict=Verdict.AT_RISK, components=risky, findings=(risk, *verdict.findings))


@pytest.fixture
def at_risk() -> Iterator[World]:
    world = _AtRisk()
    yield world
    world.jobs.close()


async def test_a_row_with_a_cross_says_why_whichever_beacon_is_chosen(at_risk: World) -> None:
    async with opened(at_risk) as pilot:
        await pilot.press("tab", "down", "tab", "down")
        await settled(pilot)
        row = row_of(pilot, "lx-0002")
        assert row.mark.text == "✘"
        assert row.cells[5].text == "b1: AddClientCertificateAndKey is off"
        assert "lx-0002 ⇄ b2 · ▲ at-risk (data) · worse: b1 ✘ blocked" in screen_text(pilot)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_the_strip_says_that_the_device_does_not_use_the_beacon(world: World, size: tuple[int, int]) -> None:
    async with opened(world, size) as pilot:
        await pilot.press("tab", "down", "tab")
        await settled(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert "sol-002 ⇄ b1 · ✔ ready (data) · doesn't use b2" in screen_text(pilot)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_the_report_leads_to_the_worse_pair(world: World, size: tuple[int, int]) -> None:
    async with opened(world, size) as pilot:
        await pilot.press("tab", "down", "tab", "down", "p")
        await settled(pilot)
        assert "lx-0002 ⇄ b2" in screen_text(pilot)
        assert "lx-0002 has a worse pair: b1 ✘ blocked  (b goes there)" in screen_text(pilot)
        await pilot.press("b")
        await settled(pilot)
        text = screen_text(pilot)
        assert "lx-0002 ⇄ b1" in text
        assert "✘ device.client-certificate-off" in text
        assert "worse pair" not in text
        await pilot.press("b")
        await settled(pilot)
        assert "lx-0002 ⇄ b2" in screen_text(pilot)


async def test_b_says_that_there_is_no_other_beacon(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("G", "p")
        await settled(pilot)
        await pilot.press("b")
        await until(pilot, lambda: "sol-002 names no other beacon" in screen_text(pilot), "the word about it")


def test_the_pairs_of_a_device_are_gone_through_worst_first(world: World) -> None:
    blocked, ready = (one for one in world.verdicts() if one.use.device == "lx-0002")
    assert worse((ready, blocked), ready) == (blocked,)
    assert worse((ready, blocked), blocked) == ()
    assert following((ready, blocked), blocked) is ready
    assert following((ready, blocked), ready) is blocked
    assert following((ready,), ready) is None


async def test_a_pair_that_a_proof_contradicts_is_worse_than_one_at_risk(world: World) -> None:
    tried(world, "lx-0001", "b1", LiveOutcome.FAILED)
    async with opened(world) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        model = screen._model
        assert model is not None
        pairs = model.by_device["lx-0001"]
        shown = next(one for one in pairs if one.use.beacon == "b2")
        told = telling(pairs, shown, model.proof)
        assert told is not None
        assert told.use.beacon == "b1"


# -- the filter


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("verdct:blocked", "There is no column “verdct”: verdict? esc clears the filter."),
        ("!colour:red", "There is no column “colour”: name,"),
    ],
)
async def test_a_column_that_there_is_not_is_an_error(world: World, typed: str, says: str) -> None:
    async with opened(world) as pilot:
        await pilot.press("slash")
        await settled(pilot)
        assert "verdict:blocked (here) worst:blocked (any)" in screen_text(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        screen.query_one("#filter", Input).value = typed
        await settled(pilot)
        assert says in screen_text(pilot)
        assert not screen.devices.visible_ids
        screen.devices.set_filter("worst:blocked")
        assert screen.devices.visible_ids == ("lx-0002", "aix-031")


# -- what a handshake says


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_refusal_that_was_foretold_reads_as_predicted(world: World, size: tuple[int, int]) -> None:
    tried(world, "lx-0002", "b1", LiveOutcome.FAILED)
    tried(world, "sol-002", "b1", LiveOutcome.FAILED)
    async with opened(world, size) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        assert "failed as predicted" in screen_text(pilot)
        await pilot.press("escape", "G", "p")
        await settled(pilot)
        text = screen_text(pilot)
        assert "≠ live says otherwise" in text
        assert "as predicted" not in text


def test_what_curl_advises_is_left_out_and_one_answer_stands_once() -> None:
    long = "certificate has expired More details here: https://curl.se/docs/sslcerts.html curl failed to verify the l…"
    same = LiveResult(LiveOutcome.FAILED, tool="curl", failed_side=Side.DEVICE, error=long, at=NOW)
    other = LiveResult(LiveOutcome.OK, tool="curl", at=NOW)
    text = live_text(dict(zip(COMPONENTS, (same, replace(same, raw="said"), other), strict=True))).plain
    assert "certificate has expired\n" in text
    assert "curl.se" not in text
    assert f"{COMPONENTS[0]}, {COMPONENTS[1]}  failed" in text
    assert f"{COMPONENTS[2]}  ok" in text


# -- small


async def test_inspecting_an_entry_that_ended_says_what_there_is(world: World) -> None:
    world.entries.append(JournalEntry("E-0001", NOW, "0001", TargetKind.DEVICE, "lx-0001", EntryState.DONE, "x"))
    async with opened(world) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: "E-0001" in screen_text(pilot), "the entry")
        await pilot.press("i")
        await until(pilot, lambda: "E-0001 ended (done)" in screen_text(pilot), "the word about it")


async def test_the_editor_begins_at_the_setting_that_the_remedy_names(world: World) -> None:
    async with opened(world) as pilot:
        editor = DeviceEditor(("lx-0002",), "Set CheckServerCertificate=True.")
        pilot.app.push_screen(editor)
        await settled(pilot)
        focused = pilot.app.focused
        assert isinstance(focused, Choice)
        assert focused.parent is next(one for one in editor.all_fields if one.field == "CheckServerCertificate")
        beacon = BeaconEditor(("b1",), "Set ask=first-handshake.")
        pilot.app.push_screen(beacon)
        await settled(pilot)
        assert pilot.app.focused is not None
        assert pilot.app.focused.parent is next(one for one in beacon.all_fields if one.field == "ask")


async def test_the_report_hands_its_remedy_to_the_editor(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PairReport)
        await pilot.press("e")
        await settled(pilot)
        editor = pilot.app.screen
        assert isinstance(editor, DeviceEditor)
        assert pilot.app.focused is not None
        assert pilot.app.focused.parent is editor.all_fields[0]


async def test_the_facts_of_a_beacon_name_what_http_sys_has_switched_on(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("tab", "d")
        await settled(pilot)
        (line,) = [line for line in screen_text(pilot).splitlines() if "(ipport)" in line]
        assert "0.0.0.0:443 (ipport)  no certificate of MY · " in line
        assert "clientcertnegotiation" in line
        assert "reject" not in line
        assert "{" not in line.replace("{4dc3e181", "")
