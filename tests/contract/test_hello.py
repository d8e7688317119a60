"""The console's own hello against real TLS servers of every temper, on loopback."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from adapters.tls.dial import Unreachable, destination, server_name
from adapters.tls.hello import TlsHelloProbe
from console.iis.snapshot import Hello, HelloOutcome

NOW = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


class FixedClock:
    def now(self) -> datetime.datetime:
        return NOW


@dataclass(frozen=True)
class Identity:
    chain_file: Path
    key_file: Path
    chain: tuple[bytes, ...]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """A leaf and its issuer, sent together."""
    folder = tmp_path_factory.mktemp("pki")
    issuer_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    leaf = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "b1.lab.test")])

    def certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=1))
            .not_valid_after(NOW + datetime.timedelta(days=30))
            .sign(issuer_key, hashes.SHA256())
        )

    chain = (certificate(leaf, leaf_key), certificate(issuer, issuer_key))
    chain_file, key_file = folder / "chain.pem", folder / "key.pem"
    chain_file.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
    key_file.write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Identity(chain_file, key_file, tuple(one.public_bytes(serialization.Encoding.DER) for one in chain))


class Server:
    """Accepts until it is closed; `talk` has each connection to itself."""

    def __init__(self, talk: Callable[[socket.socket], None], host: str = "127.0.0.1") -> None:
        self._socket = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0
        self._talk = talk
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(5)
            with connection, contextlib.suppress(OSError):
                self._talk(connection)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@contextlib.contextmanager
def serving(talk: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[Server]:
    server = Server(talk, host)
    try:
        yield server
    finally:
        server.close()


def tls(
    identity: Identity,
    oldest: str = "TLSv1.2",
    newest: str = "TLSv1.3",
    client: ssl.VerifyMode = ssl.CERT_NONE,
    names: list[str | None] | None = None,
) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.chain_file, identity.key_file)
    context.load_verify_locations(identity.chain_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are what some beacons still offer
        context.minimum_version, context.maximum_version = VERSIONS[oldest], VERSIONS[newest]
    context.verify_mode = client
    if names is not None:
        context.sni_callback = lambda _tls, name, _context: names.append(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(100)

    return talk


def hello(port: int, host: str = "b1.lab.test", seconds: float = 5.0, connect_to: str = "127.0.0.1") -> Hello:
    return TlsHelloProbe(FixedClock()).hello(host, port, (connect_to, port), seconds)


@pytest.mark.parametrize(
    ("oldest", "newest", "versions"),
    [
        ("TLSv1.2", "TLSv1.3", ("TLSv1.2", "TLSv1.3")),
        ("TLSv1.3", "TLSv1.3", ("TLSv1.3",)),
        ("TLSv1.2", "TLSv1.2", ("TLSv1.2",)),
        ("TLSv1", "TLSv1.1", ("TLSv1", "TLSv1.1")),
    ],
)
@pytest.mark.parametrize(
    ("client", "asks"), [(ssl.CERT_NONE, False), (ssl.CERT_OPTIONAL, True), (ssl.CERT_REQUIRED, True)]
)
def test_versions_chain_and_request(
    identity: Identity, oldest: str, newest: str, versions: tuple[str, ...], client: ssl.VerifyMode, asks: bool
) -> None:
    with serving(tls(identity, oldest, newest, client)) as server:
        seen = hello(server.port)
        assert seen.outcome is HelloOutcome.TLS, seen
        assert seen.versions == versions
        assert seen.chain == identity.chain
        assert seen.asks_client_certificate is asks
        assert (seen.host, seen.port, seen.address) == ("b1.lab.test", server.port, f"127.0.0.1:{server.port}")
        assert seen.taken_at == NOW
        assert server.connections == 4


def test_the_name_is_asked_for(identity: Identity) -> None:
    for host, expected in [("b1.lab.test.", "b1.lab.test"), ("bücher.test", "xn--bcher-kva.test"), ("127.0.0.1", None)]:
        names: list[str | None] = []
        with serving(tls(identity, names=names)) as server:
            assert hello(server.port, host).outcome is HelloOutcome.TLS
        assert set(names) == {expected}


def test_ipv6_is_connected_to_and_shown_in_brackets(identity: Identity) -> None:
    try:
        server = Server(tls(identity), "::1")
    except OSError:
        pytest.skip("no IPv6 loopback here")
    try:
        seen = TlsHelloProbe(FixedClock()).hello("::1", server.port, None, 5)
    finally:
        server.close()
    assert (seen.outcome, seen.address) == (HelloOutcome.TLS, f"[::1]:{server.port}")


def test_refused() -> None:
    with serving(alert) as server:
        port = server.port
    seen = hello(port)
    assert (seen.outcome, seen.versions) == (HelloOutcome.REFUSED, ())
    assert "refused" in seen.error


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def http(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def http_by_line(connection: socket.socket) -> None:
    """Waits for the end of a request, as most servers do: our hello alone gets no answer."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(1000)
        if not piece:
            return
        request += piece
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def alert(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(bytes([21, 3, 3, 0, 2, 2, 40]))


def banner(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def endless(connection: socket.socket) -> None:
    connection.recv(1000)
    while True:
        connection.sendall(bytes([22, 3, 3, 0x40, 0]) + b"\x02" + b"\xff" * 0x3FFF)


def garbage_record(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(bytes([22, 3, 3, 0, 4, 2, 0, 0, 0]))


@pytest.mark.parametrize(
    ("talk", "outcome", "says"),
    [
        (reset, HelloOutcome.RESET, "reset"),
        (lambda connection: connection.recv(1), HelloOutcome.RESET, "at our hello"),
        (http, HelloOutcome.PLAIN_HTTP, "plain HTTP"),
        (http_by_line, HelloOutcome.PLAIN_HTTP, "plain HTTP"),
        (alert, HelloOutcome.FAILED, "handshake failure"),
        (banner, HelloOutcome.FAILED, "neither TLS nor HTTP"),
        (endless, HelloOutcome.FAILED, ""),
        (garbage_record, HelloOutcome.FAILED, ""),
    ],
)
def test_what_else_may_answer(talk: Callable[[socket.socket], None], outcome: HelloOutcome, says: str) -> None:
    with serving(talk) as server:
        seen = hello(server.port, seconds=2.0)
    assert (seen.outcome, seen.versions, seen.chain) == (outcome, (), ())
    assert says in seen.error
    assert seen.asks_client_certificate is None


def test_a_silent_server_costs_no_more_than_the_time_given() -> None:
    done = threading.Event()

    def silent(connection: socket.socket) -> None:
        done.wait(10)

    with serving(silent) as server:
        seen = hello(server.port, seconds=0.5)
        done.set()
    assert seen.outcome is HelloOutcome.TIMEOUT
    assert 300 <= seen.milliseconds < 3000


@pytest.mark.parametrize("host", ["x" * 64 + ".test", "", "a b", "x" * 300 + ".test", "é" * 80 + ".test", "a\0b"])
def test_no_address(host: str) -> None:
    seen = TlsHelloProbe(FixedClock()).hello(host, 443, None, 2)
    assert (seen.outcome, seen.address) == (HelloOutcome.NO_ADDRESS, "")
    assert seen.error


@given(st.text(max_size=60), st.integers(-1, 70000))
def test_any_text_is_a_name_or_no_address(host: str, port: int) -> None:
    try:
        name = server_name(host)
    except Unreachable:
        return
    if name is None:
        ipaddress.ip_address(host.strip().rstrip(".").strip("[]"))
        destination(host.strip().rstrip("."), port if 0 <= port < 65536 else 443)
    else:
        assert name.decode("ascii").strip()
