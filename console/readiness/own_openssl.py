"""The second strength of proof: what the device's own OpenSSL says of the beacon's chain, and where the data differ.

Its OpenSSL is a neighbour of the agent's TLS library, not the library itself [reference: handshake.md §4.1 item 2].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.readiness.model import Finding, LiveOutcome, PairVerdict, Side, Status, Step

OPENSSL_DISAGREES = "pair.openssl-disagrees"


@dataclass(frozen=True, slots=True)
class OwnOpenssl:
    """One run of `openssl verify` on the device with the chain that the console saw the beacon send."""

    outcome: LiveOutcome
    version: str = ""
    """First line of `openssl version` of this very run."""
    code: int | None = None
    """X509_V_ERR_… number of the first error, the one at which a handshake stops."""
    depth: int | None = None
    """0: the beacon's own certificate."""
    error: str | None = None
    """In our words; openssl's own text is in `raw`."""
    options: tuple[str, ...] = ()
    """What openssl was asked with; older versions know fewer options."""
    raw: str = ""
    at: datetime | None = None

    @property
    def of_chain(self) -> LiveOutcome:
        """Without the name, which libcurl compares itself and not as OpenSSL does (measured: T021, T027, T031)."""
        return LiveOutcome.OK if self.code in _NAME else self.outcome


_NAME = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: checked after the chain was found good."""


def predicted(verdict: PairVerdict, component: str) -> LiveOutcome:
    """What the data say of the chain for a component, names aside; not-run where they predict nothing."""
    seen = [finding.status for finding in verdict.findings if component in finding.components and _is_seen(finding)]
    if Status.FAIL in seen:
        return LiveOutcome.FAILED
    return LiveOutcome.NOT_RUN if not seen or Status.UNKNOWN in seen else LiveOutcome.OK


def openssl_disagreement(verdict: PairVerdict, results: Mapping[str, OwnOpenssl]) -> Finding | None:
    """The finding for components of which the device's OpenSSL says otherwise; None where all agree. It never
    changes a verdict."""
    wrong = tuple(
        component
        for component, result in results.items()
        if LiveOutcome.NOT_RUN not in (result.of_chain, said := predicted(verdict, component))
        and said is not result.of_chain
    )
    if not wrong:
        return None
    result = results[wrong[0]]
    holds = result.of_chain is LiveOutcome.OK
    says = "accepts it" if holds else f"refuses it: {result.error or 'no reason given'}"
    evidence = {
        "predicted": str(predicted(verdict, wrong[0])),
        "openssl": result.version,
        "options": " ".join(result.options),
        "said": result.raw,
    }
    return Finding(
        check=OPENSSL_DISAGREES,
        step=Step.TRUSTED,
        side=Side.PAIR,
        status=Status.WARN,
        message=(
            f"The data say that the beacon's chain {'fails' if holds else 'holds'} for {', '.join(wrong)}, "
            f"but the device's own OpenSSL {says}."
        ),
        components=wrong,
        evidence={key: value for key, value in evidence.items() if value},
        remedy=(
            "Check both sides again, then make a live handshake; where they still disagree, a rule of this program is "
            "wrong, or the agent's library isn't the openssl on the device's PATH: report it."
        ),
    )


def _is_seen(finding: Finding) -> bool:
    """`openssl verify` loads the CA file, builds the chain, and checks dates, use and strength."""
    if finding.check.startswith("device.revocation") or finding.status is Status.NOT_APPLICABLE:
        return False
    return finding.step in (Step.TRUST_FILES, Step.SERVER_CERTIFICATE, Step.TRUSTED)
