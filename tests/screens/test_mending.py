"""The report says what to do next, and offers no editor where none mends the fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from console.readiness.all_checks import CHECKS
from console.readiness.model import Finding, PairUse, PairVerdict, Side, Status, Step
from console.readiness.revocation_words import REBIND
from screens.beacon_editor import BeaconEditor
from screens.device_editor import DeviceEditor
from screens.mending import BOUND, EDITED, Mend, editor_side, mend, way
from screens.pair_report import PairReport
from screens.report_text import report_text
from tests.screens.conftest import SMALL, opened, screen_text, settled, until
from tests.screens.world import World

USE = PairUse("d1", "b1", "b1.test", 443)


def test_every_id_is_one_of_a_check() -> None:
    assert {known.id for known in CHECKS} >= EDITED | BOUND


@pytest.mark.parametrize(
    ("check", "side", "status", "says"),
    [
        ("device.client-certificate-off", Side.DEVICE, Status.FAIL, "e edit now"),
        ("device.client-certificate-use", Side.DEVICE, Status.FAIL, "no setting mends it: s is a shell on d1"),
        ("beacon.client-issuer-untrusted", Side.BEACON, Status.FAIL, "no setting here mends it: log in to b1"),
        ("beacon.server-certificate-dates", Side.BEACON, Status.FAIL, "e binds another certificate, once b1 has it"),
        ("network.port-closed", Side.NETWORK, Status.FAIL, "no setting mends it: it lies between the two machines"),
        ("network.port-closed", Side.NETWORK, Status.PASS, ""),
    ],
)
def test_the_way_to_mend_it(check: str, side: Side, status: Status, says: str) -> None:
    assert way(Finding(check, Step.CONNECT, side, status, "m"), USE) == says


_REVOCATION = "device.revocation-check"
_OFF = "See that the device reaches it, or set CheckCertificateRevocation=False."


@pytest.mark.parametrize(
    ("check", "side", "remedy", "says", "editor"),
    [
        # The setting is the device's, whoever is at fault.
        (_REVOCATION, Side.NETWORK, _OFF, "e edit now", Side.DEVICE),
        (_REVOCATION, Side.BEACON, _OFF, "e edit now", Side.DEVICE),
        (_REVOCATION, Side.BEACON, "Have the CA publish a new one.", "no setting mends it: it lies with", Side.BEACON),
        (_REVOCATION, Side.NETWORK, "Have the CA publish a new one.", "no setting mends it: it lies with", Side.BEACON),
        (_REVOCATION, Side.DEVICE, "Set the device's clock.", "no setting mends it: s is a shell", Side.DEVICE),
        (_REVOCATION, Side.BEACON, f"On b1: {REBIND}", "e binds another certificate, once b1", Side.BEACON),
        ("device.revocation-method", Side.BEACON, "Remove the line.", "e edit now", Side.DEVICE),
        ("beacon.late-request", Side.NETWORK, "Ask first.", "e edit now", Side.BEACON),
        ("beacon.late-request", Side.DEVICE, "Ask first.", "e edit now", Side.BEACON),
        ("network.port-closed", Side.NETWORK, "Open it.", "no setting mends it: it lies between", Side.BEACON),
    ],
)
def test_the_editor_is_of_the_machine_that_has_the_setting(
    check: str, side: Side, remedy: str, says: str, editor: Side
) -> None:
    finding = Finding(check, Step.TRUSTED, side, Status.FAIL, "m", remedy=remedy)
    assert way(finding, USE).startswith(says)
    assert editor_side(finding) is editor


class _NoAnswer(World):
    """What stops the devices is that they get no revocation list."""

    def _judge(self, device: str, content: bytes, beacon: str, mode: str) -> PairVerdict:
        verdict = super()._judge(device, content, beacon, mode)
        worse = tuple(
            replace(found, check=_REVOCATION, side=Side.NETWORK, remedy=_OFF) if found.status is Status.FAIL else found
            for found in verdict.findings
        )
        return replace(verdict, findings=worse)


@pytest.fixture
def no_answer() -> Iterator[World]:
    world = _NoAnswer()
    yield world
    world.jobs.close()


@pytest.mark.parametrize(
    ("keys", "targets"),
    [
        (("down", "p", "e"), ("lx-0002",)),
        (("down", "p", "E"), ("lx-0002", "aix-031")),
        (("3", "e"), ("lx-0002", "aix-031")),
    ],
)
async def test_a_device_that_gets_no_revocation_list_is_edited_itself(
    no_answer: World, keys: tuple[str, ...], targets: tuple[str, ...]
) -> None:
    async with opened(no_answer) as pilot:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, DeviceEditor)
        assert screen.targets == targets


def test_a_reissue_is_no_edit() -> None:
    reissued = [known for known in CHECKS if "reissued" in known.remedy and known.id not in BOUND]
    assert reissued
    for known in reissued:
        assert mend(Finding(known.id, known.step, known.side, Status.FAIL, "m")) is Mend.BY_HAND, known.id


async def test_e_opens_no_editor_that_cannot_help(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("screens.mending.EDITED", frozenset[str]())
    async with opened(world) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        assert "no setting mends it: s is a shell on lx-0002" in screen_text(pilot)
        await pilot.press("e", "E")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PairReport)
        assert "device.client-certificate-off: no setting mends it" in screen_text(pilot)
        await pilot.press("j", "e")  # a finding that is no fault: its side's editor, as ever
        await settled(pilot)
        assert isinstance(pilot.app.screen, BeaconEditor)


async def test_the_answer_of_the_device_is_scrolled_to(world: World) -> None:
    async with opened(world, SMALL) as pilot:
        await pilot.press("down", "p")
        await settled(pilot)
        await pilot.press("j", "j")
        await settled(pilot)
        pilot.app.screen.query_one("#pair-scroll").scroll_end(animate=False)
        await settled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "all components  failed" in screen_text(pilot), "the result in sight")
        await settled(pilot)
        assert "live 1: " not in screen_text(pilot), "no toast over the answer"


@pytest.mark.parametrize("mode", ["1", "3", "4", "5", "6"])
async def test_2_is_the_pair_report_from_everywhere(world: World, mode: str) -> None:
    async with opened(world) as pilot:
        await pilot.press("down", mode)
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert isinstance(pilot.app.screen, PairReport)
        assert "lx-0002 ⇄ b1" in screen_text(pilot)
        await pilot.press("2")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 2, "it isn't opened twice"


def test_places_are_told_with_the_machine_that_they_are_on() -> None:
    evidence = {"file": "/etc/ssl/client.crt", "beacon's location": "Default Web Site", "subject": "CN=x"}
    finding = Finding("beacon.x", Step.ACCEPTED, Side.BEACON, Status.FAIL, "m", evidence=evidence)
    told = dict(report_text(finding, USE))
    assert told["Where"] == "on d1: file /etc/ssl/client.crt · on b1: location Default Web Site"
    assert told["Why"] == "subject: CN=x"
