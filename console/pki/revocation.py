"""What a status responder says of one certificate, how it is asked, and what is a revocation list at all."""

from __future__ import annotations

import base64
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from console.pki.certificates import certificate as certificate_facts
from console.pki.revocation_facts import RevocationAnswer, RevocationState
from console.pki.revocation_list import FAULTS, unreadable


def is_revocation_list(der: bytes) -> bool:
    """Can it be decoded at all? Never raises."""
    try:
        x509.load_der_x509_crl(der)
    except x509.InvalidVersion:
        return True  # OpenSSL decodes a list of any version (measured: 3.0); cryptography tells it after decoding
    except FAULTS:
        return False
    return True


def responder_address(url: str, certificate: bytes, issuer: bytes) -> str:
    """The GET form of a question (RFC 6960 A.1), which any http client can ask. Raises what
    console.pki.certificates.UNREADABLE names for certificates that can't be read."""
    question = _question(x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(issuer))
    asked = base64.b64encode(question.public_bytes(Encoding.DER)).decode("ascii")
    return f"{url.rstrip('/')}/{quote(asked, safe='')}"


def read_response(content: bytes, certificate: bytes, issuer: bytes) -> RevocationAnswer:
    """What an OCSP response says of a certificate of `issuer` (both DER), whatever the clock. Never raises."""
    try:
        said = ocsp.load_der_ocsp_response(content)
        if said.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            status = said.response_status.name.lower().replace("_", " ")
            return RevocationAnswer(RevocationState.UNKNOWN, f"the responder answered: {status}")
        authority = x509.load_der_x509_certificate(issuer)
        question = _question(x509.load_der_x509_certificate(certificate), authority)
        single = next((one for one in said.responses if _answers(one, question)), None)
        if single is None:
            return _of_another(said, question)
        signer = _signer(said, authority)
        begin, end = single.this_update_utc, single.next_update_utc
        if signer is None:
            why = "neither the issuer nor a responder of its signed it"
            return RevocationAnswer(RevocationState.BAD_SIGNATURE, why, begin, end)
        state, why = _STATES[single.certificate_status]
        if signer is authority:
            return RevocationAnswer(state, why, begin, end)
        return RevocationAnswer(state, why, begin, end, signer.not_valid_before_utc, signer.not_valid_after_utc)
    except FAULTS as fault:
        return unreadable("no OCSP response", fault)


_STATES = {
    ocsp.OCSPCertStatus.GOOD: (RevocationState.GOOD, ""),
    ocsp.OCSPCertStatus.REVOKED: (RevocationState.REVOKED, "the responder says revoked"),
    ocsp.OCSPCertStatus.UNKNOWN: (RevocationState.UNKNOWN, "the responder doesn't know the certificate"),
}


def _question(certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPRequest:
    question = ocsp.OCSPRequestBuilder().add_certificate(
        certificate,
        issuer,
        hashes.SHA1(),  # noqa: S303 - names the certificate; every responder knows it [RFC 5019 2.1.1]
    )
    return question.build()


def _answers(single: ocsp.OCSPSingleResponse, question: ocsp.OCSPRequest) -> bool:
    """It names the certificate as it was asked for: hash, issuer's name, issuer's key, serial (OCSP_id_cmp)."""
    return _name(single) == _name(question)


def _name(one: ocsp.OCSPSingleResponse | ocsp.OCSPRequest) -> tuple[str, bytes, bytes, int]:
    return one.hash_algorithm.name, one.issuer_name_hash, one.issuer_key_hash, one.serial_number


def _of_another(said: ocsp.OCSPResponse, question: ocsp.OCSPRequest) -> RevocationAnswer:
    first = next(iter(said.responses), None)
    if first is None:
        return RevocationAnswer(RevocationState.UNKNOWN, "the response is of no certificate at all")
    why = "it speaks of another certificate"
    if first.serial_number == question.serial_number:
        why = "it speaks of a certificate of another CA that has the same serial number"
        if first.hash_algorithm.name != question.hash_algorithm.name:
            why = f"it names the certificate by a hash that wasn't asked for ({first.hash_algorithm.name})"
    return RevocationAnswer(RevocationState.OTHER_ISSUER, why, first.this_update_utc, first.next_update_utc)


def _signer(said: ocsp.OCSPResponse, issuer: x509.Certificate) -> x509.Certificate | None:
    """The issuer, or a certificate that it issued for that purpose, as the response names it."""
    for signer in (issuer, *said.certificates):
        if not _is_named(signer, said) or (signer is not issuer and not _may_answer(signer, issuer)):
            continue
        try:
            _verify(signer, said)
        except InvalidSignature:
            continue
        return signer
    return None


def _is_named(signer: x509.Certificate, said: ocsp.OCSPResponse) -> bool:
    """By the responder ID: OpenSSL looks for its certificate by that alone (ocsp_find_signer_sk)."""
    if said.responder_name is not None:
        return signer.subject == said.responder_name
    return x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest == said.responder_key_hash


def _may_answer(signer: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        signer.verify_directly_issued_by(issuer)
        uses = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (*FAULTS, InvalidSignature, x509.ExtensionNotFound):
        return False
    # Whether it is valid now isn't told here: no clock.
    understood = not certificate_facts(signer.public_bytes(Encoding.DER)).critical_unknown
    return ExtendedKeyUsageOID.OCSP_SIGNING in uses and understood


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
