"""Whom a change cuts off: counted once a pair and once a device."""

from __future__ import annotations

import pytest

from console.changes.lockout import forecast_lockouts, locked_out_devices
from console.readiness.model import COMPONENTS, Finding, PairUse, PairVerdict, Side, Status, Step, Verdict


def _verdict(device: str, beacon: str, components: dict[str, Verdict], port: int = 443) -> PairVerdict:
    order = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.AT_RISK, Verdict.READY)
    worst = min(components.values(), key=order.index)
    finding = Finding("beacon.x", Step.HTTP, Side.DEVICE, Status.FAIL, "no certificate")
    findings = (finding,) if worst is Verdict.BLOCKED else ()
    return PairVerdict(PairUse(device, beacon, "h", port), worst, components, findings)


def _all(verdict: Verdict) -> dict[str, Verdict]:
    return dict.fromkeys(COMPONENTS, verdict)


@pytest.mark.parametrize(
    ("before", "after", "cut"),
    [
        (_all(Verdict.READY), _all(Verdict.BLOCKED), True),
        (_all(Verdict.AT_RISK), _all(Verdict.BLOCKED), True),
        (_all(Verdict.BLOCKED), _all(Verdict.BLOCKED), False),
        (_all(Verdict.UNKNOWN), _all(Verdict.BLOCKED), False),
        (_all(Verdict.READY), _all(Verdict.UNKNOWN), False),
        (_all(Verdict.READY), _all(Verdict.READY), False),
        (_all(Verdict.READY), {**_all(Verdict.READY), "Uploader": Verdict.BLOCKED}, True),
        ({**_all(Verdict.READY), "Uploader": Verdict.BLOCKED}, _all(Verdict.BLOCKED), True),
        (
            {**_all(Verdict.READY), "Uploader": Verdict.BLOCKED},
            {**_all(Verdict.READY), "Uploader": Verdict.BLOCKED},
            False,
        ),
    ],
)
def test_lockouts(before: dict[str, Verdict], after: dict[str, Verdict], cut: bool) -> None:
    found = forecast_lockouts([_verdict("d", "b", before)], [_verdict("d", "b", after)])
    assert [(lockout.device, lockout.beacon, lockout.because) for lockout in found] == (
        [("d", "b", "no certificate")] if cut else []
    )


def test_a_pair_is_counted_once_and_a_device_once() -> None:
    places = [("d", "b1", 443), ("d", "b1", 444), ("d", "b2", 443), ("e", "b1", 443)]
    before = [_verdict(device, beacon, _all(Verdict.READY), port) for device, beacon, port in places]
    after = [_verdict(device, beacon, _all(Verdict.BLOCKED), port) for device, beacon, port in places]
    found = forecast_lockouts(before, after)
    assert [(lockout.device, lockout.beacon) for lockout in found] == [("d", "b1"), ("d", "b2"), ("e", "b1")]
    assert locked_out_devices(found) == ("d", "e")
