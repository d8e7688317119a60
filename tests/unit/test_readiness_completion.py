"""What OpenSSL adds behind a leaf: by name as OpenSSL compares names, valid before expired, one or up to the root."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from console.pki.loading import Anchor
from console.readiness.completion import completed
from tests.unit import readiness_kit as kit


def anchors(*issued: kit.Issued) -> tuple[Anchor, ...]:
    return tuple(Anchor(one.der) for one in issued)


def test_up_to_the_root_or_to_the_first_that_is_trusted() -> None:
    trusted = anchors(kit.other_root(), kit.root(), kit.issuing())
    whole = (kit.client().der, kit.issuing().der, kit.root().der)
    assert completed(kit.client().der, trusted, kit.NOW, partial=False) == whole
    assert completed(kit.client().der, trusted, kit.NOW, partial=True) == whole[:2]


def test_nothing_trusted_issued_it() -> None:
    leaf = kit.client().der
    assert completed(leaf, anchors(kit.root(), kit.other_root()), kit.NOW, partial=False) == (leaf,)


def test_a_valid_issuer_goes_before_an_expired_one() -> None:
    key = kit.issuing().key
    expired = kit.issue("Corp Issuing", kit.root(), ca=True, days=(-900, -3), key=key)
    longer_expired = kit.issue("Corp Issuing", kit.root(), ca=True, days=(-900, -300), key=key)
    leaf = kit.client().der
    assert completed(leaf, anchors(expired, kit.issuing()), kit.NOW, partial=True) == (leaf, kit.issuing().der)
    assert completed(leaf, anchors(longer_expired, expired), kit.NOW, partial=True) == (leaf, expired.der)


def test_another_key_of_the_same_name_isnt_the_issuer() -> None:
    leaf = kit.client().der
    fake = kit.issue("Corp Issuing", kit.root(), ca=True)
    assert completed(leaf, anchors(fake), kit.NOW, partial=True) == (leaf,)


def test_a_self_signed_leaf_stands_alone() -> None:
    own = kit.issue("device01", None)
    assert completed(own.der, anchors(own, kit.root()), kit.NOW, partial=False) == (own.der,)


def test_names_are_compared_as_openssl_does() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.NameAttribute(NameOID.COMMON_NAME, "corp  ISSUING", _type=_ASN1Type.PrintableString)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([name]))
        .issuer_name(kit.root().certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(kit.NOW.replace(year=2020))
        .not_valid_after(kit.NOW.replace(year=2040))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    odd = builder.sign(kit.root().key, hashes.SHA256()).public_bytes(Encoding.DER)
    leaf = kit.client().der
    assert completed(leaf, (Anchor(odd),), kit.NOW, partial=True) == (leaf, odd)
