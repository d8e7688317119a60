"""The pair report asks the device's own OpenSSL, shows how strong the proof is, and shows a disagreement."""

from __future__ import annotations

from screens.pair_report import FindingView
from tests.screens.conftest import SMALL, opened, screen_text, settled, until
from tests.screens.world import World


async def test_the_devices_own_openssl_is_asked_and_shown_beside_the_data(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        assert "proof: data · live" in screen_text(pilot)
        await pilot.press("o")
        await until(pilot, lambda: "device's OpenSSL 10:00 failed" in screen_text(pilot), "the result")
        await settled(pilot)
        text = screen_text(pilot)
        assert "proof: data · device's OpenSSL 10:00 failed · live: l makes one" in text
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        text = screen_text(pilot)
        assert "Launcher, Tracker, Uploader  failed · OpenSSL 3.0.19 · at depth 0" in text
        assert "the issuer isn't among what the beacon sends" in text
        assert "openssl verify -purpose sslserver" in text


async def test_a_disagreement_is_a_finding_of_its_own(world: World) -> None:
    async with opened(world) as pilot:
        await pilot.press("p")
        await settled(pilot)
        before = [view.finding.check for view in pilot.app.screen.query(FindingView)]
        await pilot.press("o")
        await until(
            pilot,
            lambda: (
                [view.finding.check for view in pilot.app.screen.query(FindingView)] != before
                and len(pilot.app.screen.query(FindingView)) > len(before)
            ),
            "the finding",
        )
        assert next(iter(pilot.app.screen.query(FindingView))).finding.check == "pair.openssl-disagrees"
        assert "✔ ready" in screen_text(pilot), "the verdict stays what the data say"
