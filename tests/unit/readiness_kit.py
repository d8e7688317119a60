"""A pair that is ready, built of real certificates, and short ways to break it in one place."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot, DirectoryFact, FileFact, FileState, KeyFact, NameFact, TlsStack
from console.fleet.model import BeaconClientCheck, Policy
from console.iis.server import CertificateMapping, ReadAhead, RequestLimit, ServerFacts
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
from console.pki.certificates import subject_hash
from console.readiness.judge import judge_pair
from console.readiness.model import Finding, PairInput, PairUse

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOST = "beacon01.corp.example"
SITE = "Default Web Site"
CA_FILE, CA_DIRECTORY = "/etc/agent/ssl/cert.pem", "/etc/agent/ssl/certs"
CLIENT_CERTIFICATE, CLIENT_KEY = "/etc/agent/ssl/client.crt", "/etc/agent/ssl/client.key"
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def spki(self) -> str:
        spki = self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(spki).hexdigest()

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_key(kind: str = "p256") -> Key:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "dsa":
        return dsa.generate_private_key(2048)
    curves: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p224": ec.SECP224R1()}
    return ec.generate_private_key(curves[kind])


def issue(
    name: str,
    issuer: Issued | None,
    *,
    names: Sequence[str] | None = None,
    usages: Sequence[x509.ObjectIdentifier] | None = None,
    ca: bool = False,
    days: tuple[float, float] = (-10, 400),
    key: Key | None = None,
    kind: str = "p256",
    key_usage: Sequence[str] | None = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    crl: str = "",
    identifiers: bool = True,
) -> Issued:
    """`days`: validity from and to, counted from NOW. `names` None: no SAN."""
    key = key or new_key(kind)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if name else x509.Name([])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
    )
    if identifiers:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(authority, critical=False)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
    if key_usage is not None:
        builder = builder.add_extension(_key_usage(key_usage), critical=True)
    if crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Issued(builder.sign(signer, algorithm), key)


def signed_with_sha1(issued: Issued, issuer: Issued) -> Issued:
    """The same certificate, its RSA signature made anew with SHA-1 (which cryptography itself won't do)."""
    key = issuer.key
    assert isinstance(key, rsa.RSAPrivateKey)
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    body = issued.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - what OpenSSL must refuse
    algorithm = bytes.fromhex("300d0609") + sha1 + bytes.fromhex("0500")
    bits = b"\x03" + _length(len(signature) + 1) + b"\0" + signature
    content = body + algorithm + bits
    return Issued(x509.load_der_x509_certificate(b"\x30" + _length(len(content)) + content), issued.key)


def trusted_block(issued: Issued, *, trusted: bytes = b"", rejected: bytes = b"") -> bytes:
    """`BEGIN TRUSTED CERTIFICATE`, with the DER of one OID that is trusted or rejected."""
    uses = b"\x30" + bytes([len(trusted)]) + trusted if trusted else b""
    uses += b"\xa0" + bytes([len(rejected)]) + rejected if rejected else b""
    text = base64.b64encode(issued.der + b"\x30" + bytes([len(uses)]) + uses)
    lines = b"\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return b"-----BEGIN TRUSTED CERTIFICATE-----\n" + lines + b"\n-----END TRUSTED CERTIFICATE-----\n"


CLIENT_OID, SERVER_OID = bytes.fromhex("06082b06010505070302"), bytes.fromhex("06082b06010505070301")


def _length(size: int) -> bytes:
    return bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")


@cache
def rsa_issuing() -> Issued:
    return issue("Corp RSA Issuing", root(), ca=True, days=(-1000, 3000), kind="rsa2048")


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.UniformResourceIdentifier(name) if "://" in name else x509.DNSName(name)


def _key_usage(names: Sequence[str]) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


@cache
def root() -> Issued:
    return issue("Corp Root", None, ca=True, days=(-1000, 4000))


@cache
def issuing() -> Issued:
    return issue("Corp Issuing", root(), ca=True, days=(-1000, 3000))


@cache
def other_root() -> Issued:
    return issue("Other Root", None, ca=True, days=(-1000, 4000))


@cache
def server() -> Issued:
    return issue(HOST, issuing(), names=[HOST], usages=[SERVER])


@cache
def client() -> Issued:
    return issue("device01", issuing(), names=["device01.corp.example"], usages=[CLIENT])


def file(path: str, content: bytes | None, **changes: object) -> FileFact:
    data = content or b""
    fact = FileFact(
        path,
        FileState.PRESENT,
        mode=0o644,
        owner="root",
        group="root",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        content=content,
        head=data[:4],
        readable_by_agent=True,
    )
    return replace(fact, **changes)  # type: ignore[arg-type]


def key_fact(issued: Issued | None = None, **changes: object) -> KeyFact:
    of = issued or client()
    fact = KeyFact(
        file(CLIENT_KEY, None, mode=0o600, size=227, head=b"----"), ("PRIVATE KEY",), False, of.spki, "openssl pkey"
    )
    return replace(fact, **changes)  # type: ignore[arg-type]


def hashed(*certificates: Issued, path: str = CA_DIRECTORY) -> DirectoryFact:
    """A directory as `openssl rehash` leaves it."""
    counts: dict[str, int] = {}
    entries = []
    for issued in certificates:
        name = subject_hash(issued.der)
        entries.append(file(f"{path}/{name}.{counts.get(name, 0)}", issued.pem))
        counts[name] = counts.get(name, 0) + 1
    return DirectoryFact(path, FileState.DIRECTORY, tuple(entries))


def config(common: dict[str, str] | None = None, **components: dict[str, str]) -> bytes:
    """config.ini with the usual preferences; None values leave a line out."""
    values = {
        "AddClientCertificateAndKey": "True",
        "CheckServerCertificate": "True",
        "CheckCertificateRevocation": "False",
        "SSLCACertificateFile": CA_FILE,
        "SSLCACertificatePath": CA_DIRECTORY,
        "SSLClientCertificateFile": CLIENT_CERTIFICATE,
        "SSLClientPrivateKeyFile": CLIENT_KEY,
        **(common or {}),
    }
    lines = ["[ManageSoft\\Common]", *(f"{name}={value}" for name, value in values.items() if value != "-")]
    for component, settings in components.items():
        lines += [f"[ManageSoft\\{component}\\CurrentVersion]", *(f"{n}={v}" for n, v in settings.items())]
    return "\n".join([*lines, ""]).encode()


STACK = TlsStack("OpenSSL 3.0.19 27 Jan 2026", "curl 7.88.1 (x86_64) libcurl/7.88.1 OpenSSL/3.0.19", 2, "openssl.cnf")


def device(**changes: object) -> DeviceSnapshot:
    """`ca`, `chain`, `ini`: contents of the files; everything else a field of the snapshot."""
    ca, chain, ini = (changes.pop(name, None) for name in ("ca", "chain", "ini"))
    snapshot = DeviceSnapshot(
        device="device01",
        taken_at=NOW,
        clock=NOW,
        system="Linux",
        release="6.1",
        hostname="device01",
        login="root",
        agent_user="root",
        agent_user_source="fleet file",
        agent_version="",
        config=file("/etc/agent/config.ini", ini if isinstance(ini, bytes) else config()),
        files=(
            file(CA_FILE, ca if isinstance(ca, bytes) else root().pem),
            file(CLIENT_CERTIFICATE, chain if isinstance(chain, bytes) else client().pem + issuing().pem),
        ),
        directories=(DirectoryFact(CA_DIRECTORY, FileState.MISSING),),
        keys=(key_fact(),),
        tls=STACK,
        names=(NameFact(HOST, ("192.0.2.10",)),),
    )
    return replace(snapshot, **changes)  # type: ignore[arg-type]


def stored(store: str, issued: Issued, **changes: object) -> StoreCertificate:
    thumbprint = hashlib.sha1(issued.der, usedforsecurity=False).hexdigest().upper()
    return replace(StoreCertificate(store, thumbprint, issued.der), **changes)  # type: ignore[arg-type]


def hello(*chain: Issued, **changes: object) -> Hello:
    said = Hello(
        HOST,
        443,
        "192.0.2.10:443",
        NOW,
        HelloOutcome.TLS,
        ("TLSv1.2", "TLSv1.3"),
        tuple(issued.der for issued in chain or (server(), issuing())),
        asks_client_certificate=True,
    )
    return replace(said, **changes)  # type: ignore[arg-type]


def record(issued: Issued | None = None, **changes: object) -> HttpSysRecord:
    made = HttpSysRecord(
        "ipport",
        "0.0.0.0:443",
        stored("My", issued or server()).thumbprint,
        verifyclientcertrevocation=False,
        clientcertnegotiation=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def access(*flags: str, location: str = SITE) -> AccessSetting:
    return AccessSetting(location, flags or ("Ssl", "SslNegotiateCert", "SslRequireCert"), explicit=True)


SERVER_READ = ServerFacts(
    unlocked=(),
    request_limits=tuple(RequestLimit(f"{SITE}{folder}", 30_000_000) for folder in ("", "/ManageSoftRL")),
    read_ahead=tuple(ReadAhead(f"{SITE}{folder}", 49152) for folder in ("", "/ManageSoftRL")),
    mappings=(CertificateMapping(SITE, enabled=False, entries=0, active_directory=False),),
)
"""What decides of a server as a whole, read, and as IIS has it by default."""


def beacon(**changes: object) -> BeaconSnapshot:
    snapshot = BeaconSnapshot(
        beacon="beacon01",
        taken_at=NOW,
        clock=NOW,
        computer="BEACON01",
        os_build=20348,
        powershell="5.1",
        elevated=True,
        features=(),
        sites=(Site(SITE, 1, "Started", (Binding(SITE, "https", "*", 443, ""),)),),
        access=(access(),),
        httpsys=(record(),),
        certificates=(stored("My", server(), has_key=True), stored("Root", root()), stored("CA", issuing())),
        schannel=Schannel(),
        upload_read_ahead=49152,
        config_sha256="00",
        services={"W3SVC": "Running", "WAS": "Running"},
        hellos=(hello(),),
        server=SERVER_READ,
    )
    return replace(snapshot, **changes)  # type: ignore[arg-type]


def pair(
    on_device: DeviceSnapshot | str | None = "usual",
    on_beacon: BeaconSnapshot | str | None = "usual",
    **changes: object,
) -> PairInput:
    use = {
        name: changes.pop(name) for name in ("host", "port", "protocol", "upload_bytes", "address") if name in changes
    }
    given = PairInput(
        use=replace(PairUse("device01", "beacon01", HOST, 443, "https", 0), **use),  # type: ignore[arg-type]
        device=device() if isinstance(on_device, str) else on_device,
        beacon=beacon() if isinstance(on_beacon, str) else on_beacon,
        profile=AgentProfile.load(),
        policy=Policy(),
        client_check=BeaconClientCheck.OBSERVED,
        now=NOW,
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def finding(given: PairInput, check: str, component: str = "Uploader") -> Finding:
    """What one check says of one component."""
    return next(f for f in judge_pair(given).findings if f.check == check and component in f.components)
