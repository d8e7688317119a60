"""Revocation lists and responders, judged purely: signature, dates, revoked, and whatever else may come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from console.pki.revocation import read_response, responder_address
from console.pki.revocation_facts import (
    Reach,
    RevocationAnswer,
    RevocationFact,
    RevocationMethod,
    RevocationState,
    changes_of,
    dated,
)
from console.pki.revocation_list import RevocationList
from tests.unit import readiness_kit as kit

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def revocation_list(
    issuer: kit.Issued,
    *revoked: kit.Issued,
    begin: timedelta = -DAY,
    end: timedelta = DAY,
    name: str = "",
    more: x509.ExtensionType | None = None,
) -> x509.CertificateRevocationList:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) if name else issuer.certificate.subject
    builder = x509.CertificateRevocationListBuilder().issuer_name(subject)
    builder = builder.last_update(NOW + begin).next_update(NOW + end)
    if more is not None:
        builder = builder.add_extension(more, critical=True)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number).revocation_date(NOW - DAY)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(cast("ec.EllipticCurvePrivateKey", issuer.key), hashes.SHA256())


def response(
    signer: kit.Issued,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    about: kit.Issued | None = None,
    begin: timedelta = -DAY,
    end: timedelta = DAY,
    issuer: kit.Issued | None = None,
    digest: hashes.HashAlgorithm | None = None,
    named: kit.Issued | None = None,
    by_name: bool = False,
) -> bytes:
    """`issuer`, `digest`: how it names the certificate that it is about; `named`: who it says has signed it."""
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        (about or kit.server()).certificate,
        (issuer or kit.issuing()).certificate,
        digest or hashes.SHA1(),  # noqa: S303 - names the certificate, as it was asked for
        status,
        NOW + begin,
        NOW + end,
        NOW - DAY if revoked else None,
        None,
    )
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, (named or signer).certificate)
    builder = builder.certificates([signer.certificate])
    key = cast("ec.EllipticCurvePrivateKey", signer.key)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def judge_list(content: bytes, certificate: bytes, issuer: bytes, now: datetime) -> RevocationAnswer:
    return dated(RevocationList(content).says_of(certificate, issuer), RevocationMethod.CRL, now)


def judge_response(content: bytes, certificate: bytes, issuer: bytes, now: datetime) -> RevocationAnswer:
    return dated(read_response(content, certificate, issuer), RevocationMethod.OCSP, now)


LISTS = [
    ("good", lambda: revocation_list(kit.issuing(), kit.client()), RevocationState.GOOD),
    ("revoked", lambda: revocation_list(kit.issuing(), kit.server()), RevocationState.REVOKED),
    ("expired", lambda: revocation_list(kit.issuing(), begin=-2 * DAY, end=-DAY), RevocationState.EXPIRED),
    ("early", lambda: revocation_list(kit.issuing(), begin=DAY, end=2 * DAY), RevocationState.NOT_YET_VALID),
    ("other", lambda: revocation_list(kit.root()), RevocationState.OTHER_ISSUER),
    ("forged", lambda: revocation_list(kit.other_root(), name="Corp Issuing"), RevocationState.BAD_SIGNATURE),
]


@pytest.mark.parametrize(("made", "state"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS])
@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_lists(made: Callable[[], x509.CertificateRevocationList], state: RevocationState, encoding: Encoding) -> None:
    content = made().public_bytes(encoding)
    assert judge_list(content, kit.server().der, kit.issuing().der, NOW).state is state


PLACE = "http://ca.test/x.crl"


def scope(**only: bool) -> x509.IssuingDistributionPoint:
    place = [x509.UniformResourceIdentifier(PLACE)]
    return x509.IssuingDistributionPoint(
        place,
        None,
        only_contains_user_certs=only.get("users", False),
        only_contains_ca_certs=only.get("authorities", False),
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=only.get("attributes", False),
    )


@pytest.mark.parametrize(
    ("more", "leaf", "authority"),
    [
        (scope(), True, True),
        (scope(users=True), True, False),
        (scope(authorities=True), False, True),
        (scope(attributes=True), False, False),
        (x509.DeltaCRLIndicator(1), False, False),
    ],
    ids=["all", "users", "authorities", "attributes", "delta"],
)
def test_a_list_may_be_for_some_certificates_alone(more: x509.ExtensionType, leaf: bool, authority: bool) -> None:
    of_root = revocation_list(kit.root(), more=more).public_bytes(Encoding.DER)
    expected = {True: RevocationState.GOOD, False: RevocationState.WRONG_SCOPE}
    for ca, is_good in ((False, leaf), (True, authority)):
        subject = kit.issue("member", kit.root(), ca=ca, crl=PLACE)
        assert judge_list(of_root, subject.der, kit.root().der, NOW).state is expected[is_good]


def responder(issuer: kit.Issued, *usages: x509.ObjectIdentifier, days: tuple[float, float] = (-10, 400)) -> kit.Issued:
    return kit.issue("Responder", issuer, usages=usages or [ExtendedKeyUsageOID.OCSP_SIGNING], days=days)


REVOKED = ocsp.OCSPCertStatus.REVOKED
UNKNOWN = ocsp.OCSPCertStatus.UNKNOWN
RESPONSES = [
    ("by-the-issuer", lambda: response(kit.issuing()), RevocationState.GOOD),
    ("by-its-responder", lambda: response(responder(kit.issuing())), RevocationState.GOOD),
    ("by-an-old-one", lambda: response(responder(kit.issuing(), days=(-30, -1))), RevocationState.EXPIRED),
    ("by-an-early-one", lambda: response(responder(kit.issuing(), days=(1, 30))), RevocationState.NOT_YET_VALID),
    ("by-another", lambda: response(responder(kit.other_root())), RevocationState.BAD_SIGNATURE),
    ("by-a-server", lambda: response(kit.server()), RevocationState.BAD_SIGNATURE),
    ("revoked", lambda: response(kit.issuing(), REVOKED), RevocationState.REVOKED),
    ("unknown", lambda: response(kit.issuing(), UNKNOWN), RevocationState.UNKNOWN),
    ("of-another", lambda: response(kit.issuing(), about=kit.client()), RevocationState.OTHER_ISSUER),
    ("of-another-ca", lambda: response(kit.issuing(), issuer=kit.other_root()), RevocationState.OTHER_ISSUER),
    ("expired", lambda: response(kit.issuing(), begin=-2 * DAY, end=-DAY), RevocationState.EXPIRED),
    ("early", lambda: response(kit.issuing(), begin=DAY, end=2 * DAY), RevocationState.NOT_YET_VALID),
    (
        "refused",
        lambda: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            Encoding.DER
        ),
        RevocationState.UNKNOWN,
    ),
]


@pytest.mark.parametrize(("made", "state"), [row[1:] for row in RESPONSES], ids=[row[0] for row in RESPONSES])
def test_responses(made: Callable[[], bytes], state: RevocationState) -> None:
    assert judge_response(made(), kit.server().der, kit.issuing().der, NOW).state is state


def test_the_dates_of_a_responder_have_no_allowance_and_are_told() -> None:
    """Whoever judges by another clock, or later, has them: they are part of the answer."""
    by = responder(kit.issuing(), days=(-10, 0.5))
    answer = read_response(response(by), kit.server().der, kit.issuing().der)
    ends = by.certificate.not_valid_after_utc
    assert dated(answer, RevocationMethod.OCSP, ends).state is RevocationState.GOOD
    late = dated(answer, RevocationMethod.OCSP, ends + timedelta(seconds=1))
    assert (late.state, "the responder's own certificate" in late.detail) == (RevocationState.EXPIRED, True)
    fact = RevocationFact("aa", RevocationMethod.OCSP, "http://a", Reach.ANSWERED, answer=answer)
    assert ends in changes_of(fact)
    assert msgspec.json.decode(msgspec.json.encode(fact), type=RevocationFact) == fact


def test_an_extension_that_stands_twice_is_unreadable() -> None:
    """cryptography's exception for it is no ValueError."""
    key = cast("ec.EllipticCurvePrivateKey", kit.issuing().key)
    builder = x509.CertificateRevocationListBuilder().issuer_name(kit.issuing().certificate.subject)
    builder = builder.last_update(NOW - DAY).next_update(NOW + DAY)
    for oid in ("1.2.3.5", "1.2.3.6"):
        more = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), bytes(150))
        builder = builder.add_extension(more, critical=False)
    body = builder.sign(key, hashes.SHA256()).tbs_certlist_bytes.replace(b"\x2a\x03\x06", b"\x2a\x03\x05")
    signature = b"\0" + key.sign(body, ec.ECDSA(hashes.SHA256()))
    ecdsa_with_sha256 = bytes.fromhex("300a06082a8648ce3d040302")
    whole = body + ecdsa_with_sha256 + b"\x03" + bytes([len(signature)]) + signature
    content = b"\x30\x82" + len(whole).to_bytes(2, "big") + whole
    answer = judge_list(content, kit.server().der, kit.issuing().der, NOW)
    assert (answer.state, "Duplicate" in answer.detail) == (RevocationState.UNREADABLE, True)


def test_a_responder_is_asked_by_an_address() -> None:
    url = responder_address("http://ocsp.test/", kit.server().der, kit.issuing().der)
    assert url.startswith("http://ocsp.test/M")
    assert set(url) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%:/.")


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_answers_are_never_good(noise: bytes, cut: int) -> None:
    whole_list = revocation_list(kit.issuing()).public_bytes(Encoding.DER)
    whole_response = response(kit.issuing())
    for judge, whole in ((judge_list, whole_list), (judge_response, whole_response)):
        at = min(cut, len(whole) - 1)
        for content in (noise, whole[:at], whole[:at] + noise):
            if content == whole:
                continue
            answer = judge(content, kit.server().der, kit.issuing().der, NOW)
            assert answer.state is not RevocationState.GOOD
            assert answer.detail.isprintable()
