"""Cipher suites by the names of the standards, as Windows lists them, and by OpenSSL's."""

from __future__ import annotations

import re
from functools import lru_cache

_KEY_EXCHANGES = {
    "RSA": "",
    "DHE_RSA": "DHE-RSA-",
    "DHE_DSS": "DHE-DSS-",
    "ECDHE_RSA": "ECDHE-RSA-",
    "ECDHE_ECDSA": "ECDHE-ECDSA-",
}
_CURVE = re.compile(r"_P(256|384|521)$")
"""Windows before 10 and Server 2016 ends the names of ECDHE suites by a curve."""
_SUITE = re.compile(r"TLS_(?P<exchange>[A-Z_]+?)_WITH_(?P<cipher>[A-Z0-9_]+)")
_CIPHERS = (
    (re.compile(r"AES_(128|256)_(GCM)_(SHA256|SHA384)"), r"AES\1-\2-\3"),
    (re.compile(r"AES_(128|256)_CBC_(SHA|SHA256|SHA384)"), r"AES\1-\2"),
    (re.compile(r"3DES_EDE_CBC_SHA"), "DES-CBC3-SHA"),
    (re.compile(r"RC4_128_(SHA|MD5)"), r"RC4-\1"),
    (re.compile(r"NULL_(SHA|MD5|SHA256)"), r"NULL-\1"),
)


@lru_cache(maxsize=1000)
def openssl_name(suite: str) -> str:
    """`TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384` to `ECDHE-RSA-AES256-GCM-SHA384`; empty for TLS 1.3's and unknown ones.

    Of the suites that Schannel has (PSK apart). [windows.md 2.5: cipher order]
    """
    found = _SUITE.fullmatch(_CURVE.sub("", suite.strip().upper()))
    if found is None or found["exchange"] not in _KEY_EXCHANGES:
        return ""
    for pattern, name in _CIPHERS:
        cipher = pattern.fullmatch(found["cipher"])
        if cipher is not None:
            return _KEY_EXCHANGES[found["exchange"]] + cipher.expand(name)
    return ""


def key_kind(name: str) -> str:
    """The kind of server key that a suite of TLS 1.2 (OpenSSL's name) needs: `rsa`, `ecdsa`; empty: another."""
    if "ECDSA" in name:
        return "ecdsa"
    return "" if re.search("PSK|ADH|AECDH|DSS|SRP|NULL", name) else "rsa"


def before_tls12(name: str) -> bool:
    """A suite that TLS 1.0 and 1.1 have as well. [RFC 5246, A.5; RFC 5288, RFC 5289]"""
    return name.endswith(("-SHA", "-MD5"))
