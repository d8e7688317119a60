"""Cipher suites up to TLS 1.2: those that a device offers, those that a beacon's list has, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from OpenSSL import SSL

from console.pki.cipher_names import before_tls12, key_kind, openssl_name


@dataclass(frozen=True, slots=True)
class Shared:
    """OpenSSL's names of suites that fit one kind of server key and one TLS version."""

    device: frozenset[str]
    beacon: frozenset[str]

    @property
    def both(self) -> frozenset[str]:
        return self.device & self.beacon


@lru_cache(maxsize=1000)
def offered(listed: str) -> frozenset[str] | None:
    """What a cipher list of OpenSSL's stands for, by the console's own OpenSSL; None: it can't be read.

    Without TLS 1.3's suites, which fit every key. A name that the console's OpenSSL wasn't built with is missing.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    try:
        context.set_cipher_list(listed.encode())
    except (SSL.Error, UnicodeEncodeError):
        return None
    return frozenset(name for name in SSL.Connection(context).get_cipher_list() if not name.startswith("TLS_"))


@lru_cache(maxsize=1)
def offered_by_every_library() -> frozenset[str]:
    """AES suites that OpenSSL offers by itself since it knows TLS 1.2 (1.0.1), whatever its version."""
    names = offered("DEFAULT@SECLEVEL=1") or frozenset()
    return frozenset(name for name in names if "AES" in name and "CCM" not in name)


@lru_cache(maxsize=1000)
def shared(device: frozenset[str], suites: tuple[str, ...], kind: str, version: str) -> Shared:
    """`suites`: as the beacon lists them; `kind` of its key: rsa or ecdsa; `version`: TLSv1.2 or an older one."""
    beacon = frozenset(openssl_name(suite) for suite in suites)
    ours, theirs = (
        frozenset(name for name in names if key_kind(name) == kind and (version == "TLSv1.2" or before_tls12(name)))
        for names in (device, beacon)
    )
    return Shared(ours, theirs)
