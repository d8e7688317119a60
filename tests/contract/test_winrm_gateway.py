"""The five operations through WinRM on a simulated beacon, for all three kinds of authentication.

The lab's engine knows the operations, not our scripts: this proves transport, parameters, answers and their reading.
What the scripts themselves do is unproven until a PowerShell runs them (docs/windows.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.winrm.gateway import WinrmBeaconGateway
from adapters.winrm.httpsys import httpsys_record
from console.errors import ChangeRefused, CommandFailed
from console.fleet.model import Beacon
from console.iis.server import CertificateMapping, ReadAhead, RecentRefusals, RequestLimit, ServerFacts, WebConfigAccess
from console.iis.snapshot import BeaconSnapshot, HttpSysRecord
from fixtures.lab.applicationhost import ApplicationHost, SiteBinding, SiteDefinition
from fixtures.lab.certificate_store import StoredCertificate
from fixtures.lab.files import write_atomically
from fixtures.lab.iis_directory import IisDirectory, Machine
from fixtures.lab.wsman.server import Authentication
from tests.contract.winrm_lab import KINDS, Files, gateway, make_files, winrm_lab

SITE = "Default Web Site"
INFORMATION = "*:8443:b1.lab.test"
KEY = "b1.lab.test:8443"

LOG = b"#Fields: date sc-status sc-substatus\r\n2026-11-24 403 16\r\n2026-11-24 200 0\r\n"
UNLOCKED = f"""<configuration>
  <system.applicationHost><sites>
    <site name="{SITE}" id="1">
      <application path="/" /><application path="/Reports" />
      <bindings><binding protocol="https" bindingInformation="{INFORMATION}" sslFlags="1" /></bindings>
    </site>
  </sites></system.applicationHost>
  <location path="" overrideMode="Allow"><system.webServer><security>
    <access sslFlags="Ssl" />
    <requestFiltering><requestLimits maxAllowedContentLength="1000" /></requestFiltering>
    <authentication><iisClientCertificateMappingAuthentication enabled="true">
      <oneToOneMappings><add userName="a" certificate="x" /></oneToOneMappings>
    </iisClientCertificateMappingAuthentication></authentication>
  </security></system.webServer></location>
</configuration>
"""


class Place(NamedTuple):
    directory: IisDirectory
    beacon: Beacon
    winrm: WinrmBeaconGateway
    first: str
    """Thumbprint of the certificate that is bound."""
    second: str
    keyless: str

    def snapshot(self) -> BeaconSnapshot:
        return self.winrm.snapshot(self.beacon)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("pki"))


def stored(directory: IisDirectory, name: str, *, with_key: bool = True) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    entry = StoredCertificate("WebHosting", certificate, key if with_key else None, name, "KSP" if with_key else "")
    directory.stores.add(entry)
    return entry.thumbprint


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path, files: Files) -> Iterator[Place]:
    kind: Authentication = request.param
    directory = IisDirectory(tmp_path / "b1")
    directory.path.mkdir()
    directory.save_machine(Machine("B1", 20348, ("Web-Server",), clock=-90))
    first, second = stored(directory, "first"), stored(directory, "second")
    keyless = stored(directory, "keyless", with_key=False)
    document = ApplicationHost(b"<configuration/>")
    document.add_site(SiteDefinition(SITE, 1, (SiteBinding("https", INFORMATION, 1), SiteBinding("http", "*:80:"))))
    directory.configuration_file.write_bytes(document.content())
    record = HttpSysRecord(
        "hostnameport",
        KEY,
        first,
        certstorename="WebHosting",
        ctlstorename="ClientAuthIssuer",
        urlretrievaltimeout=15000,
    )
    directory.save_httpsys([record])
    with winrm_lab(directory.path, kind, files) as lab, gateway() as winrm:
        yield Place(directory, lab.beacon, winrm, first, second, keyless)


def test_snapshot(place: Place) -> None:
    seen = place.snapshot()
    assert (seen.beacon, seen.computer, seen.os_build, seen.elevated) == ("b1", "B1", 20348, True)
    assert seen.clock is not None
    assert 85 < (seen.taken_at - seen.clock).total_seconds() < 120
    https, http = seen.sites[0].bindings
    assert (https.information, https.ssl_flags, https.thumbprint) == (INFORMATION, 1, place.first)
    assert (http.protocol, http.port) == ("http", 80)
    assert [(entry.location, entry.flags, entry.explicit) for entry in seen.access] == [(SITE, (), False)]
    assert seen.httpsys == place.directory.httpsys()
    assert {one.thumbprint: one.has_key for one in seen.store("WebHosting")} == {
        place.first: True,
        place.second: True,
        place.keyless: False,
    }
    certificate = x509.load_der_x509_certificate(seen.store("WebHosting")[0].der)
    assert certificate.fingerprint(hashes.SHA1()).hex().upper() == seen.store("WebHosting")[0].thumbprint  # noqa: S303
    assert seen.config_sha256 == place.directory.configuration().sha256
    assert seen.services["W3SVC"] == "Running"
    assert (seen.hellos, seen.notes, seen.reached) == ((), (), True)


def test_what_the_server_says_beside(place: Place) -> None:
    drive = place.directory.path / "files" / "C"
    write_atomically(drive / "Windows/System32/Tasks/win-acme renew", b"")
    write_atomically(drive / "inetpub/logs/LogFiles/W3SVC1/u_ex261124.log", LOG)
    write_atomically(place.directory.configuration_file, UNLOCKED.encode())
    seen = place.snapshot()
    assert seen.server == ServerFacts(
        shared_configuration=False,
        unlocked=(SITE, f"{SITE}/ManageSoftDL", f"{SITE}/ManageSoftRL"),
        web_config=tuple(
            WebConfigAccess(f"{SITE}{folder}", ("Ssl",)) for folder in ("", "/ManageSoftDL", "/ManageSoftRL")
        ),
        request_limits=(RequestLimit(SITE, 1000), RequestLimit(f"{SITE}/ManageSoftRL", 1000)),
        read_ahead=(ReadAhead(SITE, 49152), ReadAhead(f"{SITE}/ManageSoftRL", 49152)),
        mappings=(CertificateMapping(SITE, enabled=True, entries=1, active_directory=False),),
        free_bytes=place.directory.machine().free_bytes,
        renewal_tools=("win-acme renew",),
        schannel_errors={},
        refusals=(RecentRefusals(SITE, "u_ex261124.log", {"403.16": 1}),),
    )
    assert seen.sites[0].applications == ("/", "/Reports")
    assert (seen.schannel.message_limit, seen.schannel.cipher_suites, seen.notes) == (None, None, ())


@pytest.mark.parametrize("location", [SITE, f"{SITE}/ManageSoftRL"])
def test_set_access_and_back(place: Place, location: str) -> None:
    bytes_before = place.directory.configuration_file.read_bytes()
    before = place.snapshot()
    after = ["Ssl", "SslNegotiateCert", "SslRequireCert"]
    wanted = {"site": SITE, "location": location, "before": None, "after": after}
    said = place.winrm.run(place.beacon, "set-access", wanted | {"configSha256": before.config_sha256})
    changed = place.snapshot()
    entry = next(one for one in changed.access if one.location == location)
    assert (entry.flags, entry.explicit) == (tuple(sorted(after)), True)
    assert said["configSha256"] == changed.config_sha256 != before.config_sha256
    back = wanted | {"before": after, "after": None, "configSha256": changed.config_sha256}
    assert place.winrm.run(place.beacon, "set-access", back)["flags"] is None
    assert replace(place.snapshot(), taken_at=before.taken_at, clock=before.clock) == before
    assert place.directory.configuration_file.read_bytes() == bytes_before


def test_set_access_is_refused_where_the_plan_saw_something_else(place: Place) -> None:
    seen = place.snapshot()
    document = place.directory.configuration()
    document.set_access(SITE, ["SslNegotiateCert"])
    place.directory.save_configuration(document)
    bytes_before = place.directory.configuration_file.read_bytes()
    for before, sha in ((None, ""), (["SslNegotiateCert"], seen.config_sha256), (["Ssl"], "")):
        wanted = {"site": SITE, "location": SITE, "before": before, "after": ["Ssl"], "configSha256": sha}
        with pytest.raises(ChangeRefused) as caught:
            place.winrm.run(place.beacon, "set-access", wanted)
        assert caught.value.target == "b1"
        assert "Nothing was changed" in caught.value.hint
    assert place.directory.configuration_file.read_bytes() == bytes_before


def test_set_httpsys_and_back(place: Place) -> None:
    (before,) = place.snapshot().httpsys
    after = replace(before, clientcertnegotiation=True)
    wanted = {"kind": before.kind, "key": before.key, "before": asdict(before), "after": asdict(after)}
    record = place.winrm.run(place.beacon, "set-httpsys", wanted)["record"]
    assert isinstance(record, dict)
    assert httpsys_record(record) == after
    assert place.snapshot().httpsys == place.directory.httpsys() == (after,)
    with pytest.raises(ChangeRefused, match="clientcertnegotiation"):
        place.winrm.run(place.beacon, "set-httpsys", wanted)
    place.winrm.run(place.beacon, "set-httpsys", wanted | {"before": asdict(after), "after": asdict(before)})
    assert place.snapshot().httpsys == place.directory.httpsys() == (before,)


def test_set_binding_makes_the_record_anew_and_back(place: Place) -> None:
    before = place.snapshot()
    (record,) = before.httpsys
    negotiated = replace(record, clientcertnegotiation=True)
    place.directory.save_httpsys([negotiated])
    old = {"thumbprint": place.first, "store": "WebHosting", "sslFlags": 1}
    new = {"thumbprint": place.second, "store": "WebHosting", "sslFlags": 1}
    wanted = {"site": SITE, "information": INFORMATION, "before": old, "after": new, "configSha256": ""}
    said = place.winrm.run(place.beacon, "set-binding", wanted)
    assert said["binding"] == new
    changed = place.snapshot()
    assert changed.sites[0].bindings[0].thumbprint == place.second
    assert (changed.httpsys[0].certhash, changed.httpsys[0].clientcertnegotiation) == (place.second, False)
    place.winrm.run(place.beacon, "set-binding", wanted | {"before": new, "after": old})
    rebound = place.snapshot().httpsys[0]
    restored = {"kind": rebound.kind, "key": rebound.key, "before": asdict(rebound), "after": asdict(record)}
    place.winrm.run(place.beacon, "set-httpsys", restored)
    assert replace(place.snapshot(), taken_at=before.taken_at, clock=before.clock) == before


def test_a_certificate_without_key_is_not_bound(place: Place) -> None:
    before = place.snapshot()
    old = {"thumbprint": place.first, "store": "WebHosting", "sslFlags": 1}
    wanted = {"site": SITE, "information": INFORMATION, "before": old, "after": old | {"thumbprint": place.keyless}}
    with pytest.raises((CommandFailed, ChangeRefused)):
        place.winrm.run(place.beacon, "set-binding", wanted | {"configSha256": ""})
    assert place.snapshot().sites == before.sites


def test_restart_site(place: Place) -> None:
    assert place.winrm.run(place.beacon, "restart-site", {"site": SITE})["state"] == "Started"
    faults = place.directory.path / "faults"
    faults.mkdir()
    (faults / f"start-{SITE}").touch()
    with pytest.raises(CommandFailed, match="0x800700B7"):
        place.winrm.run(place.beacon, "restart-site", {"site": SITE})
    assert place.snapshot().sites[0].state == "Stopped"
    (faults / f"start-{SITE}").unlink()
    place.winrm.run(place.beacon, "restart-site", {"site": SITE})
    assert place.snapshot().sites[0].state == "Started"


def test_a_beacon_without_iis_still_answers(place: Place) -> None:
    place.directory.configuration_file.unlink()
    seen = place.snapshot()
    assert (seen.sites, seen.access, seen.config_sha256) == ((), (), "")
    assert len(seen.httpsys) == 1
    assert any(note.startswith("IIS: ") for note in seen.notes)
