"""Which beacon answers to a use, and which uses a device has: explicit pairs and its own failover lists."""

from __future__ import annotations

from collections.abc import Mapping, Set

from console.agent.document import ConfigDocument
from console.agent.failover import failover_uses
from console.agent.profile import AgentProfile
from console.fleet.model import Fleet
from console.readiness.model import PairUse


def match_beacon(
    fleet: Fleet, host: str, port: int, device: str = "", ports: Mapping[str, Set[int]] | None = None
) -> str | None:
    """The name of the beacon that answers to host and port; None where none does, or more than one may.

    An explicit pair says it best (the device's own before others'); then the beacon of that host. Where beacons share
    a host, `ports` (beacon to the ports that its bindings were seen on) decides.
    """
    wanted = host.rstrip(".").lower()
    said = [pair for pair in fleet.pairs if pair.port == port and pair.host.rstrip(".").lower() == wanted]
    own = {pair.beacon for pair in said if pair.device == device}
    others = {pair.beacon for pair in said}
    by_host = {beacon.name for beacon in fleet.beacons if beacon.host.rstrip(".").lower() == wanted}
    by_port = {name for name in by_host if port in (ports or {}).get(name, frozenset())}
    for candidates in (own, others, by_host, by_port):
        if len(candidates) == 1:
            return next(iter(candidates))
    return None


def pair_uses(
    fleet: Fleet,
    device: str,
    document: ConfigDocument | None,
    profile: AgentProfile,
    ports: Mapping[str, Set[int]] | None = None,
) -> tuple[PairUse, ...]:
    """Every way that the device may take, each once: its explicit pairs first, then what its failover lists add.

    `document` is None where config.ini wasn't read. A use that only the lists give keeps `beacon` empty where no beacon
    of the fleet answers to it. An explicit pair's `upload_bytes` holds for its endpoint.
    """
    uses: dict[tuple[str, int, str], PairUse] = {}
    for pair in fleet.pairs:
        if pair.device == device:
            key = (pair.host.lower(), pair.port, pair.protocol)
            address = _address(fleet, pair.host, pair.port)
            use = PairUse(device, pair.beacon, pair.host, pair.port, pair.protocol, pair.upload_bytes, address)
            uses.setdefault(key, use)
    for entry in failover_uses(document, profile) if document else ():
        if entry.port is None or not entry.usable:
            continue
        key = (entry.host.lower(), entry.port, entry.protocol)
        if key in uses:
            continue
        beacon = match_beacon(fleet, entry.host, entry.port, device, ports) or ""
        address = _address(fleet, entry.host, entry.port)
        uses[key] = PairUse(device, beacon, entry.host, entry.port, entry.protocol, None, address)
    return tuple(uses.values())


def _address(fleet: Fleet, host: str, port: int) -> str:
    found = fleet.resolve.get((host.lower(), port))
    if found is None:
        return ""
    return f"[{found[0]}]:{found[1]}" if ":" in found[0] else f"{found[0]}:{found[1]}"
