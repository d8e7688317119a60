"""Services from ports: the same assembly for the real adapters and for the fakes of tests."""

from __future__ import annotations

from collections.abc import Callable

from console.agent.profile import AgentProfile
from console.errors import ConfigurationError
from console.fleet.model import Fleet
from console.ports import BeaconGateway, Clock, DeviceGateway, HelloProbe, Journal, SnapshotStore
from console.readiness.judge import judge_pair
from console.services.agent_tools import AgentToolService
from console.services.client_revocation import ClientRevocationService
from console.services.contained import Judge
from console.services.device_proof import DeviceProofService
from console.services.device_revocation import DeviceRevocationService
from console.services.editing import EditingService
from console.services.estate import Estate
from console.services.jobs import JobRunner
from console.services.probing import ProbingService
from console.services.recovery import RecoveryService
from console.services.revocation import KeptLists
from console.services.sessions import SessionService
from console.services.sweep import SweepService
from console.services.workspace import Workspace


def require_distinct_names(fleet: Fleet) -> None:
    """Jobs, the journal and the store know a target by its name alone. Raises ConfigurationError."""
    both = {device.name for device in fleet.devices} & {beacon.name for beacon in fleet.beacons}
    if both:
        raise ConfigurationError(
            f"a device and a beacon are both named {', '.join(sorted(both)[:5])}",
            target=str(fleet.path),
            hint="Give one of them another name: the journal tells targets apart by it.",
        )


def assemble(
    fleet: Fleet,
    profile: AgentProfile,
    clock: Clock,
    *,
    devices: DeviceGateway,
    beacons: BeaconGateway,
    hello: HelloProbe,
    store: SnapshotStore,
    journal: Journal,
    close_store: Callable[[], None],
    read_only: bool = False,
    workers: int = 16,
    judge: Judge = judge_pair,
) -> Workspace:
    """A workspace over these adapters. Its `close` lets the workers go first, and closes the store last.

    Raises ConfigurationError where a device and a beacon share a name.
    """
    require_distinct_names(fleet)
    runner = JobRunner(workers, clock)
    estate = Estate(fleet, profile, store, clock, judge)
    kept = KeptLists()
    client_revocation = ClientRevocationService(estate, beacons, clock, kept)
    revocation = DeviceRevocationService(fleet, estate, devices, clock, kept)
    sweep = SweepService(fleet, devices, beacons, hello, estate, runner, clock, client_revocation, revocation)

    def close() -> None:
        runner.close()
        devices.close()
        beacons.close()
        close_store()

    return Workspace(
        fleet=fleet,
        profile=profile,
        clock=clock,
        estate=estate,
        sweep=sweep,
        probing=ProbingService(fleet, devices, estate, runner, clock),
        device_proof=DeviceProofService(fleet, devices, estate, runner, clock, revocation),
        agent_tools=AgentToolService(fleet, devices, estate, runner, clock, read_only=read_only),
        editing=EditingService(fleet, devices, beacons, journal, estate, sweep, runner, clock, read_only=read_only),
        recovery=RecoveryService(fleet, devices, beacons, journal),
        sessions=SessionService(fleet, devices, clock, read_only=read_only),
        jobs=runner,
        journal=journal,
        read_only=read_only,
        close=close,
    )
