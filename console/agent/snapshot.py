"""What was observed of one device at one time. Immutable; holds no private key and no password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from console.pki.revocation_facts import RevocationFact


class FileState(StrEnum):
    PRESENT = "present"
    MISSING = "missing"
    DIRECTORY = "directory"
    DANGLING = "dangling"
    UNREADABLE = "unreadable"
    """The login itself may not read it."""
    TOO_LARGE = "too-large"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class FileFact:
    """One file as the device showed it."""

    path: str
    state: FileState
    mode: int | None = None
    owner: str = ""
    group: str = ""
    size: int | None = None
    sha256: str = ""
    """Of the whole file on the device, also where `content` is redacted or absent."""
    content: bytes | None = None
    """The bytes, but: bodies of PRIVATE KEY blocks are left out on the device, passwords of config.ini are masked,
    and a file without a PEM certificate marker (DER, PKCS#12, UTF-16) isn't sent at all: None."""
    head: bytes = b""
    """The first 4 bytes at most, to tell DER, BOM and UTF-16 apart."""
    readable_by_agent: bool | None = None
    """May the agent's account read it, every parent directory included; None: not found out."""
    unreadable_because: str = ""
    """The path that closes the way and its mode, e.g. `/etc/ssl/private drwx------ root root`; or why it is unknown."""
    loads: bool | None = None
    """The device's own OpenSSL can decode every block; asked only of PEM files whose content isn't sent whole."""
    beside: tuple[str, ...] = ()
    """Of a file that isn't there: names in its directory that a person may have meant (`*.key`, `*.pem`, `*.crt`,
    `*.cer`), eight at most."""


@dataclass(frozen=True, slots=True)
class DirectoryFact:
    path: str
    state: FileState
    entries: tuple[FileFact, ...] = ()
    """Only names that OpenSSL can look up or that a person may have meant: `<hash>.<n>`, `*.pem`, `*.crt`, `*.cer`."""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class KeyFact:
    """What can be said of a private key without moving it."""

    file: FileFact
    """Without content."""
    labels: tuple[str, ...] = ()
    """PEM BEGIN labels in order, as the device's sed saw them at the start of a line."""
    encrypted: bool | None = None
    spki_sha256: str = ""
    """SHA-256 (hex) of the public key's SubjectPublicKeyInfo in DER; empty where the device couldn't load the key."""
    how: str = ""
    """`openssl pkey`, `openssl rsa`, `ssh-keygen`, or empty where the device has no tool."""
    why_unknown: str = ""


@dataclass(frozen=True, slots=True)
class TlsStack:
    """The device's own OpenSSL and curl: neighbours of the agent's TLS library, not the library itself."""

    openssl: str = ""
    """First line of `openssl version`, e.g. `OpenSSL 3.0.19 27 Jan 2026`; empty: no openssl."""
    curl: str = ""
    """First line of `curl --version`."""
    security_level: int | None = None
    """From openssl.cnf's CipherString, else from the build flags, else None."""
    security_level_source: str = ""
    tls_min: str = ""
    """`TLSv1.2` form, from openssl.cnf's MinProtocol; empty: not set."""
    tls_max: str = ""
    cipher_string: str = ""


@dataclass(frozen=True, slots=True)
class NameFact:
    host: str
    addresses: tuple[str, ...] = ()
    error: str = ""
    asked: bool = True
    """False: nothing could be asked, or no answer came in time; `error` says which."""


class ReachOutcome(StrEnum):
    """How a TCP connection of the device's own ended."""

    CONNECTED = "connected"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NO_ROUTE = "no-route"
    NO_ADDRESS = "no-address"
    FAILED = "failed"
    """In a way that can't be told apart."""
    NOT_TRIED = "not-tried"


@dataclass(frozen=True, slots=True)
class ReachFact:
    """The device tried to connect to one endpoint of its uses: TCP alone, no certificate, no key."""

    host: str
    port: int
    outcome: ReachOutcome
    address: str = ""
    """`address:port` that was connected to where [resolve] says so; empty: the name."""
    how: str = ""
    """curl | perl | nc | ssh forwarding; empty: not tried."""
    error: str = ""
    """In our words."""


ASSUMED = "assumed"
"""How the source of an agent's account begins that nothing on the device told."""


@dataclass(frozen=True, slots=True)
class DeviceSnapshot:
    device: str
    taken_at: datetime
    """The console's clock, UTC."""
    clock: datetime | None
    """The device's clock, UTC, at the same moment."""
    system: str
    """`uname -s`."""
    release: str
    hostname: str
    login: str
    agent_user: str
    agent_user_source: str
    """Where it's known from; begins with `ASSUMED` where it isn't."""
    agent_version: str
    config: FileFact
    files: tuple[FileFact, ...] = ()
    """Every file that an effective TLS preference names (CA file, client certificate), by its path as written."""
    directories: tuple[DirectoryFact, ...] = ()
    keys: tuple[KeyFact, ...] = ()
    tls: TlsStack = TlsStack()
    names: tuple[NameFact, ...] = ()
    reach: tuple[ReachFact, ...] = ()
    """One for each endpoint of its uses; empty: none was tried."""
    notes: tuple[str, ...] = ()
    """What couldn't be found out, and why."""
    revocation: tuple[RevocationFact, ...] = ()
    """What the addresses for revocation of the beacons' chains answered the device; empty: none was asked."""
    revocation_at: datetime | None = None
    """When they were asked, by the console's clock; None: they weren't."""

    @property
    def agent_user_assumed(self) -> bool:
        """Good enough to judge by; nothing that leaves traces may run as it."""
        return self.agent_user_source.startswith(ASSUMED)

    def file(self, path: str) -> FileFact | None:
        return next((fact for fact in self.files if fact.path == path), None)

    def directory(self, path: str) -> DirectoryFact | None:
        return next((fact for fact in self.directories if fact.path == path), None)

    def key(self, path: str) -> KeyFact | None:
        return next((fact for fact in self.keys if fact.file.path == path), None)
