"""Facts of certificates: whatever the bytes, they come without an exception."""

from __future__ import annotations

import pytest

from console.pki.certificates import Certificate
from tests.unit import readiness_kit as kit

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


def test_the_same_facts_in_any_order() -> None:
    names = ("problem", "digest", "dns_names", "key_kind", "label", "not_after", "is_ca", "spki_sha256", "sha1")
    one, other = Certificate(kit.server().der), Certificate(kit.server().der)
    assert {name: getattr(one, name) for name in names} == {name: getattr(other, name) for name in reversed(names)}
    assert not one.problem
    assert one.dns_names
