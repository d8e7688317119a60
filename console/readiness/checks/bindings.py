"""Sites, bindings and SSL settings of the beacon behind the endpoint, as WinRM shows them."""

from __future__ import annotations

from console.pki.names import ascii_host
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check


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
    if case.access is None:
        return unknown("The SSL settings of the site weren't observed")
    if "SslRequireCert" in case.access.flags and "Ssl" not in case.access.flags:
        return failed(f"The device uses http; {clean(case.access.location, 120)} requires a client certificate: 403.7")
    if "Ssl" in case.access.flags:
        return failed(f"The device uses http; {clean(case.access.location, 120)} requires SSL: 403.4")
    return passed("The site doesn't require SSL")
