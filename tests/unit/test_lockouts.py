"""Whom a change cuts off: counted once a pair and once a device."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from console.changes.lockout import forecast_lockouts, locked_out_devices, lost_in_part
from console.changes.model import Lockout, Plan, TargetKind
from console.changes.plan_file import plan_from_json, plan_to_json
from console.command.review import lockout_line
from console.readiness.model import COMPONENTS, Finding, PairUse, PairVerdict, Side, Status, Step, Verdict
from screens.plan_text import lockout_lines

NOW = datetime(2026, 11, 24, tzinfo=UTC)


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


def test_the_components_that_lose_their_way_are_named() -> None:
    """The Uploader is blocked now: the change cuts off the others. Where all three lose it, no name is needed."""
    part, whole = ({**_all(Verdict.READY), "Uploader": Verdict.BLOCKED}, _all(Verdict.READY))
    before = [
        _verdict("d", "b", part),
        _verdict("e", "b", whole),
        _verdict("f", "b", part),
        _verdict("f", "b", whole, 1),
    ]
    after = [_verdict(one.use.device, "b", _all(Verdict.BLOCKED), one.use.port) for one in before]
    some, every, by_two_ways = forecast_lockouts(before, after)
    assert (some.components, lost_in_part(some)) == (("Launcher", "Tracker"), "Launcher, Tracker")
    assert (every.components, lost_in_part(every)) == (COMPONENTS, "")
    assert by_two_ways.components == COMPONENTS
    assert lockout_line(some) == "d (Launcher, Tracker) ⇄ b: no certificate"
    assert lockout_line(every) == "e ⇄ b: no certificate"
    assert lockout_lines([some, every])[1:] == [
        "    d (Launcher, Tracker) at b: no certificate",
        "    e at b: no certificate",
    ]


def test_a_plan_file_keeps_the_components_and_an_older_one_has_none() -> None:
    plan = Plan("P-1", NOW, TargetKind.BEACON, "t", lockouts=(Lockout("d", "b", "why", ("Tracker",)),))
    written = plan_to_json(plan)
    assert plan_from_json(written, "plan").lockouts == plan.lockouts
    document = json.loads(written)
    del document["plan"]["lockouts"][0]["components"]
    assert plan_from_json(json.dumps(document).encode(), "plan").lockouts == (Lockout("d", "b", "why"),)


def test_a_pair_is_counted_once_and_a_device_once() -> None:
    places = [("d", "b1", 443), ("d", "b1", 444), ("d", "b2", 443), ("e", "b1", 443)]
    before = [_verdict(device, beacon, _all(Verdict.READY), port) for device, beacon, port in places]
    after = [_verdict(device, beacon, _all(Verdict.BLOCKED), port) for device, beacon, port in places]
    found = forecast_lockouts(before, after)
    assert [(lockout.device, lockout.beacon) for lockout in found] == [("d", "b1"), ("d", "b2"), ("e", "b1")]
    assert locked_out_devices(found) == ("d", "e")
