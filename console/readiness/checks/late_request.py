"""When the beacon asks for the client certificate: in the first handshake, or after the request (IIS's default)."""

from __future__ import annotations

from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.model import Side, Status, Step
from console.readiness.outcome import Outcome, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_BUILD_2025 = 26100
_REMEDY = (
    "Set ask=first-handshake (it enables clientcertnegotiation of the binding's http.sys record, see `netsh http show "
    "sslcert`); in an emergency disable TLS 1.3 on the binding."
)
_NEEDS = (Need.HTTPS, Need.BEACON)


def _late(case: Case) -> bool | None:
    """The certificate is asked for after the request; None: not observed."""
    if case.mode is None or case.endpoint is None:
        return None
    if case.mode is ClientMode.IGNORE or (case.access is not None and case.access.never_asks):
        return False
    asks = case.endpoint.asks_first
    return None if asks is None else not asks


@check(
    "beacon.late-request-tls13",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="Where the certificate is asked for late, TLS 1.3 isn't negotiated (reset below build 26100, 500 from there).",
    source="handshake.md B-NEG-02; windows.md 2.1 (measured on the emulated beacon: T269)",
    remedy=_REMEDY,
    needs=(*_NEEDS, Need.DEVICE),
    part=Part.TRUST,
)
def late_request_tls13(case: Case) -> Outcome:
    late = _late(case)
    if late is None:
        return unknown("When the beacon asks for a client certificate wasn't observed")
    if not late:
        return passed("The beacon asks in the first handshake, or not at all")
    versions = case.newest_version
    if not versions:
        return not_applicable("No TLS version is negotiated")
    answer = "answers 500" if case.endpoint is not None and case.endpoint.snapshot.os_build >= _BUILD_2025 else "resets"
    if versions == ("TLSv1.3",):
        return failed(
            f"The client certificate is asked for too late: after the request, not possible on TLS 1.3; it {answer}",
            evidence=_evidence(case),
        )
    if "TLSv1.3" in versions:
        return unknown(
            f"The beacon asks for the certificate after the request; if the device speaks TLS 1.3, it {answer}. "
            "Whether it does wasn't observed",
            remedy=_REMEDY,
        )
    return passed(f"{versions[0]} is negotiated, where the certificate can be asked for after the request")


@check(
    "beacon.late-request-upload",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="Where the certificate is asked for late, an upload fits into uploadReadAheadSize (else 413).",
    source="handshake.md B-NEG-03; windows.md 2.2 (measured on the emulated beacon: T267)",
    remedy=_REMEDY,
    needs=(*_NEEDS, Need.DEVICE),
    part=Part.UPLOAD,
)
def late_request_upload(case: Case) -> Outcome:
    late = _late(case)
    if late is None:
        return unknown("When the beacon asks for a client certificate wasn't observed")
    if not late:
        return passed("The beacon asks in the first handshake, or not at all")
    if not case.uploads:
        return not_applicable("This component downloads; it uploads nothing large")
    if case.newest_version == ("TLSv1.3",):
        return not_applicable("The handshake stops before an upload")
    size = case.use.upload_bytes
    if size == 0:
        return passed("Nothing large is uploaded here")
    limit = _read_ahead(case)
    if limit is None:
        return unknown(
            "The certificate is asked for after the request; how much of an upload the beacon reads ahead there "
            "(uploadReadAheadSize) wasn't observed",
            remedy=_REMEDY,
        )
    if size is None:
        return warned(
            f"The certificate is asked for after the request: an upload of more than {limit} bytes is refused with 413",
            risk=True,
            remedy=_REMEDY,
        )
    if size > limit:
        return failed(
            f"Uploads of {size} bytes are refused (413): with a late request the beacon reads ahead {limit} only",
            evidence=_evidence(case),
        )
    return passed(f"An upload of {size} bytes fits into what the beacon reads ahead ({limit})")


def _read_ahead(case: Case) -> int | None:
    """Bytes, at the folder that this component uploads to; None: not observed there."""
    endpoint = case.endpoint
    if endpoint is None or endpoint.routed is None:
        return None
    own = endpoint.snapshot.server.reads_ahead(f"{endpoint.routed[0].name}/{case.directory}")
    return None if own is None else own.bytes


@check(
    "beacon.late-request",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="The certificate is asked for in the first handshake.",
    source="handshake.md B-NEG-01; windows.md S18",
    remedy=_REMEDY,
    needs=_NEEDS,
    part=Part.TRUST,
)
def late_request(case: Case) -> Outcome:
    late = _late(case)
    if late is None:
        return unknown("When the beacon asks for a client certificate wasn't observed")
    if late:
        if late_request_tls13(case).status is Status.FAIL:
            return not_applicable("The same cause stops the handshake: see beacon.late-request-tls13")
        return warned(
            "The client certificate is asked for late: a renegotiation after the request, TLS 1.2 only",
            evidence=_evidence(case),
        )
    return passed("The beacon asks in the first handshake, or not at all")


def _evidence(case: Case) -> dict[str, str]:
    endpoint = case.endpoint
    if endpoint is None:
        return {}
    record = endpoint.record
    return {
        "location": case.access.location if case.access is not None else "",
        "record": f"{record.key}, clientcertnegotiation {record.clientcertnegotiation}" if record is not None else "",
        "versions": ", ".join(endpoint.versions or ()),
        "build": str(endpoint.snapshot.os_build),
    }
