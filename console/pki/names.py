"""Does a certificate stand for a host? As libcurl decides (vtls/openssl.c, vtls/hostcheck.c), and as OpenSSL does."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

import idna

from console.pki.certificates import Certificate

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=20_000)
def ip_address(host: str) -> _Address | None:
    """The address that `host` is, in brackets or not; None: it's a name."""
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


@lru_cache(maxsize=20_000)
def ascii_host(host: str) -> str:
    """The host as it goes on the wire: A-labels for an internationalised name; unchanged where that can't be."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host


def matches_host(pattern: str, host: str) -> bool:
    """libcurl's Curl_cert_hostcheck: case-insensitive, `*` only as the whole first label, trailing dots stripped."""
    pattern, host = pattern.removesuffix("."), host.removesuffix(".")
    if not pattern or not host:
        return False
    if not pattern.startswith("*."):
        return pattern.lower() == host.lower()
    if ip_address(host) is not None or pattern.count(".") < 2 or "." not in host:
        return False
    return pattern[1:].lower() == host[host.index(".") :].lower()


def libcurl_accepts(facts: Certificate, host: str) -> bool:
    """Any DNS or IP name in the SAN makes the common name count no more; without one the last common name counts."""
    host = ascii_host(host)
    address = ip_address(host)
    if address is not None and any(ip_address(name) == address for name in facts.ip_names):
        return True
    if address is None and any(matches_host(name, host) for name in facts.dns_names):
        return True
    if facts.dns_names or facts.ip_names or not facts.common_names:
        return False
    name = facts.common_names[-1]
    return "\0" not in name and matches_host(name, host.removeprefix("[").removesuffix("]"))


def openssl_accepts(facts: Certificate, host: str) -> bool:
    """X509_check_host, X509_check_ip: no common name for an address, no trailing dot in a SAN, else any common name."""
    host = ascii_host(host)
    address = ip_address(host)
    if address is not None:
        return any(ip_address(name) == address for name in facts.ip_names)
    bare = host.removesuffix(".")
    names = facts.dns_names or (() if facts.dns_names else facts.common_names)
    return any(not name.endswith(".") and matches_host(name, bare) for name in names)


def describe_names(facts: Certificate) -> str:
    """The names that count, for a message."""
    names = (*facts.dns_names, *facts.ip_names) or facts.common_names[-1:]
    shown = ", ".join("".join(c if c.isprintable() else "?" for c in name[:80]) for name in names[:6])
    return (shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")) or "no name at all"
