"""Which http.sys record and which binding answer for a name and port, and which records a site's bindings use.

Rules: an SNI record (`host:port`) wins over the `0.0.0.0:port` record; a client that connects by address sends no
name; a binding without SNI shares its record with every site on that address and port. [reference: windows.md
§1.4, handshake.md §2.4 B-BIND-01 to 04]
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from console.iis.snapshot import BeaconSnapshot, Binding, HttpSysRecord, Site

SNI = 1
CENTRAL_STORE = 2
NEGOTIATE_CLIENT_CERTIFICATE = 128
"""Bits of an IIS binding's sslFlags; the last one from Server 2025 on."""

_ANY = ("*", "", "0.0.0.0", "::")  # noqa: S104 - how IIS writes "any address", nothing is bound


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers at a port for a name."""

    binding: Binding
    record: HttpSysRecord | None
    """None: the binding has no record in http.sys, so that a hello is reset."""
    answers_host: bool
    """False: TLS is served, but no binding takes the request's host name (400)."""


def site_named(snapshot: BeaconSnapshot, name: str) -> Site | None:
    """Site names are case-insensitive."""
    return next((site for site in snapshot.sites if site.name.lower() == name.lower()), None)


def https_bindings(snapshot: BeaconSnapshot, site: str | None = None) -> tuple[Binding, ...]:
    """Of one site, or of all."""
    return tuple(
        binding
        for owner in snapshot.sites
        if site is None or owner.name.lower() == site.lower()
        for binding in owner.bindings
        if binding.protocol.lower() == "https"
    )


def record_key(binding: Binding) -> tuple[str, str]:
    """Kind and key of the http.sys record that an https binding uses."""
    if binding.ssl_flags & CENTRAL_STORE:
        return "ccs", str(binding.port)
    if binding.ssl_flags & SNI:
        return "hostnameport", f"{binding.host.lower()}:{binding.port}"
    address = "0.0.0.0" if binding.address in _ANY else binding.address  # noqa: S104 - a key of http.sys
    return "ipport", f"{address}:{binding.port}"


def record_of(snapshot: BeaconSnapshot, binding: Binding) -> HttpSysRecord | None:
    kind, key = record_key(binding)
    for record in snapshot.httpsys:
        if record.kind == kind and (record.key.lower() == key or (kind == "ccs" and _port_of(record) == binding.port)):
            return record
    return None


def records_for(snapshot: BeaconSnapshot, site: str) -> tuple[HttpSysRecord, ...]:
    """Records that the site's https bindings use, each once."""
    found: dict[tuple[str, str], HttpSysRecord] = {}
    for binding in https_bindings(snapshot, site):
        record = record_of(snapshot, binding)
        if record is not None:
            found[(record.kind, record.key.lower())] = record
    return tuple(found.values())


def sites_sharing(snapshot: BeaconSnapshot, record: HttpSysRecord) -> tuple[str, ...]:
    """Names of the sites that a change of the record touches."""
    return tuple(
        site.name
        for site in snapshot.sites
        if any(record_of(snapshot, binding) == record for binding in https_bindings(snapshot, site.name))
    )


def binding_for(snapshot: BeaconSnapshot, site: str | None, port: int, name: str) -> Endpoint | None:
    """What serves TLS at `port` to a client that asks for `name` (a host name, or an address, which sends no SNI).

    None: nothing is bound there for that name, so that the hello is reset or the connection refused.
    """
    candidates = [binding for binding in https_bindings(snapshot, site) if binding.port == port]
    host = name.rstrip(".").lower()
    by_name = [] if _is_address(host) else [binding for binding in candidates if binding.ssl_flags & SNI]
    plain = [binding for binding in candidates if not binding.ssl_flags & SNI]
    exact = [binding for binding in by_name if binding.host.lower() == host]
    wildcard = [binding for binding in by_name if _wildcard_matches(binding.host.lower(), host)]
    named = [binding for binding in plain if binding.host.lower() == host]
    unnamed = [binding for binding in plain if not binding.host]
    for group in (exact, wildcard, named, unnamed):
        if group:
            return Endpoint(group[0], record_of(snapshot, group[0]), answers_host=True)
    return Endpoint(plain[0], record_of(snapshot, plain[0]), answers_host=False) if plain else None


def asks_in_first_handshake(binding: Binding, record: HttpSysRecord | None) -> bool:
    """http.sys's own flag, or the binding's bit of Server 2025."""
    return bool(binding.ssl_flags & NEGOTIATE_CLIENT_CERTIFICATE) or (
        record is not None and record.clientcertnegotiation
    )


def ports_of(snapshot: BeaconSnapshot) -> frozenset[int]:
    """Every port that http or https is bound to."""
    return frozenset(
        binding.port for site in snapshot.sites for binding in site.bindings if binding.protocol in ("http", "https")
    )


def _port_of(record: HttpSysRecord) -> int:
    port = record.key.rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() else 0


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def _wildcard_matches(pattern: str, host: str) -> bool:
    return pattern.startswith("*.") and host.partition(".")[2] == pattern[2:]
