"""Which devices that now get through would be cut off. Pure: two judgements of the same pairs, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from console.changes.model import Lockout
from console.readiness.model import COMPONENTS, PairUse, PairVerdict, Status, Verdict

_GETS_THROUGH = (Verdict.READY, Verdict.AT_RISK)


def forecast_lockouts(before: Iterable[PairVerdict], after: Iterable[PairVerdict]) -> tuple[Lockout, ...]:
    """At most one for a device and a beacon, in the order of `after`, with the components that lose any way to it.

    Judged per component: a device whose uploads fail already and that would lose its policy too is cut off by the
    change. *Unknown* afterwards predicts nothing, and isn't counted.
    """
    earlier = {_key(verdict.use): verdict for verdict in before}
    found: dict[tuple[str, str], Lockout] = {}
    for verdict in after:
        place = (verdict.use.device, verdict.use.beacon)
        old = earlier.get(_key(verdict.use))
        lost = _lost(old, verdict) if old is not None else ()
        if not lost:
            continue
        known = found.get(place) or Lockout(*place, because=_because(verdict, lost))
        components = tuple(name for name in COMPONENTS if name in (*known.components, *lost))
        found[place] = replace(known, components=components)
    return tuple(found.values())


def locked_out_devices(lockouts: Iterable[Lockout]) -> tuple[str, ...]:
    """Each device once: their number is what --accept-lockout must say."""
    return tuple(dict.fromkeys(lockout.device for lockout in lockouts))


def lost_in_part(lockout: Lockout) -> str:
    """The components that would be cut off where others stay or are blocked already; empty: all would be."""
    return "" if set(lockout.components) >= set(COMPONENTS) else ", ".join(lockout.components)


def _lost(old: PairVerdict, new: PairVerdict) -> tuple[str, ...]:
    """Components that got through before and are blocked after."""
    if not new.components:
        cut = old.verdict in _GETS_THROUGH and new.verdict is Verdict.BLOCKED
        return ("all",) if cut else ()
    return tuple(
        name
        for name, verdict in new.components.items()
        if verdict is Verdict.BLOCKED and old.components.get(name, old.verdict) in _GETS_THROUGH
    )


def _because(verdict: PairVerdict, lost: tuple[str, ...]) -> str:
    for finding in verdict.findings:
        if finding.status is Status.FAIL and (set(finding.components) & set(lost) or lost == ("all",)):
            return finding.message
    return f"{', '.join(lost)} would be blocked"


def _key(use: PairUse) -> tuple[str, str, str, int, str]:
    return (use.device, use.beacon, use.host.lower(), use.port, use.protocol)
