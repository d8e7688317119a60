"""Can a connection be made at all: name, port, and somebody who answers."""

from __future__ import annotations

from datetime import timedelta

from console.agent.snapshot import ReachFact, ReachOutcome
from console.iis.snapshot import HelloOutcome
from console.pki.names import ascii_host, ip_address
from console.readiness.case import Case
from console.readiness.device_view import skew_of
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown
from console.readiness.registry import Need, Part, Severity, check

_ONE_LOOK = timedelta(minutes=10)
"""What the device tried and what the console's hello saw count as seen together, a sweep's queue included."""


@check(
    "network.no-beacon",
    step=Step.CONNECT,
    side=Side.NETWORK,
    refused_by=None,
    rule="The endpoint that a device uses belongs to a beacon of the fleet.",
    source="handshake.md P-DNS-01; issue 6, every path the agent may take",
    remedy="Add the beacon to the fleet file, or correct the host and port in the device's failover list.",
    part=Part.ENDPOINT,
)
def no_beacon(case: Case) -> Outcome:
    where = f"{clean(case.use.host, 120)}:{case.use.port}"
    if not case.use.beacon:
        return unknown(f"No beacon of the fleet answers to {where}")
    return passed(f"{where} belongs to {clean(case.use.beacon, 120)}")


@check(
    "device.not-observed",
    step=Step.CONNECT,
    side=Side.DEVICE,
    refused_by=None,
    rule="A snapshot of the device, config.ini included, is there to judge by.",
    source="DESIGN.md: what decides and wasn't observed makes unknown",
    remedy="Sweep the device; see its SSH settings where that fails.",
)
def device_observed(case: Case) -> Outcome:
    if case.device is None:
        return unknown(f"The device wasn't observed: {clean(case.pair.device_error) or 'no sweep yet'}")
    config = case.device.snapshot.config
    if config.content is None:
        return unknown(f"{clean(config.path, 200)} wasn't read: {config.state.value}")
    return passed("The device was observed", {"at": f"{case.device.snapshot.taken_at:%Y-%m-%d %H:%M} UTC"})


@check(
    "beacon.not-observed",
    step=Step.CONNECT,
    side=Side.BEACON,
    refused_by=None,
    rule="A snapshot of the beacon over WinRM is there to judge by.",
    source="DESIGN.md: what decides and wasn't observed makes unknown",
    remedy="Sweep the beacon; see its WinRM settings where that fails.",
    part=Part.ENDPOINT,
)
def beacon_observed(case: Case) -> Outcome:
    if not case.https and case.use.beacon:
        return not_applicable("Plain http: the beacon's TLS settings don't matter")
    if case.endpoint is None:
        return unknown(f"The beacon wasn't observed: {clean(case.pair.beacon_error) or 'no sweep yet'}")
    if not case.endpoint.reached:
        notes = "; ".join(clean(note, 200) for note in case.endpoint.snapshot.notes[:2])
        why = clean(case.pair.beacon_error) or notes or "WinRM wasn't reached"
        return unknown(f"The beacon's settings and stores weren't observed: {why}")
    return passed("The beacon was observed", {"at": f"{case.endpoint.snapshot.taken_at:%Y-%m-%d %H:%M} UTC"})


@check(
    "network.name-unresolved",
    step=Step.CONNECT,
    side=Side.NETWORK,
    refused_by=Side.NETWORK,
    rule="The beacon's name resolves on the device.",
    source="handshake.md P-DNS-01",
    remedy="Add the name to DNS (or to the device's hosts file), or correct the host in its failover list.",
    needs=(Need.DEVICE,),
)
def name_unresolved(case: Case) -> Outcome:
    host = case.use.host
    if ip_address(host) is not None:
        return not_applicable("The device uses an address, not a name")
    if case.use.address:
        return not_applicable(f"[resolve] of the fleet file says where {clean(host, 120)} is")
    if _through_proxy(case):
        return not_applicable("The agent goes through a proxy, which finds the address itself")
    names = case.device.snapshot.names if case.device is not None else ()
    wanted = {host.lower(), ascii_host(host).lower()}
    fact = next((name for name in names if name.host.lower() in wanted), None)
    if fact is not None and fact.addresses:
        return passed(f"{clean(host, 120)} resolves on the device", {"addresses": ", ".join(fact.addresses[:8])})
    tried = _tried(case)
    if tried is not None and tried.outcome is ReachOutcome.CONNECTED:
        return passed(f"{clean(host, 120)} resolves on the device: it connects there", {"by": tried.how})
    if fact is not None and fact.asked:
        return failed(f"{clean(host, 120)} doesn't resolve on the device: {clean(fact.error) or 'no address'}")
    if tried is not None and tried.outcome is ReachOutcome.NO_ADDRESS:
        return failed(f"{clean(host, 120)} doesn't resolve on the device: its {clean(tried.how, 40)} finds no address")
    why = f": {clean(fact.error)}" if fact is not None else ""
    return unknown(f"Whether {clean(host, 120)} resolves on the device wasn't observed{why}")


@check(
    "network.port-closed",
    step=Step.CONNECT,
    side=Side.NETWORK,
    refused_by=Side.NETWORK,
    rule="Somebody listens on the endpoint's port: the console's hello is answered, or the device itself gets through.",
    source="handshake.md P-NET-01",
    remedy="Start the site or its binding, open the port on the way, or correct the port in the failover list.",
)
def port_closed(case: Case) -> Outcome:
    where = f"{clean(case.use.host, 120)}:{case.use.port}"
    hello = case.endpoint.hello if case.endpoint is not None else None
    tried = _tried(case)
    through = tried is not None and tried.outcome is ReachOutcome.CONNECTED and not _long_before_hello(case)
    if hello is None:
        if not case.https and case.endpoint is not None and case.endpoint.on_port:
            return passed(f"The beacon has a binding on port {case.use.port}")
        if through:
            return passed(f"{where} answers the device")
        return unknown(f"No hello to {where} was made")
    evidence = {"connected to": hello.address, "said": clean(hello.error)}
    match hello.outcome:
        case HelloOutcome.REFUSED | HelloOutcome.TIMEOUT | HelloOutcome.NO_ADDRESS if through:
            # The console stands elsewhere: its own way isn't the pair's. What the beacon shows stays unknown.
            return passed(f"{where} answers the device, though not the console", evidence)
        case HelloOutcome.REFUSED:
            return failed(f"{where} is closed: the connection is refused", evidence=evidence)
        case HelloOutcome.TIMEOUT:
            return unknown(
                f"{where} doesn't answer the console; whether the device gets there isn't known", evidence=evidence
            )
        case HelloOutcome.NO_ADDRESS:
            return unknown(f"The console finds no address for {where}", evidence=evidence)
    return passed(f"{where} answers", evidence)


_ENDED = {
    ReachOutcome.REFUSED: "is refused",
    ReachOutcome.TIMEOUT: "gets no answer",
    ReachOutcome.NO_ROUTE: "has no route",
    ReachOutcome.FAILED: "doesn't come about",
}
_MENDED = " If that was mended since, sweep the device again: it tries anew."
_FIXES = {
    ReachOutcome.REFUSED: (
        "Let the device connect to {where}: a firewall on the way rejects it, or nobody listens there (is the "
        "beacon's site started?)."
    ),
    ReachOutcome.TIMEOUT: "Let the device connect to {where}: a firewall on the way drops its packets, or it is off.",
    ReachOutcome.NO_ROUTE: "Give the device's network a route to {where}.",
    ReachOutcome.FAILED: "See why the device can't connect to {where}: firewalls, routes, the name, the beacon's site.",
}


@check(
    "network.unreachable-from-device",
    step=Step.CONNECT,
    side=Side.NETWORK,
    refused_by=Side.NETWORK,
    rule=(
        "The device itself gets through to the endpoint: a TCP connection that it tried when it was swept (nothing "
        "sent, no certificate, no key). Refused, silent and no route are kept apart."
    ),
    source="handshake.md P-NET-01",
    remedy="Let the device reach the port: firewalls, routes, and whether the beacon's site is started.",
)
def unreachable_from_device(case: Case) -> Outcome:
    where = f"{clean(case.use.host, 120)}:{case.use.port}"
    tried = _tried(case)
    if tried is None:
        return not_applicable(f"The device didn't try to connect to {where}")
    if tried.outcome is ReachOutcome.NOT_TRIED:
        return not_applicable(f"The device couldn't try to connect to {where}: {clean(tried.error)}")
    if _through_proxy(case):
        return not_applicable("The agent goes through a proxy; the direct way doesn't matter")
    if tried.outcome is ReachOutcome.NO_ADDRESS:
        return not_applicable("The name isn't known to the device: see network.name-unresolved")
    evidence = {"tried by": f"the device's {tried.how}", "to": tried.address, "said": tried.error}
    if tried.outcome is ReachOutcome.CONNECTED:
        return passed(f"The device gets through to {where}", evidence)
    hello = case.endpoint.hello if case.endpoint is not None else None
    answered = hello is not None and hello.outcome not in (
        HelloOutcome.REFUSED,
        HelloOutcome.TIMEOUT,
        HelloOutcome.NO_ADDRESS,
    )
    if answered and _long_before_hello(case):
        return unknown(
            f"The device couldn't connect to {where} when it was swept, but the console could later",
            remedy="Sweep the device again: it tries anew.",
            evidence=evidence,
        )
    if answered and tried.address:
        return unknown(
            f"The device's connection to {clean(tried.address, 80)}, where [resolve] says that {where} is, "
            f"{_ENDED[tried.outcome]}; whether it gets to where its own DNS leads isn't known",
            remedy=(
                "Let the device reach that address, or take the line out of [resolve] where it is meant for the "
                "console alone; then sweep the device again."
            ),
            evidence=evidence,
        )
    return failed(
        f"The device's connection to {where} {_ENDED[tried.outcome]}"
        + (", though the console's isn't" if answered else ""),
        remedy=_FIXES[tried.outcome].format(where=where) + (_MENDED if answered else ""),
        evidence=evidence,
    )


def _tried(case: Case) -> ReachFact | None:
    """What the device tried of this very endpoint, where it is still the place that is meant."""
    if case.device is None:
        return None
    host = case.use.host.strip("[]").lower()
    for fact in case.device.snapshot.reach:
        if fact.port == case.use.port and fact.host.strip("[]").lower() == host and fact.address == case.use.address:
            return fact
    return None


def _long_before_hello(case: Case) -> bool:
    """The device tried well before the console's last hello: the endpoint may have changed since."""
    hello = case.endpoint.hello if case.endpoint is not None else None
    if hello is None or case.device is None:
        return False
    later = skew_of(hello.taken_at, case.device.snapshot.taken_at)
    return later is not None and later > _ONE_LOOK


def _through_proxy(case: Case) -> bool:
    """Every entry that leads there names a proxy: the direct way is no component's."""
    if case.device is None:
        return False
    use = case.use
    choices = case.device.failover.at(use.host, use.port, use.protocol)
    return bool(choices) and all(choice.entry.proxy for choice in choices)


@check(
    "network.no-binding",
    step=Step.HELLO,
    side=Side.NETWORK,
    refused_by=Side.NETWORK,
    rule="A binding answers for the name that is asked for: an SNI binding of that host, or one for every host.",
    source="handshake.md B-BIND-02 (measured: T251; a device that uses an address sends no SNI)",
    remedy="Add an https binding for this host name on the beacon, or use a name in the failover list that has one.",
    needs=(Need.HTTPS,),
    part=Part.ENDPOINT,
)
def no_binding(case: Case) -> Outcome:
    endpoint = case.endpoint
    hello = endpoint.hello if endpoint is not None else None
    if endpoint is None or hello is None:
        return unknown("No hello was made to see which binding answers")
    asked = f"the name {clean(endpoint.server_name, 120)}" if endpoint.server_name else "an address (no name is sent)"
    if hello.outcome is HelloOutcome.RESET:
        return failed(
            f"The beacon resets the hello for {asked}: no binding answers for it", evidence={"said": hello.error}
        )
    if hello.outcome is HelloOutcome.TLS:
        return passed(f"A binding answers for {asked}")
    return not_applicable("There was no TLS hello to answer")


@check(
    "pair.scheme",
    step=Step.HELLO,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule="https goes to a port that speaks TLS, http to one that doesn't.",
    source="handshake.md P-URL-01 (measured: T245, T246)",
    remedy=(
        "On the device: set Protocol and Port of this host in the failover list of config.ini (DownloadSettings, "
        "UploadSettings) to what the beacon serves; or give the beacon's site such a binding."
    ),
    part=Part.ENDPOINT,
)
def scheme(case: Case) -> Outcome:
    endpoint = case.endpoint
    hello = endpoint.hello if endpoint is not None else None
    where = f"port {case.use.port}"
    if hello is not None and hello.outcome is HelloOutcome.PLAIN_HTTP:
        if case.https:
            return failed(
                f"The device uses https, but {where} answers plain http (“wrong version number”)",
                remedy=_scheme_remedy(case, "http"),
            )
        return passed(f"Both speak plain http on {where}")
    if hello is not None and hello.outcome in (HelloOutcome.TLS, HelloOutcome.RESET, HelloOutcome.FAILED):
        if case.https:
            return passed(f"Both speak https on {where}")
        return failed(
            f"The device uses http, but {where} speaks TLS: the connection is reset",
            remedy=_scheme_remedy(case, "https"),
        )
    protocols = {binding.protocol for _, binding in endpoint.on_port} if endpoint is not None else set()
    if hello is None and endpoint is not None and protocols:
        if case.use.protocol.lower() in protocols:
            return passed(f"The beacon has an {case.use.protocol} binding on {where}")
        return failed(f"The device uses {clean(case.use.protocol, 20)}, the beacon's binding on {where} doesn't")
    return unknown(f"What {where} speaks wasn't observed")


def _scheme_remedy(case: Case, spoken: str) -> str:
    return (
        f"On the device, in each failover entry of config.ini (DownloadSettings, UploadSettings) with "
        f"Host={clean(case.use.host, 100)} and Port={case.use.port}: write Protocol={spoken} in place of "
        f"{clean(case.use.protocol, 20)}. Or, on the beacon, give its site a binding of the other kind."
    )


@check(
    "beacon.hello-failed",
    step=Step.HELLO,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.BLOCKS,
    rule="The beacon answers the console's own hello with a certificate.",
    source="handshake.md §4.2: the chain that is sent is the only reliable datum",
    remedy="Look at the binding's certificate and private key on the beacon (System log, source Schannel).",
    needs=(Need.HTTPS,),
    part=Part.ENDPOINT,
)
def hello_failed(case: Case) -> Outcome:
    hello = case.endpoint.hello if case.endpoint is not None else None
    if hello is None:
        return unknown("No hello to the endpoint was made")
    if hello.outcome is HelloOutcome.FAILED:
        text = clean(hello.error) or "an alert for every version"
        return unknown(f"The beacon refused every hello of the console ({text}); what it tells the device isn't known")
    if hello.outcome is HelloOutcome.TLS and not hello.chain:
        return unknown("The beacon answered the hello, but no certificate was seen")
    if hello.outcome is HelloOutcome.TLS:
        return passed("The beacon answers the hello", {"versions": ", ".join(hello.versions)})
    return not_applicable("There was no TLS hello to answer")
