"""Findings and verdicts (docs: check --format json, schema 1). Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from console.agent.snapshot import DeviceSnapshot
from console.fleet.model import BeaconClientCheck, Policy
from console.fleet.model import PairUse as PairUse
from console.iis.snapshot import BeaconSnapshot

COMPONENTS = ("Launcher", "Tracker", "Uploader")
"""ndlaunch (policy, downloads), ndtrack (inventory), ndupload (uploads): the agent's parts that open a connection."""


class Status(StrEnum):
    PASS = "pass"  # noqa: S105 - a word, not a password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Verdict(StrEnum):
    READY = "ready"
    AT_RISK = "at-risk"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """Who has to change something, or the end at which the handshake stops."""

    DEVICE = "device"
    BEACON = "beacon"
    PAIR = "pair"
    NETWORK = "network"


class Step(IntEnum):
    """The handshake in its order, as measured (connect, then the client's own files, then the hello ...)."""

    CONNECT = 1
    CLIENT_FILES = 2
    TRUST_FILES = 3
    HELLO = 4
    SERVER_CERTIFICATE = 5
    TRUSTED = 6
    NAME = 7
    CLIENT_CERTIFICATE = 8
    ACCEPTED = 9
    HTTP = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one pair, for the components named."""

    check: str
    """Stable id such as `device.client-key-mismatch`."""
    step: Step
    side: Side
    status: Status
    message: str
    components: tuple[str, ...] = COMPONENTS
    refused_by: Side | None = None
    """Only of findings that fail."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""
    risk: bool = False
    """Of a warn: its cause can make the handshake fail, so the pair is at-risk."""


@dataclass(frozen=True, slots=True)
class PairInput:
    """Everything that a verdict is a function of."""

    use: PairUse
    device: DeviceSnapshot | None
    beacon: BeaconSnapshot | None
    profile: object
    """console.agent.profile.AgentProfile."""
    policy: Policy
    client_check: BeaconClientCheck
    now: datetime
    device_error: str = ""
    """Why there is no device snapshot."""
    beacon_error: str = ""


@dataclass(frozen=True, slots=True)
class PairVerdict:
    use: PairUse
    verdict: Verdict
    """The worst of the components (blocked, unknown, at-risk, ready)."""
    components: Mapping[str, Verdict]
    findings: tuple[Finding, ...]
    """Failing first, in the order of the handshake; then unknown, warn, pass, not-applicable."""
    until: datetime | None = field(default=None, compare=False)
    """The first moment at which time alone may change it; None: not known."""

    @property
    def first_obstacle(self) -> Finding | None:
        """The finding the agent will hit first: fail before unknown before risky warn; None when ready.

        What only informs is none, seen or not: without a fail or a fact that decides the first risk is the obstacle.
        """
        match self.verdict:
            case Verdict.READY:
                return None
            case Verdict.AT_RISK:
                return next((finding for finding in self.findings if finding.risk), None)
            case _:
                return next((f for f in self.findings if f.status in (Status.FAIL, Status.UNKNOWN) or f.risk), None)


class LiveOutcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Trial:
    """One more handshake made beside the natural one, which differs from it in one thing."""

    tls: str = ""
    """The version that it was held to (`TLSv1.2`); empty: as negotiated."""
    upload_bytes: int = 0
    """What it uploaded; 0: no upload."""
    outcome: LiveOutcome = LiveOutcome.NOT_RUN
    http_status: int | None = None
    failed_side: Side | None = None
    error: str | None = None
    check: str = ""
    """The check whose rule the error belongs to; empty: none, or it can't be told."""


@dataclass(frozen=True, slots=True)
class LiveResult:
    """A real handshake for one component of one pair. `ok` is a handshake and a 2xx answer."""

    outcome: LiveOutcome
    origin: str = "device"
    """device | console."""
    tool: str = ""
    """curl | openssl | tunnel | empty."""
    tls: str | None = None
    http_status: int | None = None
    failed_side: Side | None = None
    error: str | None = None
    """In our words; the tool's own text is in `raw`."""
    raw: str = ""
    at: datetime | None = None
    check: str = ""
    """The check whose rule the error belongs to; empty: none, or it can't be told."""
    trials: tuple[Trial, ...] = ()
    """Handshakes beside this one: each TLS version by itself, an upload where the certificate is asked for late."""
    unproved: str = ""
    """What the result leaves unproved, in our words."""
