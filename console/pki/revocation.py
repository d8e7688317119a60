"""What a status responder says of one certificate, how it is asked, and what is a revocation list at all."""

from __future__ import annotations

import base64
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from console.pki.revocation_facts import RevocationAnswer, RevocationState
from console.pki.revocation_list import FAULTS, unreadable


def is_revocation_list(der: bytes) -> bool:
    """Can it be decoded at all? Never raises."""
    try:
        x509.load_der_x509_crl(der)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def responder_address(url: str, certificate: bytes, issuer: bytes) -> str:
    """The GET form of a question (RFC 6960 A.1), which any http client can ask. Raises ValueError, TypeError and
    UnsupportedAlgorithm for certificates that can't be read."""
    question = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(certificate),
        x509.load_der_x509_certificate(issuer),
        hashes.SHA1(),  # noqa: S303 - names the certificate; every responder knows it [RFC 5019 2.1.1]
    )
    asked = base64.b64encode(question.build().public_bytes(Encoding.DER)).decode("ascii")
    return f"{url.rstrip('/')}/{quote(asked, safe='')}"


def read_response(content: bytes, certificate: bytes, issuer: bytes) -> RevocationAnswer:
    """What an OCSP response says of a certificate of `issuer` (both DER), whatever the clock. Never raises."""
    try:
        said = ocsp.load_der_ocsp_response(content)
        if said.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            status = said.response_status.name.lower().replace("_", " ")
            return RevocationAnswer(RevocationState.UNKNOWN, f"the responder answered: {status}")
        subject, signer = x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer)
        begin, end = said.this_update_utc, said.next_update_utc
        if said.serial_number != subject.serial_number:
            return RevocationAnswer(RevocationState.OTHER_ISSUER, "it speaks of another certificate", begin, end)
        if not _signed(said, signer):
            return RevocationAnswer(
                RevocationState.BAD_SIGNATURE, "neither the issuer nor a responder of its signed it", begin, end
            )
        if said.certificate_status is ocsp.OCSPCertStatus.REVOKED:
            return RevocationAnswer(RevocationState.REVOKED, "the responder says revoked", begin, end)
        if said.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return RevocationAnswer(RevocationState.UNKNOWN, "the responder doesn't know the certificate", begin, end)
    except FAULTS as fault:
        return unreadable("no OCSP response", fault)
    return RevocationAnswer(RevocationState.GOOD, "", begin, end)


def _signed(said: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """By the issuer, or by a certificate that it issued for that purpose."""
    for signer in (issuer, *said.certificates):
        if signer is not issuer and not _may_answer(signer, issuer):
            continue
        try:
            _verify(signer, said)
        except InvalidSignature:
            continue
        return True
    return False


def _may_answer(signer: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        signer.verify_directly_issued_by(issuer)
        uses = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in uses


def _verify(signer: x509.Certificate, said: ocsp.OCSPResponse) -> None:
    """Raises InvalidSignature."""
    key, digest = signer.public_key(), said.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and digest is not None:
        key.verify(said.signature, said.tbs_response_bytes, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(said.signature, said.tbs_response_bytes, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        key.verify(said.signature, said.tbs_response_bytes)
    else:
        raise InvalidSignature
