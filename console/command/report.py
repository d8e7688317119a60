"""The answer of `check`, schema 1: values first, so that every format says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from console.readiness.model import COMPONENTS, Finding, LiveResult, PairVerdict, Status, Verdict
from console.readiness.proof import Proof, proof_of, proof_of_component
from console.services.proof import beside_live, disagreement

SCHEMA = 1

_ORDER = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class CheckedPair:
    verdict: PairVerdict
    live: Mapping[str, LiveResult]
    """Of every component."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The verdict's own, the disagreement between data and proof, what handshakes beside the natural one showed."""
        extra = disagreement(self.verdict, self.live)
        found = (*self.verdict.findings, *((extra,) if extra else ()), *beside_live(self.live))
        return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.status)))

    @property
    def proof(self) -> Proof:
        """Of the pair: its weakest component's. The JSON says it by each component's `live`."""
        return proof_of(self.verdict, self.live)

    def proof_of(self, component: str) -> Proof:
        return proof_of_component(self.verdict, component, self.live.get(component))


@dataclass(frozen=True, slots=True)
class CheckReport:
    generated_at: datetime
    pairs: tuple[CheckedPair, ...]

    @property
    def all_ready(self) -> bool:
        return all(pair.verdict.verdict is Verdict.READY for pair in self.pairs)

    def counts(self) -> dict[Verdict, int]:
        return {word: sum(pair.verdict.verdict is word for pair in self.pairs) for word in Verdict}


def as_values(report: CheckReport) -> dict[str, object]:
    """JSON values of schema 1 (console/schema/check.schema.json)."""
    return {
        "schema": SCHEMA,
        "generated_at": report.generated_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "pairs": [_pair(pair) for pair in report.pairs],
    }


def _pair(pair: CheckedPair) -> dict[str, object]:
    use = pair.verdict.use
    return {
        "device": use.device,
        "beacon": use.beacon,
        "host": use.host,
        "port": use.port,
        "verdict": str(pair.verdict.verdict),
        "components": {
            name: {
                "verdict": str(pair.verdict.components.get(name, Verdict.UNKNOWN)),
                "live": _live(pair.live[name]),
            }
            for name in COMPONENTS
        },
        "findings": [_finding(finding) for finding in pair.findings],
    }


def _live(result: LiveResult) -> dict[str, object]:
    return {
        "outcome": str(result.outcome),
        "from": result.origin,
        "tls": result.tls,
        "http_status": result.http_status,
        "failed_side": None if result.failed_side is None else str(result.failed_side),
        "error": result.error,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "side": str(finding.side),
        "refused_by": None if finding.refused_by is None else str(finding.refused_by),
        "components": list(finding.components),
        "status": str(finding.status),
        "message": finding.message,
        "evidence": dict(finding.evidence),
        "remedy": finding.remedy,
    }


def well_formed(value: object) -> object:
    """Text that came from elsewhere may hold lone surrogates (bytes that weren't UTF-8): no JSON may."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {str(well_formed(str(key))): well_formed(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [well_formed(item) for item in value]
    return value
