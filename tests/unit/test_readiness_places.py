"""A remedy says where on the machine it is to be done: which binding, which file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.agent.snapshot import FileState
from console.iis.bindings import SNI
from console.iis.snapshot import BeaconSnapshot, Binding
from console.readiness.model import PairInput
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import client, closed_key, on_device, server

CHAIN, KEY = kit.CLIENT_CERTIFICATE, kit.CLIENT_KEY


def two_bindings(**changes: object) -> PairInput:
    """The beacon's certificate is at fault, and its site has another binding, without SNI."""
    given = server(**changes)()
    beacon = given.beacon
    assert isinstance(beacon, BeaconSnapshot)
    site = beacon.sites[0]
    named = Binding(site.name, "https", "*", 443, kit.HOST, SNI, beacon.httpsys[0].certhash, "My")
    record = replace(beacon.httpsys[0], kind="hostnameport", key=f"{kit.HOST}:443")
    sites = (replace(site, bindings=(*site.bindings, named)), *beacon.sites[1:])
    return replace(given, beacon=replace(beacon, sites=sites, httpsys=(record, *beacon.httpsys)))


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"days": (-20, -1)}, "beacon.server-certificate-dates"),
        ({"usages": [kit.CLIENT]}, "beacon.server-certificate-use"),
        ({"kind": "rsa1024"}, "beacon.server-certificate-weak"),
        ({"names": ["elsewhere.example"]}, "beacon.name-mismatch"),
    ],
)
def test_the_binding_of_the_certificate_is_named(changes: dict[str, object], check: str) -> None:
    found = kit.finding(two_bindings(**changes), check)
    site = kit.SITE
    told = f"select it in the binding “*:443:{kit.HOST}” of the site “{site}” (IIS Manager, which resets its http.sys"
    assert told in found.remedy
    assert found.evidence["binding"] == f"“*:443:{kit.HOST}” of the site “{site}”"


def test_a_beacon_without_settings_has_no_binding_to_name() -> None:
    given = two_bindings(days=(-20, -1))
    assert isinstance(given.beacon, BeaconSnapshot)
    unread = replace(given, beacon=replace(given.beacon, reached=False, httpsys=(), sites=()))
    found = kit.finding(unread, "beacon.server-certificate-dates")
    assert "and bind it to the site (IIS Manager, which resets its http.sys flags; this console's" in found.remedy
    assert "binding" not in found.evidence


def certificate_with(**changes: object) -> PairInput:
    settings = {"usages": [kit.CLIENT], **changes}
    return client(kit.issue("device01", kit.root(), **settings))()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "check", "told"),
    [
        (certificate_with(days=(-20, -1)), "device.client-certificate-dates", (CHAIN, KEY, "before any CA")),
        (certificate_with(days=(-20, 5)), "device.expires-soon", (CHAIN, KEY, "In time")),
        (certificate_with(usages=[kit.SERVER]), "device.client-certificate-use", (CHAIN, "the key can stay")),
    ],
)
def test_the_files_of_the_device_are_named(given: PairInput, check: str, told: tuple[str, ...]) -> None:
    found = kit.finding(given, check)
    assert [words for words in told if words not in found.remedy] == []
    assert "403.1" in found.message or check == "device.expires-soon"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"beside": ("cert.pem", "client.crt", "host.key")},
            "another file is meant (host.key lies beside it), write its",
        ),
        ({"beside": ("cert.pem", "a.pem", "b.pem")}, "another file is meant (a.pem, b.pem lie beside it), write its"),
        ({"beside": ("cert.pem", "client.crt")}, "where another file is meant, write its path as SSLClientPrivateKey"),
        ({"beside": ("\x1b[31m.key",)}, "?[31m.key lies beside it"),
    ],
)
def test_a_key_that_lies_beside_the_missing_one_is_named(changes: dict[str, object], told: str) -> None:
    """Files that another preference uses aren't meant (cert.pem is the CA file)."""
    missing = replace(kit.key_fact(), file=kit.file(KEY, None, state=FileState.MISSING, **changes))
    remedy = kit.finding(on_device(keys=(missing,))(), "device.client-key-file").remedy
    assert remedy.startswith(f"On device01: Put the private key at {KEY}, readable for the agent's account alone.")
    assert told in remedy
    assert "in [ManageSoft\\Common] of config.ini" in remedy


def test_a_certificate_that_lies_beside_the_missing_one_is_named() -> None:
    files = [fact for fact in kit.device().files if fact.path != CHAIN]
    missing = kit.file(CHAIN, None, state=FileState.MISSING, beside=("client.key", "host.pem"))
    remedy = kit.finding(on_device(files=(*files, missing))(), "device.client-certificate-file").remedy
    assert "another file is meant (host.pem lies beside it), write its path as SSLClientCertificateFile in" in remedy


def test_a_closed_key_asks_for_no_file() -> None:
    because = "/etc/agent drwx------ root root"
    remedy = kit.finding(
        closed_key(readable_by_agent=False, unreadable_because=because)(), "device.client-key-file"
    ).remedy
    assert f"alone read {KEY}: correct owner and mode" in remedy
    assert "another file" not in remedy


def test_a_root_is_imported_only_where_it_is_known_and_the_one_at_hand_is_named() -> None:
    stranger = kit.issue("stranger", kit.other_root(), usages=[kit.CLIENT])
    remedy = kit.finding(client(stranger, kit.other_root())(), "beacon.client-issuer-untrusted").remedy
    assert "once you know it is yours: the whole machine then trusts all it issues" in remedy
    own = kit.root().certificate.subject.rfc4514_string()
    assert f"issued by a CA that is there, such as “{own}”, to " in remedy
    assert "on device01, write a certificate issued by" in remedy
