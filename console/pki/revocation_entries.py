"""The entries of a revocation list: which serial numbers of which CA are revoked, and since when.

Read as OpenSSL does (crl_set_issuers and crl_revoked_issuer_match of its crypto/x509/x_crl.c): an entry may be of
another CA (RFC 5280 5.3.3), and a critical extension that isn't known makes the whole list count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID

from console.pki.revocation_scope import extension_of


@dataclass(frozen=True, slots=True)
class _Entry:
    since: datetime
    issuers: frozenset[x509.Name] | None
    """Of the certificate that is revoked; None: the CA of the list."""


@dataclass(frozen=True, slots=True)
class Entries:
    """All of one list."""

    critical: str = ""
    """Object identifier of a critical extension of an entry that OpenSSL doesn't know; empty: there is none."""
    _by_serial: dict[int, tuple[_Entry, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, revocation_list: Iterable[x509.RevokedCertificate]) -> Entries:
        """Raises what cryptography raises for hostile content."""
        found: dict[int, tuple[_Entry, ...]] = {}
        critical, issuers = "", None
        for revoked in revocation_list:
            extensions = revoked.extensions
            critical = critical or _unknown(extensions)
            named = extension_of(extensions, x509.CertificateIssuer)
            if named is not None:
                # It holds for the entries that follow as well [RFC 5280 5.3.3].
                issuers = frozenset(named.get_values_for_type(x509.DirectoryName))
            reason = extension_of(extensions, x509.CRLReason)
            if reason is None or reason.reason is not x509.ReasonFlags.remove_from_crl:
                serial, entry = revoked.serial_number, _Entry(revoked.revocation_date_utc, issuers)
                found[serial] = (*found.get(serial, ()), entry)
        return cls(critical, found)

    def revoked_since(self, subject: x509.Certificate, authority: x509.Name) -> datetime | None:
        """Of a certificate; `authority`: the CA of the list. None: it isn't revoked."""
        for entry in self._by_serial.get(subject.serial_number, ()):
            if subject.issuer in (entry.issuers if entry.issuers is not None else {authority}):
                return entry.since
        return None


def _unknown(extensions: x509.Extensions) -> str:
    for extension in extensions:
        oid: x509.ObjectIdentifier = extension.oid
        if extension.critical and oid != CRLEntryExtensionOID.CERTIFICATE_ISSUER:
            return oid.dotted_string
    return ""
