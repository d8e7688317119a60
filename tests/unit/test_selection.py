"""SELECT words: what they choose, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.changes.model import TargetKind
from console.command.selection import empty_groups, is_selector, select, select_pairs
from console.errors import UsageError
from console.fleet.model import Beacon, Device, ExplicitPair, Fleet
from console.readiness.model import PairUse, PairVerdict, Verdict

FLEET = Fleet(
    Path("fleet.toml"),
    beacons=(Beacon("b1", "b1.x", None), Beacon("b2", "b2.x", None), Beacon("same", "s.x", None)),
    devices=tuple(Device(name, name) for name in ("d1", "d2", "d10", "web", "same")),
    pairs=(ExplicitPair("d1", "b1", "b1.x", 443), ExplicitPair("d2", "b2", "b2.x", 443)),
    groups={"d": ("d1", "w*"), "all": ("*",), "none": ("zz*",), "bare": ()},
)
SYSTEMS = {"d1": "AIX", "d2": "Linux", "d10": "SunOS"}


def _verdict(device: str, beacon: str, verdict: Verdict) -> PairVerdict:
    return PairVerdict(PairUse(device, beacon, f"{beacon}.x", 443), verdict, {}, ())


VERDICTS = (
    _verdict("d1", "b1", Verdict.READY),
    _verdict("d1", "b2", Verdict.BLOCKED),
    _verdict("d2", "b2", Verdict.AT_RISK),
)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["d1"], ("d1",)),
        (["d2", "d1", "d2"], ("d1", "d2")),
        (["d*"], ("d1", "d2", "d10")),
        (["d?"], ("d1", "d2")),
        (["@d"], ("d1", "web")),
        (["os=aix"], ("d1",)),
        (["os=solaris", "os=AIX"], ("d1", "d10")),
        (["d*", "os=linux"], ("d2",)),
        (["verdict=blocked"], ("d1",)),
        (["verdict=at-risk", "verdict=blocked"], ("d1", "d2")),
        (["beacon=b1"], ("d1",)),
        (["beacon=b2"], ("d1", "d2")),
        (["beacon=b2", "verdict=at-risk"], ("d2",)),
        (["b1"], ("b1",)),
        (["b?"], ("b1", "b2")),
    ],
)
def test_selected(words: list[str], names: tuple[str, ...]) -> None:
    found = select(FLEET, words, VERDICTS, SYSTEMS)
    assert found.names == names
    assert found.kind is (TargetKind.BEACON if names[0].startswith("b") else TargetKind.DEVICE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing is selected"),
        (["dd1"], "'d1'"),
        (["zz*"], "matches no device"),
        (["@dd"], "'d'"),
        (["@none"], "selects nothing"),
        (["d1", "b1"], "both devices and beacons"),
        (["*"], "both devices and beacons"),
        (["@all"], "both devices and beacons"),
        (["same"], "both named same"),
        (["oss=aix"], "'os='"),
        (["os="], "selects nothing"),
        (["os=hpux"], "selects nothing"),
        (["verdict=bloked"], "'blocked'"),
        (["verdict=unknown"], "selects nothing"),
        (["beacon=bb1"], "'b1'"),
        (["b1", "os=aix"], "os= selects devices"),
    ],
)
def test_refused(words: list[str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(FLEET, words, VERDICTS, SYSTEMS)
    assert told in str(caught.value)


def test_the_wanted_kind_decides_what_names_leave_open() -> None:
    for kind in TargetKind:
        assert select(FLEET, ["same"], kind=kind).kind is kind
    assert select(FLEET, ["verdict=blocked"], VERDICTS, kind=TargetKind.BEACON).names == ("b2",)
    with pytest.raises(UsageError, match="expected beacons"):
        select(FLEET, ["d1"], kind=TargetKind.BEACON)


def test_without_observations_the_way_out_is_named() -> None:
    for words in (["verdict=ready"], ["os=aix"]):
        with pytest.raises(UsageError, match="sweep"):
            select(FLEET, words)
        with pytest.raises(UsageError, match="sweep"):
            select_pairs(FLEET, words)


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ([], ["d1-b1", "d1-b2", "d2-b2"]),
        (["d1"], ["d1-b1", "d1-b2"]),
        (["b2"], ["d1-b2", "d2-b2"]),
        (["d1", "b2"], ["d1-b2"]),
        (["*"], ["d1-b1", "d1-b2", "d2-b2"]),
        (["beacon=b1"], ["d1-b1"]),
        (["verdict=blocked"], ["d1-b2"]),
        (["os=linux"], ["d2-b2"]),
    ],
)
def test_pairs(words: list[str], pairs: list[str]) -> None:
    found = select_pairs(FLEET, words, VERDICTS, SYSTEMS)
    uses = [verdict.use for verdict in VERDICTS]
    assert [f"{use.device}-{use.beacon}" for use in uses if found.matches(use)] == pairs


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["@none"], "matches zz*"),
        (["@bare"], "has no member"),
        (["@none", "d1"], "'@none' selects nothing"),
        (["@bare", "b1"], "'@bare' selects nothing"),
        (["b1", "@none"], "'@none' selects nothing"),
        (["@none", "os=linux"], "selects nothing"),
        (["os=hpux"], "selects nothing"),
        (["d2", "verdict=blocked"], "selects nothing"),
        (["b1", "verdict=at-risk"], "selects nothing"),
        (["beacon=b1", "b2"], "selects nothing"),
    ],
)
def test_a_selection_that_selects_nothing_is_never_the_whole_fleet(words: list[str], told: str) -> None:
    with pytest.raises(UsageError, match="selects nothing") as caught:
        select_pairs(FLEET, words, VERDICTS, SYSTEMS)
    assert told in str(caught.value)


def test_empty_groups_are_found() -> None:
    assert empty_groups(FLEET) == ("none", "bare")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("d1", True), ("os=aix", True), ("Verdict=ready", True), ("ask=late", False), ("Uploader.X=1", False)],
)
def test_select_words_and_settings_are_told_apart(word: str, expected: bool) -> None:
    assert is_selector(word) is expected
