"""What a certificate says, parsed once per content. Hostile bytes give facts with a `problem`, never an exception."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Generic, TypeVar, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID
from OpenSSL import crypto

from console.pki.der import read_element, read_header

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_USE = "2.5.29.37.0"
_NETSCAPE_TYPE = "2.16.840.1.113730.1.1"
_TLS_FEATURE_STATUS_REQUEST = 5
_VERSION = 0xA0
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    KeyError,
)
"""What cryptography raises for bytes that are no certificate. KeyError: a TLS feature that it has no name for."""


T = TypeVar("T")
_Facts = dict[str, object]
_Reader = Callable[[x509.Certificate], _Facts]


class _Fact(Generic[T]):
    """One fact: the reader that gives it runs when the fact is first asked for."""

    def __init__(self, reader: str, default: T) -> None:
        self._reader = reader
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, certificate: Certificate, owner: type) -> T:
        certificate.read(*_READ_TOGETHER.get(self._reader, (self._reader,)))
        # In the instance's own dictionary it is found first from now on.
        return cast("T", certificate.__dict__.setdefault(self._name, self._default))


class Certificate:
    """Facts of one certificate. Times are UTC. Empty or None where the certificate doesn't say.

    Most certificates of a bundle are only asked when they end: every fact is read when it is first asked for.
    """

    sha256 = _Fact("digests", "")
    sha1 = _Fact("digests", "")
    """As Windows shows it: upper-case hex."""
    spki_sha256 = _Fact("outline", "")
    subject = _Fact("names", "")
    issuer = _Fact("names", "")
    subject_der = _Fact("outline", b"")
    issuer_der = _Fact("outline", b"")
    serial = _Fact("dates", "")
    not_before = _Fact[datetime | None]("dates", None)
    not_after = _Fact[datetime | None]("dates", None)
    common_names = _Fact[tuple[str, ...]]("names", ())
    dns_names = _Fact[tuple[str, ...]]("extensions", ())
    ip_names = _Fact[tuple[str, ...]]("extensions", ())
    extended_key_usage = _Fact[tuple[str, ...] | None]("extensions", None)
    """Dotted object identifiers; None: no such extension."""
    key_usage = _Fact[frozenset[str] | None]("extensions", None)
    netscape_type = _Fact[int | None]("extensions", None)
    is_ca = _Fact("extensions", False)
    key_kind = _Fact("key", "")
    """rsa, ec, ed25519, ed448, dsa; empty: not known to us."""
    key_bits = _Fact("key", 0)
    curve = _Fact("key", "")
    digest = _Fact("signature", "")
    """Of the signature: sha256 …; `none` where the algorithm has its own (Ed25519)."""
    subject_key = _Fact("extensions", b"")
    authority_key = _Fact("extensions", b"")
    revocation_lists = _Fact[tuple[str, ...]]("extensions", ())
    status_responders = _Fact[tuple[str, ...]]("extensions", ())
    must_staple = _Fact("extensions", False)
    critical_unknown = _Fact[tuple[str, ...]]("extensions", ())

    def __init__(self, der: bytes) -> None:
        self.der = der
        self._read: set[str] = set()
        self._problems: dict[str, str] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate {self.label!r} {self.sha256[:16]}>"

    def read(self, *readers: str) -> None:
        """Have the facts of these readers, from one parsing. Never raises; what fails is in `problem`."""
        wanted = [reader for reader in readers if reader not in self._read]
        self._read.update(wanted)
        for reader in wanted:
            if reader in _OF_BYTES:
                self.__dict__.update(self._of_bytes(reader))
        parsed = [reader for reader in wanted if reader not in _OF_BYTES]
        if parsed:
            self.__dict__.update(self._of_parsed(parsed))

    @property
    def problem(self) -> str:
        """What couldn't be parsed; facts that depend on it are missing."""
        self.read("outline", *_READERS)
        return "; ".join(
            dict.fromkeys(self._problems[name] for name in ("outline", *_READERS) if name in self._problems)
        )

    def _of_bytes(self, reader: str) -> _Facts:
        try:
            return _OF_BYTES[reader](self.der)
        except (ValueError, IndexError):
            self._problems[reader] = f"its {reader} can't be read"
            return {}

    def _of_parsed(self, readers: Sequence[str]) -> _Facts:
        facts: _Facts = {}
        with warnings.catch_warnings():
            # Odd serials and parameters are deprecated in cryptography; they are facts here, not news.
            warnings.simplefilter("ignore")
            try:
                parsed = x509.load_der_x509_certificate(self.der)
            except UNREADABLE as unreadable:
                self._problems.update(dict.fromkeys(readers, _short(unreadable)))
                return _dates_of_openssl(self.der) if "dates" in readers else facts
            for reader in readers:
                try:
                    facts |= _READERS[reader](parsed)
                except UNREADABLE as unreadable:
                    self._problems[reader] = f"{reader}: {_short(unreadable)}"
        return facts

    @property
    def self_issued(self) -> bool:
        return self.subject_der == self.issuer_der

    @property
    def self_signed(self) -> bool:
        """As OpenSSL's EXFLAG_SS: issued by its own name, and the key identifiers don't deny it."""
        same_key = not self.authority_key or not self.subject_key or self.authority_key == self.subject_key
        return self.self_issued and same_key

    def valid_at(self, moment: datetime) -> bool:
        if self.not_before is None or self.not_after is None:
            return False
        return self.not_before <= moment <= self.not_after

    @property
    def label(self) -> str:
        """Short text for messages: the common name, else the whole subject, else the fingerprint."""
        return (self.common_names[-1] if self.common_names else "") or self.subject or self.sha256[:16]


@lru_cache(maxsize=100_000)
def openssl_certificate(der: bytes) -> crypto.X509 | None:
    """OpenSSL's own object for the chain engine; None where OpenSSL can't decode it."""
    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except (crypto.Error, ValueError):
        return None


def is_readable(der: bytes) -> bool:
    return openssl_certificate(der) is not None


@lru_cache(maxsize=100_000)
def certificate(der: bytes) -> Certificate:
    """The facts. Never raises; see `Certificate.problem`."""
    return Certificate(der)


def subject_hash(der: bytes, *, old: bool = False) -> str:
    """The name under which OpenSSL looks a CA up in a directory; `old`: before OpenSSL 1.0 (MD5). Empty: unreadable."""
    if old:
        digest = hashlib.md5(certificate(der).subject_der, usedforsecurity=False).digest()
        return format(int.from_bytes(digest[:4], "little"), "08x")
    return _subject_hash(der)


@lru_cache(maxsize=100_000)
def _subject_hash(der: bytes) -> str:
    loaded = openssl_certificate(der)
    return "" if loaded is None else format(loaded.subject_name_hash(), "08x")


def _short(error: Exception) -> str:
    said = f"no meaning is known for {error}" if isinstance(error, KeyError) else str(error)
    text = " ".join(said.split()) or type(error).__name__
    return "".join(char for char in text if char.isprintable())[:120]


def _digests(der: bytes) -> _Facts:
    return {
        "sha256": hashlib.sha256(der).hexdigest(),
        "sha1": hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
    }


def _outline(der: bytes) -> _Facts:
    """Of TBSCertificate (RFC 5280, 4.1): version [0] EXPLICIT, serial, algorithm, issuer, validity, subject, key."""
    _, start, limit = read_header(der, 0, len(der))
    _, offset, limit = read_header(der, start, limit)
    fields: list[bytes] = []
    while offset < limit:
        _, _, end = read_header(der, offset, limit)
        fields.append(der[offset:end])
        offset = end
    if fields[0][0] == _VERSION:
        del fields[0]
    return {
        "issuer_der": fields[2],
        "subject_der": fields[4],
        "spki_sha256": hashlib.sha256(fields[5]).hexdigest(),
    }


def _dates(parsed: x509.Certificate) -> _Facts:
    return {
        "not_before": parsed.not_valid_before_utc,
        "not_after": parsed.not_valid_after_utc,
        "serial": format(parsed.serial_number, "x"),
    }


def _dates_of_openssl(der: bytes) -> _Facts:
    loaded = openssl_certificate(der)
    if loaded is None:
        return {}
    found: _Facts = {}
    for name, read in (("not_before", loaded.get_notBefore), ("not_after", loaded.get_notAfter)):
        try:
            text = (read() or b"").decode("ascii")
            found[name] = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
        except (ValueError, crypto.Error):
            continue
    return found


def _names(parsed: x509.Certificate) -> _Facts:
    common = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {
        "subject": _printable(parsed.subject.rfc4514_string()),
        "issuer": _printable(parsed.issuer.rfc4514_string()),
        "common_names": tuple(
            name.value if isinstance(name.value, str) else name.value.decode("utf-8", "replace") for name in common
        ),
    }


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:500]


def _key(parsed: x509.Certificate) -> _Facts:
    key = parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return {"key_kind": "rsa", "key_bits": key.key_size}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"key_kind": "ec", "key_bits": key.curve.key_size, "curve": key.curve.name}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"key_kind": "ed25519", "key_bits": 256}
    if isinstance(key, ed448.Ed448PublicKey):
        return {"key_kind": "ed448", "key_bits": 448}
    if isinstance(key, dsa.DSAPublicKey):
        return {"key_kind": "dsa", "key_bits": key.key_size}
    return {}


def _signature(parsed: x509.Certificate) -> _Facts:
    digest = parsed.signature_hash_algorithm
    return {"digest": digest.name if digest is not None else "none"}


_KNOWN_CRITICAL = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    }
)


def _extensions(parsed: x509.Certificate) -> _Facts:
    values: _Facts = {"critical_unknown": ()}
    unknown: list[str] = []
    for extension in parsed.extensions:
        oid = extension.oid
        if extension.critical and oid not in _KNOWN_CRITICAL and oid.dotted_string != _NETSCAPE_TYPE:
            unknown.append(oid.dotted_string)
        values.update(_extension(extension.value))
    values["critical_unknown"] = tuple(unknown)
    return values


def _extension(value: x509.ExtensionType) -> _Facts:
    match value:
        case x509.SubjectAlternativeName():
            return {
                "dns_names": tuple(value.get_values_for_type(x509.DNSName)),
                "ip_names": tuple(str(address) for address in value.get_values_for_type(x509.IPAddress)),
            }
        case x509.ExtendedKeyUsage():
            return {"extended_key_usage": tuple(use.dotted_string for use in value)}
        case x509.KeyUsage():
            return {"key_usage": frozenset(name for name in _USAGES if getattr(value, name))}
        case x509.BasicConstraints():
            return {"is_ca": value.ca}
        case x509.SubjectKeyIdentifier():
            return {"subject_key": value.digest}
        case x509.AuthorityKeyIdentifier():
            return {"authority_key": value.key_identifier or b""}
        case x509.CRLDistributionPoints():
            return {"revocation_lists": _addresses([name for point in value for name in point.full_name or ()])}
        case x509.AuthorityInformationAccess():
            ocsp = [d.access_location for d in value if d.access_method == AuthorityInformationAccessOID.OCSP]
            return {"status_responders": _addresses(ocsp)}
        case x509.TLSFeature():
            return {"must_staple": any(feature.value == _TLS_FEATURE_STATUS_REQUEST for feature in value)}
        case x509.UnrecognizedExtension() if value.oid.dotted_string == _NETSCAPE_TYPE:
            return {"netscape_type": _bit_string(value.value)}
    return {}


_USAGES = ("digital_signature", "key_encipherment", "key_agreement", "key_cert_sign", "crl_sign")


def _addresses(names: list[x509.GeneralName]) -> tuple[str, ...]:
    return tuple(_printable(name.value) for name in names if isinstance(name, x509.UniformResourceIdentifier))


def _bit_string(value: bytes) -> int:
    content = read_element(value).content
    return content[1] if len(content) > 1 else 0


_OF_CHAINS = ("key", "signature", "extensions")
_READ_TOGETHER = dict.fromkeys(_OF_CHAINS, _OF_CHAINS)
"""A member of a chain is asked for all of them, any other certificate for none."""
_OF_BYTES: dict[str, Callable[[bytes], _Facts]] = {"digests": _digests, "outline": _outline}
_READERS: dict[str, _Reader] = {
    "dates": _dates,
    "names": _names,
    "key": _key,
    "signature": _signature,
    "extensions": _extensions,
}
