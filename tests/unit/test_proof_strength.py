"""Strengths of proof: data < the device's own OpenSSL < a live handshake; what contradicts is never taken for proof."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.readiness.model import (
    COMPONENTS,
    Finding,
    LiveOutcome,
    LiveResult,
    PairUse,
    PairVerdict,
    Side,
    Status,
    Step,
    Verdict,
)
from console.readiness.own_openssl import OwnOpenssl
from console.readiness.proof import FROM_DATA, Proof, Strength, proof_of, proof_of_component
from console.services.proof import disagreement

OK, FAILED, NOT_RUN = LiveOutcome.OK, LiveOutcome.FAILED, LiveOutcome.NOT_RUN
DATA, OPENSSL, PARTIAL, LIVE = Strength


def judged(verdict: Verdict, chain: Status) -> PairVerdict:
    finding = Finding("device.beacon-untrusted", Step.TRUSTED, Side.DEVICE, chain, "m")
    use = PairUse("d1", "b1", "b1.test", 443)
    return PairVerdict(use, verdict, dict.fromkeys(COMPONENTS, verdict), (finding,))


READY = judged(Verdict.READY, Status.PASS)
UNTRUSTED = judged(Verdict.BLOCKED, Status.FAIL)
REFUSED_LATER = judged(Verdict.BLOCKED, Status.PASS)
UNKNOWN = judged(Verdict.UNKNOWN, Status.UNKNOWN)


@pytest.mark.parametrize(
    ("verdict", "own", "live", "proof"),
    [
        (READY, None, None, FROM_DATA),
        (READY, NOT_RUN, NOT_RUN, FROM_DATA),
        (READY, OK, None, Proof(OPENSSL)),
        (READY, OK, NOT_RUN, Proof(OPENSSL)),
        (READY, FAILED, None, Proof(DATA, OPENSSL)),
        (READY, None, OK, Proof(LIVE)),
        (READY, OK, OK, Proof(LIVE)),
        (READY, FAILED, OK, Proof(LIVE, OPENSSL)),
        (READY, OK, FAILED, Proof(DATA, LIVE)),
        (READY, FAILED, FAILED, Proof(DATA, LIVE)),
        (judged(Verdict.AT_RISK, Status.PASS), None, OK, Proof(LIVE)),
        (judged(Verdict.AT_RISK, Status.PASS), None, FAILED, Proof(DATA, LIVE)),
        (UNTRUSTED, FAILED, None, Proof(OPENSSL)),
        (UNTRUSTED, OK, None, Proof(DATA, OPENSSL)),
        (UNTRUSTED, OK, FAILED, Proof(LIVE, OPENSSL)),
        # openssl sees the chain alone: that it holds proves nothing of a client certificate refused afterwards.
        (REFUSED_LATER, OK, None, FROM_DATA),
        (REFUSED_LATER, None, FAILED, Proof(LIVE)),
        (REFUSED_LATER, None, OK, Proof(DATA, LIVE)),
        # Unknown says nothing that could be contradicted.
        (UNKNOWN, FAILED, FAILED, Proof(LIVE)),
    ],
)
def test_strength(verdict: PairVerdict, own: LiveOutcome | None, live: LiveOutcome | None, proof: Proof) -> None:
    asked = OwnOpenssl(own, code=20 if own is FAILED else None) if own is not None else None
    tried = LiveResult(live) if live is not None else None
    assert proof_of_component(verdict, "Uploader", tried, asked) == proof


UNPROVED = LiveResult(OK, unproved="revocation was not checked")


def blocked_by(*checks: str) -> PairVerdict:
    failing = tuple(Finding(check, Step.TRUSTED, Side.NETWORK, Status.FAIL, "m") for check in checks)
    return replace(UNTRUSTED, findings=failing)


@pytest.mark.parametrize(
    ("verdict", "live", "proof"),
    [
        (READY, UNPROVED, Proof(PARTIAL)),
        (judged(Verdict.AT_RISK, Status.PASS), UNPROVED, Proof(PARTIAL)),
        # A refusal is one, whatever a success would have left open.
        (UNTRUSTED, replace(UNPROVED, outcome=FAILED), Proof(LIVE)),
        (READY, replace(UNPROVED, outcome=FAILED), Proof(DATA, LIVE)),
        # What curl doesn't check can't be contradicted by it, nor proved.
        (blocked_by("device.revocation-check"), UNPROVED, FROM_DATA),
        (blocked_by("device.revocation-method", "device.revocation-stapling"), LiveResult(OK), FROM_DATA),
        (blocked_by("device.revocation-check", "device.beacon-untrusted"), UNPROVED, Proof(DATA, LIVE)),
        (blocked_by("beacon.client-revocation"), LiveResult(OK), Proof(DATA, LIVE)),
        (READY, LiveResult(FAILED, "console", "tunnel"), FROM_DATA),
        (UNTRUSTED, LiveResult(FAILED, "console", "tunnel"), FROM_DATA),
    ],
)
def test_what_a_handshake_leaves_unproved(verdict: PairVerdict, live: LiveResult, proof: Proof) -> None:
    """The mark and the finding are of one rule: where the one is, the other is."""
    results = dict.fromkeys(COMPONENTS, live)
    assert proof_of(verdict, results) == proof
    assert (disagreement(verdict, results) is not None) is (proof.against is LIVE)


def test_a_name_that_openssl_refuses_is_no_contradiction() -> None:
    mismatch = OwnOpenssl(FAILED, code=62)
    assert proof_of_component(READY, "Uploader", None, mismatch) == Proof(OPENSSL)


@pytest.mark.parametrize("missing", COMPONENTS)
def test_a_pair_is_as_well_proved_as_its_weakest_component(missing: str) -> None:
    live = {name: LiveResult(NOT_RUN if name == missing else OK) for name in COMPONENTS}
    assert proof_of(READY, live) == FROM_DATA
    assert proof_of(READY, live, {missing: OwnOpenssl(OK)}) == Proof(OPENSSL)


@pytest.mark.parametrize("doubtful", COMPONENTS)
def test_one_component_is_enough_for_doubt(doubtful: str) -> None:
    live = {name: LiveResult(FAILED if name == doubtful else OK) for name in COMPONENTS}
    assert proof_of(READY, live) == Proof(DATA, LIVE)
    assert proof_of(READY, live).words == "≠ live"
