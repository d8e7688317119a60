"""A check: the data it needed, a pure rule, a message, a remedy. All checks are registered here, in topic modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome

if TYPE_CHECKING:
    from console.readiness.case import Case

Rule = Callable[["Case"], Outcome]


class Severity(StrEnum):
    BLOCKS = "blocks"
    """Where it fails the handshake or the request fails."""
    SOON = "soon"
    RISK = "risk"
    INFORMATION = "information"


class Need(StrEnum):
    """What a rule can't do without. Unmet: unknown (or not applicable, for the first two)."""

    HTTPS = "https"
    SERVER_CHECK = "the server check"
    """CheckServerCertificate is on."""
    CLIENT_CERTIFICATE = "a client certificate"
    """AddClientCertificateAndKey is on."""
    DEVICE = "a snapshot of the device"
    BEACON = "a snapshot of the beacon over WinRM"
    HELLO = "the console's hello to the endpoint"


class Part(StrEnum):
    """What a check's outcome is a function of, so that it's worked out once for all the pairs that share it."""

    DEVICE = "device"
    """The device, the component's preferences and the scheme."""
    ENDPOINT = "endpoint"
    """The beacon's endpoint and how it is used; nothing of the device."""
    TRUST = "trust"
    """The beacon's endpoint, and of the device what many have alike: trust, TLS library, clock, preferences."""
    PAIR = "pair"
    """Everything but which component it is."""
    REVOCATION = "revocation"
    """As TRUST, and what addresses for revocation answered the device, and the agent's generation."""
    UPLOAD = "upload"
    """As TRUST, and what the component uploads."""


@dataclass(frozen=True, slots=True)
class Check:
    id: str
    step: Step
    side: Side
    refused_by: Side | None
    """Of its failing findings. None: it never fails."""
    severity: Severity
    rule: str
    """One sentence."""
    source: str
    """Where the rule comes from."""
    remedy: str
    needs: tuple[Need, ...]
    topic: str
    judge: Rule
    part: Part = Part.PAIR


_CHECKS: dict[str, Check] = {}


def check(
    id: str,  # noqa: A002 - it is the check's id wherever it is read
    *,
    step: Step,
    side: Side,
    refused_by: Side | None,
    severity: Severity = Severity.BLOCKS,
    rule: str,
    source: str,
    remedy: str,
    needs: tuple[Need, ...] = (),
    part: Part = Part.PAIR,
) -> Callable[[Rule], Rule]:
    """Register a rule. Raises ValueError for an id that is taken: ids are stable and mean one thing."""

    def register(judge: Rule) -> Rule:
        if id in _CHECKS:
            raise ValueError(f"two checks are called {id}")
        topic = judge.__module__.rpartition(".")[2]
        _CHECKS[id] = Check(id, step, side, refused_by, severity, rule, source, remedy, needs, topic, judge, part)
        return judge

    return register


def registered() -> tuple[Check, ...]:
    """Every check, in the order of the handshake; within a step in the order of registration."""
    return tuple(sorted(_CHECKS.values(), key=lambda check: check.step))
