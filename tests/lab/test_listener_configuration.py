"""The listener follows the rest of the configuration: request limits, web.config, certificate mapping, ciphers."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.lab.files import write_atomically
from fixtures.lab.iis_directory import CIPHER_SUITES, RegistryKey, RegistryValue
from fixtures.lab.listener import Listeners
from tests.lab.listening import CERTIFICATES, Served, needs_curl, serve

pytestmark = needs_curl
SITE = "Default Web Site"
LIMIT = '<requestFiltering><requestLimits maxAllowedContentLength="1000" /></requestFiltering>'
MAPPING = "iisClientCertificateMappingAuthentication"


def configure(served: Served, location: str, security: str, attributes: str = "") -> None:
    """Add a `<location>` to applicationHost.config, as a person with an editor would."""
    file = served.directory.configuration_file
    inside = f"<system.webServer><security>{security}</security></system.webServer>"
    added = f'<location path="{location}"{attributes}>{inside}</location></configuration>'
    write_atomically(file, file.read_bytes().replace(b"</configuration>", added.encode()))


def web_config(served: Served, folder: str, security: str) -> None:
    text = f"<configuration><system.webServer><security>{security}</security></system.webServer></configuration>"
    write_atomically(served.directory.path / "files" / "C" / folder / "web.config", text.encode())


def put(served: Served, tmp_path: Path, size: int) -> int:
    (tmp_path / "upload").write_bytes(b"x" * size)
    return served.curl("-T", f"{tmp_path}/upload", client="d1", path="/ManageSoftRL/upload").status


def test_an_upload_above_the_request_limit_is_not_found(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    assert put(served, tmp_path, 1001) == 200
    configure(served, f"{SITE}/ManageSoftRL", LIMIT)
    assert [put(served, tmp_path, size) for size in (1000, 1001)] == [200, 404]


def test_a_web_config_bounds_its_own_folder(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    web_config(served, "Flexera Software/ManageSoftDL", LIMIT)
    assert put(served, tmp_path, 1001) == 200
    web_config(served, "Flexera Software/ManageSoftRL", LIMIT)
    assert put(served, tmp_path, 1001) == 404


def test_a_web_config_weakens_the_ssl_settings_only_where_it_may(tmp_path: Path, listeners: Listeners) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    web_config(served, "Flexera Software/ManageSoftRL", '<access sslFlags="Ssl" />')
    assert served.curl(path="/ManageSoftRL/x").status == 403
    configure(served, f"{SITE}/ManageSoftRL", "<access />", ' overrideMode="Allow"')
    assert served.curl(path="/ManageSoftRL/x").status == 200
    assert served.curl(path="/ManageSoftDL/x").status == 403


@pytest.mark.parametrize(
    ("mapping", "status"),
    [
        (f'<{MAPPING} enabled="true" />', 403),
        (f'<{MAPPING} enabled="false" />', 200),
        (f'<{MAPPING} enabled="true"><oneToOneMappings><add userName="a" /></oneToOneMappings></{MAPPING}>', 200),
    ],
)
def test_a_mapping_without_entries_refuses_every_certificate(
    tmp_path: Path, listeners: Listeners, mapping: str, status: int
) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    configure(served, SITE, f"<authentication>{mapping}</authentication>")
    reply = served.curl(client="d1")
    assert reply.status == status
    assert ("403.12" in reply.body) is (status == 403)


def list_suites(served: Served, *suites: str) -> None:
    """The policy's order of cipher suites, and nothing else of the registry."""
    key = RegistryKey(values={"Functions": RegistryValue("String", ",".join(suites))})
    for part in reversed(CIPHER_SUITES[0].split("\\")):
        key = RegistryKey({part: key})
    served.directory.save_registry(key)


@pytest.mark.parametrize(
    ("suites", "ciphers", "code"),
    [
        (["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"], "ECDHE-ECDSA-AES256-GCM-SHA384", 0),
        (["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"], "ECDHE-ECDSA-AES128-GCM-SHA256", 35),
        (["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], "ALL", 35),
        (["TLS_AES_256_GCM_SHA384"], "ALL", 35),
        ([], "ECDHE-ECDSA-AES128-GCM-SHA256", 0),
    ],
)
def test_the_list_of_cipher_suites_holds_up_to_tls_12(
    tmp_path: Path, listeners: Listeners, suites: list[str], ciphers: str, code: int
) -> None:
    served = serve(tmp_path, CERTIFICATES, listeners)
    if suites:
        list_suites(served, *suites)
    reply = served.curl("--tls-max", "1.2", "--ciphers", ciphers, client="d1")
    assert reply.code == code, reply
    assert served.curl("--tlsv1.3", client="d1").code == 0
