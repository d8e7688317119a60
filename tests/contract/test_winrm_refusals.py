"""What goes wrong before any script runs over WinRM: one clear error, and no secret in it."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from winrm.transport import HAVE_KERBEROS

from console.errors import (
    ConfigurationError,
    CredentialError,
    UnreachableError,
)
from console.fleet.model import Beacon, WinrmAuthentication
from fixtures.lab.wsman.server import Authentication
from tests.contract.winrm_lab import (
    PASSWORD,
    USER,
    Files,
    OneSecret,
    WinrmLab,
    gateway,
    winrm_lab,
)


def refused(lab: WinrmLab, beacon: Beacon, secret: str = PASSWORD) -> UnreachableError:
    with gateway(OneSecret(secret)) as winrm, pytest.raises(UnreachableError) as caught:
        winrm.run(beacon, "snapshot", {})
    assert lab.server.shells.count == 0
    return caught.value


@pytest.mark.parametrize("authentication", ["basic-https", "ntlm"])
def test_a_wrong_password(tmp_path: Path, files: Files, authentication: Authentication) -> None:
    with winrm_lab(tmp_path, authentication, files, "/bin/false") as lab:
        error = refused(lab, lab.beacon, "not the pass\u00e4word")
    text = f"{error!r} {error} {error.__cause__!r}"
    assert isinstance(error, CredentialError)  # which a sweep doesn't try again: that could lock the account
    assert "401: the user or password was refused" in text
    assert "LocalAccountTokenFilterPolicy" in error.hint
    assert "word" not in text.replace("password", "")


def test_a_certificate_that_maps_to_nobody(tmp_path: Path, files: Files) -> None:
    with winrm_lab(tmp_path, "certificate", files, "/bin/false") as lab:
        beacon = lab.beacon
        assert beacon.winrm is not None
        stranger = replace(beacon.winrm, certificate_file=files.stranger, key_file=files.stranger_key)
        assert "401" in refused(lab, replace(beacon, winrm=stranger)).message
        not_for_clients = replace(beacon.winrm, certificate_file=files.server, key_file=files.server_key)
        assert "server.pem" in refused(lab, replace(beacon, winrm=not_for_clients)).hint


def test_an_untrusted_listener(basic: WinrmLab, files: Files) -> None:
    assert basic.beacon.winrm is not None
    error = refused(basic, replace(basic.beacon, winrm=replace(basic.beacon.winrm, ca_file=None)))
    assert "certificate verify failed" in error.message
    assert "ca_file" in error.hint


def test_nobody_listens(basic: WinrmLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert basic.beacon.winrm is not None
    address = replace(basic.beacon.winrm, url=f"https://127.0.0.1:{port}/wsman")
    assert "Connection refused" in refused(basic, replace(basic.beacon, winrm=address)).message


@pytest.mark.parametrize("authentication", [WinrmAuthentication.BASIC, WinrmAuthentication.CERTIFICATE])
def test_no_secret_in_clear(basic: WinrmLab, authentication: WinrmAuthentication) -> None:
    assert basic.beacon.winrm is not None
    address = replace(basic.beacon.winrm, url="http://127.0.0.1:9/wsman", authentication=authentication)
    secrets = OneSecret()
    with gateway(secrets) as winrm, pytest.raises(ConfigurationError, match="needs https"):
        winrm.run(replace(basic.beacon, winrm=address), "snapshot", {})
    assert secrets.asked == []


@pytest.mark.skipif(HAVE_KERBEROS, reason="pykerberos is installed here")
def test_kerberos_without_its_package_is_said_before_anything_is_contacted(basic: WinrmLab) -> None:
    assert basic.beacon.winrm is not None
    address = replace(basic.beacon.winrm, authentication=WinrmAuthentication.KERBEROS, url="http://127.0.0.1:9/wsman")
    with gateway() as winrm, pytest.raises(ConfigurationError, match="needs the package pykerberos"):
        winrm.run(replace(basic.beacon, winrm=address), "snapshot", {})


def test_an_ntlm_login_that_is_broken_off(basic: WinrmLab) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for challenge in (b"Negotiate", b"Basic"):
                    read_request(connection)
                    head = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: %b\r\n\r\n"
                    connection.sendall(head % challenge)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert basic.beacon.winrm is not None
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/wsman"
    address = replace(basic.beacon.winrm, authentication=WinrmAuthentication.NTLM, url=url)
    error = refused(basic, replace(basic.beacon, winrm=address))
    thread.join(10)
    assert "broke the NTLM login off" in error.message


def test_credentials_that_are_not_there(basic: WinrmLab, tmp_path: Path) -> None:
    assert basic.beacon.winrm is not None
    encrypted = tmp_path / "key.pem"
    encrypted.write_text("-----BEGIN ENCRYPTED " + "PRIVATE KEY-----\n")
    certificate = {"authentication": WinrmAuthentication.CERTIFICATE, "certificate_file": basic.files.client}
    for changes, says in (
        ({"password": None}, "no password reference for user 'svc-mtls'"),
        ({"user": ""}, "basic authentication needs a user"),
        ({"ca_file": tmp_path / "none.pem"}, r"winrm\.ca_file: .*none\.pem can't be read"),
        (certificate, "winrm.key_file is not set"),
        (certificate | {"key_file": encrypted}, "is encrypted"),
    ):
        beacon = replace(basic.beacon, winrm=replace(basic.beacon.winrm, **changes))
        with gateway() as winrm, pytest.raises(CredentialError, match=says):
            winrm.run(beacon, "snapshot", {})


def read_request(connection: socket.socket) -> None:
    """All of it: to close a socket with unread bytes sends a reset, which overtakes the answer."""
    with connection.makefile("rb") as request:
        length = 0
        while (line := request.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        request.read(length)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "something that isn't WS-Man"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<x/>", "something that isn't WS-Man"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP status 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "octets"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100, "octets"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no connection"),
        (b"", "no connection"),
    ],
)
def test_a_server_that_is_no_winrm(basic: WinrmLab, files: Files, answer: bytes, says: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as secured:
                read_request(secured)
                secured.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        assert basic.beacon.winrm is not None
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/wsman"
        error = refused(basic, replace(basic.beacon, winrm=replace(basic.beacon.winrm, url=url)))
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
    assert says in error.message
    assert base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode() not in f"{error} {error.__cause__!r}"
