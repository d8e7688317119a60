"""OpenSSL's security levels (SSL_CTX_set_security_level(3)), and what a key or a signature is worth there.

Measured on 1.1.1l, 3.0.19 and 4.0.3: level 2 needs 112 bits, level 1 needs 80; SHA-1 is worth 63 bits from 3.0 on
(so it fails even at level 1) and 80 before. From 3.0 on the bits of an RSA key come of a formula (NIST SP 800-56B,
appendix D), not of steps: 920, 1963 and 2672 are the smallest sizes that 3.0.19 takes at levels 1, 2 and 3.
"""

from __future__ import annotations

from console.pki.certificates import Certificate

_NEEDED = {0: 0, 1: 80, 2: 112, 3: 128, 4: 192, 5: 256}
_RSA = ((15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80))
_RSA_SINCE_3 = ((15360, 256), (7680, 192), (2672, 128), (1963, 112), (920, 80))
_DIGEST = {"md5": 39, "sha1": 63, "sha224": 112, "sha256": 128, "sha384": 192, "sha512": 256}
_DIGEST_BEFORE_3 = {**_DIGEST, "md5": 64, "sha1": 80}
OFFERED_CURVES = ("secp256r1", "secp384r1", "secp521r1")
"""Curves of a server's key that OpenSSL 1.1.0 and newer offer by default."""


def needed_bits(level: int) -> int:
    return _NEEDED.get(level, 256)


def key_bits(facts: Certificate, *, before_3: bool = False) -> int | None:
    """Security bits of the key; None: a kind that we don't know."""
    match facts.key_kind:
        case "rsa" | "dsa":
            steps = _RSA_SINCE_3 if facts.key_kind == "rsa" and not before_3 else _RSA
            return next((bits for size, bits in steps if facts.key_bits >= size), 0)
        case "ec":
            return facts.key_bits // 2
        case "ed25519":
            return 128
        case "ed448":
            return 224
    return None


def digest_bits(facts: Certificate, *, before_3: bool = False) -> int | None:
    """Security bits of the signature's digest; None: one that we don't know."""
    if facts.digest == "none":
        return 128
    return (_DIGEST_BEFORE_3 if before_3 else _DIGEST).get(facts.digest.replace("-", ""))
