"""The three strengths of proof on the screens: a cell is never greener than its proof."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.fleet.model import Beacon
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, PairUse, Verdict
from console.readiness.own_openssl import OwnOpenssl
from console.readiness.proof import FROM_DATA, Proof, Strength
from screens.fleet import FleetScreen
from screens.fleet_rows import device_columns
from screens.text import Tone, proved_tone, proved_word
from screens.widgets.rows import Row, fit
from tests.screens.conftest import SMALL, WIDE, opened, screen_text, settled, until
from tests.screens.world import NOW, World

REFUSED = OwnOpenssl(LiveOutcome.FAILED, version="OpenSSL 3.0.19", code=20, error="no issuer", at=NOW)


def tried(
    world: World, device: str, beacon: str, outcome: LiveOutcome, components: tuple[str, ...] = COMPONENTS
) -> None:
    for component in components:
        world.live[(device, beacon, f"{beacon}.lab.test", 443, component)] = LiveResult(outcome, at=NOW)


def row_of(pilot: object, device: str) -> Row:
    screen = pilot.app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, FleetScreen)
    return next(row for row in screen.devices.visible_rows if row.id == device)


@pytest.mark.parametrize(
    ("verdict", "proof", "word", "tone"),
    [
        (Verdict.READY, FROM_DATA, "✔ ready (data)", Tone.PLAIN),
        (Verdict.READY, Proof(Strength.OPENSSL), "✔ ready (openssl)", Tone.PLAIN),
        (Verdict.READY, Proof(Strength.PARTIAL), "✔ ready (partial)", Tone.PLAIN),
        (Verdict.READY, Proof(Strength.LIVE), "✔ ready (live)", Tone.GOOD),
        (Verdict.READY, Proof(Strength.DATA, Strength.LIVE), "✔ ready ≠ live", Tone.WARN),
        (Verdict.READY, Proof(Strength.LIVE, Strength.OPENSSL), "✔ ready ≠ openssl", Tone.WARN),
        (Verdict.BLOCKED, FROM_DATA, "✘ blocked (data)", Tone.BAD),
        (Verdict.BLOCKED, Proof(Strength.DATA, Strength.LIVE), "✘ blocked ≠ live", Tone.BAD),
    ],
)
def test_words_and_tones(verdict: Verdict, proof: Proof, word: str, tone: Tone) -> None:
    assert proved_word(verdict, proof) == word
    assert proved_tone(verdict, proof) is tone


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_ready_from_data_alone_is_shown_as_such(world: World, size: tuple[int, int]) -> None:
    tried(world, "aix-031", "b1", LiveOutcome.FAILED)
    tried(world, "sol-002", "b1", LiveOutcome.OK)
    async with opened(world, size) as pilot:
        text = screen_text(pilot)
        assert "✔ ready (data)" in text
        assert "✔ ready (live)" in text
        assert "✘ blocked (live)" in text
        assert row_of(pilot, "lx-0001").mark.tone is Tone.PLAIN
        assert row_of(pilot, "sol-002").mark.tone is Tone.GOOD
        assert "l proves it by a real handshake" in text


async def test_a_pair_is_as_well_proved_as_its_weakest_component(world: World) -> None:
    tried(world, "sol-002", "b1", LiveOutcome.OK, ("Launcher", "Tracker"))
    async with opened(world) as pilot:
        assert row_of(pilot, "sol-002").fields["proof"] == "data"


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_handshake_that_says_otherwise_is_seen_at_once(world: World, size: tuple[int, int]) -> None:
    tried(world, "sol-002", "b1", LiveOutcome.FAILED)
    async with opened(world, size) as pilot:
        text = screen_text(pilot)
        assert "✔ ready ≠ live" in text, "the verdict stays, and the other is beside it"
        row = row_of(pilot, "sol-002")
        assert (row.mark.text, row.mark.tone) == ("≠", Tone.WARN)
        await pilot.press("n", "n", "n")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        assert screen.devices.cursor_id == "sol-002", "n stops there"
        assert "The live handshake ended otherwise than these data say (p shows both)" in screen_text(pilot)
        screen.devices.set_filter("proof:otherwise")
        assert screen.devices.visible_ids == ("sol-002",)


async def test_what_the_devices_openssl_proves_is_shown(world: World) -> None:
    trusted = world.verdicts()
    async with opened(world) as pilot:
        use = next(one.use for one in trusted if one.use.device == "sol-002")
        world.own.update({(use, component): REFUSED for component in COMPONENTS})
        world.tell("sol-002")
        # No finding of the world is about the chain: there is nothing that openssl could contradict.
        await until(pilot, lambda: "✔ ready (openssl)" in screen_text(pilot), "the proof")


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_the_overview_counts_proofs(world: World, size: tuple[int, int]) -> None:
    tried(world, "lx-0001", "b1", LiveOutcome.OK)
    tried(world, "sol-002", "b1", LiveOutcome.FAILED)
    async with opened(world, size) as pilot:
        await pilot.press("3")
        await settled(pilot)
        text = screen_text(pilot)
        assert "PROOF  data 5 · openssl 0 · live 1 · ≠ says otherwise 1" in text


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_handshake_that_leaves_revocation_unproved_is_never_green(world: World, size: tuple[int, int]) -> None:
    for component in COMPONENTS:
        found = LiveResult(LiveOutcome.OK, at=NOW, unproved="revocation was not checked")
        world.live[("sol-002", "b1", "b1.lab.test", 443, component)] = found
    async with opened(world, size) as pilot:
        assert "✔ ready (partial)" in screen_text(pilot)
        row = row_of(pilot, "sol-002")
        assert (row.mark.tone, row.fields["proof"]) == (Tone.PLAIN, "partial")
        await pilot.press("3")
        await settled(pilot)
        assert "PROOF  data 6 · openssl 0 · partial 1 · live 0" in screen_text(pilot)


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_ends_that_do_not_meet_are_told(world: World, size: tuple[int, int]) -> None:
    world.fleet = replace(world.fleet, beacons=(*world.fleet.beacons, Beacon("b9", "b9.lab.test", None)))
    world.lost = (PairUse("lx-0001", "", "old.lab.test", 443), PairUse("lx-0002", "", "old.lab.test", 443))
    async with opened(world, size) as pilot:
        assert "1 endpoint without a beacon" in screen_text(pilot)
        await pilot.press("tab", "down", "down")
        await settled(pilot)
        text = screen_text(pilot)
        assert "unused" in text
        assert "No device uses b9" in text
        await pilot.press("3")
        await settled(pilot)
        text = screen_text(pilot)
        assert "NO DEVICE USES  b9" in text
        assert "NO BEACON ANSWERS TO  old.lab.test:443 (2 devices)" in text


def test_the_widest_verdict_leaves_room_for_the_obstacle_on_80_columns() -> None:
    columns = device_columns("b1")
    assert len(fit(columns, 76)) >= 6


async def test_the_report_says_which_proof_doubts_it(world: World) -> None:
    tried(world, "sol-002", "b1", LiveOutcome.FAILED)
    async with opened(world, SMALL) as pilot:
        await pilot.press("G", "p")
        await settled(pilot)
        text = screen_text(pilot)
        assert "✔ ready" in text
        assert "≠ live says otherwise" in text


@pytest.mark.parametrize(("size", "cut"), [(SMALL, True), (WIDE, False)])
async def test_a_long_remedy_is_cut_with_the_key_that_shows_all(size: tuple[int, int], cut: bool) -> None:
    world = World()
    world.message = "It sends none because " + "its own section says otherwise and " * 6 + "so on"
    async with opened(world, size) as pilot:
        await pilot.press("down")
        await settled(pilot)
        assert ("… p shows all" in screen_text(pilot)) is cut
