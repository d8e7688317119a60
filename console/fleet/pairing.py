"""Which beacon answers to a use, and which uses a device has: explicit pairs and its own failover lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from console.agent.failover import Endpoint, FailoverEntry, endpoint_of
from console.fleet.model import ExplicitPair, Fleet, PairUse
from console.identity import Same

Resolve = Mapping[tuple[str, int], tuple[str, int]]
"""Of the fleet file's [resolve]: host and port to address and port."""


@dataclass(frozen=True, slots=True)
class _FleetIndex:
    """A fleet's pairs and hosts by what they are looked up by."""

    by_device: Mapping[str, Sequence[ExplicitPair]]
    by_endpoint: Mapping[tuple[str, int], Sequence[ExplicitPair]]
    """Host (see `plain_host`) and port."""
    beacons_by_host: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, fleet: Fleet) -> _FleetIndex:
        by_device: dict[str, list[ExplicitPair]] = defaultdict(list)
        by_endpoint: dict[tuple[str, int], list[ExplicitPair]] = defaultdict(list)
        by_host: dict[str, list[str]] = defaultdict(list)
        for pair in fleet.pairs:
            by_device[pair.device].append(pair)
            by_endpoint[(plain_host(pair.host), pair.port)].append(pair)
        for beacon in fleet.beacons:
            by_host[plain_host(beacon.host)].append(beacon.name)
        return cls(dict(by_device), dict(by_endpoint), dict(by_host))


@lru_cache(maxsize=4)
def _index_of(fleet: Same[Fleet]) -> _FleetIndex:
    """Made once a fleet: an estate of 50,000 devices asks for each of them."""
    return _FleetIndex.of(fleet.value)


def plain_host(host: str) -> str:
    """Lower case, without brackets or the dot that ends a fully qualified name: the same machine either way."""
    return host.strip("[]").rstrip(".").lower()


def match_beacon(
    fleet: Fleet,
    host: str,
    port: int,
    device: str = "",
    ports: Mapping[str, Set[int]] | None = None,
) -> str | None:
    """The name of the beacon that answers to host and port; None where none does, or more than one may.

    An explicit pair says it best (the device's own before others'); then the beacon of that host. Where beacons share
    a host, `ports` (beacon to the ports that its bindings were seen on) decides.
    """
    known = _index_of(Same(fleet))
    said = known.by_endpoint.get((plain_host(host), port), ())
    by_host = set(known.beacons_by_host.get(plain_host(host), ()))
    own = {pair.beacon for pair in said if pair.device == device}
    others = {pair.beacon for pair in said}
    by_port = {name for name in by_host if port in (ports or {}).get(name, frozenset())}
    for candidates in (own, others, by_host, by_port):
        if len(candidates) == 1:
            return next(iter(candidates))
    return None


def pair_uses(
    fleet: Fleet,
    device: str,
    entries: Iterable[FailoverEntry],
    ports: Mapping[str, Set[int]] | None = None,
) -> tuple[PairUse, ...]:
    """Every way that the device may take, each once: its explicit pairs first, then what its failover lists add.

    `entries` are those of the device's failover lists; none where config.ini wasn't read. A use that only the lists
    give keeps `beacon` empty where no beacon of the fleet answers to it. An explicit pair's `upload_bytes` holds for
    its endpoint.
    """
    uses: dict[Endpoint, PairUse] = {}
    for pair in explicit_pairs(fleet, device):
        key = endpoint_of(pair.host, pair.port, pair.protocol)
        address = address_of(fleet.resolve, pair.host, pair.port)
        use = PairUse(device, pair.beacon, pair.host, pair.port, pair.protocol, pair.upload_bytes, address)
        uses.setdefault(key, use)
    for entry in entries:
        if entry.port is None or not entry.usable or entry.endpoint in uses:
            continue
        beacon = match_beacon(fleet, entry.host, entry.port, device, ports) or ""
        address = address_of(fleet.resolve, entry.host, entry.port)
        uses[entry.endpoint] = PairUse(device, beacon, entry.host, entry.port, entry.protocol, None, address)
    return tuple(uses.values())


def explicit_pairs(fleet: Fleet, device: str) -> Sequence[ExplicitPair]:
    """The pairs that the fleet file names for this device, in its order."""
    return _index_of(Same(fleet)).by_device.get(device, ())


def address_of(resolve: Resolve, host: str, port: int) -> str:
    """`address:port` that [resolve] gives for a use's host and port; empty: the name is asked for.

    The device tries the endpoint by this, and a verdict looks for what it tried by this.
    """
    wanted = host.strip("[]").lower()
    found = resolve.get((wanted, port)) or resolve.get((wanted.rstrip("."), port))
    if found is None:
        return ""
    return f"[{found[0]}]:{found[1]}" if ":" in found[0] else f"{found[0]}:{found[1]}"
