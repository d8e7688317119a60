"""A beacon's TLS settings as its editor and the tables show them; what they amount to, console.iis says."""

from __future__ import annotations

from dataclasses import dataclass

from console.iis.bindings import SNI
from console.iis.settings import SETTINGS, Ask, BindingSettings, site_settings
from console.iis.snapshot import BeaconSnapshot, HelloOutcome

MODES = SETTINGS["client_certificates"]
ASKS = SETTINGS["ask"]


@dataclass(frozen=True, slots=True)
class BeaconFacts:
    """None or empty where the snapshot doesn't say."""

    bindings: tuple[BindingSettings, ...] = ()
    """The site's https bindings."""
    client_certificates: str | None = None
    require_ssl: bool | None = None
    ask: str | None = None
    """When the client certificate is asked for; None too where the bindings differ."""


def beacon_facts(snapshot: BeaconSnapshot | None, site: str) -> BeaconFacts:
    if snapshot is None or not snapshot.reached:
        return BeaconFacts()
    found = site_settings(snapshot, site)
    if found is None:
        return BeaconFacts()
    return BeaconFacts(
        found.bindings,
        found.client_certificates.value if found.known else None,
        found.require_ssl if found.known else None,
        found.ask.value if found.ask in (Ask.FIRST_HANDSHAKE, Ask.LATE) else None,
    )


def https_words(snapshot: BeaconSnapshot | None, facts: BeaconFacts) -> str:
    """`443 SNI`, `443, 8443`, `none`, `plain http`, `unreachable`."""
    if snapshot is None:
        return "not read yet"
    if not snapshot.reached:
        return "unreachable"
    if not facts.bindings:
        plain = any(hello.outcome is HelloOutcome.PLAIN_HTTP for hello in snapshot.hellos)
        return "plain http" if plain else "none"
    bound = [one.binding for one in facts.bindings]
    ports = dict.fromkeys(f"{one.port} SNI" if one.ssl_flags & SNI else str(one.port) for one in bound)
    return ", ".join(ports)
