"""A revocation list that is asked of many certificates: decoded once, its signature checked once for each issuer."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtensionOID

from console.pki.certificates import UNREADABLE as FAULTS
from console.pki.revocation_entries import Entries
from console.pki.revocation_facts import RevocationAnswer, RevocationState
from console.pki.revocation_scope import extension_of, speaks_of_some_reasons, why_out_of_scope
from console.safe_text import one_line

__all__ = ["FAULTS", "RevocationList", "unreadable"]

_KEYS = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
_KNOWN_CRITICAL = frozenset(
    {
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.DELTA_CRL_INDICATOR,
    }
)
"""As crl_cb of OpenSSL's crypto/x509/x_crl.c; what a delta list is worth `why_out_of_scope` tells."""


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
            return self._says(x509.load_der_x509_certificate(certificate), of_issuer)
        except FAULTS as fault:
            return unreadable("no revocation list", fault)

    def _says(self, subject: x509.Certificate, of_issuer: RevocationAnswer) -> RevocationAnswer:
        why = why_out_of_scope(self._list, subject)
        if why:
            return replace(of_issuer, state=RevocationState.WRONG_SCOPE, detail=why)
        revoked = self._entries.revoked_since(subject, self._list.issuer)
        if revoked is not None:
            return replace(of_issuer, state=RevocationState.REVOKED, detail=f"revoked on {revoked:%Y-%m-%d}")
        if speaks_of_some_reasons(self._list, subject):
            why = "the certificate says that lists of this place tell of some reasons of revocation alone"
            return replace(of_issuer, state=RevocationState.WRONG_SCOPE, detail=why)
        return of_issuer

    def _is_of(self, issuer: x509.Certificate) -> RevocationAnswer:
        """GOOD: the list of this CA, signed by it, and all of it is understood."""
        state, why = self._fault(issuer)
        return RevocationAnswer(state, why, self._list.last_update_utc, self._list.next_update_utc)

    def _fault(self, issuer: x509.Certificate) -> tuple[RevocationState, str]:
        if self._list.issuer != issuer.subject:
            return RevocationState.OTHER_ISSUER, "it is the list of another CA"
        key = issuer.public_key()
        if not isinstance(key, _KEYS) or not self._list.is_signature_valid(key):
            return RevocationState.BAD_SIGNATURE, "its signature isn't made with the issuer's key"
        if not self._names_key_of(issuer):
            return RevocationState.OTHER_ISSUER, "it says that another certificate of the CA's name signed it"
        usage = extension_of(issuer.extensions, x509.KeyUsage)
        if usage is not None and not usage.crl_sign:
            return RevocationState.SIGNER_NOT_ALLOWED, "the CA's certificate doesn't allow it to sign lists (cRLSign)"
        critical = self._critical or self._entries.critical
        if critical:
            return RevocationState.NOT_UNDERSTOOD, f"it has the critical extension {critical}, which isn't known"
        return RevocationState.GOOD, ""

    def _names_key_of(self, issuer: x509.Certificate) -> bool:
        """By its authority key identifier, as OpenSSL's X509_check_akid."""
        named = extension_of(self._list.extensions, x509.AuthorityKeyIdentifier)
        if named is None:
            return True
        own = extension_of(issuer.extensions, x509.SubjectKeyIdentifier)
        if named.key_identifier is not None and own is not None and named.key_identifier != own.digest:
            return False
        serial = named.authority_cert_serial_number
        if serial is not None and serial != issuer.serial_number:
            return False
        names = [name.value for name in named.authority_cert_issuer or () if isinstance(name, x509.DirectoryName)]
        return not names or names[0] == issuer.issuer

    @property
    def _critical(self) -> str:
        """Object identifier of a critical extension that OpenSSL doesn't know in lists; empty: there is none."""
        unknown = (one for one in self._list.extensions if one.critical and one.oid not in _KNOWN_CRITICAL)
        return next((one.oid.dotted_string for one in unknown), "")

    @cached_property
    def _list(self) -> x509.CertificateRevocationList:
        pem = self._content.lstrip().startswith(b"-----BEGIN")
        return x509.load_pem_x509_crl(self._content) if pem else x509.load_der_x509_crl(self._content)

    @cached_property
    def _entries(self) -> Entries:
        return Entries.of(self._list)


def unreadable(what: str, error: Exception) -> RevocationAnswer:
    """`what` came back instead; the library's own words, bounded."""
    text = one_line(str(error), 100)
    return RevocationAnswer(RevocationState.UNREADABLE, f"what came back is {what}" + (f" ({text})" if text else ""))
