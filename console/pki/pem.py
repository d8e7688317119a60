"""PEM as OpenSSL reads it, which is neither what RFC 7468 says nor what most parsers do.

Follows crypto/pem/pem_lib.c of OpenSSL 3.0 and 1.1.1 (`PEM_read_bio` with its compatible flags), measured against the
corpus of real handshakes (docs/truth.md): text round a block, CR LF, trailing blanks, indented or one-line base64 and a
missing final newline are fine; blanks before BEGIN, CR alone and UTF-16 hide a block; a blank line inside a body, a
missing END, END and BEGIN glued on one line and bad base64 make the whole file unreadable. A byte order mark before
BEGIN is skipped from 3.0 on and hides the block before.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_BOM = b"\xef\xbb\xbf"
_BEGIN = b"-----BEGIN "
_END = b"-----END "
_TAIL = b"-----"
_CHUNK = 254
"""OpenSSL reads a longer line in pieces of this many bytes."""
_BODY_LINE = 64
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_STRIPPED = bytes([*range(0x21), *range(0x80, 0x100)])
"""At the end of a line: whatever isn't above a blank as a signed char (chars are signed on x86)."""


@dataclass(frozen=True, slots=True)
class PemBlock:
    number: int
    """From 1, in the order of the file."""
    label: str
    body: bytes
    """Decoded; empty for a private key (its body never leaves its machine)."""
    header: bytes = b""
    """Lines before a blank line, as in `Proc-Type: 4,ENCRYPTED`."""


@dataclass(frozen=True, slots=True)
class PemReading:
    """What OpenSSL gets out of a file before the first thing it can't read."""

    blocks: tuple[PemBlock, ...] = ()
    error: str = ""
    """Why reading stopped; empty where the end of the file was reached."""
    error_block: int = 0
    bom: bool = False
    """A byte order mark stands before a BEGIN: the version of OpenSSL decides what is read."""


class _BadBlock(ValueError):
    pass


@lru_cache(maxsize=20_000)
def read_pem(content: bytes, *, skips_bom: bool = True) -> PemReading:
    """The blocks of a file, as `PEM_read_bio` would give them one after another. Never raises.

    `skips_bom`: OpenSSL 3.0 or newer reads.
    """
    lines = _lines(content)
    blocks: list[PemBlock] = []
    bom = False
    while True:
        label, found_bom = _next_begin(lines, skips_bom)
        bom = bom or found_bom
        if label is None:
            return PemReading(tuple(blocks), bom=bom)
        number = len(blocks) + 1
        try:
            blocks.append(_read_block(lines, label, number))
        except _BadBlock as bad:
            return PemReading(tuple(blocks), str(bad), number, bom)


_Lines = Iterator[tuple[bytes, bool]]
"""Lines without their end, and whether OpenSSL takes each for the rest of the one before."""


def _lines(content: bytes) -> _Lines:
    """Lines without what OpenSSL strips from their end.

    It reads them as C strings: a NUL cuts what is read at once, and one at its start is taken for the end of the file.
    After a piece that was cut, the rest of the line is a line of its own.
    """
    rows = content.split(b"\n")
    for number, line in enumerate(rows, start=1):
        if len(line) < _CHUNK and b"\0" not in line:
            yield line.rstrip(_STRIPPED), False
            continue
        ended = len(line) + (number < len(rows))
        continues = False
        for start in range(0, ended, _CHUNK):
            text, nul, _ = line[start : start + _CHUNK].partition(b"\0")
            if nul and not text:
                return
            yield text.rstrip(_STRIPPED), continues
            continues = not nul


def _next_begin(lines: _Lines, skips_bom: bool) -> tuple[str | None, bool]:
    bom = False
    for position, (line, _) in enumerate(lines):
        if position == 0 and line.startswith(_BOM):
            bom = bom or line[len(_BOM) :].startswith(_BEGIN)
            line = line[len(_BOM) :] if skips_bom else line
        if line.startswith(_BEGIN) and line.endswith(_TAIL) and len(line) > len(_BEGIN) + len(_TAIL):
            return line[len(_BEGIN) : -len(_TAIL)].decode("latin-1"), bom
    return None, bom


def _read_block(lines: _Lines, label: str, number: int) -> PemBlock:
    header: list[bytes] | None = None
    data: list[bytes] = []
    short_line_seen = False
    end = _END + label.encode("latin-1") + _TAIL
    for position, (line, continues) in enumerate(lines):
        if not line:
            if continues and position:  # blanks at the end of a long line are no blank line, but for those of BEGIN's
                continue
            if header is not None:
                raise _BadBlock("a second blank line inside the block")
            header, data = data, []
            continue
        if line.startswith(_END):
            if line != end:
                raise _BadBlock(f"BEGIN {_shown(label)} isn't closed by its own END line")
            if header is None and b":" in b"".join(data):
                raise _BadBlock("a header line without a blank line after it")
            return _block(number, label, header or [], data)
        if short_line_seen:
            raise _BadBlock("a short line in the middle of the body, after a blank line")
        data.append(line)
        if header is not None:
            if len(line) > _BODY_LINE:
                raise _BadBlock("a line of more than 64 characters after a blank line")
            short_line_seen = len(line) < _BODY_LINE
    raise _BadBlock(f"no END line for BEGIN {_shown(label)}")


def _block(number: int, label: str, header: list[bytes], data: list[bytes]) -> PemBlock:
    if label.endswith("PRIVATE KEY"):
        return PemBlock(number, label, b"", b"\n".join(header))
    if header and not header[0].startswith(b"Proc-Type:"):
        raise _BadBlock("a blank line inside the base64 body")
    # A hyphen ends the data for OpenSSL's decoder; blanks within a line don't count.
    text = b"".join(data).partition(b"-")[0].translate(None, b" \t\r")
    try:
        if len(text) % 4 or not _BASE64.fullmatch(text):
            raise ValueError("not base64")
        return PemBlock(number, label, binascii.a2b_base64(text, strict_mode=True), b"\n".join(header))
    except ValueError:  # binascii.Error is one
        raise _BadBlock("the base64 of the body is damaged") from None


def _shown(label: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in label[:40])
