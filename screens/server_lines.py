"""What a beacon's server says beside sites, settings and certificates, as lines for the facts screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.iis.server import ServerFacts
from screens.text import plain

_MEGABYTE = 1024 * 1024


def server_lines(server: ServerFacts) -> Iterator[str]:
    """Nothing of what wasn't observed."""
    if server.shared_configuration is not None:
        shared = (
            "shared with other servers (redirection.config)" if server.shared_configuration else "this server's own"
        )
        yield f"IIS's configuration is {shared}"
    if server.unlocked is not None:
        places = ", ".join(plain(place) for place in server.unlocked) or "nowhere"
        yield f"a web.config may change the SSL settings: {places}"
    for settings in server.web_config:
        yield f"{plain(settings.location)} with web.config: {', '.join(settings.flags) or 'none'}"
    for limit in server.request_limits:
        yield f"{plain(limit.location)}: requests of up to {limit.bytes} bytes"
    for mapping in server.mappings:
        kinds = [f"by IIS, {mapping.entries} mappings"] if mapping.enabled else []
        kinds += ["by Active Directory"] if mapping.active_directory else []
        yield f"{plain(mapping.site)}: certificates are mapped to accounts {' and '.join(kinds) or 'nowhere'}"
    if server.free_bytes is not None:
        yield f"{server.free_bytes // _MEGABYTE} MB of the system drive are free"
    if server.renewal_tools is not None:
        yield f"renews certificates by itself: {', '.join(map(plain, server.renewal_tools)) or 'nothing known'}"
    if server.schannel_errors is not None:
        yield f"Schannel's errors of the last 24 hours, by event: {_counts(server.schannel_errors)}"
    for log in server.refusals:
        yield f"{plain(log.site)}, last lines of {plain(log.file)}: {_counts(log.counts)}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{plain(name)} {count} times" for name, count in sorted(counts.items())) or "none"
