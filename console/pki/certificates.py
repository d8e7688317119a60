"""What a certificate says, parsed once per content. Hostile bytes give facts with a `problem`, never an exception."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID
from OpenSSL import crypto

from console.pki.der import Element, read_element, read_sequence

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_USE = "2.5.29.37.0"
_NETSCAPE_TYPE = "2.16.840.1.113730.1.1"
_TLS_FEATURE_STATUS_REQUEST = 5


@dataclass(frozen=True, slots=True)
class Certificate:
    """Facts of one certificate. Times are UTC. Empty or None where the certificate doesn't say."""

    der: bytes = field(repr=False)
    sha256: str = ""
    sha1: str = ""
    """As Windows shows it: upper-case hex."""
    spki_sha256: str = ""
    subject: str = ""
    issuer: str = ""
    subject_der: bytes = field(default=b"", repr=False)
    issuer_der: bytes = field(default=b"", repr=False)
    serial: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    common_names: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    ip_names: tuple[str, ...] = ()
    extended_key_usage: tuple[str, ...] | None = None
    """Dotted object identifiers; None: no such extension."""
    key_usage: frozenset[str] | None = None
    netscape_type: int | None = None
    is_ca: bool = False
    key_kind: str = ""
    """rsa, ec, ed25519, ed448, dsa; empty: not known to us."""
    key_bits: int = 0
    curve: str = ""
    digest: str = ""
    """Of the signature: sha256 …; `none` where the algorithm has its own (Ed25519)."""
    subject_key: bytes = b""
    authority_key: bytes = b""
    revocation_lists: tuple[str, ...] = ()
    status_responders: tuple[str, ...] = ()
    must_staple: bool = False
    critical_unknown: tuple[str, ...] = ()
    problem: str = ""
    """What couldn't be parsed; facts that depend on it are missing."""

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
    values: dict[str, object] = {
        "sha256": hashlib.sha256(der).hexdigest(),
        "sha1": hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
    }
    problems: list[str] = []
    try:
        values.update(_outline(der))
    except (ValueError, IndexError):
        problems.append("its outline can't be read")
    try:
        with warnings.catch_warnings():
            # Odd serials and parameters are deprecated in cryptography; they are facts here, not news.
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(der)
            for reader in (_dates, _names, _key, _signature, _extensions):
                try:
                    values.update(reader(parsed))
                except (ValueError, TypeError, UnsupportedAlgorithm, OverflowError) as unreadable:
                    problems.append(f"{reader.__name__.strip('_')}: {_short(unreadable)}")
    except (ValueError, TypeError, UnsupportedAlgorithm) as unreadable:
        problems.append(_short(unreadable))
        values.update(_dates_of_openssl(der))
    return Certificate(der=der, problem="; ".join(problems), **values)  # type: ignore[arg-type]


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
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(char for char in text if char.isprintable())[:120]


def _outline(der: bytes) -> dict[str, object]:
    fields: list[Element] = [*read_sequence(read_element(read_element(der).content).content)]
    if fields[0].tag == 0xA0:
        fields = fields[1:]
    return {
        "issuer_der": fields[2].whole,
        "subject_der": fields[4].whole,
        "spki_sha256": hashlib.sha256(fields[5].whole).hexdigest(),
    }


def _dates(parsed: x509.Certificate) -> dict[str, object]:
    return {
        "not_before": parsed.not_valid_before_utc,
        "not_after": parsed.not_valid_after_utc,
        "serial": format(parsed.serial_number, "x"),
    }


def _dates_of_openssl(der: bytes) -> dict[str, object]:
    loaded = openssl_certificate(der)
    if loaded is None:
        return {}
    found: dict[str, object] = {}
    for name, read in (("not_before", loaded.get_notBefore), ("not_after", loaded.get_notAfter)):
        try:
            text = (read() or b"").decode("ascii")
            found[name] = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
        except (ValueError, crypto.Error):
            continue
    return found


def _names(parsed: x509.Certificate) -> dict[str, object]:
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


def _key(parsed: x509.Certificate) -> dict[str, object]:
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


def _signature(parsed: x509.Certificate) -> dict[str, object]:
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


def _extensions(parsed: x509.Certificate) -> dict[str, object]:
    values: dict[str, object] = {"critical_unknown": ()}
    unknown: list[str] = []
    for extension in parsed.extensions:
        oid = extension.oid
        if extension.critical and oid not in _KNOWN_CRITICAL and oid.dotted_string != _NETSCAPE_TYPE:
            unknown.append(oid.dotted_string)
        values.update(_extension(extension.value))
    values["critical_unknown"] = tuple(unknown)
    return values


def _extension(value: x509.ExtensionType) -> dict[str, object]:
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
