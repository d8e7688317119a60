"""A revocation list that is asked of many certificates: decoded once, its signature checked once for each issuer."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtensionOID

from console.pki.revocation_facts import RevocationAnswer, RevocationState

_KEYS = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
FAULTS = (ValueError, TypeError, UnsupportedAlgorithm, OverflowError)
"""What cryptography raises for content that isn't what it says it is."""


class RevocationList:
    """`content`: DER or PEM, as it came; anything at all is allowed."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._issued: dict[bytes, RevocationAnswer] = {}

    def says_of(self, certificate: bytes, issuer: bytes) -> RevocationAnswer:
        """Of a certificate of `issuer` (both DER), whatever the clock. Never raises."""
        try:
            if issuer not in self._issued:
                self._issued[issuer] = self._is_of(x509.load_der_x509_certificate(issuer))
            of_issuer = self._issued[issuer]
            if of_issuer.state is not RevocationState.GOOD:
                return of_issuer
            subject = x509.load_der_x509_certificate(certificate)
            if self._is_for_others(subject):
                text = "it is a list for certificates of another kind"
                return RevocationAnswer(
                    RevocationState.OTHER_ISSUER, text, of_issuer.this_update, of_issuer.next_update
                )
            revoked = self._entries.get(subject.serial_number)
        except FAULTS as fault:
            return unreadable("no revocation list", fault)
        if revoked is None:
            return of_issuer
        since = f"revoked on {revoked:%Y-%m-%d}"
        return RevocationAnswer(RevocationState.REVOKED, since, of_issuer.this_update, of_issuer.next_update)

    def _is_of(self, issuer: x509.Certificate) -> RevocationAnswer:
        """GOOD: the list of this CA, signed by it."""
        begin, end = self._list.last_update_utc, self._list.next_update_utc
        if self._list.issuer != issuer.subject:
            return RevocationAnswer(RevocationState.OTHER_ISSUER, "it is the list of another CA", begin, end)
        key = issuer.public_key()
        if not isinstance(key, _KEYS) or not self._list.is_signature_valid(key):
            text = "its signature isn't made with the issuer's key"
            return RevocationAnswer(RevocationState.BAD_SIGNATURE, text, begin, end)
        return RevocationAnswer(RevocationState.GOOD, "", begin, end)

    def _is_for_others(self, subject: x509.Certificate) -> bool:
        """By its issuing distribution point; a delta list says nothing alone [RFC 5280 5.2.4, 5.2.5]."""
        if any(extension.oid == ExtensionOID.DELTA_CRL_INDICATOR for extension in self._list.extensions):
            return True
        try:
            scope = self._list.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
        except x509.ExtensionNotFound:
            return False
        try:
            is_ca = subject.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            is_ca = False
        excluded = scope.only_contains_user_certs if is_ca else scope.only_contains_ca_certs
        return excluded or scope.only_contains_attribute_certs or scope.only_some_reasons is not None

    @cached_property
    def _list(self) -> x509.CertificateRevocationList:
        pem = self._content.lstrip().startswith(b"-----BEGIN")
        return x509.load_pem_x509_crl(self._content) if pem else x509.load_der_x509_crl(self._content)

    @cached_property
    def _entries(self) -> dict[int, datetime]:
        """Serial numbers that are revoked, and since when."""
        return {entry.serial_number: entry.revocation_date_utc for entry in self._list}


def unreadable(what: str, error: Exception) -> RevocationAnswer:
    """`what` came back instead; the library's own words, bounded."""
    text = "".join(char for char in " ".join(str(error).split()) if char.isprintable())[:100]
    return RevocationAnswer(RevocationState.UNREADABLE, f"what came back is {what}" + (f" ({text})" if text else ""))
