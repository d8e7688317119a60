"""Sizes that the beacon bounds: of a request, and of a client's certificates."""

from __future__ import annotations

from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_DEFAULT_REQUEST = 30_000_000
"""Bytes of maxAllowedContentLength where nothing sets it. [windows.md 2.2]"""
_DEFAULT_CHAIN = 0x8000
"""Bytes of MessageLimitServerClientAuth where nothing sets it. [windows.md 2.5]"""
_UNREAD = "Sweep the beacon; where it stays unread, its snapshot's notes (show BEACON) say which file IIS can't read."
_PER_CERTIFICATE = 3
"""A certificate message has the length of each certificate in three bytes. [RFC 5246, 7.4.2]"""


@check(
    "beacon.upload-limit",
    step=Step.HTTP,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="An upload isn't larger than maxAllowedContentLength of IIS's request filtering (else 404.13).",
    source="windows.md S27, 2.2",
    remedy="Raise maxAllowedContentLength (requestFiltering) at ManageSoftRL above the largest upload.",
    needs=(Need.BEACON,),
    part=Part.UPLOAD,
)
def upload_limit(case: Case) -> Outcome:
    size = case.use.upload_bytes
    if not case.uploads or size == 0:
        return not_applicable("Nothing large is uploaded here")
    if case.endpoint is None or case.endpoint.routed is None:
        return unknown("No binding of the beacon was found on this port")
    site = case.endpoint.routed[0].name
    limit = case.endpoint.snapshot.server.request_limit(f"{site}/{case.directory}")
    if limit is None:
        if size is not None:
            text = f"Whether IIS lets an upload of {size} bytes through wasn't observed"
            return unknown(f"{text}; by default it takes up to {_DEFAULT_REQUEST}", remedy=_UNREAD)
        return warned(f"maxAllowedContentLength wasn't observed; IIS's default is {_DEFAULT_REQUEST} bytes")
    shown = {"maxAllowedContentLength": f"{limit.bytes} at {clean(limit.location, 120)}"}
    if size is None:
        if limit.bytes < _DEFAULT_REQUEST:
            return warned(f"An upload of more than {limit.bytes} bytes is refused with 404.13", evidence=shown)
        return passed(f"Uploads of up to {limit.bytes} bytes are let through; how large they are isn't known", shown)
    if size > limit.bytes:
        return failed(f"Uploads of {size} bytes are refused (404.13): {limit.bytes} are allowed", evidence=shown)
    return passed(f"An upload of {size} bytes is let through ({limit.bytes} are allowed)", shown)


@check(
    "beacon.client-chain-size",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.RISK,
    rule="What the device's certificate file holds fits into what Schannel takes of a client: 32 KB by default.",
    source="windows.md 2.5 (MessageLimitServerClientAuth; documented, not measured)",
    remedy="Leave only the device's certificate and its intermediates in the client certificate file.",
    needs=(Need.HTTPS, Need.BEACON, Need.DEVICE, Need.CLIENT_CERTIFICATE),
)
def client_chain_size(case: Case) -> Outcome:
    if case.mode is ClientMode.IGNORE:
        return not_applicable("The beacon doesn't ask for a client certificate here")
    if not case.client_chain or case.endpoint is None:
        return not_applicable("No client certificate can be loaded")
    own = case.endpoint.snapshot.schannel.message_limit
    limit = _DEFAULT_CHAIN if own is None else own
    size = sum(len(der) + _PER_CERTIFICATE for der in case.client_chain)
    shown = {"certificates": str(len(case.client_chain)), "bytes": str(size), "limit": str(limit)}
    if size <= limit:
        return passed("The device's certificates fit into what the beacon takes", shown)
    text = f"The device sends {size} bytes of certificates; the beacon's Schannel is said to take {limit}"
    if own is not None and own < _DEFAULT_CHAIN:
        remedy = "Remove MessageLimitServerClientAuth (SCHANNEL in the registry), or raise it to 0x8000."
        return warned(text, risk=True, side=Side.BEACON, remedy=remedy, evidence=shown)
    return warned(text, risk=True, evidence=shown)
