"""SPEC: every default as documented, every mistake one clear error that names file, key and the nearest name."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fixtures.lab
from console.errors import ConfigurationError, ExitStatus
from fixtures.lab.spec import Ask, ClientCertificates, LabSpec, ListenerState, Login, System, UseSpec, WinrmKind
from fixtures.lab.spec_reader import read_spec

START = datetime(2026, 1, 1, tzinfo=UTC)
PKI = '[ca.corp]\n[ca.issuing]\nissuer = "corp"\n'


def spec(folder: Path, text: str) -> LabSpec:
    file = folder / "spec.toml"
    file.write_text(text)
    return read_spec(file, START)


def test_the_smallest_beacon_and_device_are_a_name(tmp_path: Path) -> None:
    lab = spec(tmp_path, PKI + '[[beacon]]\nname = "b1"\n[[device]]\nname = "d1"\n')
    beacon, device = lab.beacons[0], lab.devices[0]
    assert (beacon.host, beacon.os_build, beacon.protocols) == ("b1.lab.test", 20348, ("TLSv1.2", "TLSv1.3"))
    assert (beacon.client_certificates, beacon.require_ssl) == (ClientCertificates.REQUIRE, True)
    assert (beacon.ask, beacon.check_issuer, beacon.check_revocation) == (Ask.FIRST_HANDSHAKE, True, False)
    assert (beacon.trusted, beacon.intermediates) == (("corp",), ("issuing",))
    assert (beacon.upload_read_ahead, beacon.clock, beacon.listener) == (49152, 0.0, ListenerState.UP)
    assert [binding.certificate for binding in beacon.bindings] == [None]
    assert beacon.winrm is WinrmKind.BASIC_HTTPS
    assert (device.system, device.shell, device.user, device.trust) == (System.LINUX, ("/bin/sh",), "root", ("corp",))
    assert (device.certificate, device.login, device.preferences) == (None, Login.KEY, {})
    assert device.uses == (UseSpec("b1", "b1.lab.test", "https", None, 0),)


def test_certificates_default_to_their_owner(tmp_path: Path) -> None:
    text = PKI + '[certificate.b1]\nissuer = "issuing"\n[certificate.d1]\nissuer = "issuing"\n'
    lab = spec(tmp_path, text + '[[beacon]]\nname = "b1"\n[[device]]\nname = "d1"\n')
    assert lab.beacons[0].bindings[0].certificate == "b1"
    assert lab.devices[0].certificate == "d1"
    certificate = lab.certificates["b1"]
    assert (certificate.names, certificate.usage, certificate.key) == (("b1.lab.test",), ("server",), "rsa2048")
    assert certificate.not_before == START - timedelta(days=1)
    assert certificate.not_after == START + timedelta(days=400)
    assert lab.own_intermediates("b1") == ("issuing",)


def test_empty_lists_and_files_mean_empty(tmp_path: Path) -> None:
    (tmp_path / "none.pem").touch()
    text = PKI + '[[beacon]]\nname = "b1"\ntrusted_file = "none.pem"\nintermediates = []\nprotocols = []\n'
    lab = spec(tmp_path, text + '[[device]]\nname = "d1"\ntrust = []\nuse = []\n')
    beacon = lab.beacons[0]
    assert (beacon.trusted, beacon.intermediates, beacon.protocols) == ((), (), ())
    assert beacon.trusted_file == tmp_path / "none.pem"
    assert (lab.devices[0].trust, lab.devices[0].uses) == ((), ())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"-90s"', START - timedelta(seconds=90)),
        ('"+2h"', START + timedelta(hours=2)),
        ('"+1w"', START + timedelta(days=7)),
        ('"2031-06-01"', datetime(2031, 6, 1, tzinfo=UTC)),
        ("2031-06-01", datetime(2031, 6, 1, tzinfo=UTC)),
        ('"1970-01-02 00:00:00"', datetime(1970, 1, 2, tzinfo=UTC)),
        ("2031-06-01T12:00:00+02:00", datetime(2031, 6, 1, 10, tzinfo=UTC)),
    ],
)
def test_moments(tmp_path: Path, value: str, expected: datetime) -> None:
    lab = spec(tmp_path, f'[ca.corp]\nnot_before = {value}\n[[beacon]]\nname = "b1"\nclock = {value}\n')
    assert lab.authorities["corp"].not_before == expected
    assert START + timedelta(seconds=lab.beacons[0].clock) == expected


BEACON, DEVICE = '[[beacon]]\nname = "b1"\n', '[[device]]\nname = "d1"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ca.corp]\nisuer = 'x'", ["ca.corp.isuer", "'issuer'"]),
        ("[ca.issuing]\nissuer = 'crop'\n[ca.corp]", ["ca.issuing.issuer", "'crop'", "'corp'"]),
        ("[ca.a]\nissuer = 'b'\n[ca.b]\nissuer = 'a'", ["its own issuer"]),
        ("[certificate.b1]", ["certificate.b1.issuer", "missing"]),
        (PKI + "[certificate.b1]\nissuer = 'isuing'", ["certificate.b1.issuer", "'issuing'"]),
        (PKI + "[certificate.b1]\nissuer = 'corp'\nkey = 'rsa2047'", ["certificate.b1.key", "rsa2048"]),
        (PKI + "[certificate.b1]\nissuer = 'corp'\nnot_after = 'soon'", ["not_after", "'soon'", "+400d"]),
        (PKI + "[certificate.b1]\nissuer = 'corp'\nnot_after = '-2d'", ["isn't after not_before"]),
        (PKI + "[certificate.b1]\nissuer = 'corp'\nnames = ['bücher']", ["certificate.b1.names", "xn--"]),
        (PKI + BEACON + "[[beacon.binding]]\ncertificate = 'b2'", ["beacon[0].binding[0].certificate", "'b2'"]),
        (PKI + BEACON + "trusted = ['corb']", ["beacon[0].trusted", "'corp'"]),
        (PKI + BEACON + "crl = 'corb'", ["beacon[0].crl", "'corp'"]),
        (PKI + BEACON + "ocsp = 'corb'", ["beacon[0].ocsp", "'corp'"]),
        (PKI + "[ca.x]\nrevoked = ['corb']", ["ca.x.revoked", "'corp'"]),
        (PKI + "[ca.x]\nrevoked = ['corp']", ["ca.x.revoked", "wasn't issued by 'x'"]),
        ("[ca.x]\nthis_update = '+2d'\nnext_update = '+1d'", ["ca.x.next_update", "isn't after this_update"]),
        ("[ca.x]\npublished = 0", ["ca.x.published", "true or false"]),
        (BEACON + "asc = 'late'", ["beacon[0].asc", "'ask'"]),
        (BEACON + "ask = 'latte'", ["beacon[0].ask", "'late'"]),
        (BEACON + "os_build = '20348'", ["beacon[0].os_build"]),
        (BEACON + "require_ssl = 1", ["beacon[0].require_ssl", "true or false"]),
        (BEACON + "trusted_file = 'no.pem'", ["beacon[0].trusted_file", "no such file"]),
        (BEACON + "[[beacon.binding]]\nsni = true", ["needs a host"]),
        (BEACON + "[[beacon.binding]]\ncertificate_files = { chain = 'spec.toml' }", ["both chain and key"]),
        (BEACON + BEACON, ["'b1' is taken"]),
        (BEACON + "[[device]]\nname = 'b1'", ["'b1' is taken"]),
        ("[[beacon]]\nname = '../b1'", ["directory's name"]),
        ("[[beacon]]", ["beacon[0].name", "missing"]),
        ("[beacon]\nname = 'b1'", ["[[beacon]]"]),
        (BEACON + DEVICE + "[[device.use]]\nbeacon = 'b2'", ["device[0].use[0].beacon", "'b1'"]),
        (BEACON + DEVICE + "[[device.use]]\nbeacon = 'b1'\nport = 'listner'", ["port"]),
        (DEVICE + "files = { '../x' = 'spec.toml' }", ["inside the device's directory"]),
        (DEVICE + "files = { 'etc/config.ini' = 'spec.toml' }", ["config_ini"]),
        (DEVICE + "files = { 'x' = 'nothing' }", ["'nothing'", "no such file"]),
        (DEVICE + "preferences = { 'Uplader.X' = '1' }", ["'Uploader'"]),
        (DEVICE + "shell = []", ["device[0].shell"]),
        ("[[devise]]", ["devise", "'device'"]),
        ("a = ", ["isn't TOML"]),
    ],
)
def test_a_mistake_is_one_clear_error(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        spec(tmp_path, text)
    message = str(caught.value)
    assert caught.value.exit_status is ExitStatus.USAGE
    assert "spec.toml" in message
    assert all(word in message for word in words), message
    assert message.count("\n") < 4


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_spec(tmp_path / "none.toml")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_spec_or_a_clear_error(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spec.toml"
        file.write_bytes(content)
        with contextlib.suppress(ConfigurationError):
            read_spec(file)


def test_the_demo_is_a_spec() -> None:
    lab = read_spec(Path(fixtures.lab.__file__).parent / "demo.toml")
    assert (len(lab.beacons), len(lab.devices)) == (3, 12)
