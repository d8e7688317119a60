"""What can be told of the agent's TLS library by its neighbours on the device: openssl and curl.

A fact that wasn't observed stays open: it is returned as all the answers that are possible, and a rule that comes out
differently for them says unknown. Versions and thresholds were measured (docs/truth.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from console.agent.snapshot import TlsStack

VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Stack:
    openssl: _Version | None
    """None: none observed, or not OpenSSL."""
    libcurl: _Version | None
    levels: tuple[int, ...]
    """Security levels that are possible."""
    skips_bom: tuple[bool, ...]
    partial_chain: tuple[bool, ...]
    old_hash: bool
    """Directory names are MD5 ones (before OpenSSL 1.0)."""
    speaks: tuple[bool | None, bool | None, bool | None, bool | None]
    """For each of VERSIONS; None: not observed."""
    begins: tuple[bool | None, bool | None, bool | None, bool | None]
    """The same, with the versions that it begins a handshake of, whose signatures it then refuses."""
    described: str
    ciphers: str
    """Configured in openssl.cnf; empty: the library's own."""

    @property
    def before_3(self) -> bool:
        return self.openssl is not None and self.openssl < (3, 0, 0)


@lru_cache(maxsize=10_000)
def read_stack(tls: TlsStack) -> Stack:
    """Never raises."""
    openssl = _version(r"OpenSSL (\d+)\.(\d+)(?:\.(\d+))?", tls.openssl)
    if openssl is None and not tls.openssl:
        openssl = _version(r"\bOpenSSL/(\d+)\.(\d+)(?:\.(\d+))?", tls.curl)
    libcurl = _version(r"\blibcurl/(\d+)\.(\d+)(?:\.(\d+))?", tls.curl) or _version(
        r"^curl (\d+)\.(\d+)(?:\.(\d+))?", tls.curl
    )
    levels = _levels(tls, openssl)
    return Stack(
        openssl=openssl,
        libcurl=libcurl,
        levels=levels,
        skips_bom=(True, False) if openssl is None else (openssl >= (3, 0, 0),),
        partial_chain=_partial(libcurl),
        old_hash=openssl is not None and openssl < (1, 0, 0),
        speaks=_speaks(tls, openssl, levels),
        begins=_speaks(tls, openssl, (0,)),
        described=", ".join(text for text in (tls.openssl, tls.curl.partition(" (")[0]) if text) or "none seen",
        ciphers=tls.cipher_string,
    )


def _version(pattern: str, text: str) -> _Version | None:
    found = re.search(pattern, text)
    if found is None or any(group and len(group) > 4 for group in found.groups()):
        return None
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _levels(tls: TlsStack, openssl: _Version | None) -> tuple[int, ...]:
    if tls.security_level is not None and 0 <= tls.security_level <= 5:
        return (tls.security_level,)
    if openssl is None:
        return (0, 1, 2)
    return (0,) if openssl < (1, 1, 0) else (1, 2)


def _partial(libcurl: _Version | None) -> tuple[bool, ...]:
    """From 7.68 on libcurl takes a trusted intermediate as a chain's end; 7.60 to 7.67 with a distributor's patch."""
    if libcurl is None or (7, 60, 0) <= libcurl < (7, 68, 0):
        return (True, False)
    return (libcurl >= (7, 68, 0),)


def _speaks(
    tls: TlsStack, openssl: _Version | None, levels: tuple[int, ...]
) -> tuple[bool | None, bool | None, bool | None, bool | None]:
    if openssl is None:
        known: list[bool | None] = [None, None, True if tls.openssl.startswith("LibreSSL") else None, None]
    else:
        newest = 3 if openssl >= (1, 1, 1) else 2 if openssl >= (1, 0, 1) else 0
        known = [position <= newest for position in range(4)]
        if openssl >= (3, 0, 0):
            # Below TLS 1.2 the signatures are SHA-1 and MD5, which no level from 1 on allows.
            old = [level == 0 for level in levels]
            known[0] = known[1] = True if all(old) else None if any(old) else False
    lowest, highest = _place(tls.tls_min, 0), _place(tls.tls_max, 3)
    known = [value if lowest <= position <= highest else False for position, value in enumerate(known)]
    return known[0], known[1], known[2], known[3]


def _place(version: str, default: int) -> int:
    """Of a configured version among VERSIONS."""
    name = version.removesuffix(".0")
    return VERSIONS.index(name) if name in VERSIONS else default
