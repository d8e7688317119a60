"""Each rule of the listener over a real handshake, with curl as the client."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.lab.listener import Listeners
from fixtures.lab.spec import KEY_KINDS
from tests.lab.listening import AUTHORITIES, CERTIFICATES, needs_curl, serve

pytestmark = needs_curl
LATE = 'ask = "late"\n'
TLS12 = 'protocols = ["TLSv1.2"]\n'
TLS13 = 'protocols = ["TLSv1.3"]\n'
CLIENT = '[certificate.{name}]\nissuer = "{issuer}"\nusage = ["{usage}"]\nkey = "p256"\n{more}\n'


def client(name: str, issuer: str = "issuing", usage: str = "client", more: str = "") -> str:
    return CLIENT.format(name=name, issuer=issuer, usage=usage, more=more)


CLIENTS = (
    CERTIFICATES
    + client("old", more='not_before = "-9d"\nnot_after = "-1d"')
    + client("future", more='not_before = "+2d"')
    + client("server-only", usage="server")
    + client("stranger", issuer="other")
    + client("selfmade", issuer="self")
)


@pytest.mark.parametrize(
    ("settings", "who", "expected"),
    [
        ("", "d1", 200),
        ("", "", 403.7),
        ("", "old", 403.17),
        ("", "future", 403.17),
        ("", "server-only", 403.16),
        ("", "selfmade", 403.16),
        ('trusted = ["corp"]', "stranger", 403.16),
        ('trusted = ["corp"]\ncheck_issuer = false', "stranger", 200),
        ("check_issuer = false", "old", 403.17),
        ("check_issuer = false", "", 403.7),
        ("trusted = []", "d1", 403.16),
        ("intermediates = []", "d1", 200),
        ('client_certificates = "accept"', "", 200),
        ('client_certificates = "accept"', "old", 403.17),
        ('client_certificates = "accept"\ntrusted = ["corp"]', "stranger", 403.16),
        ('client_certificates = "ignore"', "old", 200),
        ('client_certificates = "ignore"', "", 200),
        ('clock = "+500d"', "d1", 403.17),
        ("check_revocation = true", "d1", 403.13),
        (LATE + TLS12, "d1", 200),
        (LATE + TLS12, "", 403.7),
        (LATE + TLS12, "old", 403.17),
        (LATE + 'client_certificates = "ignore"', "d1", 200),
        (LATE + TLS13 + "os_build = 26100", "d1", 500.0),
        (TLS13, "d1", 200),
        (TLS12, "d1", 200),
    ],
)
def test_answers(tmp_path: Path, listeners: Listeners, settings: str, who: str, expected: float) -> None:
    reply = serve(tmp_path, CLIENTS, listeners, settings).curl(client=who)
    assert (reply.code, reply.status) == (0, int(expected)), reply
    assert expected == 200 or str(expected) in reply.body


@pytest.mark.parametrize(
    ("settings", "options", "code"),
    [
        (LATE + TLS13, (), 56),
        (LATE, (), 56),
        ('listener = "closed"', (), 7),
        ('web_server = "none"', (), 7),
        ('listener = "http"', (), 35),
        ('web_server = "self-hosted"', (), 35),
        ("protocols = []", (), 35),
        (TLS13, ("--tls-max", "1.2"), 35),
        ('[[beacon.binding]]\nhost = "else.lab.test"\nsni = true', (), 35),
        ("[[beacon.binding]]\nchain = []", (), 60),
        ('clock = "+0d"\n[[beacon.binding]]\ncertificate = "d1"', (), 60),
    ],
)
def test_refused_before_http(
    tmp_path: Path, listeners: Listeners, settings: str, options: tuple[str, ...], code: int
) -> None:
    reply = serve(tmp_path, CERTIFICATES, listeners, settings).curl(*options, client="d1")
    assert reply.code == code, reply


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST"])
@pytest.mark.parametrize("path", ["/ManageSoftRL/", "/managesoftdl/a/b?c"])
def test_methods_of_the_agent_are_served(tmp_path: Path, listeners: Listeners, method: str, path: str) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    options = ["-I"] if method == "HEAD" else ["-X", method]
    options += ["--data-binary", "x" * 3000] if method in {"PUT", "POST"} else []
    assert served.curl(*options, client="d1", path=path).status == 200
    assert served.curl(*options, client="d1", path="/else").status == 404


def upload(folder: Path, size: int) -> str:
    file = folder / "upload"
    file.write_bytes(b"x" * size)
    return str(file)


@pytest.mark.parametrize(
    ("settings", "size", "expected"),
    [
        (LATE + TLS12, 49152, 200),
        (LATE + TLS12, 49153, 413),
        (LATE + TLS12, 200_000, 413),
        (LATE + TLS12 + "upload_read_ahead = 200000", 200_000, 200),
        ("", 3_000_000, 200),
    ],
)
@pytest.mark.parametrize("header", ["Expect: 100-continue", "Expect:", "Transfer-Encoding: chunked"])
def test_uploads(tmp_path: Path, listeners: Listeners, settings: str, size: int, expected: int, header: str) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, settings)
    options = ("-T", upload(tmp_path, size), "-H", header)
    reply = served.curl(*options, client="d1", path="/ManageSoftRL/upload")
    assert (reply.code, reply.status) == (0, expected)


def test_one_connection_serves_many_requests(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, LATE + TLS12)
    urls = [f"https://b1.lab.test:{served.port}/ManageSoftDL/{number}" for number in range(3)]
    reply = served.curl("-w", "connects=%{num_connects}\\n", *urls, client="d1")
    assert (reply.code, reply.body.count("ok")) == (0, 4)
    assert reply.body.count("connects=1") == 1


def test_a_hand_edited_access_flag_changes_the_next_handshake(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    assert served.curl().status == 403
    file = served.directory.configuration_file
    text = file.read_text()
    file.write_text(text.replace('sslFlags="Ssl, SslNegotiateCert, SslRequireCert"', 'sslFlags="Ssl"'))
    assert served.curl().status == 200
    served.set_access("Ssl", "SslNegotiateCert", "SslRequireCert", location="Default Web Site/ManageSoftRL")
    assert served.curl().status == 200
    assert served.curl(path="/ManageSoftRL/x").status == 403


def test_a_hand_edited_negotiation_flag_changes_the_next_handshake(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    assert served.curl(client="d1").status == 200
    file = served.directory.path / "httpsys.json"
    file.write_text(file.read_text().replace('"clientcertnegotiation": true', '"clientcertnegotiation": false'))
    assert served.curl(client="d1").code == 56
    served.set_record(disabletls13=True)
    assert served.curl(client="d1").status == 200


def test_require_without_negotiate_never_asks(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, LATE)
    served.set_access("Ssl", "SslRequireCert")
    assert "403.7" in served.curl(client="d1").body


def test_plain_http_is_reset_on_the_https_port(tmp_path: Path, listeners: Listeners) -> None:
    assert serve(tmp_path, CERTIFICATES, listeners).curl(scheme="http").code == 56


@pytest.mark.parametrize(("settings", "expected"), [("", 403.4), ("require_ssl = false", 403.7)])
def test_plain_http_against_an_http_binding(
    tmp_path: Path, listeners: Listeners, settings: str, expected: float
) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners, f'listener = "http"\n{settings}')
    assert str(expected) in served.curl(scheme="http").body
    served.set_access()
    assert served.curl(scheme="http").status == 200


BINDINGS = """
[[beacon.binding]]
host = "b1.lab.test"
sni = true
certificate = "b1"
[[beacon.binding]]
host = "two.lab.test"
sni = true
certificate = "two"
"""
TWO = CERTIFICATES + '[certificate.two]\nissuer = "corp"\nnames = ["two.lab.test"]\nkey = "p256"\n'


def test_sni_chooses_the_certificate(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, TWO, listeners, BINDINGS)
    assert served.curl(client="d1").status == 200
    assert served.curl(client="d1", host="TWO.lab.test").status == 200
    assert served.curl(client="d1", host="three.lab.test").code == 35
    assert served.curl(client="d1", host="127.0.0.1").code == 35


def test_a_trailing_dot_is_a_bad_host_name(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, TWO, listeners, BINDINGS)
    reply = served.curl(client="d1", host="b1.lab.test.")
    assert (reply.status, "Invalid Hostname" in reply.body) == (400, True)


def test_a_request_without_host_is_refused_unless_it_is_old(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    assert served.curl("-H", "Host:", client="d1").status == 400
    assert served.curl("-H", "Host:", "--http1.0", client="d1").status == 200


def test_another_host_header_is_a_bad_host_name(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, TWO, listeners, '[[beacon.binding]]\nhost = "two.lab.test"\n')
    assert served.curl(client="d1").status == 400


def test_a_stopped_site_refuses_and_a_started_one_answers_again(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    assert served.curl(client="d1").status == 200
    served.directory.save_site_states({"Default Web Site": "Stopped"})
    assert served.curl(client="d1").code in {7, 35}
    served.directory.save_site_states({})
    assert served.curl("--retry", "5", "--retry-connrefused", "--retry-delay", "1", client="d1").status == 200


def test_a_broken_file_cuts_the_connection_and_says_why(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    (served.directory.path / "httpsys.json").write_text("[")
    assert served.curl(client="d1").code == 35
    assert "httpsys.json" in (served.directory.path / "log" / "events.log").read_text()


def test_a_certificate_missing_from_the_store_resets(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    served.set_record(certhash="00" * 20)
    assert served.curl(client="d1").code == 35


def test_the_chain_follows_the_stores_when_no_raw_one_is_given(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    for entry in served.directory.stores.store("CA"):
        served.directory.stores.remove("CA", entry.thumbprint)
    assert served.curl(client="d1").code == 60


LEVEL_0 = """openssl_conf = a
[a]
ssl_conf = b
[b]
system_default = c
[c]
CipherString = DEFAULT@SECLEVEL=0
"""


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_every_kind_of_key_serves_and_is_shown(tmp_path: Path, listeners: Listeners, kind: str) -> None:
    """curl at security level 0, for the small key: its default level refuses that one, the listener never does."""
    level = tmp_path / "openssl.cnf"
    level.write_text(LEVEL_0)
    leaves = CERTIFICATES.removeprefix(AUTHORITIES).replace('"p256"', f'"{kind}"')
    reply = serve(tmp_path, AUTHORITIES + leaves, listeners).curl(client="d1", openssl_conf=level)
    assert (reply.code, reply.status) == (0, 200), reply
