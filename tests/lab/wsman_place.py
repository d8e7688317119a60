"""A WS-Man server of the lab with its own CA, and pywinrm clients for it."""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from winrm.protocol import Protocol

from fixtures.lab.wsman.server import Authentication, WsmanServer
from tests.lab.windows_place import Windows

USER = "labadmin"
PASSWORD = "correct-horse-battery"
AUTHENTICATIONS: tuple[Authentication, ...] = ("basic-https", "ntlm", "certificate")
UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
PATIENCE = 20.0
"""Seconds after which a test that waits for a thread gives up."""
COMMAND = (
    "powershell.exe -NoProfile -NonInteractive -OutputFormat Text -ExecutionPolicy Bypass -EncodedCommand "
    + base64.b64encode("the engine never reads this".encode("utf-16-le")).decode()
)


class Authority:
    """A CA that signs the certificates of servers and clients."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        constraints: list[x509.ExtensionType] = [x509.BasicConstraints(ca=True, path_length=None)]
        self.file = folder / f"{name}.pem"
        constraints.append(CA_USAGE)
        certificate = self._sign(self._name, self._key.public_key(), constraints)
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str, *extensions: x509.ExtensionType) -> tuple[Path, Path]:
        """Certificate and key files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(self._sign(subject, key.public_key(), list(extensions)).public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, private

    def server(self) -> tuple[Path, Path]:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return self.issue("winrm-server", names)

    def client(self, file: str, upn: str | None = f"{USER}@localhost") -> tuple[Path, Path]:
        extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]
        if upn is not None:
            value = b"\x0c" + bytes([len(upn)]) + upn.encode()
            extensions.append(x509.SubjectAlternativeName([x509.OtherName(UPN, value)]))
        return self.issue(file, *extensions)

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extensions: list[x509.ExtensionType]
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        for extension in extensions:
            builder = builder.add_extension(
                extension, critical=isinstance(extension, (x509.BasicConstraints, x509.KeyUsage))
            )
        # Python 3.13 verifies strictly by RFC 5280: both key identifiers, and a CA's key usage.
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        builder = builder.add_extension(issuer, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@dataclass
class Place:
    """One server and its clients."""

    server: WsmanServer
    port: int
    windows: Windows
    authority: Authority
    authentication: Authentication
    client: tuple[Path, Path]

    def protocol(self, **changes: object) -> Protocol:
        options: dict[str, Any] = {
            "endpoint": f"{self.server.scheme}://127.0.0.1:{self.port}/wsman",
            "transport": {"basic-https": "basic", "ntlm": "ntlm", "certificate": "certificate"}[self.authentication],
            "username": USER,
            "password": PASSWORD,
            "ca_trust_path": str(self.authority.file),
            "proxy": None,
            "operation_timeout_sec": 10,
            "read_timeout_sec": 20,
        }
        if self.authentication == "ntlm":
            options["message_encryption"] = "always"
        if self.authentication == "certificate":
            options |= {"cert_pem": str(self.client[0]), "cert_key_pem": str(self.client[1])}
        return Protocol(**(options | changes))


def start(authentication: Authentication, folder: Path, windows: Windows, powershell: str | None = None) -> Place:
    authority = Authority(folder)
    certificate, key = authority.server()
    server = WsmanServer(
        windows.path, authentication, USER, PASSWORD, certificate, key, authority.file, powershell=powershell
    )
    return Place(server, server.start(), windows, authority, authentication, authority.client("winrm-client"))


def stdin(script: str, parameters: object) -> bytes:
    data = b"|".join(base64.b64encode(part) for part in (script.encode(), json.dumps(parameters).encode()))
    return b"".join(data[at : at + 8000] + b"\r\n" for at in range(0, len(data), 8000))


def execute(protocol: Protocol, shell: str, data: bytes, command: str = COMMAND) -> tuple[bytes, bytes, int]:
    command_id = protocol.run_command(shell, command)
    for at in range(0, len(data), 60000):
        protocol.send_command_input(shell, command_id, data[at : at + 60000], end=at + 60000 >= len(data))
    out, err, code = protocol.get_command_output(shell, command_id)
    protocol.cleanup_command(shell, command_id)
    return out, err, code


def answer_of(out: bytes) -> dict[str, object]:
    body = out.partition(b"##B64##")[2].partition(b"##END##")[0]
    answer = json.loads(base64.b64decode(body))
    assert isinstance(answer, dict)
    return answer
