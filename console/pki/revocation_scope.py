"""Of which certificates a revocation list speaks [RFC 5280 5.2.4, 5.2.5, 6.3.3; as crl_crldp_check and idp_check_dp of
OpenSSL's crypto/x509/x509_vfy.c without its extended support of CRLs].

A CA may cut its list into parts that are served at addresses of their own. A part that can't have the certificate on it
says nothing of it, whoever serves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from cryptography import x509

_ALL_REASONS = frozenset(x509.ReasonFlags) - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
_Value = TypeVar("_Value", bound=x509.ExtensionType)


def why_out_of_scope(revocation_list: x509.CertificateRevocationList, subject: x509.Certificate) -> str:
    """In our words; empty: it speaks of the certificate. Raises what cryptography raises for hostile content."""
    if extension_of(revocation_list.extensions, x509.DeltaCRLIndicator) is not None:
        return "it is a delta list, which says nothing alone"
    scope = extension_of(revocation_list.extensions, x509.IssuingDistributionPoint)
    if scope is None:
        return ""
    if scope.indirect_crl:
        return "it is an indirect list, of certificates of several CAs"
    if scope.only_some_reasons is not None:
        return "it is a list of some reasons of revocation alone"
    excluded = scope.only_contains_user_certs if _is_ca(subject) else scope.only_contains_ca_certs
    if excluded or scope.only_contains_attribute_certs:
        return "it is a list for certificates of another kind"
    own = _names(scope.full_name, scope.relative_name, revocation_list.issuer)
    if own and _point(revocation_list, subject) is None:
        return "it is a part of the CA's list that is for other distribution points than the certificate names"
    return ""


def speaks_of_some_reasons(revocation_list: x509.CertificateRevocationList, subject: x509.Certificate) -> bool:
    """The certificate says that lists of this place are complete for some reasons of revocation alone: without the
    others nobody knows that it isn't revoked. Raises what cryptography raises for hostile content."""
    point = _point(revocation_list, subject)
    return point is not None and point.reasons is not None and not point.reasons >= _ALL_REASONS


def extension_of(extensions: x509.Extensions, kind: type[_Value]) -> _Value | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _point(revocation_list: x509.CertificateRevocationList, subject: x509.Certificate) -> x509.DistributionPoint | None:
    """The first of the certificate's distribution points that the list is for."""
    scope = extension_of(revocation_list.extensions, x509.IssuingDistributionPoint)
    own = set() if scope is None else _names(scope.full_name, scope.relative_name, revocation_list.issuer)
    points: Iterable[x509.DistributionPoint] = extension_of(subject.extensions, x509.CRLDistributionPoints) or ()
    for point in points:
        if point.crl_issuer and x509.DirectoryName(revocation_list.issuer) not in point.crl_issuer:
            continue
        named = _names(point.full_name, point.relative_name, subject.issuer)
        if not own or not named or own & named:
            return point
    return None


def _names(
    full: Iterable[x509.GeneralName] | None, relative: x509.RelativeDistinguishedName | None, base: x509.Name
) -> set[x509.GeneralName]:
    if relative is not None:
        return {x509.DirectoryName(x509.Name([*base.rdns, relative]))}
    return set(full or ())


def _is_ca(subject: x509.Certificate) -> bool:
    constraints = extension_of(subject.extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca
