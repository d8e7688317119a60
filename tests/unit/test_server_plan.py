"""A beacon's plan against what its server says: a shared configuration is refused, the rest is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.changes.beacon_plan import plan_beacon_change
from console.changes.model import BeaconChange
from console.errors import ChangeRefused
from console.iis.server import ServerFacts
from console.iis.snapshot import BeaconSnapshot
from tests.unit import readiness_kit as kit

REQUIRE = {"client_certificates": "require"}
LATE = {"ask": "late"}


def beacon(*applications: str, **facts: object) -> BeaconSnapshot:
    """It asks for nothing yet, and in the first handshake."""
    site = replace(kit.beacon().sites[0], applications=("/", "/ManageSoftRL", *applications))
    server = ServerFacts(**facts)  # type: ignore[arg-type]
    return kit.beacon(sites=(site,), server=server, access=(kit.access("Ssl"),))


def planned(snapshot: BeaconSnapshot, settings: dict[str, str]) -> BeaconChange:
    change = plan_beacon_change(snapshot, kit.SITE, settings)
    assert change is not None
    return change


def test_a_shared_configuration_is_not_changed() -> None:
    with pytest.raises(ChangeRefused, match="shared with other servers") as refused:
        plan_beacon_change(beacon(shared_configuration=True), kit.SITE, REQUIRE)
    assert (refused.value.target, refused.value.phase) == ("beacon01", "plan")
    assert refused.value.hint


def test_http_syss_records_are_each_servers_own() -> None:
    change = planned(beacon(shared_configuration=True), LATE)
    assert [step.operation for step in change.steps] == ["set-httpsys", "restart-site"]


@pytest.mark.parametrize("shared", [None, False])
def test_a_configuration_of_its_own_is_changed(shared: bool | None) -> None:
    assert planned(beacon(shared_configuration=shared), REQUIRE).steps


def told(change: BeaconChange, words: str) -> bool:
    return any(words in warning for warning in change.warnings)


def test_other_applications_are_named() -> None:
    paths = [f"/App{number}" for number in range(7)]
    change = planned(beacon(*paths), REQUIRE)
    assert told(change, "too: /App0, /App1, /App2, /App3, /App4 and 2 more.")
    assert not told(planned(beacon(*paths), LATE), "/App0")
    assert not told(planned(beacon(), REQUIRE), "applications")


def test_an_application_with_settings_of_its_own_is_left_out() -> None:
    snapshot = beacon("/Reports")
    own = kit.access("Ssl", location=f"{kit.SITE}/reports")
    assert not told(planned(replace(snapshot, access=(*snapshot.access, own)), REQUIRE), "get these SSL settings")


def test_a_web_config_that_may_set_otherwise_is_named() -> None:
    where = (f"{kit.SITE}/ManageSoftRL", "Another site")
    assert told(planned(beacon(unlocked=where), REQUIRE), f"at {kit.SITE}/ManageSoftRL, which then hold")
    assert not told(planned(beacon(unlocked=("Another site",)), REQUIRE), "web.config")


def test_a_tool_that_resets_the_flags_is_named() -> None:
    assert told(planned(beacon(renewal_tools=("win-acme renew",)), LATE), "win-acme renew renews certificates")
    assert not told(planned(beacon(renewal_tools=("win-acme renew",)), REQUIRE), "win-acme")
