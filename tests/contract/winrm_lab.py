"""A WS-Man server of the lab and a beacon that reaches it, for each kind of authentication."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.winrm.gateway import WinrmBeaconGateway
from adapters.winrm.limits import Limits
from console.fleet.model import Beacon, SecretReference, WinrmAddress, WinrmAuthentication
from fixtures.lab.wsman.server import Authentication, WsmanServer
from tests.lab.wsman_place import CA_USAGE

USER = "svc-mtls"
PASSWORD = "correct horse battery staple"
KINDS: tuple[Authentication, ...] = ("basic-https", "ntlm", "certificate")
PATIENT = Limits(operation=2, read=10, script=30)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
EKU = {"server": SERVER, "client": CLIENT, "stranger": CLIENT}
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


class UtcClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class OneSecret:
    """A SecretSource that knows one password, and counts how often it was asked."""

    secret: str = PASSWORD
    asked: list[str] = field(default_factory=list)

    def password(self, reference: SecretReference, purpose: str) -> str:
        assert reference.environment == "LAB_PASSWORD"
        self.asked.append(purpose)
        return self.secret


@dataclass(frozen=True)
class Files:
    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    stranger: Path
    """Signed by the same CA, mapped to another user."""
    stranger_key: Path


def make_files(folder: Path) -> Files:
    """A CA, a server certificate for 127.0.0.1 and a client certificate."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("lab CA", ca_key.public_key(), "lab CA", ca_key, usage=None)
    owners = ("server", "client", "stranger")
    files = Files(folder / "ca.pem", *(folder / f"{name}.{kind}" for name in owners for kind in ("pem", "key")))
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    for usage, certificate, key in (
        ("server", files.server, files.server_key),
        ("client", files.client, files.client_key),
        ("stranger", files.stranger, files.stranger_key),
    ):
        private = ec.generate_private_key(ec.SECP256R1())
        issued = _certificate(USER, private.public_key(), "lab CA", ca_key, usage)
        certificate.write_bytes(issued.public_bytes(serialization.Encoding.PEM))
        key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return files


def _certificate(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: str, signer: ec.EllipticCurvePrivateKey, usage: str | None
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
        # Python 3.13 verifies strictly by RFC 5280: both key identifiers, and a CA's key usage.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if usage is None:
        builder = builder.add_extension(CA_USAGE, critical=True)
    else:
        builder = builder.add_extension(x509.ExtendedKeyUsage([EKU[usage]]), critical=False)
    names: dict[str | None, x509.GeneralName] = {
        "server": x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        "stranger": x509.OtherName(UPN, b"\x0c\x0fother@localhost"),
    }
    if usage in names:
        builder = builder.add_extension(x509.SubjectAlternativeName([names[usage]]), critical=False)
    return builder.sign(signer, hashes.SHA256())


class Relay:
    """A TCP relay whose connections can be cut, as an idle firewall does it: the server keeps its shells."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

    def cut(self) -> None:
        while self._open:
            connection = self._open.pop()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError), source, sink:
        while data := source.recv(65536):
            sink.sendall(data)


@dataclass
class WinrmLab:
    """One server at a time, always on the same port, so that it can be restarted under a client's feet."""

    directory: Path
    kind: Authentication
    files: Files
    powershell: str | None = None
    port: int = 0
    server: WsmanServer = field(init=False)

    def start(self) -> None:
        self.server = WsmanServer(
            self.directory,
            self.kind,
            USER,
            PASSWORD,
            self.files.server,
            self.files.server_key,
            self.files.ca,
            self.powershell,
        )
        self.port = self.server.start(self.port)

    @property
    def beacon(self) -> Beacon:
        return self.beacon_at(self.port)

    def beacon_at(self, port: int) -> Beacon:
        authentication = {
            "basic-https": WinrmAuthentication.BASIC,
            "ntlm": WinrmAuthentication.NTLM,
            "certificate": WinrmAuthentication.CERTIFICATE,
        }[self.kind]
        address = WinrmAddress(
            f"{self.server.scheme}://127.0.0.1:{port}/wsman",
            authentication,
            ca_file=None if self.kind == "ntlm" else self.files.ca,
        )
        if self.kind == "certificate":
            address = replace(address, certificate_file=self.files.client, key_file=self.files.client_key)
        else:
            address = replace(address, user=USER, password=SecretReference(environment="LAB_PASSWORD"))
        return Beacon(self.directory.name, "b1.lab.test", address)


@contextlib.contextmanager
def winrm_lab(directory: Path, kind: Authentication, files: Files, powershell: str | None = None) -> Iterator[WinrmLab]:
    lab = WinrmLab(directory, kind, files, powershell)
    lab.start()
    try:
        yield lab
    finally:
        lab.server.close()


@contextlib.contextmanager
def gateway(secrets: OneSecret | None = None, limits: Limits = PATIENT) -> Iterator[WinrmBeaconGateway]:
    made = WinrmBeaconGateway(secrets or OneSecret(), UtcClock(), limits)
    try:
        yield made
    finally:
        made.close()
