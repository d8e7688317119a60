"""How strong a verdict's proof is: from data < the device's own OpenSSL < part of a handshake < a handshake. Pure.

A result counts only where it is newer than the data (the caller's matter), and never changes a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, PairVerdict, Status, Verdict
from console.readiness.own_openssl import OwnOpenssl, predicted

FORETOLD: Mapping[Verdict, LiveOutcome] = {
    Verdict.READY: LiveOutcome.OK,
    Verdict.AT_RISK: LiveOutcome.OK,
    Verdict.BLOCKED: LiveOutcome.FAILED,
}
"""What a verdict says of a live handshake; unknown says nothing."""


class Strength(IntEnum):
    DATA = 1
    """Worked out by the console from what both sides show."""
    OPENSSL = 2
    """`openssl verify` on the device accepts or refuses the beacon's chain as the data say."""
    PARTIAL = 3
    """A handshake from the device got through as the data say, and leaves something unproved: revocation, or whether
    the agent's own account reads the files."""
    LIVE = 4
    """A handshake from the device ended as the data say."""

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Proof:
    """Of one component, or of a pair: then the weakest of its components."""

    strength: Strength = Strength.DATA
    against: Strength | None = None
    """The strongest proof that says otherwise than the data, for one component at least."""

    @property
    def words(self) -> str:
        """`data`, `openssl`, `partial`, `live`; where a proof says otherwise than the data `≠ live`."""
        return self.strength.word if self.against is None else f"≠ {self.against.word}"


FROM_DATA = Proof()


def counts(result: LiveResult) -> bool:
    """Whether a result says anything of a verdict: one that the console made through the device has another TLS
    library and clock, and no client key."""
    return result.outcome is not LiveOutcome.NOT_RUN and result.origin == "device"


def contradicts(verdict: PairVerdict, component: str, result: LiveResult) -> bool:
    """Whether a live result is otherwise than the component's verdict foretells. Unknown foretells nothing."""
    if not counts(result):
        return False
    if FORETOLD.get(verdict.components.get(component, Verdict.UNKNOWN), result.outcome) is result.outcome:
        return False
    return result.outcome is LiveOutcome.FAILED or not _only_revocation_fails(verdict, component)


def _only_revocation_fails(verdict: PairVerdict, component: str) -> bool:
    """Neither curl nor openssl makes the agent's check of revocation: that they get through says nothing of it."""
    failing = [
        finding for finding in verdict.findings if finding.status is Status.FAIL and component in finding.components
    ]
    return bool(failing) and all(finding.check.startswith("device.revocation-") for finding in failing)


def proof_of_component(
    verdict: PairVerdict, component: str, live: LiveResult | None, own: OwnOpenssl | None = None
) -> Proof:
    """Results that weren't run prove nothing. An unknown verdict can't be contradicted: it says nothing."""
    strength, against = Strength.DATA, None
    said = predicted(verdict, component)
    if own is not None and own.of_chain is not LiveOutcome.NOT_RUN:
        if said not in (LiveOutcome.NOT_RUN, own.of_chain):
            against = Strength.OPENSSL
        elif said is LiveOutcome.FAILED or verdict.components.get(component) is not Verdict.BLOCKED:
            # That the chain holds is no proof of a refusal that comes after it.
            strength = Strength.OPENSSL
    if live is None or not counts(live):
        return Proof(strength, against)
    if contradicts(verdict, component, live):
        return Proof(Strength.DATA, Strength.LIVE)
    if live.outcome is LiveOutcome.FAILED:
        return Proof(Strength.LIVE, against)
    if verdict.components.get(component) is Verdict.BLOCKED:
        # It got through what a handshake can show; of what blocks it shows nothing.
        return Proof(strength, against)
    return Proof(Strength.PARTIAL if live.unproved else Strength.LIVE, against)


def proof_of(
    verdict: PairVerdict, live: Mapping[str, LiveResult], own: Mapping[str, OwnOpenssl] | None = None
) -> Proof:
    """A pair is as well proved as its weakest component, and doubted where one of them is."""
    given = own or {}
    proofs = [
        proof_of_component(verdict, component, live.get(component), given.get(component)) for component in COMPONENTS
    ]
    doubts = [one.against for one in proofs if one.against is not None]
    return Proof(min(one.strength for one in proofs), max(doubts, default=None))
