"""What policy does to entries of a failover list that a remedy asks to edit.

Source: flexnet.md §1.3 (ids in braces are policy's, which writes those entries again; hand-made entries survive), §5.1
(what the entries say is what the beacon tells of its local web server).
"""

from __future__ import annotations

from functools import lru_cache

from console.agent.choice import Ways
from console.readiness.device_view import DeviceView
from console.readiness.model import PairUse
from console.readiness.outcome import clean

FAILOVER_LIST = "failover "
"""In a remedy: it edits entries of a failover list."""
_IDS_NAMED = 4


def policy_note(device: DeviceView | None, use: PairUse) -> str:
    """A sentence to stand behind such a remedy; empty where the device's entries for this endpoint are hand-made."""
    if device is None or device.snapshot.config.content is None:
        return _note("Where they have an id in braces, policy", use.beacon)
    return _of_ways(device.failover.ways(use.host, use.port, use.protocol), use.beacon)


@lru_cache(maxsize=20_000)
def _of_ways(ways: Ways, beacon: str) -> str:
    entries = [choice.entry for choice in ways.choices]
    ids = [entry.id for entry in entries if entry.id.startswith("{") and entry.id.endswith("}")]
    if not ids:
        return ""
    named = [clean(one, 60) for one in dict.fromkeys(ids)]
    more = ", …" if len(named) > _IDS_NAMED else ""
    which = "these entries" if len(ids) == len(entries) else "those with an id in braces"
    return _note(f"Policy, which wrote {which} ({', '.join(named[:_IDS_NAMED])}{more}),", beacon)


def _note(who: str, beacon: str) -> str:
    there = f"on {clean(beacon, 120)}" if beacon else "on the beacon"
    return (
        f"{who} brings them back as the beacon reports itself: change that too, {there} (Inventory Beacon, Local web "
        "server), or the next policy undoes the edit."
    )
