"""The stages of a handshake as screens name them, once: the strip and the ladder use the same words."""

from __future__ import annotations

from dataclasses import dataclass

from console.readiness.model import Step


@dataclass(frozen=True, slots=True)
class Stage:
    long: str
    """Where there is room."""
    short: str
    steps: tuple[Step, ...]
    arrow: str = "─▶"
    """Who speaks: `─▶` the device, `◀─` the beacon, empty: nobody yet."""


STAGES: tuple[Stage, ...] = (
    Stage("connect", "connect", (Step.CONNECT,)),
    Stage("own files", "files", (Step.CLIENT_FILES, Step.TRUST_FILES), ""),
    Stage("hello", "hello", (Step.HELLO,)),
    Stage("beacon's certificate", "chain", (Step.SERVER_CERTIFICATE,), "◀─"),
    Stage("trusted", "trust", (Step.TRUSTED,), "◀─"),
    Stage("name", "name", (Step.NAME,), "◀─"),
    Stage("client certificate", "cert", (Step.CLIENT_CERTIFICATE,)),
    Stage("accepted", "accept", (Step.ACCEPTED,)),
    Stage("HTTP", "HTTP", (Step.HTTP,)),
)
