"""Plans against a beacon of the lab: what the what-if says is what comes to be, and undo gives it all back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.winrm.gateway import WinrmBeaconGateway
from console.changes.beacon_plan import plan_beacon_change
from console.changes.inverse import inverse_beacon_change
from console.changes.model import BeaconChange
from console.changes.what_if import beacon_after
from console.errors import ChangeRefused
from console.fleet.loading import load_fleet
from console.fleet.model import Beacon, SecretReference
from console.iis.snapshot import BeaconSnapshot
from fixtures.lab.supervisor import Lab
from tests.contract.winrm_lab import UtcClock

SPEC = """
[ca.corp]
[certificate.b1]
issuer = "corp"
[[beacon]]
name = "b1"
client_certificates = "accept"
require_ssl = false
ask = "late"
[[beacon.binding]]
[[beacon.binding]]
host = "b1.lab.test"
sni = true
"""


class FileSecrets:
    def password(self, reference: SecretReference, purpose: str) -> str:
        assert reference.file is not None
        return reference.file.read_text(encoding="utf-8").splitlines()[0]


@dataclass(frozen=True, slots=True)
class Place:
    beacon: Beacon
    directory: Path
    gateway: WinrmBeaconGateway

    def snapshot(self) -> BeaconSnapshot:
        return self.gateway.snapshot(self.beacon)

    def apply(self, change: BeaconChange) -> None:
        for step in change.steps:
            self.gateway.run(self.beacon, step.operation, step.parameters)

    def files(self) -> dict[str, bytes]:
        return {name: (self.directory / name).read_bytes() for name in ("applicationHost.config", "httpsys.json")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    gateway = WinrmBeaconGateway(FileSecrets(), UtcClock())
    with Lab.start(folder / "spec.toml", folder / "lab") as lab:
        yield Place(load_fleet(lab.fleet_file).beacon("b1"), lab.beacon_dir("b1"), gateway)
        gateway.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"client_certificates": "require", "require_ssl": "true", "ask": "first-handshake"},
        {"client_certificates": "ignore"},
        {"require_ssl": "true"},
        {"ask": "first-handshake"},
    ],
)
def test_a_plan_comes_true_and_undo_gives_it_back(place: Place, settings: dict[str, str]) -> None:
    before, files = place.snapshot(), place.files()
    change = plan_beacon_change(before, place.beacon.site, settings)
    assert change is not None
    place.apply(change)
    after = place.snapshot()
    assert _settings(after) == _settings(beacon_after(change, before))
    assert plan_beacon_change(after, place.beacon.site, settings) is None
    undo = inverse_beacon_change(change, after)
    assert undo is not None
    place.apply(undo)
    assert _settings(place.snapshot()) == _settings(before)
    assert place.files() == files


def test_a_change_since_the_plan_is_refused_on_the_beacon(place: Place) -> None:
    before, site = place.snapshot(), place.beacon.site
    late = plan_beacon_change(before, site, {"client_certificates": "require"})
    first = plan_beacon_change(before, site, {"require_ssl": "true"})
    assert late is not None
    assert first is not None
    place.apply(first)
    after = place.files()
    with pytest.raises(ChangeRefused):
        place.apply(late)
    assert place.files() == after
    undo = inverse_beacon_change(first, place.snapshot())
    assert undo is not None
    place.apply(undo)


def _settings(snapshot: BeaconSnapshot) -> tuple[object, ...]:
    return (snapshot.access, set(snapshot.httpsys), snapshot.sites)
