"""Plans against a beacon of the lab: what the what-if says is what comes to be, and undo gives it all back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.tls.hello import TlsHelloProbe
from adapters.winrm.gateway import WinrmBeaconGateway
from console.changes.beacon_plan import plan_beacon_change
from console.changes.binding_plan import bindable
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

REBIND = """
[ca.corp]
[certificate.b1]
issuer = "corp"
[certificate.other]
issuer = "corp"
names = ["b1.lab.test"]
[[beacon]]
name = "b1"
[[beacon.binding]]
[[beacon.binding]]
host = "spare.lab.test"
sni = true
certificate = "other"
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


def test_another_certificate_is_shown_and_undo_gives_everything_back(tmp_path: Path) -> None:
    """Flags that Windows drops when it binds are put back; the next hello shows the other certificate."""
    (tmp_path / "spec.toml").write_text(REBIND, encoding="utf-8")
    gateway = WinrmBeaconGateway(FileSecrets(), UtcClock())
    with Lab.start(tmp_path / "spec.toml", tmp_path / "lab") as lab:
        fleet = load_fleet(lab.fleet_file)
        place = Place(fleet.beacon("b1"), lab.beacon_dir("b1"), gateway)
        (port, address), *_ = [(port, to) for (host, port), to in fleet.resolve.items() if host == "b1.lab.test"]
        probe = TlsHelloProbe(UtcClock())
        before, files = place.snapshot(), place.files()
        binding = next(one for one in before.sites[0].bindings if one.protocol == "https" and not one.host)
        (other,) = [one for one in bindable(before) if one.thumbprint != binding.thumbprint]
        word = {f"certificate:{binding.information}": other.thumbprint}
        change = plan_beacon_change(before, place.beacon.site, word)
        assert change is not None
        place.apply(change)
        after = place.snapshot()
        assert _settings(after) == _settings(beacon_after(change, before))
        assert all(record.clientcertnegotiation for record in after.httpsys)
        shown = probe.hello("b1.lab.test", port, address, 5)
        assert shown.chain[0] == other.der
        assert shown.asks_client_certificate is True
        undo = inverse_beacon_change(change, after)
        assert undo is not None
        place.apply(undo)
        assert place.files()["applicationHost.config"] == files["applicationHost.config"]
        assert _rows(place.files()) == _rows(files)
        assert probe.hello("b1.lab.test", port, address, 5).chain[0] != other.der
        gateway.close()


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


def _rows(files: dict[str, bytes]) -> list[dict[str, object]]:
    """Windows makes a record anew, so its place in the table may be another."""
    return sorted(json.loads(files["httpsys.json"]), key=lambda row: str(row["key"]))
