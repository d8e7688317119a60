"""What else a beacon's settings show that a handshake or a change of it may stumble over (windows.md 2.6)."""

from __future__ import annotations

from console.pki.certificates import certificate
from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_SERVICES = ("W3SVC", "WAS")
_STRENGTH = ("Ssl", "SslNegotiateCert", "SslRequireCert")
_ISSUER_LIST_LIMIT = 16 * 1024
_NEEDS = (Need.HTTPS, Need.BEACON)
_UNREAD = "Sweep the beacon; where it stays unread, its snapshot's notes (show BEACON) say why."
_NO_BINDING = "No binding of the beacon was found on this port"


@check(
    "beacon.services",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="IIS is installed, and its services (W3SVC, WAS) run.",
    source="windows.md S2; flexnet.md §6 (only IIS supports mutual TLS, not the beacon's own web server)",
    remedy="Install the IIS web server there, or start the services (Start-Service W3SVC).",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def services(case: Case) -> Outcome:
    states = case.endpoint.snapshot.services if case.endpoint is not None else {}
    if not any(name in states for name in _SERVICES):
        return unknown("Whether IIS's services run wasn't observed")
    if not any(states.get(name) for name in _SERVICES):
        return warned("IIS isn't installed; the beacon's own web server can't do mutual TLS")
    idle = [
        f"{name} is {clean(states.get(name, ''), 40) or 'missing'}"
        for name in _SERVICES
        if states.get(name) != "Running"
    ]
    if idle:
        seen = case.endpoint is not None and case.endpoint.tls_seen
        return warned(f"IIS doesn't run: {', '.join(idle)}", risk=not seen)
    return passed("IIS's services run")


@check(
    "beacon.weaker-location",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="No application or directory below the site asks for less than the site itself.",
    source="windows.md S17; handshake.md B-SSL-01 (each component is judged by the directory that it uses)",
    remedy="Set the same SSL settings at that location in IIS Manager, or remove its own so that it inherits.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def weaker_location(case: Case) -> Outcome:
    if case.endpoint is None or case.endpoint.routed is None:
        return unknown(_NO_BINDING)
    site = case.endpoint.routed[0].name
    seen = case.endpoint.snapshot
    settings = {setting.location: setting.flags for setting in seen.access}
    settings |= {setting.location: setting.flags for setting in seen.server.web_config}
    own = next((flags for place, flags in settings.items() if place.lower() == site.lower()), None)
    if own is None:
        return unknown("The SSL settings of the site weren't observed")
    wanted = [flag for flag in _STRENGTH if flag in own]
    below = {place: flags for place, flags in settings.items() if place.lower().startswith(f"{site.lower()}/")}
    weaker = {clean(place, 80): [f for f in wanted if f not in flags] for place, flags in below.items()}
    lacking = {location: flags for location, flags in weaker.items() if flags}
    if lacking:
        evidence = {"locations": "; ".join(f"{place} lacks {', '.join(flags)}" for place, flags in lacking.items())}
        return warned(f"Weaker SSL settings than the site's at {', '.join(lacking)}", evidence=evidence)
    return passed("No location below the site asks for less than the site")


@check(
    "beacon.stricter-location",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="No folder below the one that the component uses asks for more than that one.",
    source="windows.md S17; handshake.md B-SSL-01 (which folders below it an agent uses isn't documented)",
    remedy="Remove that location's own SSL settings, so that it inherits, or set the same ones above it.",
    needs=(Need.BEACON,),
    part=Part.UPLOAD,
)
def stricter_location(case: Case) -> Outcome:
    if case.access is None or case.endpoint is None or case.endpoint.routed is None:
        return unknown("The SSL settings of the site weren't observed")
    folder = f"{case.endpoint.routed[0].name}/{case.directory}/".lower()
    more = {
        clean(setting.location, 80): [
            flag for flag in _STRENGTH if flag in setting.flags and flag not in case.access.flags
        ]
        for setting in case.endpoint.snapshot.access
        if setting.location.lower().startswith(folder)
    }
    stricter = {location: flags for location, flags in more.items() if flags}
    if stricter:
        evidence = {"locations": "; ".join(f"{place} adds {', '.join(flags)}" for place, flags in stricter.items())}
        return warned(f"Stricter SSL settings than above it at {', '.join(stricter)}", risk=True, evidence=evidence)
    return passed("No folder below asks for more")


@check(
    "beacon.http-open",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="Where client certificates are asked for, plain http is closed as well (Require SSL, or no http binding).",
    source="windows.md S28",
    remedy="Set require_ssl=true once no device uses http any more, or remove the http binding.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def http_open(case: Case) -> Outcome:
    endpoint = case.endpoint
    if endpoint is None or endpoint.routed is None or case.access is None:
        return unknown("The SSL settings of the site weren't observed")
    if case.mode is ClientMode.IGNORE:
        return not_applicable("The beacon doesn't ask for client certificates here")
    ports = sorted({b.port for b in endpoint.routed[0].bindings if b.protocol.lower() == "http"})
    if ports and "Ssl" not in case.access.flags:
        shown = ", ".join(map(str, ports))
        return warned(
            f"Plain http on port {shown} stays open: SSL isn't required", evidence={"location": case.access.location}
        )
    return passed("Plain http is closed, or there is no binding for it")


@check(
    "beacon.sni-without-host",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="A binding with the SNI flag has a host name.",
    source="windows.md S13, 1.4 (IIS Manager can't open such a binding)",
    remedy="Give the binding its host name in IIS, or clear its SNI flag.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def sni_without_host(case: Case) -> Outcome:
    if case.endpoint is None or not case.endpoint.on_port:
        return unknown(_NO_BINDING)
    odd = [binding for _, binding in case.endpoint.on_port if binding.ssl_flags & 1 and not binding.host]
    if odd:
        where = {"binding": f"{clean(odd[0].information, 120)} of {clean(odd[0].site, 80)}"}
        return warned("A binding has the SNI flag but no host name: it answers for no name", evidence=where)
    return passed("Every SNI binding has its host name")


@check(
    "beacon.other-record",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="The http.sys record that answers has the binding's certificate, and no record of the bare port another one.",
    source="windows.md S14, S15 (a record of address and port goes before one of a host name)",
    remedy="Bind the certificate again; see `netsh http show sslcert` for a record that is left over.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def other_record(case: Case) -> Outcome:
    endpoint = case.endpoint
    if endpoint is None or endpoint.routed is None or endpoint.record is None:
        return unknown("No binding with an http.sys record was found for this endpoint")
    binding, record = endpoint.routed[1], endpoint.record
    mine = binding.thumbprint.lower()
    if mine and record.certhash.lower() != mine:
        evidence = {"binding": binding.thumbprint, "record": f"{record.key}: {record.certhash}"}
        return warned("http.sys has another certificate on record than the binding", evidence=evidence)
    port = f":{binding.port}"
    others = [
        other
        for other in endpoint.snapshot.httpsys
        if other.kind == "ipport" and other.key.endswith(port) and other.certhash.lower() != record.certhash.lower()
    ]
    if others:
        evidence = {"record": f"{others[0].key}: {others[0].certhash}"}
        return warned("Devices that send no name get another certificate on this port", evidence=evidence)
    return passed("No http.sys record of this port has another certificate")


@check(
    "beacon.issuer-list",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="A list of trusted issuers, where the beacon sends one, fits into the 16 KB that Schannel has for it.",
    source="windows.md S23; handshake.md B-CC-04 (OpenSSL sends its certificate whatever the list says)",
    remedy="Remove roots that aren't needed, or set SendTrustedIssuerList=0 (the default).",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def issuer_list(case: Case) -> Outcome:
    if case.endpoint is None:
        return unknown("The beacon's settings weren't observed")
    if not case.endpoint.snapshot.schannel.send_trusted_issuer_list:
        return passed("The beacon sends no list of trusted issuers")
    issuers = case.endpoint.snapshot.store("ClientAuthIssuer") or case.endpoint.roots
    size = sum(len(certificate(entry.der).subject_der) for entry in issuers)
    evidence = {"issuers": str(len(issuers)), "bytes": str(size)}
    if size > _ISSUER_LIST_LIMIT:
        return warned(f"The list of trusted issuers is cut off: {size} bytes of at most 16384", evidence=evidence)
    return passed(f"The list of {len(issuers)} trusted issuers fits", evidence)


@check(
    "beacon.certificate-mapping",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="Client certificates aren't mapped to Windows accounts (SslMapCert, DS mapper, IIS), or each has its account.",
    source="handshake.md B-CC-07; windows.md 2.3 (403.12, 401)",
    remedy="Switch the mapping off (SslMapCert, dsmapperusage, IIS's own), or map the device's certificate.",
    needs=_NEEDS,
    part=Part.ENDPOINT,
)
def certificate_mapping(case: Case) -> Outcome:
    if case.access is None or case.endpoint is None or case.endpoint.routed is None:
        return unknown("The SSL settings of the site weren't observed")
    if case.mode is ClientMode.IGNORE:
        return not_applicable("The beacon doesn't look at client certificates here")
    seen = case.endpoint.snapshot.server.mapping(case.endpoint.routed[0].name)
    directory = case.endpoint.record is not None and case.endpoint.record.dsmapper
    by = [
        *(["SslMapCert"] if "SslMapCert" in case.access.flags else []),
        *(["dsmapperusage of the http.sys record"] if directory else []),
        *(["iisClientCertificateMappingAuthentication"] if seen is not None and seen.enabled else []),
    ]
    if not by and seen is None:
        return unknown(
            "Whether IIS maps client certificates to Windows accounts wasn't observed; one without is refused (403.12)",
            remedy=_UNREAD,
        )
    if not by:
        return passed("Client certificates aren't mapped to Windows accounts")
    evidence = {"by": ", ".join(by), "location": case.access.location, "answer": "403.12 or 401 without an account"}
    if seen is not None and seen.enabled and not seen.entries and not seen.active_directory and not directory:
        return failed(
            "Client certificates are mapped to Windows accounts, and none is mapped: each is refused (403.12, 401)",
            evidence=evidence,
        )
    if seen is not None and seen.enabled:
        evidence["mappings"] = str(seen.entries)
    return unknown(
        "Client certificates are mapped to Windows accounts; whether this one has an account wasn't observed",
        evidence=evidence,
    )
