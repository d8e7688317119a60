"""PEM as OpenSSL reads it: by example, and against the OpenSSL of this Python on mutated files."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.pki.certificates import certificate
from console.pki.loading import load_ca_file, load_client_chain, load_directory_entry
from console.pki.pem import read_pem
from tests.unit import readiness_kit as kit

ROOT = kit.root().pem
OTHER = kit.other_root().pem
BOM = b"\xef\xbb\xbf"
SKIPS_BOM = ssl.OPENSSL_VERSION_INFO >= (3, 0)


def _one_line(pem: bytes) -> bytes:
    head, *body, tail = pem.strip().split(b"\n")
    return b"\n".join([head, b"".join(body), tail, b""])


def _blank_inside(pem: bytes) -> bytes:
    head, first, *rest = pem.split(b"\n")
    return b"\n".join([head, first, b"", *rest])


WHOLE = {
    "plain": ROOT,
    "crlf": ROOT.replace(b"\n", b"\r\n"),
    "text before": b"subject=/CN=x\nissuer=/CN=y\n" + ROOT,
    "bag attributes": b"Bag Attributes\n    localKeyID: 01\n" + ROOT,
    "trailing blanks": ROOT.replace(b"\n", b"  \t\n"),
    "indented body": ROOT.replace(b"\nM", b"\n   M"),
    "one line": _one_line(ROOT),
    "no final newline": ROOT.rstrip(),
    "x509 label": ROOT.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
    "blank after begin": ROOT.replace(b"BEGIN CERTIFICATE-----\n", b"BEGIN CERTIFICATE-----\n\n"),
    "twice": ROOT + ROOT,
    "two": ROOT + OTHER,
    "very long lines of blanks": ROOT.replace(b"\n", b" " * 300 + b"\n"),
    "trusted": kit.trusted_block(kit.root(), trusted=kit.SERVER_OID),
}
REFUSED = {
    "empty": b"",
    "blank inside": _blank_inside(ROOT),
    # A NUL cuts the piece of a long line that OpenSSL reads at once: what is left of the line is a blank line.
    "a NUL in a long line": ROOT.replace(ROOT.split(b"\n")[2], ROOT.split(b"\n")[2] + b"\0" + b" " * 300),
    "blanks after BEGIN, then a blank line": ROOT.replace(b"-\nM", b"-" + b" " * 300 + b"\n\nM"),
    "no end": ROOT.replace(b"-----END CERTIFICATE-----", b""),
    "cr only": ROOT.replace(b"\n", b"\r"),
    "utf-16": ROOT.decode().encode("utf-16"),
    "blanks before begin": b"  " + ROOT,
    "other end": ROOT.replace(b"END CERTIFICATE", b"END X509 CERTIFICATE"),
    "second block damaged": ROOT + OTHER.replace(b"MII", b"M!I", 1),
    "damaged first": OTHER.replace(b"MII", b"MIJ", 1) + ROOT,
    "damaged list behind": ROOT + b"-----BEGIN X509 CRL-----\nMAAA\n-----END X509 CRL-----\n",
    "glued": ROOT.rstrip() + OTHER,
    "p7b": ROOT.replace(b"CERTIFICATE", b"PKCS7"),
    "der": kit.root().der,
}


def openssl_reads(content: bytes) -> int | None:
    """How many certificates this Python's OpenSSL gets out of a CA file; None: it refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ca.pem"
        path.write_bytes(content)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cafile=path)
        except (ssl.SSLError, OSError):
            return None
        return context.cert_store_stats()["x509"]


def ours(content: bytes) -> int | None:
    loaded = load_ca_file(content, skips_bom=SKIPS_BOM)
    return None if loaded.error else len({anchor.der for anchor in loaded.certificates})


@pytest.mark.parametrize("name", WHOLE)
def test_read(name: str) -> None:
    assert load_ca_file(WHOLE[name]).error == ""
    assert ours(WHOLE[name]) == openssl_reads(WHOLE[name])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    loaded = load_ca_file(REFUSED[name])
    assert loaded.error
    assert loaded.certificates == ()
    assert openssl_reads(REFUSED[name]) is None


def test_byte_order_mark_depends_on_the_version() -> None:
    assert len(load_ca_file(BOM + ROOT + OTHER, skips_bom=True).certificates) == 2
    old = load_ca_file(BOM + ROOT + OTHER, skips_bom=False)
    assert [anchor.der for anchor in old.certificates] == [kit.other_root().der]
    assert old.bom
    assert load_ca_file(BOM + ROOT, skips_bom=False).error


def test_private_keys_pass_without_their_bodies() -> None:
    redacted = b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"
    assert [anchor.der for anchor in load_client_chain(redacted + ROOT).certificates] == [kit.root().der]


def test_directory_keeps_what_came_before_the_damage() -> None:
    loaded = load_directory_entry(ROOT + b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
    assert len(loaded.certificates) == 1
    assert loaded.error


_MARKS = (b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n")
_PIECES = st.sampled_from(
    [ROOT, OTHER, b"\n", b"\r\n", b" ", BOM, b"text\n", *_MARKS, *WHOLE.values(), *REFUSED.values()]
)
_EDITS = st.lists(
    st.tuples(
        st.integers(0, 2000), st.integers(0, 3), st.sampled_from([b"", b"\n", b"\n\n", b" ", b"-", b"=", b"A", b"\0"])
    ),
    max_size=3,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, min_size=1, max_size=3), _EDITS)
def test_agrees_with_openssl_on_mutated_files(pieces: list[bytes], edits: list[tuple[int, int, bytes]]) -> None:
    content = b"".join(pieces)
    for place, length, new in edits:
        content = content[:place] + new + content[place + length :]
    assert ours(content) == openssl_reads(content)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_never_raises(content: bytes) -> None:
    read_pem(content)
    load_client_chain(b"-----BEGIN CERTIFICATE-----\n" + content + b"\n-----END CERTIFICATE-----\n")
    load_directory_entry(content)


KEY = kit.root().key_pem


def openssl_loads_chain(content: bytes) -> bool:
    """Does this Python's OpenSSL load it as a certificate chain with the root's key?"""
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_bytes(content)
        key.write_bytes(KEY)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_cert_chain(chain, key)
        except (ssl.SSLError, OSError):
            return False
        return True


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, min_size=1, max_size=3), _EDITS)
def test_client_chain_agrees_with_openssl(pieces: list[bytes], edits: list[tuple[int, int, bytes]]) -> None:
    content = b"".join(pieces)
    for place, length, new in edits:
        content = content[:place] + new + content[place + length :]
    loaded = load_client_chain(content, skips_bom=SKIPS_BOM)
    # A damaged certificate may keep its key: then it loads, and fails later.
    mine = not loaded.error and certificate(loaded.certificates[0].der).spki_sha256 == kit.root().spki
    assert mine == openssl_loads_chain(content)
