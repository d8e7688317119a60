"""What the beacon's own logs have counted of late: Schannel's errors, and IIS's refusals by sub-status."""

from __future__ import annotations

from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_KEY = "36870"
_EVENTS = {
    _KEY: "the certificate's private key can't be opened",
    "36874": "no TLS version or cipher in common",
    "36887": "the device broke off with an alert",
    "36888": "the beacon broke off with an alert",
}
_SUB_STATUSES = {
    "403.4": "plain http where SSL is required",
    "403.5": "a cipher below 128 bits",
    "403.7": "no client certificate was sent",
    "403.12": "the certificate is mapped to no account",
    "403.13": "revoked, or its revocation couldn't be found out",
    "403.16": "a client certificate that isn't trusted",
    "403.17": "an expired client certificate, or one that isn't valid yet",
    "404.13": "an upload above maxAllowedContentLength",
    "413.0": "an upload above uploadReadAheadSize with a late request",
    "413.1": "an upload above uploadReadAheadSize with a late request",
    "500.0": "an error of the server; on TLS 1.3 also a late request",
}


@check(
    "beacon.schannel-errors",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="Schannel logged no errors in the last 24 hours: handshakes that fail never reach IIS's own log.",
    source="windows.md S5, 2.3 (events 36870, 36874, 36887, 36888)",
    remedy="Open the beacon's System log, source Schannel. For 36870 import the certificate with its key again.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def schannel_errors(case: Case) -> Outcome:
    counts = case.endpoint.snapshot.server.schannel_errors if case.endpoint is not None else None
    if counts is None:
        return unknown("Schannel's errors of the last day weren't observed")
    if not counts:
        return passed("Schannel logged no errors in the last 24 hours")
    told = {event: f"{counts[event]} times: {meaning}" for event, meaning in _EVENTS.items() if event in counts}
    others = sum(count for event, count in counts.items() if event not in _EVENTS)
    evidence = told | ({"other events": str(others)} if others else {})
    # A hello that was answered proves that the key opens.
    risk = _KEY in counts and case.https and case.endpoint is not None and not case.endpoint.tls_seen
    return warned(f"Schannel logged {sum(counts.values())} errors in the last 24 hours", risk=risk, evidence=evidence)


@check(
    "beacon.recent-refusals",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="The newest IIS log of the site (its last 2,000 lines) has no refusals that come of certificates or sizes.",
    source="windows.md S30, 2.3 (sub-statuses)",
    remedy="Look in the site's log for sc-substatus and c-ip: it says which devices were refused.",
    needs=(Need.BEACON,),
    part=Part.ENDPOINT,
)
def recent_refusals(case: Case) -> Outcome:
    if case.endpoint is None or case.endpoint.routed is None:
        return unknown("No binding of the beacon was found on this port")
    site = case.endpoint.routed[0].name
    found = next((one for one in case.endpoint.snapshot.server.refusals if one.site.lower() == site.lower()), None)
    if found is None:
        return not_applicable("No log of the site was found")
    file = clean(found.file, 80)
    refused = {code: count for code, count in found.counts.items() if code in _SUB_STATUSES and count > 0}
    if not refused:
        return passed("The newest log of the site has no such refusals", {"log": file})
    evidence = {"log": file} | {code: f"{count} times: {_SUB_STATUSES[code]}" for code, count in refused.items()}
    return warned(f"{sum(refused.values())} requests were refused, by the newest log of the site", evidence=evidence)
