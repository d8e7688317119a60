"""Masks what config.ini must not show: passwords, also in lines that are commented out and in URLs."""

from __future__ import annotations

import re

MASK = b"********"

_BLANKS = b" \t\r\v\f"
_SECRET_NAME = re.compile(rb"passw|pwd|passphrase|secret|token|credential", re.IGNORECASE)
_URL_PASSWORD = re.compile(rb"(://[^/@:\s]*:)([^/\s]+)(@)")
_PROXY_PASSWORD = re.compile(rb"^(\s*(?!\w+://)[^/@:\s]*:)([^/\s]+)(@)")
"""`user:password@host:port`, as a proxy may be written without a scheme."""


def mask_secrets(data: bytes) -> bytes:
    """The same lines, with values of Password-like keys and passwords inside URLs replaced by asterisks. Idempotent.

    A file with NUL bytes (UTF-16) can't be searched for names reliably: there every value is masked. Linear in the
    length of the data, whatever a hostile machine put there.
    """
    everything = b"\0" in data
    masked = b"\n".join(_mask_line(line, everything) for line in data.split(b"\n"))
    return _URL_PASSWORD.sub(rb"\1" + MASK + rb"\3", masked)


def _mask_line(line: bytes, everything: bool) -> bytes:
    key, equals, value = line.partition(b"=")
    if b"proxy" in key.lower():
        value = _PROXY_PASSWORD.sub(rb"\1" + MASK + rb"\3", value)
        line = key + equals + value
    bare = value.strip(_BLANKS)
    if not (bare and (everything or _SECRET_NAME.search(key))):
        return line
    start = len(value) - len(value.lstrip(_BLANKS))
    return key + equals + value[:start] + MASK + value[start + len(bare) :]
