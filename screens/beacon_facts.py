"""A beacon's TLS settings in the words of its editor, read from its snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from console.iis.snapshot import BeaconSnapshot, Binding, HelloOutcome, HttpSysRecord

MODES = ("ignore", "accept", "require")
ASKS = ("first-handshake", "late")


@dataclass(frozen=True, slots=True)
class BeaconFacts:
    """None or empty where the snapshot doesn't say."""

    bindings: tuple[Binding, ...] = ()
    """The site's https bindings."""
    client_certificates: str | None = None
    require_ssl: bool | None = None
    ask: str | None = None
    """When the client certificate is asked for; None too where the records differ."""


def beacon_facts(snapshot: BeaconSnapshot | None, site: str) -> BeaconFacts:
    if snapshot is None or not snapshot.reached:
        return BeaconFacts()
    found = next((one for one in snapshot.sites if one.name.casefold() == site.casefold()), None)
    bindings = tuple(one for one in found.bindings if one.protocol == "https") if found else ()
    access = next((one for one in snapshot.access if one.location.casefold() == site.casefold()), None)
    mode: str | None = None
    require_ssl: bool | None = None
    if access is not None:
        flags = set(access.flags)
        mode = "require" if "SslRequireCert" in flags else "accept" if "SslNegotiateCert" in flags else "ignore"
        require_ssl = "Ssl" in flags
    asks = {record.clientcertnegotiation for one in bindings if (record := record_of(snapshot, one)) is not None}
    ask = ("first-handshake" if asks.pop() else "late") if len(asks) == 1 else None
    return BeaconFacts(bindings, mode, require_ssl, ask)


def record_of(snapshot: BeaconSnapshot, binding: Binding) -> HttpSysRecord | None:
    """The http.sys record that answers for this binding: by name where it uses SNI, else by address."""
    by_name = bool(binding.ssl_flags & 1)
    key = f"{binding.host}:{binding.port}" if by_name else f"{_address(binding.address)}:{binding.port}"
    for record in snapshot.httpsys:
        if record.key.casefold() == key.casefold():
            return record
    return None


def _address(address: str) -> str:
    return "0.0.0.0" if address in ("*", "") else address  # noqa: S104 - http.sys's own spelling of "every address"


def https_words(snapshot: BeaconSnapshot | None, facts: BeaconFacts) -> str:
    """`443 SNI`, `443, 8443`, `none`, `plain http`, `unreachable`."""
    if snapshot is None:
        return "not read yet"
    if not snapshot.reached:
        return "unreachable"
    if not facts.bindings:
        plain = any(hello.outcome is HelloOutcome.PLAIN_HTTP for hello in snapshot.hellos)
        return "plain http" if plain else "none"
    ports = dict.fromkeys(f"{one.port} SNI" if one.ssl_flags & 1 else str(one.port) for one in facts.bindings)
    return ", ".join(ports)
