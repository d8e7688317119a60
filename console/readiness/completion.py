"""What a device sends besides the leaf where its certificate file holds nothing else.

OpenSSL completes the chain by itself then, out of the CA file and directory that the device trusts servers by
(SSL_CTX_set_mode(3), SSL_MODE_NO_AUTO_CHAIN; ssl_add_cert_chain in ssl/statem/statem_lib.c). What it finds is sent, up
to the root, and is held against the security level when it is sent, not when the file is loaded.
Measured with curl 7.88 and OpenSSL 3.0: docs/truth.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from console.pki.certificates import Certificate, certificate
from console.readiness.engine import possible_readings, trust_unseen, unseen_directory

if TYPE_CHECKING:
    from console.pki.loading import Anchor
    from console.readiness.case import Case

_LONGEST = 100
"""OpenSSL's own limit of a chain."""
_BEGIN = datetime.min.replace(tzinfo=UTC)


def sent_chains(case: Case) -> tuple[tuple[bytes, ...], ...]:
    """Every chain that the device may send, leaf first; more than one where what decides wasn't observed.

    Empty: it can load no certificate.
    """
    chain = case.client_chain
    if len(chain) != 1 or not case.checks_server:
        return (chain,) if chain else ()
    found = [
        completed(chain[0], reading.trust.anchors, case.device_now, partial=reading.options.partial)
        for reading in possible_readings(case)
    ]
    return tuple(dict.fromkeys(found)) or (chain,)


def may_complete_unseen(case: Case) -> str:
    """Why the device may add certificates that weren't collected; empty: it can't."""
    if len(case.client_chain) != 1 or not case.checks_server or case.device is None or case.preferences is None:
        return ""
    return trust_unseen(case.device, case.preferences) or unseen_directory(case)


def completed(leaf: bytes, anchors: tuple[Anchor, ...], at: datetime, *, partial: bool) -> tuple[bytes, ...]:
    """The leaf and its issuers among what is trusted; with `partial` the first of them ends the chain."""
    chain = [certificate(leaf)]
    while not chain[-1].self_signed and len(chain) < _LONGEST:
        issuer = _issuer(chain[-1], anchors, at)
        if issuer is None or issuer in chain:
            break
        chain.append(issuer)
        if partial:
            break
    return tuple(facts.der for facts in chain)


def _issuer(subject: Certificate, anchors: tuple[Anchor, ...], at: datetime) -> Certificate | None:
    """As X509_STORE_CTX_get1_issuer: by name and key identifier; a valid one before the one that ended last."""
    found = [facts for anchor in anchors if _issues(facts := certificate(anchor.der), subject)]
    valid = next((facts for facts in found if facts.valid_at(at)), None)
    return valid or max(found, key=lambda facts: facts.not_after or _BEGIN, default=None)


def _issues(issuer: Certificate, subject: Certificate) -> bool:
    if not _same_name(issuer, subject):
        return False
    if subject.authority_key and issuer.subject_key and subject.authority_key != issuer.subject_key:
        return False
    return issuer.key_usage is None or "key_cert_sign" in issuer.key_usage


def _same_name(issuer: Certificate, subject: Certificate) -> bool:
    """As OpenSSL compares names: kinds of strings, capitals and doubled blanks aside."""
    if not subject.issuer_der or issuer.subject_der == subject.issuer_der:
        return bool(subject.issuer_der)
    return _plain(issuer.subject) == _plain(subject.issuer) != ""


def _plain(name: str) -> str:
    return " ".join(name.lower().split())
