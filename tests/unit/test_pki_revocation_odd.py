"""Certificates and lists that OpenSSL decodes and cryptography refuses, each with an error of its own kind."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from console.agent.snapshot import DeviceSnapshot
from console.pki.certificates import UNREADABLE
from console.pki.loading import load_ca_file
from console.pki.revocation import is_revocation_list, read_response, responder_address
from console.pki.revocation_facts import RevocationState
from console.pki.revocation_list import RevocationList
from console.readiness.judge import judge_pair
from console.readiness.model import Verdict
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import on_device
from tests.unit.test_pki_revocation import response, revocation_list

VERSION_3 = bytes.fromhex("a003020102")
LIST_VERSION_2 = bytes.fromhex("020101")
# An unknown TLS feature (RFC 7633), for which cryptography has no name: KeyError.
ODD_FEATURE = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.24"), bytes.fromhex("3003020109"))


def of_version(number: int, issued: kit.Issued) -> bytes:
    """X.509 knows versions up to 3, which is written as 2."""
    return issued.der.replace(VERSION_3, VERSION_3[:-1] + bytes([number]), 1)


def list_of_version(number: int) -> bytes:
    return revocation_list(kit.root()).public_bytes(Encoding.DER).replace(LIST_VERSION_2, bytes([2, 1, number]), 1)


def pem(label: str, der: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(der), label.encode())


def odd_certificates() -> list[bytes]:
    featured = kit.issue("odd", kit.issuing(), more=((ODD_FEATURE, False),))
    return [of_version(9, kit.server()), featured.der, b"\x30\x00", b""]


@pytest.mark.parametrize("place", range(4))
def test_an_odd_certificate_is_answered_with_words(place: int) -> None:
    odd, issuer = odd_certificates()[place], kit.issuing().der
    whole = revocation_list(kit.issuing()).public_bytes(Encoding.DER)
    for certificate, authority in ((odd, issuer), (kit.server().der, odd), (odd, odd)):
        by_list = RevocationList(whole).says_of(certificate, authority)
        by_responder = read_response(response(kit.issuing()), certificate, authority)
        for answer in (by_list, by_responder):
            assert answer.state is not RevocationState.REVOKED
            assert answer.detail.isprintable()
        try:
            assert responder_address("http://ocsp.test", certificate, authority).startswith("http://ocsp.test/")
        except UNREADABLE:
            assert (certificate, authority) != (kit.server().der, issuer)


def test_a_responder_whose_certificate_is_odd_signed_nothing() -> None:
    said = response(kit.issue("responder", kit.issuing(), more=((ODD_FEATURE, False),)))
    assert ocsp.load_der_ocsp_response(said).response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert read_response(said, kit.server().der, kit.issuing().der).state is not RevocationState.GOOD


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_a_list_of_another_version_is_one_for_openssl(number: int, tmp_path: Path) -> None:
    file = tmp_path / "list.pem"
    file.write_bytes(pem("X509 CRL", list_of_version(number)))
    decoded = subprocess.run(["openssl", "crl", "-in", str(file), "-noout"], check=False, capture_output=True)
    assert is_revocation_list(list_of_version(number)) is (decoded.returncode == 0) is True


def test_a_ca_file_that_holds_one_is_judged_like_any_other() -> None:
    content = kit.root().pem + pem("X509 CRL", list_of_version(5))
    assert load_ca_file(content).error == ""
    files = tuple(kit.file(f.path, content) if f.path == kit.CA_FILE else f for f in kit.device().files)
    given = on_device(files=files)()
    assert isinstance(given.device, DeviceSnapshot)
    assert judge_pair(given).verdict is Verdict.READY


@given(st.integers(0, 700), st.integers(0, 255))
def test_one_byte_changed_never_raises(place: int, value: int) -> None:
    """Of the certificate, of its issuer, of the list itself."""
    whole = revocation_list(kit.issuing()).public_bytes(Encoding.DER)

    def changed(der: bytes) -> bytes:
        at = place % len(der)
        return der[:at] + bytes([value]) + der[at + 1 :]

    certificate, issuer = kit.server().der, kit.issuing().der
    is_revocation_list(changed(whole))
    for content, subject, authority in (
        (changed(whole), certificate, issuer),
        (whole, changed(certificate), issuer),
        (whole, certificate, changed(issuer)),
    ):
        assert RevocationList(content).says_of(subject, authority).detail.isprintable()
        assert read_response(response(kit.issuing()), subject, authority).detail.isprintable()
