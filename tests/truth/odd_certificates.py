"""Certificates as odd as they are found in the field: any extension left out or wrong, old digests, version 1.

Made with cryptography where it lets us; SHA-1, MD5 and version 1, which it refuses to make, by DER.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
)
_CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "p224": ec.SECP224R1,
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
    "brainpool": ec.BrainpoolP256R1,
    "k256": ec.SECP256K1,
}
_USES = {
    "server": "1.3.6.1.5.5.7.3.1",
    "client": "1.3.6.1.5.5.7.3.2",
    "email": "1.3.6.1.5.5.7.3.4",
    "any": "2.5.29.37.0",
}
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_SHA256_RSA = bytes.fromhex("06092a864886f70d01010b")
_OLD_DIGESTS: Mapping[str, tuple[hashes.HashAlgorithm, bytes]] = {
    "sha1": (hashes.SHA1(), bytes.fromhex("06092a864886f70d010105")),  # noqa: S303 - the fault to be made
    "md5": (hashes.MD5(), bytes.fromhex("06092a864886f70d010104")),  # noqa: S303 - the fault to be made
}
_DIGESTS: Mapping[str, hashes.SHA224 | hashes.SHA256 | hashes.SHA384] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a certificate says. None: that extension isn't there."""

    names: tuple[str, ...] = ()
    """Common names of the subject, in order."""
    key: str = "p256"
    """rsaBITS, dsaBITS, ed25519, ed448, or a curve; `#text` behind it: another key of that kind."""
    days: tuple[int, int] = (-30, 700)
    san: tuple[str, ...] | None = None
    """`dns:`, `ip:`, `uri:` or `mail:` and the name."""
    ca: bool | None = False
    path_length: int | None = None
    usage: tuple[str, ...] | None = ("digital_signature",)
    uses: tuple[str, ...] | None = None
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    extra: str = ""
    """critical | harmless | staple: one more extension."""
    digest: str = "sha256"
    """sha224 … sha384; pss, sha1 and md5 want an issuer with an RSA key."""
    identifiers: bool = True
    """Key identifiers of subject and issuer."""
    version: int = 3


@dataclass(frozen=True, slots=True)
class Made:
    der: bytes
    key: Key = field(repr=False)
    subject: x509.Name

    @property
    def pem(self) -> bytes:
        return pem("CERTIFICATE", self.der)

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    def key_pem(self, form: str = "pkcs8", password: bytes = b"") -> bytes:
        old = form == "old" and isinstance(self.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        shape = serialization.PrivateFormat.TraditionalOpenSSL if old else serialization.PrivateFormat.PKCS8
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            lock = serialization.BestAvailableEncryption(password)
        return self.key.private_bytes(serialization.Encoding.PEM, shape, lock)


AUTHORITY = Recipe(days=(-400, 3000), ca=True, usage=("key_cert_sign", "crl_sign"))


def authority(name: str, **changes: object) -> Recipe:
    return replace(AUTHORITY, names=(name,), **changes)  # type: ignore[arg-type]  # fields by name


@cache
def key_of(kind: str) -> Key:
    """Keys are made once a process: what is tested is files and certificates, not keys."""
    name = kind.partition("#")[0]
    if name in _CURVES:
        return ec.generate_private_key(_CURVES[name]())
    if name == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if name == "ed448":
        return ed448.Ed448PrivateKey.generate()
    if name.startswith("dsa"):
        return dsa.generate_private_key(int(name.removeprefix("dsa")))
    return rsa.generate_private_key(65537, int(name.removeprefix("rsa")))


@cache
def make(recipe: Recipe, issuer: Made | None = None) -> Made:
    """Issue it; `issuer` None: self-signed."""
    key = key_of(recipe.key)
    signer = issuer.key if issuer is not None else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in recipe.names])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_TODAY + timedelta(days=recipe.days[0]))
        .not_valid_after(_TODAY + timedelta(days=recipe.days[1]))
    )
    for extension, critical in _extensions(recipe, key, issuer):
        builder = builder.add_extension(extension, critical=critical)
    modern = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    pss = None
    if recipe.digest == "pss" and isinstance(signer, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    digest = None if modern else _DIGESTS.get(recipe.digest, hashes.SHA256())
    der = builder.sign(signer, digest, rsa_padding=pss).public_bytes(serialization.Encoding.DER)
    if recipe.version == 1:
        der = _signed(_without_extensions(x509.load_der_x509_certificate(der).tbs_certificate_bytes), signer, "sha256")
    elif recipe.digest in _OLD_DIGESTS:
        der = _signed(x509.load_der_x509_certificate(der).tbs_certificate_bytes, signer, recipe.digest)
    return Made(der, key, subject)


_TODAY = datetime.now(UTC).replace(microsecond=0)


def _extensions(recipe: Recipe, key: Key, issuer: Made | None) -> Iterable[tuple[x509.ExtensionType, bool]]:
    if recipe.ca is not None:
        yield x509.BasicConstraints(recipe.ca, recipe.path_length if recipe.ca else None), True
    if recipe.usage is not None:
        named = {name: name in recipe.usage for name in _USAGES}
        yield x509.KeyUsage(**named, encipher_only=False, decipher_only=False), True
    if recipe.uses is not None:
        yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(_USES[use]) for use in recipe.uses]), False
    if recipe.san is not None:
        yield x509.SubjectAlternativeName([_general(name) for name in recipe.san]), not recipe.names
    if recipe.permitted or recipe.excluded:
        permitted = [_general(name) for name in recipe.permitted] or None
        yield x509.NameConstraints(permitted, [_general(name) for name in recipe.excluded] or None), True
    if recipe.identifiers:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        if issuer is not None:
            yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False
    if recipe.extra == "staple":
        yield x509.TLSFeature([x509.TLSFeatureType.status_request]), False
    elif recipe.extra:
        odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
        yield odd, recipe.extra == "critical"


def _general(text: str) -> x509.GeneralName:
    kind, _, name = text.partition(":")
    if kind == "ip":
        return x509.IPAddress(ipaddress.ip_network(name) if "/" in name else ipaddress.ip_address(name))
    if kind == "uri":
        return x509.UniformResourceIdentifier(name)
    return x509.RFC822Name(name) if kind == "mail" else x509.DNSName(name)


def _signed(tbs: bytes, signer: Key, digest: str) -> bytes:
    """Sign by hand. Only RSA knows the old digests; another key signs as it always does."""
    if isinstance(signer, rsa.RSAPrivateKey):
        algorithm, oid = _OLD_DIGESTS.get(digest, (hashes.SHA256(), _SHA256_RSA))
        tbs = tbs.replace(_SHA256_RSA, oid, 1)
        signature, algorithm_der = signer.sign(tbs, padding.PKCS1v15(), algorithm), _tlv(0x30, oid + b"\x05\x00")
    elif isinstance(signer, ec.EllipticCurvePrivateKey):
        signature = signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
        algorithm_der = _tlv(0x30, bytes.fromhex("06082a8648ce3d040302"))
    else:
        raise ValueError("signed by hand with RSA and EC keys alone")
    return _tlv(0x30, tbs + algorithm_der + _tlv(0x03, b"\0" + signature))


def _without_extensions(tbs: bytes) -> bytes:
    """Version 1: neither version nor extensions."""
    members = [member for member in _members(tbs) if member[0] not in (0xA0, 0xA3)]
    return _tlv(0x30, b"".join(members))


def _members(der: bytes) -> list[bytes]:
    _, place = _head(der, 0)
    found = []
    while place < len(der):
        length, content = _head(der, place)
        found.append(der[place : content + length])
        place = content + length
    return found


def _head(der: bytes, place: int) -> tuple[int, int]:
    """Length of the content, and where it begins."""
    first = der[place + 1]
    if first < 0x80:
        return first, place + 2
    count = first & 0x7F
    return int.from_bytes(der[place + 2 : place + 2 + count]), place + 2 + count


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(size)]) + size + content


def pem(label: str, der: bytes) -> bytes:
    body = base64.encodebytes(der).replace(b"\n", b"")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return b"\n".join([f"-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b""])
