"""The rarer rules of http.sys and Schannel, and a listener that hostile bytes don't upset."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.lab.applicationhost import SiteBinding
from fixtures.lab.certificate_store import StoredCertificate
from fixtures.lab.iis_directory import SCHANNEL, RegistryKey, dword
from fixtures.lab.listener import Listeners
from fixtures.lab.pki import Pki
from fixtures.lab.spec_reader import read_spec
from fixtures.lab.tls_stream import server_name
from tests.lab.listening import CERTIFICATES, Served, needs_curl, serve

pytestmark = needs_curl
SITE = "Default Web Site"


def with_registry(served: Served, name: str, value: int) -> None:
    """Add a value to the SCHANNEL key."""

    def put(key: RegistryKey, parts: list[str]) -> RegistryKey:
        if not parts:
            return RegistryKey(key.keys, {**key.values, name: dword(value)})
        child = put(key.keys.get(parts[0], RegistryKey()), parts[1:])
        return RegistryKey({**key.keys, parts[0]: child}, key.values)

    served.directory.save_registry(put(served.directory.registry(), SCHANNEL.split("\\")))


def set_flags(served: Served, flags: int) -> None:
    document = served.directory.configuration()
    bindings = [SiteBinding(b.protocol, b.information, flags) for b in document.site(SITE).bindings]
    document.replace_bindings(SITE, bindings)
    served.directory.save_configuration(document)


@pytest.mark.parametrize(("build", "asked"), [(20348, False), (26100, True)])
def test_the_bindings_own_negotiate_flag_counts_from_server_2025(
    tmp_path: Path, listeners: Listeners, build: int, asked: bool
) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, f'ask = "late"\nos_build = {build}')
    assert served.curl(client="d1").status != 200
    set_flags(served, 128)
    assert (served.curl(client="d1").status == 200) is asked


def test_flags_of_binding_and_record_switch_tls_13_off(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    only = ("--tlsv1.3",)
    assert served.curl(*only, client="d1").status == 200
    set_flags(served, 32)
    assert served.curl(*only, client="d1").code == 35
    set_flags(served, 0)
    served.set_record(disabletls13=True)
    assert served.curl(*only, client="d1").code == 35
    assert served.curl(client="d1").status == 200


def test_old_protocols_are_spoken_where_the_registry_has_them(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, 'protocols = ["TLSv1", "TLSv1.1"]')
    old = ("--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
    assert served.curl(*old, client="d1").status == 200
    assert served.curl(client="d1").code == 35
    served.set_record(disablelegacytls=True)
    assert served.curl(*old, client="d1").code == 35


def test_the_builds_default_holds_where_the_registry_says_nothing(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, "os_build = 17763")
    assert served.curl("--tlsv1.3", client="d1").status == 200
    served.directory.save_registry(RegistryKey())
    assert served.curl("--tlsv1.3", client="d1").code == 35
    assert served.curl(client="d1").status == 200


def test_a_record_that_rejects_resets(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    served.set_record(reject=True)
    assert served.curl(client="d1").code == 35


def test_without_usage_check_any_purpose_will_do(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    assert "403.16" in served.curl(client="b1").body
    served.set_record(usagecheck=False)
    assert served.curl(client="b1").status == 200


@pytest.mark.parametrize(("build", "status"), [(9600, 403), (20348, 200)])
def test_an_intermediate_among_the_roots_spoils_old_builds(
    tmp_path: Path, listeners: Listeners, build: int, status: int
) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, f'os_build = {build}\ntrusted = ["corp", "issuing"]')
    assert served.curl(client="d1").status == status


def test_exclusive_trust_looks_into_the_issuers_store_alone(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    with_registry(served, "ClientAuthTrustMode", 2)
    assert "403.16" in served.curl(client="d1").body
    issuing = next(
        e for e in served.directory.stores.store("CA") if "issuing" in e.certificate.subject.rfc4514_string()
    )
    served.directory.stores.add(StoredCertificate("ClientAuthIssuer", issuing.certificate))
    assert served.curl(client="d1").status == 200
    with_registry(served, "ClientAuthTrustMode", 1)
    assert "403.16" in served.curl(client="d1").body


def test_a_record_of_the_very_address_beats_the_name(tmp_path: Path, listeners: Listeners) -> None:
    extra = '[[beacon.binding]]\nhost = "b1.lab.test"\nsni = true\ncertificate = "b1"\n'
    other = '[certificate.two]\nissuer = "issuing"\nnames = ["two.lab.test"]\nkey = "p256"\n'
    served = serve(tmp_path, CERTIFICATES + other, listeners, extra)
    spec = read_spec(tmp_path / "spec.toml")
    stale = Pki(spec).certificates["two"]
    served.directory.stores.add(StoredCertificate("My", stale.certificate, stale.key))
    [record] = served.directory.httpsys()
    [entry] = [e for e in served.directory.stores.store("My") if e.certificate == stale.certificate]
    assert served.curl(client="d1").status == 200
    served.directory.save_httpsys(
        [record, type(record)("ipport", f"127.0.0.1:{served.port}", entry.thumbprint, clientcertnegotiation=True)]
    )
    assert served.curl(client="d1").code == 60


def test_the_beacons_own_web_server_speaks_plain_http(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, 'web_server = "self-hosted"')
    assert served.curl(scheme="http").status == 200
    assert served.directory.configuration().sites() == ()


def test_a_raw_chain_is_sent_exactly_as_it_is(tmp_path: Path, listeners: Listeners) -> None:
    first = tmp_path / "first"
    first.mkdir()
    made = serve(first, CERTIFICATES, listeners)
    chain = (first / "b1.pem").read_bytes()
    leaf = chain[: chain.index(b"-----END CERTIFICATE-----") + 26]
    for name, content in (("whole", chain), ("leaf", leaf)):
        (tmp_path / f"{name}.pem").write_bytes(content)
    (tmp_path / "key.pem").write_bytes((first / "b1.key").read_bytes())
    for name, code in (("whole", 0), ("leaf", 60)):
        folder = tmp_path / name
        folder.mkdir()
        raw = f'certificate_files = {{ chain = "../{name}.pem", key = "../key.pem" }}'
        served = serve(folder, CERTIFICATES, listeners, f"[[beacon.binding]]\n{raw}\n")
        assert served.curl("--cacert", str(made.folder / "ca.pem"), client="").code == code


def test_a_key_of_another_certificate_is_no_key(tmp_path: Path, listeners: Listeners) -> None:
    first = tmp_path / "first"
    first.mkdir()
    serve(first, CERTIFICATES, listeners)
    raw = 'certificate_files = { chain = "first/b1.pem", key = "first/d1.key" }'
    served = serve(tmp_path, CERTIFICATES, listeners, f"[[beacon.binding]]\n{raw}\n")
    assert [entry.key for entry in served.directory.stores.store("My")] == [None]
    assert served.curl(client="d1").code == 35


def test_a_port_added_by_hand_is_opened(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    document = served.directory.configuration()
    document.replace_bindings(SITE, [*document.site(SITE).bindings, SiteBinding("http", f"*:{port}:")])
    document.set_access(SITE, None)
    served.directory.save_configuration(document)
    retry = ("--retry", "5", "--retry-connrefused", "--retry-delay", "1")
    assert Served(served.directory, port, served.folder).curl(*retry, scheme="http").status == 200


@given(st.binary(max_size=400))
def test_any_bytes_have_a_name_or_none(hello: bytes) -> None:
    assert isinstance(server_name(hello), str)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x16", b"\x16\x03\x01\xff\xff", b"\x16\x03\x01\x00\x05hello", b"\x00" * 9000, b"GET / HTTP/1.1\r\n\r\n"],
)
def test_hostile_bytes_end_their_own_connection_only(tmp_path: Path, listeners: Listeners, sent: bytes) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client, contextlib.suppress(OSError):
        # A reset may come at any moment.
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert served.curl(client="d1").status == 200


REQUESTS = [
    b"GET //[ HTTP/1.1\r\nHost: b1\r\n\r\n",
    b"GET " + b"/a" * 30000 + b" HTTP/1.1\r\nHost: b1\r\n\r\n",
    b"GET " + b"/a" * 60000 + b" HTTP/1.1\r\nHost: b1\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: b1\r\nContent-Length: \xb2\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: b1\r\nContent-Length: -1\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: b1\r\nContent-Length: 9\r\n\r\nshort",
    b"PUT / HTTP/1.1\r\nHost: b1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
    b"PUT / HTTP/1.1\r\nHost: b1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
    b"PUT / HTTP/1.1\r\nHost: b1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"GET / HTTP/9\r\n\r\n",
    b"PATCH / HTTP/1.1\r\nHost: b1\r\n\r\n",
    b"\x00\xff\r\n\r\n",
]


@pytest.mark.parametrize("sent", REQUESTS, ids=range(len(REQUESTS)))
def test_hostile_requests_end_their_own_connection_only(tmp_path: Path, listeners: Listeners, sent: bytes) -> None:
    """An exception in a connection's thread fails the test: warnings are errors here."""
    served = serve(tmp_path, CERTIFICATES, listeners, 'listener = "http"\nrequire_ssl = false')
    served.set_access()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as client, contextlib.suppress(OSError):
        # A reset may come at any moment.
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
    assert served.curl(scheme="http").status == 200
