"""Live handshakes from a device with curl and with openssl, against a real TLS listener on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.ssh.scripts import library
from console.ports import ProbeRequest
from console.readiness.model import LiveOutcome, LiveResult, PairUse, Side
from tests.contract.ssh_places import Place, place

HOST = "b1.lab.test"


@dataclass(frozen=True)
class Pki:
    ca: Path
    server: Path
    """Certificate and key."""
    client: Path
    client_key: Path
    other_ca: Path
    other_key: Path


def make_pki(root: Path) -> Pki:
    def issue(
        name: str, issuer: tuple[x509.Certificate, rsa.RSAPrivateKey] | None
    ) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
        key = rsa.generate_private_key(65537, 2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer[0].subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        )
        return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key

    def write(name: str, *parts: x509.Certificate | rsa.RSAPrivateKey) -> Path:
        path = root / name
        path.write_bytes(
            b"".join(
                part.public_bytes(Encoding.PEM)
                if isinstance(part, x509.Certificate)
                else part.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                for part in parts
            )
        )
        return path

    root.mkdir()
    ca, other = issue("ca", None), issue("other ca", None)
    server, client = issue(HOST, ca), issue("d1", ca)
    return Pki(
        write("ca.pem", ca[0]),
        write("server.pem", *server),
        write("client: it's.pem", client[0]),
        write("client.key", client[1]),
        write("other.pem", other[0]),
        write("other.key", other[1]),
    )


class Listener:
    """A TLS server that answers every request in one way."""

    def __init__(self, pki: Pki) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki.server)
        self.context.load_verify_locations(pki.ca)
        self.status = "200 OK"
        self.reset_before = False
        self.reset_after = False
        self.requests: list[tuple[str, int]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        client.settimeout(20)
        linger = b"\x01\0\0\0\0\0\0\0"
        try:
            if self.reset_before:
                client.recv(100)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.close()
                return
            with self.context.wrap_socket(client, server_side=True) as tls:
                self._answer(tls)
                if self.reset_after:
                    tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    tls.close()
        except (OSError, ValueError):
            client.close()

    def _answer(self, tls: ssl.SSLSocket) -> None:
        stream = tls.makefile("rb")
        line = stream.readline().decode()
        length = 0
        while (header := stream.readline().strip()) != b"":
            if header.lower().startswith(b"content-length:"):
                length = int(header.split(b":")[1])
        if self.reset_after:
            return
        self.requests.append((line.strip(), len(stream.read(length))))
        tls.sendall(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        tls.unwrap()

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True)
class Scene:
    served: Place
    listener: Listener
    pki: Pki
    request: ProbeRequest
    tool: str

    def run(self, **changes: object) -> LiveResult:
        request = replace(self.request, **changes)  # type: ignore[arg-type]
        return self.served.gateway().probe(self.served.device, request)


@pytest.fixture(params=["curl", "openssl"])
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("HOME", str(tmp_path))
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} isn't installed")
    with tempfile.TemporaryDirectory() as open_root, place("asyncssh", tmp_path) as served:
        Path(open_root).chmod(0o755)  # another account may enter it; pytest's own directories are closed
        pki = make_pki(Path(open_root) / "pki")
        if request.param == "openssl":
            _hide_curl(monkeypatch)
        listener = Listener(pki)
        use = PairUse("d1", "b1", HOST, 443, address=f"127.0.0.1:{listener.port}", upload_bytes=70_000)
        asked = ProbeRequest(
            use=use,
            component="Launcher",
            directory="ManageSoftDL",
            upload=False,
            check_server=True,
            check_revocation=False,
            ca_file=str(pki.ca),
            ca_directory="",
            client_certificate="",
            client_key="",
        )
        yield Scene(served, listener, pki, asked, request.param)
        listener.close()


def _hide_curl(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without curl: the script looks for it by name."""

    def without_curl(name: str) -> str:
        return library(name).replace("has() {", 'has() {\n  [ "$1" = curl ] && return 1')

    monkeypatch.setattr("adapters.ssh.probe.library", without_curl)


def test_a_good_handshake_and_an_upload(scene: Scene) -> None:
    result = scene.run()
    assert (result.outcome, result.http_status, result.failed_side, result.error) == (LiveOutcome.OK, 200, None, None)
    assert result.tool == scene.tool
    assert result.tls == "TLSv1.3"
    assert scene.listener.requests.pop() == ("GET /ManageSoftDL/ HTTP/1.1", 0)
    uploaded = scene.run(directory="ManageSoftRL", upload=True, tls_max="TLSv1.2")
    assert (uploaded.outcome, uploaded.tls) == (LiveOutcome.OK, "TLSv1.2")
    assert scene.listener.requests.pop() == ("PUT /ManageSoftRL/mtls-console-probe.tmp HTTP/1.1", 70_000)


def test_a_client_certificate_at_an_odd_path(scene: Scene) -> None:
    scene.listener.context.verify_mode = ssl.CERT_REQUIRED
    files = {"client_certificate": str(scene.pki.client), "client_key": str(scene.pki.client_key)}
    assert scene.run(**files).outcome is LiveOutcome.OK
    refused = scene.run()
    assert (refused.outcome, refused.failed_side) == (LiveOutcome.FAILED, Side.BEACON)
    assert scene.run(tls_max="TLSv1.2").failed_side in (Side.BEACON, Side.PAIR)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("other-ca", "doesn't accept the beacon's certificate"),
        ("name", "isn't for the name"),
        ("no-ca-file", "CA file"),
        ("key-mismatch", "private key"),
        ("no-certificate", "client certificate file"),
    ],
)
def test_what_the_device_refuses_itself(scene: Scene, what: str, words: str) -> None:
    pki, use = scene.pki, scene.request.use
    changes: dict[str, dict[str, object]] = {
        "other-ca": {"ca_file": str(pki.other_ca)},
        "name": {"use": replace(use, host="b2.lab.test")},
        "no-ca-file": {"ca_file": "/nonexistent/cert.pem"},
        "key-mismatch": {"client_certificate": str(pki.client), "client_key": str(pki.other_key)},
        "no-certificate": {"client_certificate": "/nonexistent/device.crt", "client_key": str(pki.client_key)},
    }
    result = scene.run(**changes[what])
    assert (result.outcome, result.failed_side) == (LiveOutcome.FAILED, Side.DEVICE), result
    if scene.tool == "curl":
        assert words in (result.error or "")


def test_without_checking_the_server_anything_goes(scene: Scene) -> None:
    result = scene.run(check_server=False, ca_file="/nonexistent", use=replace(scene.request.use, host="other.test"))
    assert result.outcome is LiveOutcome.OK


def test_what_the_beacon_refuses(scene: Scene) -> None:
    scene.listener.status = "403 Forbidden"
    result = scene.run()
    assert (result.outcome, result.failed_side, result.http_status) == (LiveOutcome.FAILED, Side.BEACON, 403)
    scene.listener.reset_after = True
    assert scene.run().failed_side is Side.BEACON


def test_network_and_pair(scene: Scene) -> None:
    scene.listener.reset_before = True
    assert scene.run().failed_side is Side.NETWORK
    scene.listener.reset_before = False
    scene.listener.context.minimum_version = ssl.TLSVersion.TLSv1_3
    assert scene.run(tls_max="TLSv1.2").failed_side is Side.PAIR
    scene.listener.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = scene.run(use=replace(scene.request.use, address=f"127.0.0.1:{port}"))
    assert (result.failed_side, result.outcome) == (Side.NETWORK, LiveOutcome.FAILED)


def test_a_name_that_is_no_host_name_never_reaches_the_device(scene: Scene) -> None:
    result = scene.run(use=replace(scene.request.use, host="b1.lab.test/$(id)"))
    assert result.outcome is LiveOutcome.NOT_RUN


def test_runs_as_the_agents_account(scene: Scene) -> None:
    if os.geteuid() != 0:
        pytest.skip("another account needs root")
    scene.pki.client_key.chmod(0o600)
    files = {"client_certificate": str(scene.pki.client), "client_key": str(scene.pki.client_key)}
    assert scene.run(**files).outcome is LiveOutcome.OK
    assert scene.run(agent_user="nobody").outcome is LiveOutcome.OK, "the other account reads the CA file"
    result = scene.run(**files, agent_user="nobody")
    assert (result.outcome, result.failed_side) == (LiveOutcome.FAILED, Side.DEVICE)
    told = scene.run(agent_user="no-such-account")
    assert "not as no-such-account" in told.raw


def command_lines() -> Iterator[bytes]:
    """Of every process that is there; one may end between the listing and the look."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield path.read_bytes()


@pytest.mark.parametrize("account", ["", "nobody"])
def test_a_mute_port_ends_in_time_and_leaves_nothing_behind(scene: Scene, account: str) -> None:
    if account and os.geteuid() != 0:
        pytest.skip("another account needs root")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        result = scene.run(
            use=replace(scene.request.use, address=address), agent_user=account, timeout_seconds=3, check_server=False
        )
        assert (result.outcome, result.failed_side) == (LiveOutcome.FAILED, Side.NETWORK), result
        assert "no answer in time" in (result.error or "")
        assert not [line for line in command_lines() if address.encode() in line]


BOTH = ("TLSv1.2", "TLSv1.3")


def test_each_tls_version_by_itself(scene: Scene) -> None:
    result = scene.run(versions=BOTH)
    assert [(trial.tls, trial.outcome) for trial in result.trials] == [(v, LiveOutcome.OK) for v in BOTH]
    assert (result.outcome, result.tls) == (LiveOutcome.OK, "TLSv1.3")
    assert len(scene.listener.requests) == 2, "the natural handshake stands for its own version"
    scene.listener.context.maximum_version = ssl.TLSVersion.TLSv1_2
    result = scene.run(versions=BOTH)
    assert (result.outcome, result.tls) == (LiveOutcome.OK, "TLSv1.2")
    old, new = result.trials
    assert (old.tls, old.outcome, old.http_status) == ("TLSv1.2", LiveOutcome.OK, 200)
    assert (new.tls, new.outcome, new.failed_side) == ("TLSv1.3", LiveOutcome.FAILED, Side.PAIR)
    assert new.check == "pair.tls-version"


def test_a_late_upload_stands_beside_the_natural_request(scene: Scene) -> None:
    assert scene.run(late_upload=60_000).trials == (), "on TLS 1.3 nothing can be asked for late"
    scene.listener.requests.clear()
    scene.listener.context.maximum_version = ssl.TLSVersion.TLSv1_2
    result = scene.run(late_upload=60_000)
    assert [(trial.tls, trial.upload_bytes, trial.outcome) for trial in result.trials] == [("", 60_000, LiveOutcome.OK)]
    assert scene.listener.requests == [
        ("GET /ManageSoftDL/ HTTP/1.1", 0),
        ("PUT /ManageSoftDL/mtls-console-probe.tmp HTTP/1.1", 60_000),
    ]
    scene.listener.status = "413 Request Entity Too Large"
    (trial,) = scene.run(late_upload=60_000).trials
    assert (trial.outcome, trial.http_status, trial.check) == (LiveOutcome.FAILED, 413, "beacon.late-request-upload")


def test_nothing_is_tried_twice_where_nobody_answers(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    use = replace(scene.request.use, address=f"127.0.0.1:{port}")
    result = scene.run(use=use, versions=BOTH, late_upload=10)
    assert (result.outcome, result.trials) == (LiveOutcome.FAILED, ())
    assert result.check == "network.unreachable-from-device"


def test_errors_name_the_check(scene: Scene) -> None:
    pki, use = scene.pki, scene.request.use
    assert scene.run(ca_file=str(pki.other_ca)).check == "device.beacon-untrusted"
    assert scene.run(use=replace(use, host="b2.lab.test")).check == "beacon.name-mismatch"
    assert scene.run().check == ""
    scene.listener.status = "403 Forbidden"
    assert scene.run().check == "device.client-certificate-off"
    scene.listener.status = "400 Bad Request"
    assert scene.run().check == "beacon.host-header"
