"""console.ports.DeviceGateway over SSH."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from adapters.ssh import edits
from adapters.ssh.agent_tools import run_agent_tool
from adapters.ssh.collector import collect
from adapters.ssh.connection import Timeouts
from adapters.ssh.descriptors import connections_to_hold
from adapters.ssh.fetch import fetch
from adapters.ssh.held_sessions import HeldSessions
from adapters.ssh.hostkeys import KnownHosts
from adapters.ssh.probe import probe
from adapters.ssh.session import DeviceSession
from adapters.ssh.shell import DeviceShell, open_shell
from adapters.ssh.target import Target, TargetResolver
from adapters.ssh.verify import verify_chain
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.fleet.model import Device, Fleet
from console.fleet.pairing import explicit_pairs
from console.ports import (
    AgentToolRequest,
    AgentToolRun,
    Clock,
    ConfigFile,
    Fetched,
    FetchRequest,
    ProbeRequest,
    SecretSource,
    VerifyRequest,
)
from console.readiness.model import LiveResult
from console.readiness.own_openssl import OwnOpenssl


class SshDeviceGateway:
    """One connection per device, shared by all its work; every call blocks and may come from any thread.

    It is kept for the next work, but of many devices only the last ones' (`most_held`); one that a call or a shell uses
    is never closed under it.
    """

    def __init__(
        self,
        fleet: Fleet,
        profile: AgentProfile,
        secrets: SecretSource,
        clock: Clock,
        timeouts: Timeouts | None = None,
        most_held: int | None = None,
    ) -> None:
        """Raises ConfigurationError where ~/.ssh/config can't be read. `most_held`: connections; None: what the limit
        of open files leaves room for."""
        self._profile = profile
        self._secrets = secrets
        self._clock = clock
        self._timeouts = timeouts or Timeouts()
        self._resolver = TargetResolver(fleet)
        self._fleet = fleet
        self._lock = threading.Lock()
        self._sessions = HeldSessions(self._session, connections_to_hold() if most_held is None else most_held)
        self._known_hosts: dict[tuple[Path, ...], tuple[tuple[tuple[int, int], ...], KnownHosts]] = {}

    def collect(self, device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        pairs = [(pair.host, pair.port) for pair in explicit_pairs(self._fleet, device.name)]
        with self._sessions.work_on(device) as session:
            return collect(session, self._profile, self._clock, hosts, pairs, self._fleet.resolve)

    def read_config(self, device: Device) -> ConfigFile:
        with self._sessions.work_on(device) as session:
            return edits.read_config(session)

    def replace_config(self, device: Device, before_sha256: str, content: bytes) -> None:
        with self._sessions.work_on(device) as session:
            edits.replace_config(session, before_sha256, content)

    def restore_config(self, device: Device, before_sha256: str, backup_sha256: str) -> None:
        with self._sessions.work_on(device) as session:
            edits.restore_config(session, before_sha256, backup_sha256)

    def probe(self, device: Device, request: ProbeRequest) -> LiveResult:
        with self._sessions.work_on(device) as session:
            return probe(session, request, self._clock)

    def verify_chain(self, device: Device, request: VerifyRequest) -> OwnOpenssl:
        with self._sessions.work_on(device) as session:
            return verify_chain(session, request, self._clock)

    def fetch(self, device: Device, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        with self._sessions.work_on(device) as session:
            return fetch(session, requests, self._clock)

    def run_agent_tool(self, device: Device, request: AgentToolRequest) -> AgentToolRun:
        with self._sessions.work_on(device) as session:
            return run_agent_tool(session, request, self._clock)

    def open_shell(self, device: Device, term: str, columns: int, rows: int) -> DeviceShell:
        with self._sessions.work_on(device) as session:
            return open_shell(session, term, columns, rows)

    def disconnect(self, device: Device) -> None:
        self._sessions.disconnect(device)

    def close(self) -> None:
        self._sessions.close()

    def _session(self, device: Device) -> DeviceSession:
        return DeviceSession(device, self._resolver.resolve, self._secrets, self._known_hosts_of, self._timeouts)

    def _known_hosts_of(self, target: Target) -> KnownHosts:
        """Read once for all devices that share the files, and again when one of them has changed."""
        stamps = tuple(_stamp(path) for path in target.known_hosts)
        with self._lock:
            known = self._known_hosts.get(target.known_hosts)
            if known is None or known[0] != stamps:
                read = KnownHosts()
                for path in target.known_hosts:
                    read.add(path)
                known = self._known_hosts[target.known_hosts] = (stamps, read)
            return known[1]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)  # reading it says what is wrong
    return (found.st_mtime_ns, found.st_size)
