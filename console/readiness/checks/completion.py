"""Certificates that the device's TLS library adds by itself behind a leaf that stands alone in its file."""

from __future__ import annotations

from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.checks.client_files import weak_at
from console.readiness.completion import sent_chains
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, failed, not_applicable, passed, unknown
from console.readiness.registry import Need, check


@check(
    "device.completed-chain-weak",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule=(
        "Where the certificate file holds the leaf alone, the issuers that OpenSSL adds out of the trusted CA "
        "certificates are strong enough for the device's security level."
    ),
    source="handshake.md K-03; measured with curl 7.88 and OpenSSL 3.0 (docs/truth.md): “ca md too weak” while sending",
    remedy="Have the issuing CA renewed with RSA 2048 or more and SHA-256, and take the old one out of the CA file.",
    needs=(Need.HTTPS, Need.DEVICE, Need.CLIENT_CERTIFICATE),
)
def completed_chain_weak(case: Case) -> Outcome:
    if len(case.client_chain) != 1 or case.device is None:
        return not_applicable("The certificate file holds a chain of its own, or can't be loaded")
    stack = case.device.stack
    added = [chain[1:] for chain in sent_chains(case)]
    if not any(added):
        return not_applicable("Nothing that the device trusts issued its certificate, so nothing is added")
    found = [weak_at(chain, level, stack.before_3) for chain in added for level in stack.levels]
    weak = [text for text in found if text]
    if not weak:
        return passed("What OpenSSL adds to the device's certificate is strong enough")
    asked = _asked(case)
    if asked is False:
        return not_applicable("The beacon doesn't ask for a certificate here, so none is sent")
    if asked is None:
        return unknown(f"{_sentence(weak[0])}; whether the beacon asks for the certificate wasn't observed")
    if len(weak) < len(found):
        return unknown(f"{_sentence(weak[0])}, too weak for some security levels; the device's wasn't observed")
    return failed(f"{_sentence(weak[0])}; the file holds the leaf alone, so OpenSSL sends it too, and refuses to")


def _sentence(weak: str) -> str:
    return f"In the device's trusted CA certificates {weak}"


def _asked(case: Case) -> bool | None:
    """The beacon asks for the certificate, first or late; None: not observed."""
    first = case.endpoint.asks_first if case.endpoint is not None else None
    if first:
        return True
    if case.mode is None:
        return None
    return case.mode is not ClientMode.IGNORE or first
