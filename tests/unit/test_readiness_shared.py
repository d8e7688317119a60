"""What pairs share is judged once: equal keys must mean equal outcomes, whichever devices and beacons meet."""

from __future__ import annotations

import random
from collections.abc import Hashable
from dataclasses import replace

import pytest

from console.agent.profile import AgentProfile
from console.agent.snapshot import FileState, TlsStack
from console.fleet.model import BeaconClientCheck, Policy
from console.readiness.beacon_view import ClientMode, view_endpoint
from console.readiness.case import Case
from console.readiness.device_view import view_device
from console.readiness.judge import judge_pair, outcomes_of
from console.readiness.model import COMPONENTS, PairInput, PairUse
from console.readiness.registry import Part
from console.readiness.shared import key_of, moment_of
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_beacon import EXAMPLES as BEACON_EXAMPLES
from tests.unit.readiness_examples_device import EXAMPLES as DEVICE_EXAMPLES


@pytest.fixture(scope="module")
def met() -> list[PairInput]:
    """Devices and beacons of the examples, each with some of the others, on several endpoints."""
    examples = [make() for _, make, _ in DEVICE_EXAMPLES + BEACON_EXAMPLES]
    rnd = random.Random(7)  # noqa: S311 - the same pairs each time
    pairs = []
    for left in examples:
        for right in rnd.sample(examples, 6):
            use = rnd.choice((left.use, right.use, replace(right.use, upload_bytes=10**6), PairUse("d", "", "h", 1)))
            pairs.append(replace(left, use=use, beacon=right.beacon, beacon_error=right.beacon_error, now=kit.NOW))
    return pairs


def test_equal_keys_mean_equal_outcomes(met: list[PairInput]) -> None:
    seen: dict[Hashable, object] = {}
    shared = 0
    for pair in met:
        if pair.policy != Policy() or pair.profile != AgentProfile.load():
            continue
        device = view_device(pair.device, AgentProfile.load()) if pair.device is not None else None
        beacon, use = pair.beacon, pair.use
        endpoint = view_endpoint(beacon, use.host, use.port, use.address) if beacon is not None else None
        for component in COMPONENTS:
            case = Case(pair, component, device, endpoint)
            for part in Part:
                key = key_of(case, part)
                if key is None:
                    continue
                outcomes = outcomes_of(Case(pair, component, device, endpoint), part)
                shared += key in seen
                assert seen.setdefault(key, outcomes) == outcomes, key
    assert shared > len(met)


def test_what_was_judged_before_changes_nothing(met: list[PairInput]) -> None:
    moment_of.cache_clear()
    before = [judge_pair(pair) for pair in met]
    moment_of.cache_clear()
    after = [judge_pair(pair) for pair in reversed(met)][::-1]
    assert before == after
    for pair, verdict in list(zip(met, before, strict=True))[::25]:
        moment_of.cache_clear()
        assert judge_pair(pair) == verdict


def test_a_library_counts_without_config_ini() -> None:
    late = kit.beacon(
        hellos=(kit.hello(asks_client_certificate=False),), httpsys=(kit.record(clientcertnegotiation=False),)
    )
    unread = kit.device(config=kit.file("/etc/agent/config.ini", None, state=FileState.UNREADABLE))
    older = replace(unread, tls=TlsStack("OpenSSL 1.0.2k", "curl 7.61.1 libcurl/7.61.1 OpenSSL/1.0.2k"))
    keys = []
    for device in (unread, older):
        given = kit.pair(device, late)
        view, use = view_device(device, AgentProfile.load()), given.use
        case = Case(given, "Uploader", view, view_endpoint(late, use.host, use.port, use.address))
        assert case.preferences is None
        keys.append((key_of(case, Part.TRUST), case.newest_version))
    assert keys[0][1] != keys[1][1]
    assert keys[0][0] != keys[1][0]


def test_the_policy_counts(met: list[PairInput]) -> None:
    given = kit.pair()
    assert judge_pair(given) != judge_pair(replace(given, policy=Policy(soon_days=4000)))
    documented = replace(given, client_check=BeaconClientCheck.DOCUMENTED, beacon=kit.beacon(certificates=()))
    assert judge_pair(documented) != judge_pair(replace(documented, client_check=BeaconClientCheck.OBSERVED))


def test_settings_are_read_as_the_planner_reads_them() -> None:
    """Whatever the case of a flag, and from the nearest location above where the directory has no entry of its own."""
    beacon = kit.beacon(access=(kit.access("ssl", "SSLNEGOTIATECERT", "sslrequirecert", location=kit.SITE.upper()),))
    access = view_endpoint(beacon, kit.HOST, 443, "").access("ManageSoftRL")
    assert access is not None
    assert (access.mode, access.never_asks) == (ClientMode.REQUIRE, False)
