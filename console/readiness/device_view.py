"""One device's snapshot, read once: preferences, files and trust as its TLS library would see them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

from console.agent.choice import Failover, read_failover
from console.agent.document import ConfigDocument, Oddity
from console.agent.preferences import CA_FILE, Origin, TlsPreferences, effective_tls
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot, FileFact, FileState
from console.identity import Same, new_serial, serial_of
from console.pki.loading import Anchor, LoadedFile, load_ca_file, load_client_chain
from console.readiness.directory import read_directory
from console.readiness.model import COMPONENTS
from console.readiness.revocation_seen import SeenRevocation, seen_revocation
from console.readiness.stack import Stack, read_stack

_NOISE = timedelta(seconds=2)
_FARTHEST = timedelta(days=365 * 900)
"""A clock beyond is as wrong as it can be, and the calendar of datetime ends."""
_ODDITIES_KEPT = 4
_NOT_COLLECTED = LoadedFile()
_KEY_UNDECODABLE = "it holds a private key too, which the device's OpenSSL can't decode"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a file can't be used. `certain` False: it couldn't be found out."""

    kind: str
    """not-collected, missing, directory, dangling, special, too-large, closed, closed-to-us, unclear."""
    text: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class TrustSet:
    """What the device trusts under one reading of its files."""

    anchors: tuple[Anchor, ...]
    file: LoadedFile | None
    """None: no CA file is in use."""
    from_file: int
    shadowed: tuple[bytes, ...]
    """Certificates of the directory that one of the same name in the file hides."""
    serial: int = field(default_factory=new_serial, compare=False)


class DeviceView:
    """Facts derived from one snapshot; made by `view_device` and shared by all its pairs."""

    def __init__(self, snapshot: DeviceSnapshot, profile: AgentProfile) -> None:
        self.snapshot = snapshot
        self.profile = profile
        self.serial = new_serial()
        self._preferences: dict[str, TlsPreferences] = {}
        self._oddities: tuple[tuple[Oddity, ...], int] = ((), 0)
        self._failover: Failover | None = None
        self._meanings: dict[str, int] = {}
        self.trust_keys: dict[int, int] = {}
        """By meaning: see console.readiness.shared."""
        self._trust: dict[tuple[str, str, bool], TrustSet] = {}

    @property
    def document(self) -> ConfigDocument:
        """Read anew each time: kept, the documents of a large fleet would need more memory than its snapshots."""
        document = ConfigDocument.parse_masked(self.snapshot.config.content or b"")
        if not self._preferences:
            odd = document.oddities()
            self._oddities = odd[:_ODDITIES_KEPT], len(odd)
            self._preferences = {name: effective_tls(document, self.profile, name) for name in COMPONENTS}
        return document

    @property
    def failover(self) -> Failover:
        """The failover lists of config.ini; the same object for files that say the same."""
        if self._failover is None:
            self._failover = read_failover(self.document, self.profile)
        return self._failover

    @property
    def oddities(self) -> tuple[tuple[Oddity, ...], int]:
        """The first few odd places of config.ini, and how many there are."""
        if not self._preferences:
            _ = self.document
        return self._oddities

    @cached_property
    def stack(self) -> Stack:
        return read_stack(self.snapshot.tls)

    @cached_property
    def skew(self) -> timedelta | None:
        """How far the device's clock is ahead of the console's; None: not observed."""
        return skew_of(self.snapshot.clock, self.snapshot.taken_at)

    @cached_property
    def revocation(self) -> SeenRevocation:
        """What addresses for revocation answered this device."""
        return seen_revocation(self.snapshot.revocation, self.snapshot.revocation_at, self.skew)

    def preferences(self, component: str) -> TlsPreferences:
        if not self._preferences:
            _ = self.document
        return self._preferences[component]

    def meaning(self, component: str) -> int:
        """The same number for components whose preferences say the same, wherever they stand."""
        if component not in self._meanings:
            self._meanings[component] = _meaning(Same(self.preferences(component)))
        return self._meanings[component]

    def ca_file(self, preferences: TlsPreferences) -> str:
        return ca_file_in_use(self.snapshot, preferences)

    def ca_file_collected(self, preferences: TlsPreferences) -> bool:
        """The content of the CA file in use was collected."""
        fact = self.snapshot.file(self.ca_file(preferences))
        return fact is not None and fact.content is not None

    def file_problem(self, path: str) -> FileProblem | None:
        return file_problem(self.snapshot.file(path))

    def trust(self, preferences: TlsPreferences, *, skips_bom: bool) -> TrustSet:
        file, directory = self.ca_file(preferences), preferences.ca_directory
        key = (file, directory, skips_bom)
        if key not in self._trust:
            self._trust[key] = self._read_trust(file, directory, skips_bom)
        return self._trust[key]

    def _read_trust(self, path: str, directory: str, skips_bom: bool) -> TrustSet:
        loaded: LoadedFile | None = None
        if path:
            fact = self.snapshot.file(path)
            content = fact.content if fact is not None else None
            loaded = _NOT_COLLECTED if content is None else load_ca_file(content, skips_bom=skips_bom)
            if fact is not None and fact.loads is False and not loaded.error:
                loaded = replace(loaded, certificates=(), error=_KEY_UNDECODABLE)
        from_file = loaded.certificates if loaded is not None else ()
        extra, shadowed = read_directory(
            self.snapshot.directory(directory) if directory else None,
            from_file,
            skips_bom=skips_bom,
            old_hash=self.stack.old_hash,
        )
        return _trust_set(Same(loaded), extra, shadowed)

    def client_chain(self, path: str, *, skips_bom: bool) -> LoadedFile | None:
        """None: the content wasn't collected."""
        fact = self.snapshot.file(path)
        if fact is None or fact.content is None:
            return None
        return load_client_chain(fact.content, skips_bom=skips_bom)


@lru_cache(maxsize=20_000)
def _meaning(preferences: Same[TlsPreferences]) -> int:
    values = tuple((value.value, value.origin, value.section, value.raw) for value in preferences.value.values)
    return serial_of((values, preferences.value.problems))


def ca_file_in_use(snapshot: DeviceSnapshot, preferences: TlsPreferences) -> str:
    """The CA file in use; the built-in one only where it exists (what the agent does without it isn't known).

    A live handshake must leave it out in the same way. Empty: none.
    """
    path = preferences.ca_file
    if path and preferences.value(CA_FILE).origin is Origin.DEFAULT:
        fact = snapshot.file(path)
        if fact is not None and fact.state is FileState.MISSING:
            return ""
    return path


def file_problem(fact: FileFact | None) -> FileProblem | None:
    """What keeps the agent from reading a file; None: nothing does."""
    if fact is None:
        return FileProblem("not-collected", "the file wasn't collected", certain=False)
    match fact.state:
        case FileState.MISSING:
            return FileProblem("missing", "no such file")
        case FileState.DIRECTORY:
            return FileProblem("directory", "it is a directory")
        case FileState.DANGLING:
            return FileProblem("dangling", "a symbolic link that leads nowhere")
        case FileState.SPECIAL:
            return FileProblem("special", "it is neither a file nor a directory")
    if fact.readable_by_agent is False:
        because = fact.unreadable_because or "its mode or a directory above closes it"
        return FileProblem("closed", f"the agent's account can't read it: {because}")
    if fact.state is FileState.UNREADABLE:
        return FileProblem("closed-to-us", "the login of the console may not read it", certain=False)
    if fact.state is FileState.TOO_LARGE:
        return FileProblem("too-large", "it is too large to be collected", certain=False)
    if fact.readable_by_agent is None:
        because = fact.unreadable_because or "not found out"
        return FileProblem("unclear", f"whether the agent's account can read it isn't known: {because}", certain=False)
    return None


@lru_cache(maxsize=20_000)
def _trust_set(
    file: Same[LoadedFile] | Same[None], from_directory: tuple[Anchor, ...], shadowed: tuple[bytes, ...]
) -> TrustSet:
    """One object for equal sets, so that what is worked out for one serves all: a file of one content is read once."""
    from_file = file.value.certificates if file.value is not None else ()
    return TrustSet(from_file + from_directory, file.value, len(from_file), shadowed)


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def skew_of(clock: datetime | None, taken_at: datetime) -> timedelta | None:
    """The difference of two clocks, without what a round trip may add."""
    if clock is None:
        return None
    difference = min(max(_in_utc(clock) - _in_utc(taken_at), -_FARTHEST), _FARTHEST)
    return timedelta(0) if abs(difference) <= _NOISE else difference


@lru_cache(maxsize=60_000)
def _view(snapshot: Same[DeviceSnapshot], profile: Same[AgentProfile]) -> DeviceView:
    return DeviceView(snapshot.value, profile.value)


def view_device(snapshot: DeviceSnapshot, profile: AgentProfile) -> DeviceView:
    """The view of this very snapshot; kept while it is used."""
    return _view(Same(snapshot), Same(profile))
