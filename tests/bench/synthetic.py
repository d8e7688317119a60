"""An estate of any size as a sweep leaves it: real certificates, every device with a config.ini of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.store.opening import open_store
from console.agent.snapshot import (
    DeviceSnapshot,
    DirectoryFact,
    FileFact,
    FileState,
    KeyFact,
    NameFact,
    ReachFact,
    ReachOutcome,
    TlsStack,
)
from console.fleet.model import Beacon, Device, Fleet
from console.iis.server import CertificateMapping, ReadAhead, RecentRefusals, RequestLimit, ServerFacts
from console.iis.snapshot import (
    AccessSetting,
    BeaconSnapshot,
    Binding,
    Hello,
    HelloOutcome,
    HttpSysRecord,
    Schannel,
    Site,
    StoreCertificate,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SITE = "Default Web Site"
_SSL = "/var/opt/managesoft/etc/ssl"
_SYSTEMS = (
    ("Linux", "OpenSSL 3.0.13 30 Jan 2024", "curl 8.5.0 (x86_64-pc-linux-gnu) libcurl/8.5.0 OpenSSL/3.0.13", 2),
    ("Linux", "OpenSSL 1.1.1k  FIPS 25 Mar 2021", "curl 7.61.1 (x86_64-redhat-linux-gnu) libcurl/7.61.1", 2),
    ("AIX", "OpenSSL 1.1.1v  1 Aug 2023", "curl 7.88.1 (powerpc-ibm-aix7.2) libcurl/7.88.1 OpenSSL/1.1.1v", 1),
    ("SunOS", "OpenSSL 3.0.8 7 Feb 2023", "curl 7.83.1 (sparc-sun-solaris2.11) libcurl/7.83.1 OpenSSL/3.0.8", 1),
)
_SERVER = ServerFacts(
    shared_configuration=False,
    unlocked=(),
    request_limits=(RequestLimit(SITE, 30_000_000), RequestLimit(f"{SITE}/ManageSoftRL", 30_000_000)),
    read_ahead=(ReadAhead(SITE, 49152), ReadAhead(f"{SITE}/ManageSoftRL", 49152)),
    mappings=(CertificateMapping(SITE, enabled=False, entries=0, active_directory=False),),
    free_bytes=40 * 2**30,
    renewal_tools=(),
    schannel_errors={},
    refusals=(RecentRefusals(SITE, "u_ex261124.log", {}),),
)
_PUBLIC_ROOTS = 60
"""What a system's own bundle adds to the company's root on every fourth device (real bundles hold 100 to 150)."""


@dataclass(frozen=True, slots=True)
class Size:
    devices: int = 10_000
    beacons: int = 50
    client_chains: int = 450
    """Distinct client certificates; with one chain a beacon, 500 distinct chains."""
    uses: int = 2
    """Beacons in each device's failover lists."""

    @property
    def pairs(self) -> int:
        return self.devices * self.uses


@dataclass(frozen=True, slots=True)
class _Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def spki(self) -> str:
        key = self.certificate.public_key()
        return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


class Estate:
    """Certificates and contents are made once, snapshots on demand."""

    def __init__(self, size: Size, public_roots: int = _PUBLIC_ROOTS) -> None:
        self.size = size
        self._serials = count(1)
        self.roots = [self._issue(f"Corp Root {n}", None) for n in range(4)]
        self.issuing = [self._issue(f"Corp Issuing {n}", root) for n, root in enumerate(self.roots)]
        public = b"".join(self._issue(f"Public Root {n}", None).pem for n in range(public_roots))
        company = b"".join(root.pem for root in self.roots)
        self.bundles = (company, self.roots[0].pem + self.roots[1].pem, company + public, company)
        self.hosts = _hosts(size)
        self.servers = [self._issue(host, self._of(n), host=host) for n, host in enumerate(self.hosts)]
        self.clients = [self._issue(f"agent{n:05d}", self._of(n)) for n in range(size.client_chains)]

    def _of(self, number: int) -> _Issued:
        return self.issuing[number % len(self.issuing)]

    @property
    def fleet(self) -> Fleet:
        return fleet_of(self.size)

    def chain_of(self, beacon: int) -> tuple[_Issued, _Issued]:
        return self.servers[beacon], self._of(beacon)

    def beacons(self) -> Iterator[BeaconSnapshot]:
        for number, host in enumerate(self.hosts):
            yield self._beacon(number, host)

    def devices(self, taken_at: datetime = NOW) -> Iterator[DeviceSnapshot]:
        for number in range(self.size.devices):
            yield self._device(number, taken_at)

    def save(self, directory: Path) -> None:
        """Into a store, as a sweep leaves it."""
        store = open_store(directory)
        try:
            for beacon in self.beacons():
                store.snapshots.save_beacon(beacon)
            for device in self.devices():
                store.snapshots.save_device(device)
        finally:
            store.close()

    def _issue(self, name: str, issuer: _Issued | None, host: str = "") -> _Issued:
        authority = issuer is None or "Issuing" in name
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = issuer.key if issuer is not None else key
        use = ExtendedKeyUsageOID.SERVER_AUTH if host else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer is not None else subject)
            .public_key(key.public_key())
            .serial_number(next(self._serials))
            .not_valid_before(NOW - timedelta(days=90))
            .not_valid_after(NOW + timedelta(days=3000 if authority else 20 + 7 * (next(self._serials) % 60)))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return _Issued(builder.sign(signer, hashes.SHA256()), key)

    def _beacon(self, number: int, host: str) -> BeaconSnapshot:
        server, issuing = self.servers[number], self._of(number)
        binding = Binding(SITE, "https", "*", 443, "", thumbprint=_thumbprint(server), store="My")
        flags = ("Ssl", "SslNegotiateCert", "SslRequireCert") if number % 5 != 4 else ("Ssl",)
        first = number % 10 != 9
        return BeaconSnapshot(
            beacon=f"beacon{number:02d}",
            taken_at=NOW,
            clock=NOW,
            computer=f"BEACON{number:02d}",
            os_build=20348,
            powershell="5.1",
            elevated=True,
            features=("Web-Server",),
            sites=(Site(SITE, 1, "Started", (binding,), applications=("/", "/ManageSoftDL", "/ManageSoftRL")),),
            access=(AccessSetting(SITE, flags, explicit=True),),
            httpsys=(
                HttpSysRecord(
                    "ipport",
                    "0.0.0.0:443",
                    _thumbprint(server),
                    verifyclientcertrevocation=False,
                    clientcertnegotiation=first,
                ),
            ),
            certificates=(
                StoreCertificate("My", _thumbprint(server), server.der, has_key=True),
                *(StoreCertificate("Root", _thumbprint(root), root.der) for root in self.roots),
                *(StoreCertificate("CA", _thumbprint(ca), ca.der) for ca in self.issuing),
            ),
            schannel=Schannel(cipher_suites=("TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")),
            upload_read_ahead=49152,
            config_sha256="0" * 64,
            services={"W3SVC": "Running", "WAS": "Running"},
            server=_SERVER,
            hellos=(
                Hello(
                    host,
                    443,
                    "192.0.2.10:443",
                    NOW,
                    HelloOutcome.TLS,
                    ("TLSv1.2", "TLSv1.3"),
                    (server.der, issuing.der),
                    asks_client_certificate=first,
                ),
            ),
        )

    def _device(self, number: int, taken_at: datetime) -> DeviceSnapshot:
        name = f"device{number:05d}"
        dice = Random(number)  # noqa: S311 - the same estate each time
        chain = number % len(self.clients)
        client, issuing = self.clients[chain], self._of(chain)
        system, openssl, curl, level = dice.choice(_SYSTEMS)
        hosts = dice.sample(self.hosts, self.size.uses)
        return DeviceSnapshot(
            device=name,
            taken_at=taken_at,
            clock=taken_at,
            system=system,
            release="6.1.0",
            hostname=name,
            login="root",
            agent_user="root",
            agent_user_source="owner of /var/opt/managesoft/etc",
            agent_version="21.1.0",
            config=_file("/var/opt/managesoft/etc/config.ini", config_ini(number, hosts)),
            files=(
                _file(f"{_SSL}/cert.pem", dice.choice(self.bundles)),
                _file(f"{_SSL}/client.crt", client.pem + issuing.pem),
            ),
            directories=(DirectoryFact(f"{_SSL}/certs", FileState.MISSING),),
            keys=(KeyFact(_file(f"{_SSL}/client.key", None), ("PRIVATE KEY",), False, client.spki, "openssl pkey"),),
            tls=TlsStack(openssl, curl, level, "openssl.cnf"),
            names=tuple(NameFact(host, ("192.0.2.10",)) for host in hosts),
            reach=tuple(ReachFact(host, 443, ReachOutcome.CONNECTED, how="curl") for host in hosts),
        )


def fleet_of(size: Size) -> Fleet:
    beacons = tuple(Beacon(f"beacon{n:02d}", host, None) for n, host in enumerate(_hosts(size)))
    devices = tuple(Device(f"device{n:05d}", f"device{n:05d}") for n in range(size.devices))
    return Fleet(Path("fleet.toml"), beacons, devices)


def _hosts(size: Size) -> list[str]:
    return [f"beacon{n:02d}.corp.example" for n in range(size.beacons)]


def config_ini(number: int, hosts: Sequence[str]) -> bytes:
    """No two devices have the same file: machine id, inventory times and failover lists differ."""
    off = number % 21 == 3
    lines = [
        "; written by the agent's installer",
        "[ManageSoft\\Common]",
        f"AddClientCertificateAndKey={not off}",
        "CheckServerCertificate=True",
        "CheckCertificateRevocation=False",
        f"SSLCACertificateFile={_SSL}/cert.pem",
        f"SSLCACertificatePath={_SSL}/certs",
        f"SSLClientCertificateFile={_SSL}/client.crt",
        f"SSLClientPrivateKeyFile={_SSL}/client.key",
        f"MachineId={hashlib.sha256(str(number).encode()).hexdigest()}",
        *(f"Setting{n}=/var/opt/managesoft/value/{n}" for n in range(20)),
        "[ManageSoft\\Tracker\\CurrentVersion]",
        *(f"Tracker{n}={n * number % 97}" for n in range(15)),
        "[ManageSoft\\Uploader\\CurrentVersion]",
        *(f"Uploader{n}=x{n}" for n in range(10)),
    ]
    for kind, directory in (("DownloadSettings", "ManageSoftDL"), ("UploadSettings", "ManageSoftRL")):
        for place, host in enumerate(hosts):
            identity = hashlib.md5(f"{kind}{host}".encode(), usedforsecurity=False).hexdigest()
            lines += [
                f"[ManageSoft\\Common\\{kind}\\{{{identity}}}]",
                f"Host={host}",
                "Port=443",
                "Protocol=https",
                f"Directory=/{directory}",
                f"Priority={50 + place}",
                "AutoPriority=False",
            ]
    return "\n".join([*lines, ""]).encode()


def _file(path: str, content: bytes | None) -> FileFact:
    data = content or b""
    return FileFact(
        path,
        FileState.PRESENT,
        mode=0o600 if content is None else 0o644,
        owner="root",
        group="root",
        size=len(data) or 241,
        sha256=hashlib.sha256(data).hexdigest() if content is not None else "",
        content=content,
        head=data[:4] or b"----",
        readable_by_agent=True,
    )


def _thumbprint(issued: _Issued) -> str:
    return hashlib.sha1(issued.der, usedforsecurity=False).hexdigest().upper()
