"""How a check takes its share of the one verification of a chain."""

from __future__ import annotations

from console.readiness.case import Case
from console.readiness.model import Status
from console.readiness.outcome import Outcome, not_applicable, passed, unknown
from console.readiness.registry import Need

SERVER_CHAIN = (Need.HTTPS, Need.SERVER_CHECK, Need.DEVICE, Need.HELLO)
ACCEPTANCE = (Need.HTTPS, Need.CLIENT_CERTIFICATE, Need.DEVICE, Need.BEACON)


def of_server_chain(case: Case, check: str, good: str) -> Outcome:
    """The chain's problem where it is this check's; else what is known."""
    verdict = case.server_chain
    if verdict.skipped:
        return not_applicable(verdict.skipped[:1].upper() + verdict.skipped[1:])
    if verdict.why_not:
        return unknown(f"Not judged: {verdict.why_not}")
    if verdict.problem is None:
        return passed(good)
    if verdict.problem.check == check:
        return verdict.problem.outcome
    return not_applicable("The check of the chain ends at another fault")


def of_acceptance(case: Case, check: str, good: str) -> Outcome:
    verdict = case.acceptance
    if verdict.skipped:
        return not_applicable(verdict.skipped[:1].upper() + verdict.skipped[1:])
    if verdict.why_not:
        return unknown(f"Not judged: {verdict.why_not}")
    if verdict.problem is None:
        return passed(good)
    if verdict.problem.check == check:
        return verdict.problem.outcome
    if verdict.problem.outcome.status is Status.WARN:
        return passed(good)
    return not_applicable("The beacon refuses the certificate for another reason")
