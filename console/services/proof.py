"""Data against proof: where a live handshake and a verdict disagree, both are shown and neither is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.readiness.beside import BESIDE, LIVE_DISAGREES, LIVE_TLS_VERSION, LIVE_UPLOAD
from console.readiness.model import (
    Finding,
    LiveOutcome,
    LiveResult,
    PairVerdict,
    Side,
    Status,
    Step,
    Trial,
)
from console.readiness.proof import contradicts


def disagreement(verdict: PairVerdict, live: Mapping[str, LiveResult]) -> Finding | None:
    """The finding for components whose live outcome isn't what their verdict predicts; None where all agree."""
    wrong = tuple(component for component, result in live.items() if contradicts(verdict, component, result))
    if not wrong:
        return None
    result = live[wrong[0]]
    predicted = verdict.components[wrong[0]]
    evidence = {
        "predicted": str(predicted),
        "live": str(result.outcome),
        "from": result.origin,
        "tool": result.tool,
        "tls": result.tls or "",
        "http_status": "" if result.http_status is None else str(result.http_status),
        "error": result.error or "",
        "fails like": result.check,
        **{trial.tls: _ended(trial) for trial in result.trials if trial.tls},
    }
    return Finding(
        check=LIVE_DISAGREES,
        step=Step.HTTP,
        side=Side.PAIR,
        status=Status.WARN,
        message=(
            f"The data say {predicted}, but the live handshake of {', '.join(wrong)} "
            + ("got through." if result.outcome is LiveOutcome.OK else _failed(verdict, wrong[0], result))
        ),
        components=wrong,
        evidence={key: value for key, value in evidence.items() if value},
        remedy="Sweep both sides and try again; where they still disagree, a rule of this program is wrong: report it.",
    )


def beside_live(live: Mapping[str, LiveResult]) -> tuple[Finding, ...]:
    """What handshakes beside the natural one showed that it doesn't: a TLS version that fails where another works, an
    upload that is refused where a request isn't. They never change a verdict."""
    found: list[Finding] = []
    versions = _with(live, _versions_differ)
    if versions:
        trials = {trial.tls: trial for trial in live[versions[0]].trials if trial.tls}
        works = ", ".join(name for name, trial in trials.items() if trial.outcome is LiveOutcome.OK)
        fails = [trial for trial in trials.values() if trial.outcome is LiveOutcome.FAILED]
        found.append(
            Finding(
                check=LIVE_TLS_VERSION,
                step=Step.HELLO,
                side=Side.PAIR,
                status=Status.WARN,
                message=f"Live from the device: {works} works, "
                + ", ".join(f"{trial.tls} fails: {trial.error or 'no reason given'}" for trial in fails),
                components=versions,
                evidence={
                    **{name: _ended(trial) for name, trial in trials.items()},
                    **({"fails like": fails[0].check} if fails[0].check else {}),
                },
                remedy=_remedy_of(LIVE_TLS_VERSION),
            )
        )
    uploads = _with(live, _upload_fails)
    if uploads:
        trial = next(trial for trial in live[uploads[0]].trials if trial.upload_bytes)
        found.append(
            Finding(
                check=LIVE_UPLOAD,
                step=Step.HTTP,
                side=Side.BEACON,
                status=Status.WARN,
                message=(
                    f"Live from the device: a request gets through, an upload of {trial.upload_bytes:,} bytes fails: "
                    f"{trial.error or 'no reason given'}"
                ),
                components=uploads,
                evidence={"fails like": trial.check} if trial.check else {},
                remedy=_remedy_of(LIVE_UPLOAD),
            )
        )
    return tuple(found)


def _with(live: Mapping[str, LiveResult], shows: Callable[[LiveResult], bool]) -> tuple[str, ...]:
    return tuple(component for component, result in live.items() if shows(result))


def _versions_differ(result: LiveResult) -> bool:
    ended = {trial.outcome for trial in result.trials if trial.tls}
    return {LiveOutcome.OK, LiveOutcome.FAILED} <= ended


def _upload_fails(result: LiveResult) -> bool:
    return result.outcome is LiveOutcome.OK and any(
        trial.upload_bytes and trial.outcome is LiveOutcome.FAILED for trial in result.trials
    )


def _ended(trial: Trial) -> str:
    return f"{trial.outcome.value}: {trial.error}" if trial.error else trial.outcome.value


def _failed(verdict: PairVerdict, component: str, result: LiveResult) -> str:
    """How it failed, and what our data say of the rule that the error belongs to."""
    words = f"failed: {result.error or 'no reason given'}."
    if not result.check:
        return words
    ours = next((f for f in verdict.findings if f.check == result.check and component in f.components), None)
    if ours is not None and ours.status is Status.PASS:
        return f"{words} That is how {result.check} fails, which our data passed."
    return f"{words} That is how {result.check} fails."


def _remedy_of(check: str) -> str:
    return next(known.remedy for known in BESIDE if known.id == check)
