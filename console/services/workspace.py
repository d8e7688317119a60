"""All that a front end gets: the screens and the command line hold one Workspace, and nothing else of the inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.agent.profile import AgentProfile
from console.fleet.model import Fleet
from console.ports import Clock, Journal
from console.services.agent_tools import AgentToolService
from console.services.device_proof import DeviceProofService
from console.services.editing import EditingService
from console.services.estate import Estate
from console.services.jobs import JobRunner
from console.services.probing import ProbingService
from console.services.recovery import RecoveryService
from console.services.sessions import SessionService
from console.services.sweep import SweepService


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Workspace:
    fleet: Fleet
    profile: AgentProfile
    clock: Clock
    estate: Estate
    sweep: SweepService
    probing: ProbingService
    device_proof: DeviceProofService
    agent_tools: AgentToolService
    editing: EditingService
    recovery: RecoveryService
    sessions: SessionService
    jobs: JobRunner
    journal: Journal
    read_only: bool = False
    """Nothing may be applied; the editing service refuses by itself."""
    close: Callable[[], None] = _nothing
    """Let the workers go, say goodbye to every target, close the store."""
