"""Facts of certificates: whatever the bytes, they come without an exception."""

from __future__ import annotations

import pytest
from cryptography import x509

from console.pki.certificates import Certificate
from tests.unit import readiness_kit as kit

_MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
_VERSION_3 = bytes.fromhex("a003020102")


@pytest.mark.parametrize("first", ["subject", "not_after", "dns_names", "problem", "label"])
def test_a_version_that_no_certificate_has(first: str) -> None:
    """cryptography's InvalidVersion isn't a ValueError."""
    whole = kit.server().der
    assert _VERSION_3 in whole
    odd = Certificate(whole.replace(_VERSION_3, _VERSION_3[:-1] + b"\x5e", 1))
    assert getattr(odd, first) is not None
    assert "94 is not a valid X509 version" in odd.problem
    assert not odd.dns_names
    assert odd.not_after == Certificate(whole).not_after  # OpenSSL reads it all the same


@pytest.mark.parametrize("number", [6, 114])
def test_a_tls_feature_without_a_name(number: int) -> None:
    """cryptography raises KeyError for it."""
    asked = kit.issue("stapled", kit.issuing(), more=[(_MUST_STAPLE, False)]).der
    feature = bytes.fromhex("3003020105")
    assert feature in asked
    odd = Certificate(asked.replace(feature, feature[:-1] + bytes([number]), 1))
    assert not odd.must_staple
    assert odd.problem == f"extensions: no meaning is known for {number}"
    assert odd.digest == "sha256"


def test_the_same_facts_in_any_order() -> None:
    names = ("problem", "digest", "dns_names", "key_kind", "label", "not_after", "is_ca", "spki_sha256", "sha1")
    one, other = Certificate(kit.server().der), Certificate(kit.server().der)
    assert {name: getattr(one, name) for name in names} == {name: getattr(other, name) for name in reversed(names)}
    assert not one.problem
    assert one.dns_names
