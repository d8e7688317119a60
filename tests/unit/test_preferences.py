"""Effective preferences, failover lists and the profile behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.agent.document import ConfigDocument
from console.agent.failover import ListKind, failover_uses
from console.agent.preferences import (
    Origin,
    ProblemKind,
    effective,
    effective_tls,
    value_problem,
)
from console.agent.profile import AgentProfile, Provenance

PROFILE = AgentProfile.load()
COMMON = r"[ManageSoft\Common]"
UPLOADER = r"[ManageSoft\Uploader\CurrentVersion]"


def _document(*lines: str) -> ConfigDocument:
    return ConfigDocument.parse("\n".join(lines).encode() + b"\n")


@pytest.mark.parametrize(
    ("lines", "value", "origin"),
    [
        ((), "False", Origin.DEFAULT),
        ((COMMON, "AddClientCertificateAndKey=True"), "True", Origin.COMMON),
        ((COMMON, "addclientcertificateandkey=True"), "True", Origin.COMMON),
        ((COMMON, "AddClientCertificateAndKey="), "False", Origin.DEFAULT),
        (
            (COMMON, "AddClientCertificateAndKey=True", UPLOADER, "AddClientCertificateAndKey=False"),
            "False",
            Origin.COMPONENT,
        ),
        ((COMMON, "AddClientCertificateAndKey=True", UPLOADER, "AddClientCertificateAndKey="), "True", Origin.COMMON),
        ((UPLOADER, "AddClientCertificateAndKey=True"), "True", Origin.COMPONENT),
        ((r"[ManageSoft\Tracker\CurrentVersion]", "AddClientCertificateAndKey=True"), "False", Origin.DEFAULT),
    ],
)
def test_component_then_common_then_default(lines: tuple[str, ...], value: str, origin: Origin) -> None:
    found = effective(_document(*lines), PROFILE, "Uploader", "AddClientCertificateAndKey")
    assert (found.value, found.origin) == (value, origin)


def test_a_preference_without_a_known_default_is_unset() -> None:
    found = effective(_document(), PROFILE, "Uploader", "SSLClientCertificateFile")
    assert (found.value, found.origin, found.provenance) == (None, Origin.UNSET, Provenance.ASSUMED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("True", True), ("FALSE", False), ("true", True), ("Yes", None), ("1", None), ('"True"', None), ("0", None)],
)
def test_booleans_are_never_guessed(text: str, expected: bool | None) -> None:
    tls = effective_tls(_document(COMMON, f"AddClientCertificateAndKey={text}"), PROFILE, "Tracker")
    assert tls.add_client_certificate is expected
    kinds = {problem.kind for problem in tls.problems}
    assert (ProblemKind.ODD_BOOLEAN in kinds) == (expected is None)
    assert all(text in problem.message for problem in tls.problems)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("SSLClientCertificateFile=$(Home)/c.pem", ProblemKind.UNEXPANDED),
        ("SSLClientPrivateKeyFile=${HOME}/k.pem", ProblemKind.UNEXPANDED),
        ("SSLCACertificateFile=%HOME%/ca.pem", ProblemKind.UNEXPANDED),
        ('SSLCACertificateFile="/etc/ca.pem"', ProblemKind.QUOTED),
        ("SSLCACertificateFile=/a\nSSLCACertificateFile=/b", ProblemKind.DUPLICATE),
        ("PrioritizeRevocationChecks=OCSPX", ProblemKind.UNKNOWN_VALUE),
    ],
)
def test_problems(line: str, kind: ProblemKind) -> None:
    tls = effective_tls(_document(COMMON, line), PROFILE, "Launcher")
    assert [problem.kind for problem in tls.problems] == [kind]


def test_tls_defaults() -> None:
    tls = effective_tls(_document(), PROFILE, "Launcher")
    assert (tls.add_client_certificate, tls.check_server, tls.check_revocation) == (False, True, True)
    assert tls.ca_file == "/var/opt/managesoft/etc/ssl/cert.pem"
    assert tls.ca_directory == "/var/opt/managesoft/etc/ssl/certs"
    assert (tls.client_certificate, tls.client_key) == ("", "")
    assert tls.problems == ()


def test_failover_lists() -> None:
    document = _document(
        r"[ManageSoft\Common\DownloadSettings\{EEFC}]",
        "Protocol=HTTPS",
        "Host=b1.example",
        "Port=443",
        r"[ManageSoft\Common\UploadSettings\abc]",
        "Protocol=http",
        "Host=b2.example",
        "PORT=80",
        "Directory=Other",
        "Priority=25",
        r"[ManageSoft\Common\UploadSettings\broken]",
        "Host=$(Server)",
        "Port=99999",
        r"[ManageSoft\Common\UploadSettings]",
        "Host=parent",
    )
    first, second, broken = failover_uses(document, PROFILE)
    assert (first.kind, first.id, first.protocol, first.host, first.port) == (
        ListKind.DOWNLOAD,
        "{EEFC}",
        "https",
        "b1.example",
        443,
    )
    assert (first.directory, first.components, first.usable) == ("ManageSoftDL", ("Launcher",), True)
    assert (second.directory, second.components, second.priority) == ("Other", ("Tracker", "Uploader"), "25")
    assert not broken.usable
    assert len(broken.problems) == 3


@given(st.binary())
def test_reading_never_fails(data: bytes) -> None:
    document = ConfigDocument.parse(data)
    for component in PROFILE.components:
        effective_tls(document, PROFILE, component)
    failover_uses(document, PROFILE)


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("AddClientCertificateAndKey", "True", True),
        ("AddClientCertificateAndKey", "yes", False),
        ("SSLCRLCacheLifetime", "600", True),
        ("SSLCRLCacheLifetime", "-1", False),
        ("SSLClientCertificateFile", "/etc/x.pem", True),
        ("SSLClientCertificateFile", "x.pem", False),
        ("SSLClientCertificateFile", '"/x.pem"', False),
        ("SSLClientCertificateFile", "/$(X)", False),
        ("PrioritizeRevocationChecks", "OCSP, CRL", True),
        ("PrioritizeRevocationChecks", "OSCP", False),
        ("SelectorAlgorithm", "anything", True),
    ],
)
def test_values_to_write_are_of_their_kind(name: str, value: str, good: bool) -> None:
    assert (value_problem(PROFILE.preference(name), value) == "") is good
