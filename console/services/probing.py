"""Live handshakes, made from the device with its own effective preferences and files."""

from __future__ import annotations

from collections.abc import Sequence

from console.fleet.model import Fleet
from console.ports import Clock, DeviceGateway, SnapshotStore
from console.readiness.model import PairUse
from console.services.estate import Estate
from console.services.jobs import Job, JobRunner


class ProbingService:
    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        store: SnapshotStore,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
    ) -> None:
        raise NotImplementedError

    def start(self, uses: Sequence[PairUse], components: Sequence[str] | None = None) -> Job:
        """Probe each use for these components (None: all three). Targets of the job are device names; each result
        is a PairProbed event, and is stored."""
        raise NotImplementedError
