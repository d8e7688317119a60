"""Small in-memory stand-ins for the ports: a device is its config.ini, a beacon is its snapshot."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import msgspec

from console.agent.snapshot import DeviceSnapshot, FileFact, FileState
from console.changes.model import BeaconStep
from console.changes.what_if import after_steps
from console.errors import ChangeRefused, CommandFailed, SshError, WinrmError
from console.fleet.model import Beacon, Device
from console.iis.snapshot import (
    AccessSetting,
    BeaconSnapshot,
    Binding,
    Hello,
    HelloOutcome,
    HttpSysRecord,
    Schannel,
    Site,
)
from console.ports import (
    AgentToolRequest,
    AgentToolRun,
    ConfigFile,
    Fetched,
    FetchRequest,
    ProbeRequest,
    ShellChannel,
    VerifyRequest,
)
from console.readiness.model import LiveOutcome, LiveResult
from console.readiness.own_openssl import OwnOpenssl

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CONFIG_PATH = "/var/opt/managesoft/etc/config.ini"


class FrozenClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def forward(self, **units: float) -> None:
        self.moment += timedelta(**units)


OWN_OK = OwnOpenssl(LiveOutcome.OK, version="OpenSSL 3.0.19", options=("-purpose", "sslserver"), raw="chain.pem: OK")
TOOL_OK = AgentToolRun(LiveOutcome.OK, 0, ("done",))
OK = LiveResult(LiveOutcome.OK, tool="curl", tls="TLSv1.3", http_status=200)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class FakeDevices:
    """A DeviceGateway over files in memory."""

    clock: FrozenClock
    files: dict[str, bytes]
    backups: dict[str, bytes] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """Devices that can't be reached."""
    before_write: Callable[[str], None] = lambda _name: None
    """Called before each write; may raise, or change the file."""
    after_write: Callable[[str], None] = lambda _name: None
    probe_result: LiveResult = OK
    verify_result: OwnOpenssl = OWN_OK
    verified: list[VerifyRequest] = field(default_factory=list)
    tool_result: AgentToolRun = TOOL_OK
    tools_run: list[tuple[str, AgentToolRequest]] = field(default_factory=list)
    addresses: dict[str, bytes] = field(default_factory=dict)
    """What http addresses answer."""
    fetched: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """(device, addresses) of each round trip."""
    probed: list[ProbeRequest] = field(default_factory=list)
    collected: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def _file(self, device: Device) -> bytes:
        if device.name in self.down:
            raise SshError("connection refused", target=device.name, phase="connect")
        return self.files[device.name]

    def collect(self, device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        content = self._file(device)
        with self.lock:
            self.collected.append(device.name)
        config = FileFact(
            CONFIG_PATH, FileState.PRESENT, 0o600, size=len(content), sha256=sha256(content), content=content
        )
        return DeviceSnapshot(
            device=device.name,
            taken_at=self.clock.now(),
            clock=self.clock.now(),
            system="Linux",
            release="6",
            hostname=device.name,
            login="root",
            agent_user="root",
            agent_user_source="",
            agent_version="",
            config=config,
        )

    def read_config(self, device: Device) -> ConfigFile:
        content = self._file(device)
        return ConfigFile(CONFIG_PATH, content, sha256(content))

    def replace_config(self, device: Device, before_sha256: str, content: bytes) -> None:
        self.before_write(device.name)
        if sha256(self._file(device)) != before_sha256:
            raise ChangeRefused("config.ini has changed", target=device.name, phase="apply")
        self.backups[device.name] = self.files[device.name]
        self.files[device.name] = content
        self.after_write(device.name)

    def restore_config(self, device: Device, before_sha256: str, backup_sha256: str) -> None:
        backup = self.backups.get(device.name, b"")
        if sha256(self._file(device)) != before_sha256 or sha256(backup) != backup_sha256:
            raise ChangeRefused("the backup is another", target=device.name, phase="apply")
        self.files[device.name] = backup

    def probe(self, device: Device, request: ProbeRequest) -> LiveResult:
        self._file(device)
        with self.lock:
            self.probed.append(request)
        return self.probe_result

    def verify_chain(self, device: Device, request: VerifyRequest) -> OwnOpenssl:
        self._file(device)
        with self.lock:
            self.verified.append(request)
        return self.verify_result

    def fetch(self, device: Device, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        self._file(device)
        with self.lock:
            self.fetched.append((device.name, tuple(request.url for request in requests)))
        return [self._fetched(request.url) for request in requests]

    def _fetched(self, url: str) -> Fetched:
        content = self.addresses.get(url)
        if content is None:
            return Fetched(LiveOutcome.FAILED, error="the connection was refused")
        return Fetched(LiveOutcome.OK, content)

    def run_agent_tool(self, device: Device, request: AgentToolRequest) -> AgentToolRun:
        self._file(device)
        with self.lock:
            self.tools_run.append((device.name, request))
        return self.tool_result

    def open_shell(self, device: Device, term: str, columns: int, rows: int) -> ShellChannel:
        raise SshError("no shell in this fake", target=device.name)

    def disconnect(self, device: Device) -> None: ...
    def close(self) -> None: ...


@dataclass
class FakeBeacons:
    """A BeaconGateway over snapshots in memory; steps change them as Windows would."""

    clock: FrozenClock
    snapshots: dict[str, BeaconSnapshot]
    down: set[str] = field(default_factory=set)
    fail_at: str = ""
    """The operation that fails."""
    garble_at: str = ""
    """The operation that is done, but whose answer can't be read."""
    lose_at: str = ""
    """The operation that is done, but whose answer is lost with the connection."""
    before_run: Callable[[], object] = lambda: None
    """Called before each operation."""
    ran: list[tuple[str, str]] = field(default_factory=list)
    addresses: dict[str, bytes] = field(default_factory=dict)
    """What http addresses answer."""
    fetched: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def fetch(self, beacon: Beacon, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        if beacon.name in self.down:
            raise WinrmError("no answer", target=beacon.name, phase="connect")
        if self.fail_at == "fetch":
            raise CommandFailed("0x80070005", target=beacon.name, phase="fetch")
        self.fetched.append((beacon.name, tuple(request.url for request in requests)))
        return tuple(
            Fetched(LiveOutcome.OK, self.addresses[request.url])
            if request.url in self.addresses
            else Fetched(LiveOutcome.FAILED, error="there is no connection to it")
            for request in requests
        )

    def snapshot(self, beacon: Beacon) -> BeaconSnapshot:
        if beacon.name in self.down:
            raise WinrmError("no answer", target=beacon.name, phase="connect")
        return replace(self.snapshots[beacon.name], taken_at=self.clock.now())

    def run(self, beacon: Beacon, operation: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
        if beacon.name in self.down:
            raise WinrmError("no answer", target=beacon.name, phase="connect")
        self.before_run()
        if operation == self.fail_at:
            raise CommandFailed("0x80070005", target=beacon.name, phase=operation)
        self._compare(beacon, operation, parameters)
        self.ran.append((beacon.name, operation))
        after = after_steps(self.snapshots[beacon.name], [BeaconStep(operation, dict(parameters), None, "")])
        if operation == "set-access":
            after = replace(after, config_sha256=sha256(repr(after.access).encode()))
        self.snapshots[beacon.name] = after
        if operation == self.garble_at:
            raise CommandFailed("the answer isn't JSON", target=beacon.name, phase=operation)
        if operation == self.lose_at:
            self.down.add(beacon.name)
            raise WinrmError("the connection was lost", target=beacon.name, phase=operation)
        return {"ok": True}

    def _compare(self, beacon: Beacon, operation: str, parameters: Mapping[str, object]) -> None:
        """As the script does: a record that isn't as the plan saw it is refused."""
        if operation == "set-httpsys":
            before = msgspec.convert(parameters["before"], HttpSysRecord)
            if before not in self.snapshots[beacon.name].httpsys:
                raise ChangeRefused(f"the record of {before.key} is not as the plan saw it", target=beacon.name)

    def disconnect(self, beacon: Beacon) -> None: ...
    def close(self) -> None: ...


@dataclass
class FakeHello:
    clock: FrozenClock
    chain: tuple[bytes, ...] = ()
    said: list[tuple[str, int, tuple[str, int] | None]] = field(default_factory=list)

    def hello(self, host: str, port: int, address: tuple[str, int] | None, timeout_seconds: float) -> Hello:
        self.said.append((host, port, address))
        return Hello(host, port, "127.0.0.1:1", self.clock.now(), HelloOutcome.TLS, ("TLSv1.3",), self.chain)


def beacon_snapshot(name: str, port: int = 443, flags: tuple[str, ...] = (), ask_first: bool = False) -> BeaconSnapshot:
    """A Windows beacon with one https binding."""
    site = "Default Web Site"
    return BeaconSnapshot(
        beacon=name,
        taken_at=NOON,
        clock=NOON,
        computer=name.upper(),
        os_build=20348,
        powershell="5.1",
        elevated=True,
        features=("Web-Server",),
        sites=(Site(site, 1, "Started", (Binding(site, "https", "*", port, "", 0, "AB" * 20, "My"),)),),
        access=(AccessSetting(site, tuple(sorted(flags)), bool(flags)),),
        httpsys=(HttpSysRecord("ipport", f"0.0.0.0:{port}", certhash="ab" * 20, clientcertnegotiation=ask_first),),
        certificates=(),
        schannel=Schannel(),
        upload_read_ahead=49152,
        config_sha256="0" * 64,
    )
