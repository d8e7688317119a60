"""The agent's own tools, run on a device on request: its own word, beside every proof, never part of a verdict."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial

from console.agent.profile import AgentProfile, AgentTool
from console.agent.snapshot import DeviceSnapshot
from console.errors import ChangeRefused, ConfigurationError, UnreachableError
from console.fleet.model import Device, Fleet
from console.ports import AgentToolRequest, AgentToolRun, Clock, DeviceGateway
from console.services.estate import Estate
from console.services.events import AgentToolEnded
from console.services.jobs import Job, JobKind, JobRunner, Work

TOOL_SECONDS = 300.0
"""A policy run downloads, and may install."""


class AgentToolService:
    """Results belong to this run of the program: they aren't stored. Thread-safe."""

    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
        *,
        read_only: bool = False,
    ) -> None:
        self._fleet = fleet
        self._devices = devices
        self._estate = estate
        self._runner = runner
        self._clock = clock
        self._read_only = read_only
        self._lock = threading.Lock()
        self._runs: dict[tuple[str, str], AgentToolRun] = {}

    def tools(self) -> Mapping[str, AgentTool]:
        """By name, from the agent profile, with what each one does beside its purpose."""
        profile: AgentProfile = self._estate.profile
        return profile.tools

    def start(self, device: str, tool: str) -> Job:
        """Run one tool on one device, once. The caller has named its effects and asked.

        Raises ChangeRefused where the console is read-only, or the agent's account is only assumed (what a tool writes
        as another account the agent may not be able to replace); ConfigurationError for an unknown device or tool.
        """
        if self._read_only:
            raise ChangeRefused("this console is read-only: no tool of the agent is run", target=device, phase="tool")
        if tool not in self.tools():
            raise ConfigurationError(f"the agent profile knows no tool {tool!r}", target=self._estate.profile.source)
        try:
            target = self._fleet.device(device)
        except KeyError:
            raise ConfigurationError(f"no device is called {device!r}", target=str(self._fleet.path)) from None
        self._require_account(self._estate.observation().devices.get(device))
        work = Work(device, partial(self._run, target, self.tools()[tool]), TOOL_SECONDS + 60.0, retries=0)
        return self._runner.start(JobKind.PROBE, f"{tool} on {device}", [work])

    def runs(self, device: str) -> Mapping[str, AgentToolRun]:
        """Tool to its newest run on the device."""
        with self._lock:
            return {tool: run for (name, tool), run in self._runs.items() if name == device}

    @staticmethod
    def _require_account(snapshot: DeviceSnapshot | None) -> None:
        """A device that wasn't seen yet is told of when the work runs."""
        if snapshot is None or not snapshot.agent_user_assumed:
            return
        raise ChangeRefused(
            f"its agent's account is only {snapshot.agent_user_source}, and the tool must run as no other",
            target=snapshot.device,
            phase="tool",
            hint='Name the account in the fleet file: agent_user = "...".',
        )

    def _run(self, device: Device, tool: AgentTool, job: Job) -> None:
        snapshot = self._estate.observation().devices.get(device.name)
        if snapshot is None:
            raise UnreachableError(
                "its agent's account isn't known, and the tool must run as no other",
                target=device.name,
                phase="tool",
                hint="Sweep it first.",
            )
        self._require_account(snapshot)
        request = AgentToolRequest(
            tool.program, tool.arguments, tool.log, snapshot.agent_user, timeout_seconds=TOOL_SECONDS
        )
        run = self._devices.run_agent_tool(device, request)
        with self._lock:
            self._runs[device.name, tool.name] = run
        job.emit(AgentToolEnded(device.name, tool.name, run))
