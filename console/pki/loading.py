"""Which certificates OpenSSL gets out of a device's files: CA file, hashed CA directory, client certificate file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from console.pki.certificates import is_readable
from console.pki.der import dotted_oid, read_element, read_header, read_sequence
from console.pki.pem import PemBlock, read_pem
from console.pki.revocation import is_revocation_list

_PLAIN = ("CERTIFICATE", "X509 CERTIFICATE")
_TRUSTED = "TRUSTED CERTIFICATE"
_REVOCATION_LIST = "X509 CRL"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A certificate that a device trusts, with the uses that a `BEGIN TRUSTED CERTIFICATE` block limits it to."""

    der: bytes
    trusted_uses: tuple[str, ...] | None = None
    """Dotted EKU object identifiers; None: the block doesn't say."""
    rejected_uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """What came out of a file. With an `error` OpenSSL refuses the file as a whole."""

    certificates: tuple[Anchor, ...] = ()
    error: str = ""
    error_block: int = 0
    labels: tuple[str, ...] = ()
    bom: bool = False
    """The file's reading depends on the version of OpenSSL: a byte order mark stands before BEGIN."""


@lru_cache(maxsize=20_000)
def load_ca_file(content: bytes, *, skips_bom: bool = True) -> LoadedFile:
    """As X509_load_cert_crl_file reads a CA file: one bad block refuses the whole file."""
    reading = read_pem(content, skips_bom=skips_bom)
    labels = tuple(block.label for block in reading.blocks)
    found: list[Anchor] = []
    lists = 0
    for block in reading.blocks:
        if block.label == _REVOCATION_LIST:
            if not is_revocation_list(block.body):
                return LoadedFile((), "its revocation list can't be decoded", block.number, labels, reading.bom)
            lists += 1
        if block.label not in (*_PLAIN, _TRUSTED):
            continue
        anchor = _anchor(block)
        if anchor is None:
            return LoadedFile((), "its certificate can't be decoded", block.number, labels, reading.bom)
        found.append(anchor)
    if reading.error:
        return LoadedFile((), reading.error, reading.error_block, labels, reading.bom)
    if not found and not lists:
        return LoadedFile((), _nothing(labels, content), 0, labels, reading.bom)
    return LoadedFile(tuple(found), "", 0, labels, reading.bom)


@lru_cache(maxsize=50_000)
def load_client_chain(content: bytes, *, skips_bom: bool = True) -> LoadedFile:
    """As SSL_CTX_use_certificate_chain_file: the first certificate is the leaf, later ones are sent along."""
    reading = read_pem(content, skips_bom=skips_bom)
    labels = tuple(block.label for block in reading.blocks)
    found: list[Anchor] = []
    for block in reading.blocks:
        if block.label in _PLAIN or (block.label == _TRUSTED and not found):
            anchor = _anchor(block)
            if anchor is None:
                return LoadedFile((), "its certificate can't be decoded", block.number, labels, reading.bom)
            found.append(anchor)
    if reading.error:
        return LoadedFile((), reading.error, reading.error_block, labels, reading.bom)
    if not found:
        return LoadedFile((), _nothing(labels, content), 0, labels, reading.bom)
    return LoadedFile(tuple(found), "", 0, labels, reading.bom)


@lru_cache(maxsize=50_000)
def load_directory_entry(content: bytes, *, skips_bom: bool = True) -> LoadedFile:
    """As X509_load_cert_file reads a file of a hashed directory: certificates before a bad block are kept."""
    reading = read_pem(content, skips_bom=skips_bom)
    labels = tuple(block.label for block in reading.blocks)
    found: list[Anchor] = []
    for block in reading.blocks:
        if block.label in (*_PLAIN, _TRUSTED):
            anchor = _anchor(block)
            if anchor is None:
                error = "its certificate can't be decoded"
                return LoadedFile(tuple(found), error, block.number, labels, reading.bom)
            found.append(anchor)
    if reading.error or not found:
        error = reading.error or _nothing(labels, content)
        return LoadedFile(tuple(found), error, reading.error_block, labels, reading.bom)
    return LoadedFile(tuple(found), "", 0, labels, reading.bom)


def describe_head(head: bytes) -> str:
    """What a file without any PEM certificate probably is, told by its first bytes."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(head) >= 4 and head[1:2] == b"\0" and head[3:4] == b"\0"):
        return "UTF-16 text"
    if head[:1] == b"\x30":
        return "DER or PKCS#12 (binary)"
    if head[:4] == b"\xfe\xed\xfe\xed":
        return "a Java key store"
    if head[:3] == b"\xef\xbb\xbf":
        return "text with a byte order mark, without a certificate"
    return "not a PEM certificate"


def _nothing(labels: Sequence[str], content: bytes) -> str:
    if not content:
        return "the file is empty"
    if labels:
        shown = ", ".join("".join(c if c.isprintable() else "?" for c in label[:40]) for label in labels[:3])
        return f"it holds no certificate but {shown}"
    if b"-----BEGIN " in content:
        return "no BEGIN line stands alone on its line (blanks before it, CR line ends, or glued to the END before)"
    return describe_head(content[:4])


def _anchor(block: PemBlock) -> Anchor | None:
    """None: OpenSSL can't decode the certificate."""
    try:
        _, _, end = read_header(block.body, 0, len(block.body))
    except ValueError:
        return None
    der = block.body[:end]
    if not is_readable(der):
        return None
    if block.label != _TRUSTED or end == len(block.body):
        return Anchor(der)
    try:
        return _with_uses(der, block.body[end:])
    except ValueError:
        return None


def _with_uses(der: bytes, auxiliary: bytes) -> Anchor:
    """X509_CERT_AUX: SEQUENCE { trust SEQUENCE OF OID, reject [0] SEQUENCE OF OID, … }, each of them optional."""
    trusted: tuple[str, ...] | None = None
    rejected: tuple[str, ...] = ()
    for element in read_sequence(read_element(auxiliary).content):
        if element.tag == 0x30:
            trusted = tuple(dotted_oid(use.content) for use in read_sequence(element.content))
        elif element.tag == 0xA0:
            rejected = tuple(dotted_oid(use.content) for use in read_sequence(element.content))
    return Anchor(der, trusted, rejected)
