"""Every check by example: what passes, what fails, what can't be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.fleet.model import BeaconClientCheck
from console.readiness.all_checks import CHECKS
from console.readiness.judge import judge_pair
from console.readiness.model import Side, Status, Verdict
from console.readiness.registry import Need
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_beacon import EXAMPLES as BEACON_EXAMPLES
from tests.unit.readiness_examples_device import EXAMPLES as DEVICE_EXAMPLES
from tests.unit.readiness_examples_network import EXAMPLES as NETWORK_EXAMPLES
from tests.unit.readiness_examples_paths import EXAMPLES as PATHS_EXAMPLES
from tests.unit.readiness_examples_revocation import EXAMPLES as REVOCATION_EXAMPLES
from tests.unit.readiness_examples_server import EXAMPLES as SERVER_EXAMPLES
from tests.unit.readiness_examples_settings import EXAMPLES as SETTINGS_EXAMPLES
from tests.unit.readiness_examples_settings import SKIPPED
from tests.unit.readiness_makers import Make, ini, server, usual

P, F, W, U, N = Status.PASS, Status.FAIL, Status.WARN, Status.UNKNOWN, Status.NOT_APPLICABLE
EXAMPLES = (
    DEVICE_EXAMPLES
    + NETWORK_EXAMPLES
    + BEACON_EXAMPLES
    + SERVER_EXAMPLES
    + SETTINGS_EXAMPLES
    + REVOCATION_EXAMPLES
    + PATHS_EXAMPLES
    + SKIPPED
)
_SEEN_OR_NOT = "it is there, or what it decides can't be told"
EXEMPT: dict[str, dict[Status, str]] = {
    "network.no-beacon": {W: _SEEN_OR_NOT},
    "device.not-observed": {W: _SEEN_OR_NOT},
    "beacon.not-observed": {W: _SEEN_OR_NOT},
    "beacon.hello-failed": {W: "what the beacon tells the device isn't known where it refuses the console"},
    "network.proxy": {W: "what is beyond the proxy wasn't observed, so that it can't be told"},
    "device.name-not-ascii": {P: "of a name that is ASCII there is nothing to say"},
}
"""Statuses of which a check has no example, and why."""


@pytest.mark.parametrize(
    ("check", "make", "status"), EXAMPLES, ids=[f"{c}-{s.value}-{n}" for n, (c, _, s) in enumerate(EXAMPLES)]
)
def test_check(check: str, make: Make, status: Status) -> None:
    found = kit.finding(make(), check)
    assert found.status is status, found
    assert found.message
    if status is Status.FAIL:
        assert found.refused_by is not None
        assert found.remedy
    else:
        assert found.refused_by is None


def test_every_check_has_examples() -> None:
    """One that passes, one that fails (or warns, where it never fails), one that can't be told, one that is skipped."""
    shown: dict[str, set[Status]] = {known.id: set() for known in CHECKS}
    for check, _, status in EXAMPLES:
        shown[check].add(status)
    missing: dict[str, set[Status]] = {}
    for known in CHECKS:
        wanted = {P, U, F if known.refused_by is not None else W}
        if {Need.HTTPS, Need.SERVER_CHECK, Need.CLIENT_CERTIFICATE} & {*known.needs}:
            wanted.add(N)
        lacking = wanted - shown[known.id]
        if lacking != {*EXEMPT.get(known.id, ())}:
            missing[known.id] = lacking
    assert missing == {}, missing


def test_usual_pair_is_ready() -> None:
    verdict = judge_pair(usual())
    assert verdict.verdict is Verdict.READY, [f for f in verdict.findings if f.status not in (P, N)]


def test_documented_check_of_the_beacon_takes_any_issuer() -> None:
    given = kit.pair("usual", kit.beacon(certificates=(kit.stored("Root", kit.other_root()),)))
    assert judge_pair(given).verdict is Verdict.BLOCKED
    documented = replace(given, client_check=BeaconClientCheck.DOCUMENTED)
    assert judge_pair(documented).verdict is Verdict.READY


def test_order_of_faults_is_that_of_the_handshake() -> None:
    given = kit.pair(kit.device(keys=(kit.key_fact(kit.server()),), ca=b""), server(names=["x.example"])().beacon)
    failing = [f.check for f in judge_pair(given).findings if f.status is F]
    assert failing[:2] == ["device.client-key-mismatch", "device.ca-file-unreadable"]


def test_broken_client_file_blocks_where_the_beacon_ignores_it() -> None:
    ignored = kit.beacon(access=(kit.access("Ssl"),))
    given = kit.pair(kit.device(keys=(kit.key_fact(kit.server()),)), ignored)
    assert judge_pair(given).verdict is Verdict.BLOCKED


def test_component_of_its_own_is_judged_alone() -> None:
    verdict = judge_pair(ini(None, Uploader={"AddClientCertificateAndKey": "False"})())
    assert verdict.components == {
        "Launcher": Verdict.READY,
        "Tracker": Verdict.READY,
        "Uploader": Verdict.BLOCKED,
    }
    first = verdict.first_obstacle
    assert first is not None
    assert (first.check, first.components, first.refused_by) == (
        "device.client-certificate-off",
        ("Uploader",),
        Side.BEACON,
    )


def test_one_cause_is_one_finding() -> None:
    """All three components send nothing, each for a line of its own: one finding, whose evidence names all lines."""
    off = {"AddClientCertificateAndKey": "False"}
    verdict = judge_pair(ini(off, Uploader=off)())
    found = [f for f in verdict.findings if f.check == "device.client-certificate-off"]
    assert [(f.status, f.components) for f in found] == [(F, ("Launcher", "Tracker", "Uploader"))]
    assert "Launcher, Tracker: AddClientCertificateAndKey=False in [ManageSoft\\Common]" in found[0].evidence["where"]
    assert "Uploader: AddClientCertificateAndKey=False in [ManageSoft\\Uploader" in found[0].evidence["where"]


def test_remedy_names_the_machine() -> None:
    off = ini({"AddClientCertificateAndKey": "False"})()
    assert kit.finding(off, "device.client-certificate-off").remedy.startswith("On device01: Write AddClient")
    assert kit.finding(server(days=(-20, -1))(), "beacon.server-certificate-dates").remedy.startswith("On beacon01: ")


_TELLING = [row for row in EXAMPLES if row[2] in (F, W)]


@pytest.mark.parametrize(
    ("check", "make", "status"), _TELLING, ids=[f"{c}-{s.value}-{n}" for n, (c, _, s) in enumerate(_TELLING)]
)
def test_a_message_begins_with_the_fact(check: str, make: Make, status: Status) -> None:
    """Tables cut it: no path and no certificate's name comes first, and what to do is said."""
    found = kit.finding(make(), check)
    assert not found.message.startswith(("/", "“", "SSL")) or "quotes" in found.message, found.message
    assert "  " not in found.message
    assert found.remedy.endswith("."), found.remedy
    assert status is found.status
