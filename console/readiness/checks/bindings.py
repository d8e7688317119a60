"""Sites, bindings and SSL settings of the beacon behind the endpoint, as WinRM shows them."""

from __future__ import annotations

from console.iis.snapshot import HelloOutcome
from console.pki.names import ascii_host
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_OWN_SERVER = "IIS isn't installed: the beacon's own web server answers plain http, without bindings or SSL settings"


@check(
    "beacon.site-stopped",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="The site of the binding is started.",
    source="windows.md S3; handshake.md B-BIND-01",
    remedy="Start the site on the beacon.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def site_stopped(case: Case) -> Outcome:
    routed = case.endpoint.routed if case.endpoint is not None else None
    if routed is None:
        return unknown("No binding of the beacon was found on this port")
    if routed[0].state != "Started":
        return warned(f"The site “{clean(routed[0].name, 80)}” is {clean(routed[0].state, 40)}", risk=True)
    return passed(f"The site “{clean(routed[0].name, 80)}” is started")


@check(
    "beacon.binding-differs",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="What the console's hello saw agrees with what WinRM shows: certificate, and when one is asked for.",
    source="windows.md S14, S18; issue 6 (a contradiction is its own finding)",
    remedy="Sweep again; if it stays so, another machine or a proxy answers for this name, or a restart is pending.",
    needs=(Need.HTTPS, Need.BEACON, Need.HELLO),
    part=Part.ENDPOINT,
)
def binding_differs(case: Case) -> Outcome:
    endpoint = case.endpoint
    if endpoint is None or not endpoint.chain:
        return unknown("The hello or the settings weren't observed")
    if endpoint.record is None:
        return warned("The endpoint answers TLS, but http.sys has no record for it: something else may answer")
    bound = endpoint.bound
    if bound is not None and bound.der != endpoint.chain[0]:
        return warned("The certificate that is sent isn't the one that http.sys has on record")
    said, seen = endpoint.asks_first_by_record, endpoint.asks_first
    if said is not None and seen is not None and said != seen:
        told = "asks" if said else "doesn't ask"
        return warned(f"By its http.sys record the beacon {told} for a certificate first; the hello saw otherwise")
    return passed("The hello and WinRM's settings agree")


@check(
    "beacon.host-header",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="A binding takes the Host header that the device sends (its host as written, a trailing dot included).",
    source="handshake.md B-BIND-04 (measured on the emulated beacon: T255, T257, T259; 400 Invalid Hostname)",
    remedy="Add a binding with this host name, or one without a host name, to the site.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def host_header(case: Case) -> Outcome:
    endpoint = case.endpoint
    if not case.https and endpoint is not None and endpoint.without_iis:
        return not_applicable(_OWN_SERVER)
    if endpoint is None or not endpoint.on_port:
        return unknown("No binding of the beacon was found on this port")
    if endpoint.routed is not None:
        return passed("A binding takes the host that the device asks for")
    shown = clean(ascii_host(case.use.host), 120)
    if case.use.host.endswith("."):
        return failed(
            f"The device sends “Host: {shown}” with a trailing dot, which no binding takes: 400",
            side=Side.DEVICE,
            remedy="Write the host without its trailing dot in the failover list.",
        )
    hosts = ", ".join(sorted({clean(binding.host, 80) for _, binding in endpoint.on_port}))
    return failed(f"No binding takes “Host: {shown}” (bindings: {hosts}): 400 Invalid Hostname")


@check(
    "beacon.ssl-required",
    step=Step.HTTP,
    side=Side.PAIR,
    refused_by=Side.BEACON,
    rule="A device that uses http isn't sent away because the site requires SSL.",
    source="handshake.md P-URL-01; windows.md 2.3 (403.4)",
    remedy="Set Protocol=https and the https port in the device's failover list.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def ssl_required(case: Case) -> Outcome:
    if case.https:
        return not_applicable("The device uses https")
    hello = case.endpoint.hello if case.endpoint is not None else None
    if hello is not None and hello.outcome is HelloOutcome.TLS:
        return not_applicable("The port speaks TLS: the connection ends before any HTTP")
    if case.endpoint is not None and case.endpoint.without_iis:
        return not_applicable(_OWN_SERVER)
    if case.access is None:
        return unknown("The SSL settings of the site weren't observed")
    if "SslRequireCert" in case.access.flags and "Ssl" not in case.access.flags:
        return failed(f"The device uses http; {clean(case.access.location, 120)} requires a client certificate: 403.7")
    if "Ssl" in case.access.flags:
        return failed(f"The device uses http; {clean(case.access.location, 120)} requires SSL: 403.4")
    return passed("The site doesn't require SSL")


@check(
    "beacon.certificate-without-key",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="The certificate that http.sys has on record is in its store, with its private key.",
    source="windows.md S4; handshake.md B-BIND-01",
    remedy="Import the certificate again with its private key (PFX), and bind it.",
    needs=(Need.HTTPS, Need.BEACON),
    part=Part.ENDPOINT,
)
def certificate_without_key(case: Case) -> Outcome:
    endpoint = case.endpoint
    if endpoint is None or endpoint.record is None:
        return unknown("No http.sys record was found for this endpoint")
    risk = not endpoint.tls_seen  # a hello that was answered proves that the key is there
    if endpoint.bound is None:
        return warned("http.sys has a certificate on record that isn't in the stores that were read", risk=risk)
    if not endpoint.bound.has_key:
        return warned("The bound certificate has no private key in its store: a restart may not serve it", risk=risk)
    if endpoint.tls_seen:
        return passed("The bound certificate's key works: the console's hello was answered with it")
    return passed("The bound certificate is in its store, with its key (which no hello has tried)")


@check(
    "beacon.not-elevated",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="The account used over WinRM is an administrator of the beacon.",
    source="windows.md S1",
    remedy="Use an account that is an administrator there: settings and keys may be missing from what was observed.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def not_elevated(case: Case) -> Outcome:
    elevated = case.endpoint.snapshot.elevated if case.endpoint is not None else None
    if elevated is None:
        return unknown("Whether the account is an administrator wasn't observed")
    if not elevated:
        return warned("The account used over WinRM isn't an administrator; not all of the settings can be seen")
    return passed("The account used over WinRM is an administrator")


@check(
    "beacon.shared-record",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="Other sites that share the http.sys record are named: a change of it touches them as well.",
    source="windows.md S13, S29",
    remedy="Look at the other sites before the record is changed, or give this one an SNI binding of its own.",
    needs=(Need.HTTPS, Need.BEACON),
    part=Part.ENDPOINT,
)
def shared_record(case: Case) -> Outcome:
    endpoint = case.endpoint
    if endpoint is None or endpoint.routed is None:
        return unknown("No binding of the beacon was found on this port")
    mine = endpoint.routed[0].name
    others = sorted({site.name for site, _ in endpoint.on_port if site.name != mine})
    if others:
        return warned(f"Other sites answer on this port too: {', '.join(clean(name, 60) for name in others[:5])}")
    return passed("No other site answers on this port")
