"""Clocks: what they decide now, and how far they are apart."""

from __future__ import annotations

from datetime import timedelta

from console.readiness.case import Case
from console.readiness.checks.chain_rules import ACCEPTANCE, SERVER_CHAIN, of_acceptance, of_server_chain
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check


@check(
    "device.clock-wrong",
    step=Step.SERVER_CERTIFICATE,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="By the device's own clock the chain is valid.",
    source="handshake.md W-01, W-02 (measured: T261, T263)",
    remedy="Set the device's clock (NTP).",
    needs=SERVER_CHAIN,
    part=Part.TRUST,
)
def clock_wrong(case: Case) -> Outcome:
    return of_server_chain(case, "device.clock-wrong", "By the device's clock the chain is valid")


@check(
    "beacon.clock-wrong",
    step=Step.ACCEPTED,
    side=Side.BEACON,
    refused_by=Side.BEACON,
    rule="By the beacon's own clock the device's certificate is valid.",
    source="handshake.md W-01, W-02; windows.md S7",
    remedy="Set the beacon's clock.",
    needs=ACCEPTANCE,
)
def beacon_clock_wrong(case: Case) -> Outcome:
    return of_acceptance(case, "beacon.clock-wrong", "By the beacon's clock the certificate is valid")


@check(
    "device.clock-skew",
    step=Step.SERVER_CERTIFICATE,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.RISK,
    rule="The device's clock agrees with the console's (policy: skew_warn_seconds).",
    source="handshake.md W-02",
    remedy="Set the device's clock (NTP).",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.DEVICE,
)
def device_clock_skew(case: Case) -> Outcome:
    return _skew(case, case.device.skew if case.device is not None else None, "device")


@check(
    "beacon.clock-skew",
    step=Step.ACCEPTED,
    side=Side.BEACON,
    refused_by=None,
    severity=Severity.RISK,
    rule="The beacon's clock agrees with the console's (policy: skew_warn_seconds).",
    source="handshake.md W-02; windows.md S7",
    remedy="Set the beacon's clock.",
    needs=(Need.HTTPS, Need.BEACON),
    part=Part.ENDPOINT,
)
def beacon_clock_skew(case: Case) -> Outcome:
    return _skew(case, case.endpoint.skew if case.endpoint is not None else None, "beacon")


def _skew(case: Case, skew: timedelta | None, whose: str) -> Outcome:
    if skew is None:
        return unknown(f"The {whose}'s clock wasn't observed")
    seconds = int(skew.total_seconds())
    if abs(seconds) > case.policy.skew_warn_seconds:
        direction = "ahead of" if seconds > 0 else "behind"
        return warned(f"The {whose}'s clock is {timedelta(seconds=abs(seconds))} {direction} the console's")
    return passed(f"The {whose}'s clock agrees with the console's")
