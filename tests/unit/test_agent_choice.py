"""Which entry of a failover list is tried first, as far as config.ini tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.agent.choice import Algorithm, Place, choice_words, parse_algorithms, read_failover
from console.agent.document import ConfigDocument
from console.agent.profile import AgentProfile
from console.agent.secrets import mask_secrets
from console.readiness.judge import judge_pair
from console.readiness.model import Verdict
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_paths import BOTH, DOWNLOAD, UPLOAD, entry, in_both, lists

PROFILE = AgentProfile.load()
FIXED = {"AutoPriority": "False"}


def _places(*entries: str, selector: str = "") -> dict[str, tuple[Place, str]]:
    content = lists(*entries, selector=selector)().device
    assert content is not None
    document = ConfigDocument.parse(content.config.content or b"")
    return {one.entry.host: (one.place, one.why) for one in read_failover(document, PROFILE).choices}


def test_one_entry_is_the_only_choice() -> None:
    assert _places(entry(UPLOAD, "{A}", "a")) == {"a": (Place.ONLY, "no other usable entry in this list")}


def test_smallest_fixed_priority_is_the_first_choice() -> None:
    found = _places(
        entry(UPLOAD, "{A}", "a", Priority="50", **FIXED),
        entry(UPLOAD, "{B}", "b", Priority="25", **FIXED),
        entry(UPLOAD, "{C}", "c", Priority="invalid", **FIXED),
        entry(UPLOAD, "{D}", "d", Priority="1", Port="", **FIXED),
    )
    assert {host: place for host, (place, _) in found.items()} == {
        "a": Place.FALLBACK,
        "b": Place.FIRST,
        "c": Place.NEVER,
    }


def test_equal_priorities_have_no_known_order() -> None:
    found = _places(*(entry(UPLOAD, id_, id_, Priority="50", **FIXED) for id_ in "ab"))
    assert [place for place, _ in found.values()] == [Place.UNKNOWN, Place.UNKNOWN]


def test_calculated_priorities_have_no_known_order() -> None:
    """One entry without AutoPriority=False is enough: the agent takes True."""
    entries = (entry(UPLOAD, "{A}", "a", Priority="1", **FIXED), entry(UPLOAD, "{B}", "b", Priority="50"))
    place, why = _places(*entries, selector="MgsPing;MgsNameMatch(20,,true)")["a"]
    assert place is Place.UNKNOWN
    assert why == (
        "the agent calculates the order at each transfer (MgsPing, then MgsNameMatch; beacons that don't match may be "
        "left out)"
    )
    assert "isn't set" in _places(*entries)["a"][1]


def test_lists_are_ranked_apart() -> None:
    found = _places(entry(DOWNLOAD, "{A}", "a", Priority="9", **FIXED), entry(UPLOAD, "{B}", "b", Priority="1"))
    assert [place for place, _ in found.values()] == [Place.ONLY, Place.ONLY]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", ()),
        (" ; ", ()),
        ("MgsPing", (Algorithm("MgsPing"),)),
        ("MgsRandom(3); MgsSubnetMatch", (Algorithm("MgsRandom", ("3",)), Algorithm("MgsSubnetMatch"))),
        ("MgsNameMatch(20,,true", (Algorithm("MgsNameMatch", ("20", "", "true")),)),
    ],
)
def test_algorithms(written: str, expected: tuple[Algorithm, ...]) -> None:
    assert parse_algorithms(written) == expected


@given(st.binary(max_size=400))
def test_reading_never_fails(data: bytes) -> None:
    start = b"[ManageSoft\\Common\\UploadSettings\\a]\nHost=h\nProtocol=http\nPort=1\nAutoPriority=False\n"
    read_failover(ConfigDocument.parse(start + data), PROFILE)


def test_spellings_of_one_endpoint() -> None:
    """The case of the host and brackets round an address don't matter."""
    choices = read_failover(
        ConfigDocument.parse((entry(UPLOAD, "a", "[2001:DB8::1]") + entry(DOWNLOAD, "b", "2001:db8::1")).encode()),
        PROFILE,
    ).at("2001:db8::1", 443, "HTTPS")
    assert [choice.entry.id for choice in choices] == ["b", "a"]


def test_a_proxy_keeps_the_pair_from_being_ready() -> None:
    assert judge_pair(in_both()()).verdict is Verdict.READY
    through = judge_pair(in_both(Proxy="http://user:hunter2@proxy.corp.example:3128")())
    assert through.verdict is Verdict.UNKNOWN
    obstacle = through.first_obstacle
    assert obstacle is not None
    assert (obstacle.check, obstacle.side.value) == ("network.proxy", "network")
    assert "proxy.corp.example:3128" in obstacle.message
    assert "hunter2" not in str(through)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (b"Proxy=user:hunter2@proxy:3128", b"Proxy=user:********@proxy:3128"),
        (b"Proxy=http://user:hunter2@proxy:3128", b"Proxy=http://user:********@proxy:3128"),
        (b"Proxy=proxy:3128", b"Proxy=proxy:3128"),
        (b"HTTPS_PROXY=u:p@p", b"HTTPS_PROXY=u:********@p"),
    ],
)
def test_passwords_of_proxies_are_masked(line: bytes, masked: bytes) -> None:
    assert mask_secrets(line) == masked
    assert mask_secrets(masked) == masked


def test_the_message_tells_the_place_in_both_lists() -> None:
    given_pair = lists(
        *(entry(kind, "{A}", Priority="25", **FIXED) for kind in BOTH),
        entry(UPLOAD, "{B}", "other.example", Priority="5", **FIXED),
    )()
    said = kit.finding(given_pair, "device.beacon-choice").message
    assert said == (
        "Downloads: the only choice (no other usable entry in this list). "
        "Uploads: fallback (Priority=25, fixed; the first choice has 5)"
    )


def test_lines_for_a_person() -> None:
    given_device = lists(
        entry(DOWNLOAD, "{A}", Proxy="http://u:secret@p:1"), entry(UPLOAD, "{B}", Port="", Protocol="ftp")
    )().device
    assert given_device is not None
    failover = read_failover(ConfigDocument.parse(given_device.config.content or b""), PROFILE)
    assert choice_words(failover) == (
        "download https://beacon01.corp.example:443 through the proxy p:1: the only choice (no other usable entry in "
        "this list)",
        "upload ftp://beacon01.corp.example:?: can't be used; Protocol=ftp: expected http or https, Port is missing; "
        "it has no default",
    )
