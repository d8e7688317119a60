"""What ends soon: leaves, chains and anchors of both sides (policy: soon_days)."""

from __future__ import annotations

from datetime import timedelta

from console.pki.certificates import certificate
from console.readiness.about import about
from console.readiness.case import Case
from console.readiness.checks.chain_rules import SERVER_CHAIN
from console.readiness.machine_places import client_certificate_path, client_key_path
from console.readiness.model import Side, Step
from console.readiness.outcome import Evidence, Outcome, clean, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check


@check(
    "beacon.expires-soon",
    step=Step.SERVER_CERTIFICATE,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.SOON,
    rule="No certificate of the beacon's chain, its anchor on the device included, ends within soon_days.",
    source="handshake.md P-SOON-01, W-01",
    remedy=(
        "Import the renewed certificate with its key (certlm.msc, Personal) and bind it to the site in time; the "
        "http.sys flags are reset by that: look at them before."
    ),
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def beacon_expires_soon(case: Case) -> Outcome:
    chain = case.server_chain.chain
    if not chain:
        return not_applicable("The chain doesn't hold")
    return _soon(case, chain, "A certificate of the beacon's chain")


@check(
    "device.expires-soon",
    step=Step.ACCEPTED,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.SOON,
    rule="No certificate that the device sends ends within soon_days.",
    source="handshake.md P-SOON-01, W-01",
    remedy="Put a renewed certificate into the certificate file in time, first in it, and its key into the key file.",
    needs=(Need.HTTPS, Need.DEVICE, Need.CLIENT_CERTIFICATE),
    part=Part.DEVICE,
)
def device_expires_soon(case: Case) -> Outcome:
    if not case.client_chain:
        return not_applicable("No client certificate can be loaded")
    path = case.preferences.client_certificate if case.preferences is not None else ""
    remedy = (
        f"In time, have a renewed certificate issued; write it to {client_certificate_path(case)}, before any CA "
        f"certificate there, and its key to {client_key_path(case)}."
    )
    return _soon(case, case.client_chain, "A certificate that the device sends", {"file": path}, remedy)


def _soon(case: Case, chain: tuple[bytes, ...], which: str, where: Evidence | None = None, remedy: str = "") -> Outcome:
    ends = [(facts.not_after, facts) for facts in map(certificate, chain) if facts.not_after is not None]
    if not ends:
        return unknown("The dates can't be read")
    moment, facts = min(ends, key=lambda end: end[0])
    left = moment - case.pair.now
    if timedelta(0) <= left <= timedelta(days=case.policy.soon_days):
        days = max(left.days, 0)
        left_over = f"in {days} day{'' if days == 1 else 's'}" if days else "within a day"
        return warned(
            f"{which} expires {left_over}, {moment:%Y-%m-%d} (“{clean(facts.label, 120)}”)",
            risk=True,
            remedy=remedy,
            evidence={**(where or {}), **about(facts)},
        )
    return passed(f"Nothing ends before {moment:%Y-%m-%d}")
