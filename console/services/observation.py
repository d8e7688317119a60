"""What is known of the fleet's targets at one moment, whatever follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.agent.snapshot import DeviceSnapshot
from console.iis.snapshot import BeaconSnapshot, Schannel
from console.readiness.model import LiveResult, PairUse

LiveKey = tuple[str, str, str, int, str]
"""(device, beacon, host, port, component)."""


@dataclass(frozen=True, slots=True)
class Observation:
    """All that is known at one moment."""

    devices: Mapping[str, DeviceSnapshot] = field(default_factory=dict)
    beacons: Mapping[str, BeaconSnapshot] = field(default_factory=dict)
    failures: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)
    """Targets whose newest attempt failed: when, and why. What was known before stays in `devices` and `beacons`."""
    live: Mapping[LiveKey, LiveResult] = field(default_factory=dict)


def unreached(beacon: str, at: datetime, why: str) -> BeaconSnapshot:
    """A beacon of which at most hellos are known."""
    return BeaconSnapshot(
        beacon=beacon,
        taken_at=at,
        clock=None,
        computer="",
        os_build=0,
        powershell="",
        elevated=None,
        features=(),
        sites=(),
        access=(),
        httpsys=(),
        certificates=(),
        schannel=Schannel(),
        upload_read_ahead=0,
        config_sha256="",
        reached=False,
        notes=(why,),
    )


def comparable(live: Mapping[str, LiveResult], use: PairUse, observation: Observation) -> Mapping[str, LiveResult]:
    """Results that are newer than the data: an older one was true of what was there then."""
    snapshots = (observation.devices.get(use.device), observation.beacons.get(use.beacon))
    newest = max((snapshot.taken_at for snapshot in snapshots if snapshot is not None), default=None)
    return {
        component: result
        for component, result in live.items()
        if newest is None or (result.at is not None and result.at >= newest)
    }
