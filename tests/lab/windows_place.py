"""A small beacon's directory for tests of the engine and of WS-Man, with no TLS listener on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from console.iis.snapshot import HttpSysRecord
from fixtures.lab.applicationhost import ApplicationHost, SiteBinding, SiteDefinition
from fixtures.lab.certificate_store import StoredCertificate
from fixtures.lab.files import write_atomically
from fixtures.lab.iis_directory import SCHANNEL, IisDirectory, Machine, RegistryKey, dword

SITE = "Default Web Site"
HOST = "b1.lab.test"
SNI_INFORMATION = f"*:443:{HOST}"
SNI_KEY = f"{HOST}:443"
ALL_INFORMATION = "*:8443:"
ALL_KEY = "0.0.0.0:8443"


@dataclass(frozen=True)
class Windows:
    """The directory and the thumbprints of what is in its stores."""

    directory: IisDirectory
    bound: str
    """In WebHosting, with key, bound to both https bindings."""
    other: str
    """In My, with key."""
    keyless: str
    """In My, without key."""

    @property
    def path(self) -> Path:
        return self.directory.path

    def record(self, kind: str = "hostnameport", key: str = SNI_KEY) -> HttpSysRecord:
        return next(one for one in self.directory.httpsys() if (one.kind, one.key) == (kind, key))

    def events(self) -> list[str]:
        return (self.path / "log" / "events.log").read_text().splitlines()

    def machine(self, **changes: object) -> None:
        """Change machine.json."""
        values = {"name": "B1", "build": 20348, "features": ("Web-Server",), **changes}
        self.directory.save_machine(Machine(**values))  # type: ignore[arg-type]


def make_certificate(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    return builder.sign(key, hashes.SHA256()), key


def make_windows(path: Path) -> Windows:
    """One site: SNI on 443, every host on 8443, http on 80; access `Ssl` set at the site."""
    directory = IisDirectory(path)
    write_atomically(path / "applicationHost.config", b"<configuration><!-- kept --></configuration>")
    document = directory.configuration()
    bindings = (
        SiteBinding("https", SNI_INFORMATION, 1),
        SiteBinding("https", ALL_INFORMATION, 0),
        SiteBinding("http", "*:80:"),
    )
    document.add_site(SiteDefinition(SITE, 1, bindings, ("/", "/ManageSoftRL")))
    document.set_access(SITE, ["Ssl"])
    directory.save_configuration(document)
    thumbprints = []
    for store, name, with_key in (("WebHosting", "bound", True), ("My", "other", True), ("My", "keyless", False)):
        certificate, key = make_certificate(name)
        stored = StoredCertificate(store, certificate, key if with_key else None, friendly_name=name)
        directory.stores.add(stored)
        thumbprints.append(stored.thumbprint)
    directory.save_httpsys(
        HttpSysRecord(
            kind,
            key,
            certhash=thumbprints[0],
            certstorename="WebHosting",
            clientcertnegotiation=True,
            verifyclientcertrevocation=False,
        )
        for kind, key in (("hostnameport", SNI_KEY), ("ipport", ALL_KEY))
    )
    server = RegistryKey(values={"Enabled": dword(1), "DisabledByDefault": dword(0)})
    old = RegistryKey(values={"Enabled": dword(0)})
    protocols = {"TLS 1.2": RegistryKey({"Server": server}), "TLS 1.0": RegistryKey({"Server": old})}
    machine = RegistryKey({"Protocols": RegistryKey(protocols)}, {"SendTrustedIssuerList": dword(1)})
    for part in reversed(SCHANNEL.split("\\")):
        machine = RegistryKey({part: machine})
    directory.save_registry(machine)
    windows = Windows(directory, *thumbprints)
    windows.machine()
    return windows


def configuration(windows: Windows) -> ApplicationHost:
    return windows.directory.configuration()
