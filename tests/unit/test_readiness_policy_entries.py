"""A remedy that edits a failover list says what the next policy does to the entries that are meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.iis.snapshot import HelloOutcome
from console.readiness.model import PairInput
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_paths import DOWNLOAD, UPLOAD, entry, lists
from tests.unit.readiness_makers import Make, said

PLAIN = said(HelloOutcome.PLAIN_HTTP)
BACK = "brings them back as the beacon reports itself: change that too, on beacon01 (Inventory Beacon"


def plain_port(make: Make) -> PairInput:
    """The device uses https, the port answers plain http."""
    return replace(make(), beacon=PLAIN().beacon)


def other_name(make: Make) -> PairInput:
    other = kit.issue("elsewhere.example", kit.issuing(), names=("elsewhere.example",))
    return replace(make(), beacon=kit.beacon(hellos=(kit.hello(other, kit.issuing()),)))


@pytest.mark.parametrize(("broken", "check"), [(plain_port, "pair.scheme"), (other_name, "beacon.name-mismatch")])
@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ((entry(DOWNLOAD, "{A}"), entry(UPLOAD, "{B}")), "Policy, which wrote these entries ({A}, {B}),"),
        ((entry(DOWNLOAD, "mine"), entry(UPLOAD, "{B}")), "Policy, which wrote those with an id in braces ({B}),"),
        ((entry(DOWNLOAD, "mine"), entry(UPLOAD, "mine")), ""),
        ((entry(DOWNLOAD, "{A}", "other.example"),), ""),
    ],
)
def test_entries_that_policy_brings_back(broken: object, check: str, entries: tuple[str, ...], told: str) -> None:
    assert callable(broken)
    remedy = kit.finding(broken(lists(*entries)), check).remedy
    assert ("olicy" in remedy) is bool(told)
    assert f"{told} {BACK}" in remedy or not told


def test_a_device_whose_lists_are_unknown() -> None:
    remedy = kit.finding(replace(plain_port(PLAIN), device=None), "pair.scheme").remedy
    assert f"Where they have an id in braces, policy {BACK}" in remedy


def test_what_mends_another_thing_says_nothing_of_policy() -> None:
    given = lists(entry(DOWNLOAD, "{A}"), entry(UPLOAD, "{A}"))()
    expired = kit.issue(kit.HOST, kit.issuing(), names=(kit.HOST,), days=(-20, -1))
    hellos = (kit.hello(expired, kit.issuing()),)
    remedy = kit.finding(replace(given, beacon=kit.beacon(hellos=hellos)), "beacon.server-certificate-dates").remedy
    assert "policy" not in remedy.lower()
