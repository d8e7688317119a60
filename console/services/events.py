"""What a job tells its subscribers. Frozen values, made in worker threads; a screen turns them into messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.ports import AgentToolRun
from console.readiness.model import LiveResult, PairUse
from console.readiness.own_openssl import OwnOpenssl


@dataclass(frozen=True, slots=True)
class TargetStarted:
    target: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TargetFinished:
    target: str
    at: datetime
    error: str | None
    """None: done. Else one message in our words."""


@dataclass(frozen=True, slots=True)
class PairProbed:
    use: PairUse
    component: str
    result: LiveResult


@dataclass(frozen=True, slots=True)
class PairVerified:
    """The device's own OpenSSL judged the beacon's chain."""

    use: PairUse
    component: str
    result: OwnOpenssl


@dataclass(frozen=True, slots=True)
class AgentToolEnded:
    """A program of the agent's own was run on a device."""

    device: str
    tool: str
    run: AgentToolRun


@dataclass(frozen=True, slots=True)
class StepApplied:
    """One step of a plan was written and read back."""

    target: str
    at: datetime
    summary: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class JobFinished:
    """Always the last event of a job, once; the job's final counts are set before it is sent."""

    job: str
    at: datetime
    state: str
    """A JobState."""


JobEvent = TargetStarted | TargetFinished | PairProbed | PairVerified | AgentToolEnded | StepApplied | JobFinished
