"""What the beacon's server says beside its handshake: what changes of it would touch or meet (windows.md 2.6)."""

from __future__ import annotations

from console.iis.server import ServerFacts
from console.iis.snapshot import DEVICES_OWN
from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_ROOM = 512 * 1024 * 1024
"""Bytes. A backup takes a few, but IIS's and http.sys's logs go to the same drive, and IIS fails when it's full."""
_SHOWN = 5
_NEEDS = (Need.HTTPS, Need.BEACON)
_UNREAD = "Sweep the beacon; where it stays unread, its snapshot's notes (show BEACON) say which file IIS can't read."


def _facts(case: Case) -> ServerFacts:
    return case.endpoint.snapshot.server if case.endpoint is not None else ServerFacts()


def _named(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(clean(name, 80) for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


@check(
    "beacon.access-unlocked",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule=(
        "No web.config may change the SSL settings: their section is locked (overrideMode Deny, IIS's default). "
        "What one sets is judged as set; a risk where that couldn't be read."
    ),
    source="windows.md S17, 1.5",
    remedy="Lock system.webServer/security/access again, or look at web.config before each change of the settings.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def access_unlocked(case: Case) -> Outcome:
    if case.endpoint is None or case.endpoint.routed is None:
        return unknown("No binding of the beacon was found on this port")
    facts = _facts(case)
    if case.access is not None and case.access.may_differ:
        return warned(
            "Whether a web.config asks devices for more than applicationHost.config does wasn't observed",
            risk=True,
            remedy=_UNREAD,
            evidence={"locations": _named(facts.unlocked or facts.web_config_unread)},
        )
    if facts.unlocked is None:
        return unknown("Whether a web.config may change the SSL settings wasn't observed")
    site = case.endpoint.routed[0].name.lower()
    places = [place for place in facts.unlocked if f"{place.lower()}/".startswith(f"{site}/")]
    if not places:
        return passed("No web.config may change the SSL settings of the site")
    found = [
        f"{clean(one.location, 80)}: {', '.join(one.flags) or 'none'}"
        for one in facts.web_config
        if one.location in places
    ]
    return warned(f"A web.config may change the SSL settings at {_named(places)}", evidence={"now": "; ".join(found)})


@check(
    "beacon.ssl-128",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="Ssl128 isn't set. It refuses ciphers below 128 bits (403.5), which no TLS library of today offers.",
    source="windows.md 2.3 (403.5: obsolete)",
    remedy="Nothing has to be done; clear Ssl128 in the SSL settings where it isn't wanted.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def ssl_128(case: Case) -> Outcome:
    if case.access is None:
        return unknown("The SSL settings of the site weren't observed")
    if "Ssl128" in case.access.flags:
        place = {"location": case.access.location}
        return warned("Ssl128 is set: a device whose cipher has less than 128 bits gets 403.5", evidence=place)
    return passed("Ssl128 isn't set")


@check(
    "beacon.other-applications",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="Where client certificates are asked for, the site has no other applications, whose users are asked as well.",
    source="windows.md S29, 1.5",
    remedy="Ask who uses them. Settings at ManageSoftDL and ManageSoftRL alone, or a site of its own, spare them.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def other_applications(case: Case) -> Outcome:
    endpoint = case.endpoint
    if endpoint is None or endpoint.routed is None or case.access is None:
        return unknown("The SSL settings of the site weren't observed")
    if case.mode is ClientMode.IGNORE:
        return not_applicable("The beacon doesn't ask for client certificates here")
    site = endpoint.routed[0]
    if site.applications is None:
        return unknown("The applications of the site weren't observed")
    asking = [path for path in site.applications if path.lower() not in DEVICES_OWN and _asks(case, path)]
    if asking:
        return warned(f"Other applications of the site ask for a certificate too: {_named(asking)}")
    return passed("No other application of the site asks for a certificate")


def _asks(case: Case, path: str) -> bool:
    """By the settings of the application itself, else of the site."""
    found = case.endpoint.access(path.strip("/")) if case.endpoint is not None else None
    return found is not None and found.mode is not ClientMode.IGNORE


@check(
    "beacon.shared-configuration",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="IIS's configuration is this server's own: redirection.config doesn't lead to files that others use too.",
    source="windows.md S33",
    remedy="Change the SSL settings on the server that owns the files, once all its servers are ready: apply refuses.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def shared_configuration(case: Case) -> Outcome:
    shared = _facts(case).shared_configuration
    if shared is None:
        return unknown("Whether IIS's configuration is shared wasn't observed")
    if shared:
        return warned("IIS's configuration is shared with other servers: the console reads it, and changes nothing")
    return passed("IIS's configuration is this server's own")


@check(
    "beacon.disk-space",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="The system drive has room for a backup of IIS's configuration (512 MB are free).",
    source="windows.md S31, 1.9",
    remedy="Make room on the system drive (old IIS logs) before anything is changed on this beacon.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def disk_space(case: Case) -> Outcome:
    free = _facts(case).free_bytes
    if free is None:
        return unknown("How much of the system drive is free wasn't observed")
    shown = {"free": f"{free // 1024**2} MB"}
    if free < _ROOM:
        return warned("The beacon's system drive is nearly full", evidence=shown)
    return passed("The beacon's system drive has room", shown)


@check(
    "beacon.renewal-tool",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="No tool renews the beacon's certificate by itself: it binds the new one with http.sys's default flags.",
    source="windows.md S34, §0.3 (win-acme #2153, #2831; Certify #486, #588)",
    remedy="After each renewal sweep this beacon, and set ask=first-handshake again where it is late.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def renewal_tool(case: Case) -> Outcome:
    tools = _facts(case).renewal_tools
    if tools is None:
        return unknown("Whether a tool renews certificates by itself wasn't observed")
    if tools:
        return warned(
            "A tool renews certificates on this beacon by itself; the certificate may be asked for late afterwards",
            evidence={"tools": _named(tools)},
        )
    return passed("No tool that renews certificates by itself was found")
