"""What curl and openssl say, told as a side: rows of recorded handshakes and of their documentation."""

from __future__ import annotations

import pytest

from adapters.ssh.outcomes import Run, ending
from adapters.ssh.probe import curl_run, openssl_run
from console.readiness.model import Side

MORE = " More details here: https://curl.se/docs/sslcerts.html"
NAME = "SSL: no alternative certificate subject name matches target host name 'corp.example'" + MORE
PROBLEM = "SSL certificate problem: "
LOAD = "could not load PEM client certificate from client/device.crt, OpenSSL error error:"
TAIL = ", (no key found, wrong pass phrase, or wrong file format?)"
SSL3 = "OpenSSL/3.0.19: error:0A000410:SSL routines::"
RESET = "Recv failure: Connection reset by peer"

RECORDED = [
    (60, NAME, None, Side.DEVICE, "isn't for the name"),
    (
        60,
        "SSL: certificate subject name 'zz.corp.example' does not match target host name 'b'",
        None,
        Side.DEVICE,
        "name",
    ),
    (60, PROBLEM + "unable to get local issuer certificate" + MORE, None, Side.DEVICE, "unable to get local issuer"),
    (60, PROBLEM + "certificate has expired" + MORE, None, Side.DEVICE, "has expired"),
    (60, PROBLEM + "CA signature digest algorithm too weak" + MORE, None, Side.DEVICE, "too weak"),
    (60, PROBLEM + "certificate revoked" + MORE, None, Side.DEVICE, "revoked"),
    (77, "error setting certificate file: client/nope.pem", None, Side.DEVICE, "CA file"),
    (58, "unable to set private key file: 'client/device.key' type PEM", None, Side.DEVICE, "private key"),
    (58, LOAD + "0480006C:PEM routines::no start line" + TAIL, None, Side.DEVICE, "no PEM certificate"),
    (35, "OpenSSL/3.0.19: error:0A00018E:SSL routines::ca md too weak", None, Side.DEVICE, "its own"),
    (56, "OpenSSL SSL_read: error:0A00018D:SSL routines::ca key too small, errno 0", None, Side.DEVICE, "its own"),
    (58, LOAD + "0A00018E:SSL routines::ca md too weak" + TAIL, None, Side.DEVICE, "security level"),
    (58, LOAD + "80000002:system library::No such file or directory" + TAIL, None, Side.DEVICE, "doesn't exist"),
    (82, "error loading CRL file: client/crl.pem", None, Side.DEVICE, "revocation list"),
    (35, SSL3 + "sslv3 alert handshake failure", None, Side.PAIR, "cipher"),
    (35, "OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 alert protocol version", None, Side.PAIR, "version"),
    (35, "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number", None, Side.PAIR, "doesn't speak TLS"),
    (35, SSL3 + "legacy sigalg disallowed or unsupported", None, Side.PAIR, "signature"),
    (35, "error:02000072:rsa routines::invalid padding", None, Side.DEVICE, "refuses what the beacon shows"),
    (35, RESET, None, Side.NETWORK, "SNI"),
    (56, RESET, None, Side.BEACON, "after the handshake"),
    (55, "Send failure: Broken pipe", None, Side.BEACON, "after the handshake"),
    (
        56,
        "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required",
        None,
        Side.BEACON,
        "requires",
    ),
    (35, "error:0A000418:SSL routines::tlsv1 alert unknown ca", None, Side.BEACON, "issuer"),
    (0, "", 403, Side.BEACON, "403"),
    (0, "", 413, Side.BEACON, "413"),
    (55, "Send failure: Broken pipe", 413, Side.BEACON, "413"),
    (0, "", 400, Side.BEACON, "host name"),
    (0, "", 302, Side.BEACON, "302"),
    (0, "", None, Side.BEACON, "no HTTP answer"),
    (6, "Could not resolve host: b1", None, Side.NETWORK, "name"),
    (7, "Failed to connect to 127.0.0.1 port 1: Connection refused", None, Side.NETWORK, "refused"),
    (28, "Connection timed out after 10001 milliseconds", None, Side.NETWORK, "in time"),
]


@pytest.mark.parametrize(("code", "said", "status", "side", "words"), RECORDED)
def test_recorded_endings(code: int, said: str, status: int | None, side: Side, words: str) -> None:
    found = ending(Run(code, said, status))
    assert found is not None
    assert (found.side, words in found.error) == (side, True), found


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_2xx_answer_is_good(status: int) -> None:
    assert ending(Run(0, "", status)) is None


def test_a_reset_after_the_servers_hello_is_the_beacons() -> None:
    found = ending(Run(35, RESET, server_hello=True))
    assert found is not None
    assert found.side is Side.BEACON


def test_plain_http_on_the_tls_port_is_the_pairs() -> None:
    found = ending(Run(56, RESET, plain_http=True))
    assert found is not None
    assert found.side is Side.PAIR


def test_curls_trace() -> None:
    trace = (
        "* TLSv1.3 (IN), TLS handshake, Server hello (2):\n* SSL connection using TLSv1.3 / X\n< mtls-http 200\n"
        "curl: (56) Recv failure: Connection reset by peer\n\nmtls-http 000\nmtls-rc 56\n"
    )
    assert curl_run(trace, False) == Run(56, "Recv failure: Connection reset by peer", None, server_hello=True)
    assert curl_run("curl: option --connect-to: is unknown\nmtls-rc 2\n", False) is None
    assert curl_run("sh: curl: not found\nmtls-rc 127\n", False) is None


def test_openssls_output() -> None:
    good = "CONNECTED(00000003)\ndepth=0 CN = HTTP/1.1 500\n---\nNew, TLSv1.3, Cipher is X\n 0a fHTTP/1.1 200 OK\n"
    assert openssl_run(good) == Run(0, "", 200, server_hello=True)
    refused = "1:error:8000006F:system library:BIO_connect:Connection refused:x\nconnect:errno=111\n"
    run = openssl_run(refused)
    assert run is not None
    assert run.code == 7
    assert openssl_run("s_client: Unknown option: -x\ns_client: Use -help for summary.\n") is None
