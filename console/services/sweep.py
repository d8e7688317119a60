"""The sweep: look at beacons and devices anew, and let the console say hello to every https endpoint they share."""

from __future__ import annotations

from collections.abc import Sequence

from console.fleet.model import Fleet
from console.ports import BeaconGateway, Clock, DeviceGateway, HelloProbe, SnapshotStore
from console.services.estate import Estate
from console.services.jobs import Job, JobRunner


class SweepService:
    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        beacons: BeaconGateway,
        hello: HelloProbe,
        store: SnapshotStore,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
    ) -> None:
        raise NotImplementedError

    def start(self, targets: Sequence[str] | None = None) -> Job:
        """Observe these beacons and devices (None: all). Targets of the job are their names, and `host:port` of each
        hello. Raises ConfigurationError for an unknown name."""
        raise NotImplementedError
