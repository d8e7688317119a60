"""Masks what config.ini must not show: passwords, also in lines that are commented out and in URLs."""

from __future__ import annotations

import re

MASK = b"********"

_SECRET_LINE = re.compile(
    rb"^([^=\n]*(?:passw|pwd|passphrase|secret|token|credential)[^=\n]*=[ \t]*)([^\r\n]*[^\s])",
    re.IGNORECASE | re.MULTILINE,
)
_URL_PASSWORD = re.compile(rb"(://[^/@:\s]*:)([^/@\s]+)(@)")
_ANY_VALUE = re.compile(rb"(=)([^\n]+)")


def mask_secrets(data: bytes) -> bytes:
    """The same lines, with values of Password-like keys and passwords inside URLs replaced by asterisks. Idempotent.

    A file with NUL bytes (UTF-16) can't be searched for names reliably: there every value is masked.
    """
    if b"\0" in data:
        return _ANY_VALUE.sub(rb"\1" + MASK, data)
    masked = _SECRET_LINE.sub(rb"\1" + MASK, data)
    return _URL_PASSWORD.sub(rb"\1" + MASK + rb"\3", masked)
