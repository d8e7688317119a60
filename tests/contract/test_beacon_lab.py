"""Both adapters of a beacon on one lab: what WinRM changes, the console's hello sees at the next handshake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from adapters.tls.hello import TlsHelloProbe
from adapters.winrm.gateway import WinrmBeaconGateway
from console.fleet.loading import load_fleet
from console.fleet.model import Fleet, SecretReference
from console.iis.snapshot import Hello, HelloOutcome
from fixtures.lab.supervisor import Lab
from tests.contract.winrm_lab import UtcClock

SPEC = """
[ca.corp]
[ca.issuing]
issuer = "corp"
[certificate]
early = {issuer = "issuing"}
late = {issuer = "issuing"}
[[beacon]]
name = "early"
[[beacon]]
name = "late"
ask = "late"
winrm = "ntlm"
protocols = ["TLSv1.2"]
[[beacon.binding]]
host = "late.lab.test"
sni = true
certificate = "late"
[[beacon]]
name = "plain"
listener = "http"
winrm = "certificate"
[[beacon]]
name = "shut"
listener = "closed"
"""


class FileSecrets:
    def password(self, reference: SecretReference, purpose: str) -> str:
        assert purpose
        assert reference.file is not None
        return reference.file.read_text(encoding="utf-8").splitlines()[0]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("beacons")
    spec: Path = folder / "spec.toml"
    names = ("plain", "shut")
    spec.write_text(SPEC + "".join(f'[certificate.{name}]\nissuer = "issuing"\n' for name in names), encoding="utf-8")
    with Lab.start(spec, folder / "lab") as lab:
        yield load_fleet(lab.fleet_file)


@pytest.fixture(scope="module")
def winrm() -> Iterator[WinrmBeaconGateway]:
    gateway = WinrmBeaconGateway(FileSecrets(), UtcClock())
    yield gateway
    gateway.close()


def hello(fleet: Fleet, beacon: str, name: str = "") -> Hello:
    host = f"{beacon}.lab.test"
    (port, address), *_ = [(port, to) for (known, port), to in fleet.resolve.items() if known == host]
    return TlsHelloProbe(UtcClock()).hello(name or host, port, address, 5)


def test_every_beacon_is_read(fleet: Fleet, winrm: WinrmBeaconGateway) -> None:
    for beacon in fleet.beacons:
        seen = winrm.snapshot(beacon)
        assert seen.sites[0].name == "Default Web Site"
        assert seen.notes == ()


def test_the_chain_and_the_early_request(fleet: Fleet, winrm: WinrmBeaconGateway) -> None:
    seen = hello(fleet, "early")
    assert (seen.outcome, seen.versions) == (HelloOutcome.TLS, ("TLSv1.2", "TLSv1.3"))
    assert seen.asks_client_certificate is True
    snapshot = winrm.snapshot(fleet.beacon("early"))
    assert seen.chain[0] in {certificate.der for certificate in snapshot.store("My") + snapshot.store("WebHosting")}
    assert seen.chain[1] in {certificate.der for certificate in snapshot.store("CA")}


def test_a_changed_record_changes_the_next_handshake(fleet: Fleet, winrm: WinrmBeaconGateway) -> None:
    beacon = fleet.beacon("late")
    assert hello(fleet, "late").asks_client_certificate is False
    (record,) = winrm.snapshot(beacon).httpsys
    early = replace(record, clientcertnegotiation=True)
    step = {"kind": record.kind, "key": record.key, "before": asdict(record), "after": asdict(early)}
    winrm.run(beacon, "set-httpsys", step)
    seen = hello(fleet, "late")
    assert (seen.versions, seen.asks_client_certificate) == (("TLSv1.2",), True)
    winrm.run(beacon, "set-httpsys", step | {"before": step["after"], "after": step["before"]})
    assert hello(fleet, "late").asks_client_certificate is False


@pytest.mark.parametrize(
    ("beacon", "name", "outcome"),
    [
        ("late", "other.lab.test", HelloOutcome.RESET),
        ("plain", "", HelloOutcome.PLAIN_HTTP),
        ("shut", "", HelloOutcome.REFUSED),
    ],
)
def test_what_else_answers(fleet: Fleet, beacon: str, name: str, outcome: HelloOutcome) -> None:
    seen = hello(fleet, beacon, name)
    assert (seen.outcome, seen.versions) == (outcome, ())
