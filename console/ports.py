"""What the services need of the outside world. Adapters implement these; tests hold them to one contract suite each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from console.agent.snapshot import DeviceSnapshot
from console.changes.model import EntryState, JournalEntry
from console.fleet.model import Beacon, Device, SecretReference
from console.iis.snapshot import BeaconSnapshot, Hello
from console.readiness.model import LiveOutcome, LiveResult, PairUse
from console.readiness.own_openssl import OwnOpenssl


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, with a time zone."""
        ...


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """config.ini as read for an edit. `content` may hold passwords: it is never stored or shown."""

    path: str
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class TrustContent:
    """The device's trust files as they were collected, for a handshake that the console makes through the device."""

    ca_file: bytes | None = None
    """None: the component has no CA file."""
    ca_directory: tuple[tuple[str, bytes], ...] = ()
    """Name (`<hash>.<n>`) and content of what OpenSSL can look up in the directory."""
    missing: str = ""
    """A path whose content is needed and wasn't collected; then nothing can be told of the trust."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """A live handshake that a device shall make with its own effective preferences and files."""

    use: PairUse
    component: str
    directory: str
    """`ManageSoftDL` or `ManageSoftRL`."""
    upload: bool
    check_server: bool
    check_revocation: bool
    ca_file: str
    """Empty: none."""
    ca_directory: str
    client_certificate: str
    """Empty: the switch is off, none is sent."""
    client_key: str
    agent_user: str = ""
    timeout_seconds: float = 20.0
    tls_max: str = ""
    """`TLSv1.2` to force the version; empty: as the device negotiates."""
    versions: tuple[str, ...] = ()
    """TLS versions to try by themselves beside the natural handshake."""
    late_upload: int = 0
    """Bytes of one more upload beside it; 0: none. Made on the device of zeros, never a real inventory."""
    trust: TrustContent | None = None
    """For a device without curl and openssl; None: then nothing can test."""


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """The beacon's chain for the device's own `openssl verify`, with a component's effective trust."""

    host: str
    chain: tuple[bytes, ...]
    """DER, as the beacon sends it: its own certificate first. Public."""
    ca_file: str = ""
    """Empty: none."""
    ca_directory: str = ""
    partial_chain: bool = False
    """A trusted intermediate may end the chain, as for the agent's library."""
    security_level: int | None = None
    """As observed of the device; None: openssl's own."""
    agent_user: str = ""
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """An http address that a device (as its agent's account) or a beacon shall ask."""

    url: str
    limit: int = 4 * 1024 * 1024
    """Bytes at most."""
    agent_user: str = ""
    timeout_seconds: float = 10.0
    known: tuple[str, ...] = ()
    """SHA-256 (hex) of contents that needn't be brought here again. A gateway may bring them all the same."""


@dataclass(frozen=True, slots=True)
class Fetched:
    outcome: LiveOutcome
    content: bytes = b""
    tool: str = ""
    error: str = ""
    """In our words."""
    at: datetime | None = None
    same_as: str = ""
    """What the content is of all that the requests of this call have `known`; it wasn't brought then. An address may
    serve what is known of another."""
    left_out: bool = False
    """`not-run` only because the time or room that all requests of a call share was used up: ask it first next time."""


@dataclass(frozen=True, slots=True)
class AgentToolRequest:
    """A program of the agent's own, to be run as the agent's account. It does real work: ask before."""

    program: str
    """Absolute path."""
    arguments: tuple[str, ...] = ()
    log: str = ""
    """Whose end is brought; empty: none."""
    agent_user: str = ""
    timeout_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class AgentToolRun:
    """How it ended. Only its exit status is judged; what it printed and logged is the remote's word."""

    outcome: LiveOutcome
    """`ok`: exit status 0; `not-run`: it isn't there, or it can't be run as the agent's account."""
    status: int | None = None
    said: tuple[str, ...] = ()
    """Lines that it printed: bounded, harmless, passwords masked."""
    log: tuple[str, ...] = ()
    """The end of its log."""
    error: str = ""
    at: datetime | None = None


class ShellChannel(Protocol):
    """An interactive shell over the connection that is already held. Bytes pass straight through."""

    def fileno(self) -> int: ...
    def send(self, data: bytes) -> int:
        """How many bytes were taken; 0 while the window is full."""
        ...

    def receive(self, limit: int) -> bytes:
        """Empty at end of file. Raises BlockingIOError while nothing is waiting: select on `fileno` first."""
        ...

    def resize(self, columns: int, rows: int) -> None: ...
    def exit_status(self) -> int | None: ...
    def close(self) -> None: ...


class DeviceGateway(Protocol):
    """One device over SSH. All calls block and may come from any thread; work on one device shares one connection.

    Raises SshError, HostKeyError, CredentialError (exit 3); CommandFailed, ChangeRefused, ChangeFailed.
    """

    def collect(self, device: Device, hosts: Sequence[str]) -> DeviceSnapshot:
        """One snapshot. `hosts`: names to resolve on the device, beside those of its own failover lists."""
        ...

    def read_config(self, device: Device) -> ConfigFile: ...

    def replace_config(self, device: Device, before_sha256: str, content: bytes) -> None:
        """Atomically replace config.ini. Owner, mode and SELinux context stay; the old bytes lie in
        `config.ini.mtls-console.bak`. Raises ChangeRefused where the file isn't `before_sha256` any more."""
        ...

    def restore_config(self, device: Device, before_sha256: str, backup_sha256: str) -> None:
        """Put the backup back, byte for byte, where the file is `before_sha256` and the backup `backup_sha256`."""
        ...

    def probe(self, device: Device, request: ProbeRequest) -> LiveResult: ...
    def verify_chain(self, device: Device, request: VerifyRequest) -> OwnOpenssl:
        """The device's own `openssl verify`; `not-run` where it has none."""
        ...

    def fetch(self, device: Device, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        """What http addresses answer to the device, one answer a request, in their order; as few round trips as can be.
        Never raises for what a server does."""
        ...

    def run_agent_tool(self, device: Device, request: AgentToolRequest) -> AgentToolRun:
        """Run it once, and wait. Never runs it as another account than asked for."""
        ...

    def open_shell(self, device: Device, term: str, columns: int, rows: int) -> ShellChannel: ...
    def disconnect(self, device: Device) -> None: ...
    def close(self) -> None:
        """Say goodbye to every device; afterwards nothing is held."""
        ...


class BeaconGateway(Protocol):
    """One beacon over WinRM. Raises WinrmError, CredentialError (exit 3); CommandFailed, ChangeRefused."""

    def snapshot(self, beacon: Beacon) -> BeaconSnapshot:
        """One round trip; `hellos` stays empty."""
        ...

    def fetch(self, beacon: Beacon, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        """What http addresses answer to the beacon, one for each request and in their order; one round trip for all,
        bounded as a whole: `not-run` where time or room was over, or the machine's own proxy would be passed by.
        Never raises for what their servers do."""
        ...

    def run(self, beacon: Beacon, operation: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
        """Run adapters/winrm/scripts/OPERATION.ps1; its JSON answer. A script's own refusal is ChangeRefused."""
        ...

    def disconnect(self, beacon: Beacon) -> None: ...
    def close(self) -> None: ...


class HelloProbe(Protocol):
    def hello(self, host: str, port: int, address: tuple[str, int] | None, timeout_seconds: float) -> Hello:
        """The console's own hello, without a client certificate. Never raises for what a server does."""
        ...


class SecretSource(Protocol):
    def password(self, reference: SecretReference, purpose: str) -> str:
        """Raises CredentialError, which names the reference and never the secret."""
        ...


class SnapshotStore(Protocol):
    def save_device(self, snapshot: DeviceSnapshot) -> None: ...
    def save_beacon(self, snapshot: BeaconSnapshot) -> None: ...
    def save_failure(self, target: str, at: datetime, error: str) -> None:
        """The newest attempt failed; the last snapshot stays beside it."""
        ...

    def devices(self) -> Mapping[str, DeviceSnapshot]: ...
    def beacons(self) -> Mapping[str, BeaconSnapshot]: ...
    def failures(self) -> Mapping[str, tuple[datetime, str]]:
        """Targets whose newest attempt failed."""
        ...

    def save_live(self, device: str, beacon: str, host: str, port: int, component: str, result: LiveResult) -> None: ...
    def live(self) -> Mapping[tuple[str, str, str, int, str], LiveResult]: ...
    def close(self) -> None: ...


class Journal(Protocol):
    """Append-only, on disk and synced before each remote write. Survives a killed console."""

    def open_entry(self, entry: JournalEntry) -> None:
        """From here to `let_go` (or this console's end, however it comes) the entry is being written."""
        ...

    def let_go(self, entry: str) -> None:
        """This console writes no more for it, whatever its state."""
        ...

    def is_being_written(self, entry: str) -> bool:
        """A console that lives, this one or another on this machine, is writing for it now."""
        ...

    def step_done(self, entry: str, steps_done: int) -> None: ...
    def close_entry(self, entry: str, state: EntryState, error: str = "") -> None: ...
    def next_plan_id(self) -> str: ...
    def next_entry_id(self) -> str: ...
    def entries(self, limit: int | None = None) -> Sequence[JournalEntry]:
        """Newest first; at most `limit`."""
        ...

    def open_entries(self) -> Sequence[JournalEntry]:
        """Those that are open, newest first."""
        ...

    def entry(self, entry: str) -> JournalEntry:
        """Raises ConfigurationError (exit 2) where there is none of that id, with the newest ids."""
        ...
