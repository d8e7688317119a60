"""The beacon's directory: what is written is read back, and an edit leaves the rest alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from console.errors import ConfigurationError
from console.iis.snapshot import HttpSysRecord
from fixtures.lab.applicationhost import ApplicationHost, SiteBinding, SiteDefinition, format_access, parse_access
from fixtures.lab.certificate_store import StoredCertificate
from fixtures.lab.iis_directory import SCHANNEL, IisDirectory, Machine, RegistryKey, dword

SITE = "Default Web Site"


def configuration() -> ApplicationHost:
    document = ApplicationHost(b"<configuration><!-- kept --></configuration>")
    document.add_site(
        SiteDefinition(SITE, 1, (SiteBinding("https", "*:443:b1.lab.test", 1), SiteBinding("http", "*:80:")))
    )
    return document


def reread(document: ApplicationHost) -> ApplicationHost:
    return ApplicationHost(document.content())


def test_sites_survive_writing_and_comments_stay() -> None:
    document = reread(configuration())
    assert document.site(SITE.upper()) == configuration().site(SITE)
    assert b"<!-- kept -->" in document.content()
    assert b"\r\n" in document.content()


def test_a_binding_knows_its_http_sys_key() -> None:
    keys = {
        SiteBinding("https", "*:443:").httpsys_key: "0.0.0.0:443",
        SiteBinding("https", "10.0.0.1:8443:").httpsys_key: "10.0.0.1:8443",
        SiteBinding("https", "[::1]:443:").httpsys_key: "[::1]:443",
        SiteBinding("https", "*:443:b1", 1).httpsys_key: "b1:443",
    }
    assert all(found == expected for found, expected in keys.items())


def test_access_is_inherited_until_set_below() -> None:
    document = configuration()
    assert document.effective_access(f"{SITE}/ManageSoftRL") == ()
    document.set_access(SITE, ["SslRequireCert", "Ssl", "SslNegotiateCert"])
    document = reread(document)
    assert document.effective_access(f"{SITE}/ManageSoftRL") == ("Ssl", "SslNegotiateCert", "SslRequireCert")
    document.set_access(f"{SITE}/ManageSoftRL", [])
    assert reread(document).effective_access(f"{SITE}/ManageSoftRL") == ()
    assert document.access_locations() == (SITE, f"{SITE}/ManageSoftRL")


def test_taking_a_setting_back_leaves_the_file_as_it_was() -> None:
    document = reread(configuration())
    before = document.content()
    document.set_access(SITE, ["Ssl"])
    document.set_upload_read_ahead("", 1)
    assert document.upload_read_ahead(SITE) == 1
    document.set_access(SITE, None)
    document.set_upload_read_ahead("", None)
    assert document.content() == before


@pytest.mark.parametrize("text", ["Ssl,SslRequireCert", "ssl, sslrequirecert", "SslRequireCert Ssl"])
def test_flags_are_read_in_any_spelling(text: str) -> None:
    assert format_access(parse_access(text)) == "Ssl, SslRequireCert"


def test_an_unknown_flag_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="SslMaybe"):
        parse_access("Ssl,SslMaybe")


def test_a_document_type_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        ApplicationHost(b'<!DOCTYPE a [<!ENTITY b "c">]><configuration/>')


def test_saving_is_refused_when_the_file_has_changed(tmp_path: Path) -> None:
    directory = IisDirectory(tmp_path)
    directory.save_configuration(configuration())
    mine, other = directory.configuration(), directory.configuration()
    other.set_access(SITE, ["Ssl"])
    directory.save_configuration(other)
    with pytest.raises(ConfigurationError, match="changed on disk"):
        directory.save_configuration(mine)


def test_the_json_files_are_read_back(tmp_path: Path) -> None:
    directory = IisDirectory(tmp_path)
    directory.save_machine(Machine("B1", build=17763, clock=5.0))
    records = (HttpSysRecord("ipport", "0.0.0.0:443", "AB", clientcertnegotiation=True),)
    directory.save_httpsys(records)
    tls10 = RegistryKey({"Server": RegistryKey(values={"Enabled": dword(0)})})
    schannel = RegistryKey({"Protocols": RegistryKey({"TLS 1.0": tls10})})
    root = schannel
    for part in reversed(SCHANNEL.split("\\")):
        root = RegistryKey({part: root})
    directory.save_registry(root)
    directory.save_site_states({SITE: "Stopped", "Other": "Started"})
    assert directory.machine() == Machine("B1", build=17763, clock=5.0)
    assert directory.httpsys() == records
    assert directory.record_of(SiteBinding("https", "*:443:")) == records[0]
    assert directory.registry().value(rf"{SCHANNEL}\protocols\tls 1.0\server", "enabled") == 0
    assert directory.site_states() == {SITE: "Stopped"}
    assert directory.service_states() == {}


def test_certificates_are_found_with_and_without_key(tmp_path: Path) -> None:
    stores = IisDirectory(tmp_path).stores
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "b1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    stores.add(StoredCertificate("My", certificate, key, friendly_name="b1", exportable=False))
    stores.add(StoredCertificate("Root", certificate))
    entry = stores.find("MY", stores.store("my")[0].thumbprint.lower())
    assert entry is not None
    assert entry.key is not None
    assert (entry.friendly_name, entry.exportable) == ("b1", False)
    assert [row.key for row in stores.store("Root")] == [None]
    assert stores.remove("My", entry.thumbprint)
    assert not stores.remove("My", entry.thumbprint)
    assert stores.store("My") == ()


def test_a_log_line_cannot_forge_another(tmp_path: Path) -> None:
    IisDirectory(tmp_path).log("one\nforged")
    assert (tmp_path / "log" / "events.log").read_text().count("\n") == 1
