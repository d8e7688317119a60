"""What a beacon says beside sites, bindings and certificates (windows.md 2.6). Immutable; None: not observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebConfigAccess:
    """SSL settings in force at a location with its web.config files, where the section is unlocked for them."""

    location: str
    """`Default Web Site` or `Default Web Site/ManageSoftRL`."""
    flags: tuple[str, ...]
    """As AccessSetting.flags; web.config goes before applicationHost.config."""


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """requestFiltering's maxAllowedContentLength in force at one location."""

    location: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """serverRuntime's uploadReadAheadSize in force at one location."""

    location: str
    bytes: int


@dataclass(frozen=True, slots=True)
class CertificateMapping:
    """How a site maps client certificates to Windows accounts."""

    site: str
    enabled: bool
    """iisClientCertificateMappingAuthentication."""
    entries: int
    """One-to-one and many-to-one mappings, of the kinds that are on."""
    active_directory: bool
    """clientCertificateMappingAuthentication: the accounts are Active Directory's, and can't be counted here."""


@dataclass(frozen=True, slots=True)
class RecentRefusals:
    """The newest IIS log of one site, the last lines of it: counts by `status.sub-status`, never whose they were."""

    site: str
    file: str
    """`u_ex261124.log`: IIS names it by its day."""
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ServerFacts:
    shared_configuration: bool | None = None
    """redirection.config leads to files that other servers use too."""
    unlocked: tuple[str, ...] | None = None
    """Locations at which a web.config may change the SSL settings."""
    web_config: tuple[WebConfigAccess, ...] = ()
    """Of those locations."""
    web_config_unread: tuple[str, ...] = ()
    """Of the locations that devices use those at which this couldn't be read, while it could at others."""
    request_limits: tuple[RequestLimit, ...] = ()
    """Of sites and their ManageSoftRL."""
    read_ahead: tuple[ReadAhead, ...] = ()
    """Of sites and their ManageSoftRL."""
    mappings: tuple[CertificateMapping, ...] = ()
    free_bytes: int | None = None
    """Of the system drive."""
    renewal_tools: tuple[str, ...] | None = None
    """Scheduled tasks and services, by name, of tools that renew certificates by themselves."""
    schannel_errors: Mapping[str, int] | None = None
    """Event id to count, System log, the last 24 hours."""
    refusals: tuple[RecentRefusals, ...] = ()

    def mapping(self, site: str) -> CertificateMapping | None:
        return next((one for one in self.mappings if one.site.lower() == site.lower()), None)

    def request_limit(self, location: str) -> RequestLimit | None:
        """Of this very location: a web.config there may say otherwise than the site's."""
        return next((one for one in self.request_limits if one.location.lower() == location.lower()), None)

    def may_differ(self, location: str) -> bool:
        """Whether a web.config sets other SSL settings here wasn't observed."""
        wanted = location.lower()
        if self.unlocked is None or any(place.lower() == wanted for place in self.web_config_unread):
            return True
        seen = any(one.location.lower() == wanted for one in self.web_config)
        return not seen and any(place.lower() == wanted for place in self.unlocked)

    def reads_ahead(self, location: str) -> ReadAhead | None:
        """Of this very location."""
        return next((one for one in self.read_ahead if one.location.lower() == location.lower()), None)
