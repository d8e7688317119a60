"""The verdict of a pair: a pure function of snapshots, profile, policy and clock."""

from __future__ import annotations

from collections.abc import Mapping

from console.readiness.all_checks import CHECKS
from console.readiness.beacon_view import view_endpoint
from console.readiness.case import Case, profile_of
from console.readiness.device_view import view_device
from console.readiness.identity import Same
from console.readiness.model import COMPONENTS, Finding, PairInput, PairVerdict, Status, Verdict
from console.readiness.outcome import Outcome, not_applicable, unknown
from console.readiness.registry import Check, Need, Part, Severity
from console.readiness.shared import Merged, Moment, PartJudged, key_of, moment_of

_WORST = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.AT_RISK, Verdict.READY)
_PLACE = {check.id: place for place, check in enumerate(CHECKS)}
_ORDER = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.PASS: 3, Status.NOT_APPLICABLE: 4}


_Judged = tuple[tuple[Check, Outcome], ...]
_PARTS: Mapping[Part, tuple[Check, ...]] = {
    part: tuple(check for check in CHECKS if check.part is part) for part in Part
}


def judge_pair(pair: PairInput) -> PairVerdict:
    """Every check for every component. Never raises for what a snapshot holds: what can't be parsed is unknown."""
    profile = profile_of(pair)
    device = view_device(pair.device, profile) if pair.device is not None else None
    endpoint = (
        view_endpoint(pair.beacon, pair.use.host, pair.use.port, pair.use.address) if pair.beacon is not None else None
    )
    moment = moment_of(pair.now, pair.policy, Same(profile))
    judged = {component: _judge_component(Case(pair, component, device, endpoint), moment) for component in COMPONENTS}
    findings: list[Finding] = []
    for part in Part:
        findings += _merged(part, {component: parts[part] for component, parts in judged.items()}, moment)
    findings.sort(key=_rank)
    components = {component: _verdict(parts) for component, parts in judged.items()}
    worst = min(components.values(), key=_WORST.index)
    return PairVerdict(pair.use, worst, components, tuple(findings))


def _rank(finding: Finding) -> tuple[int, int, int]:
    return _ORDER[finding.status], finding.step, _PLACE[finding.check]


def _judge_component(case: Case, moment: Moment) -> dict[Part, PartJudged]:
    return {part: _judge_part(case, part, moment) for part in Part}


def _judge_part(case: Case, part: Part, moment: Moment) -> PartJudged:
    def make() -> PartJudged:
        outcomes = tuple((check, _unmet(check, case) or check.judge(case)) for check in _PARTS[part])
        return PartJudged(outcomes, _verdict_of(outcomes))

    return moment.parts.get(key_of(case, part), make)


def _unmet(check: Check, case: Case) -> Outcome | None:
    """What the check needs and doesn't have; None: it can be judged."""
    for need in check.needs:
        match need:
            case Need.HTTPS if not case.https:
                return not_applicable("The device uses plain http here")
            case Need.SERVER_CHECK if not case.checks_server:
                return not_applicable("CheckServerCertificate is off: the device takes any certificate")
            case Need.CLIENT_CERTIFICATE if case.sends_certificate is False:
                return not_applicable("AddClientCertificateAndKey is off: no certificate is sent")
    for need in check.needs:
        match need:
            case Need.DEVICE if case.device is None or case.preferences is None:
                return unknown("Not judged: the device wasn't observed")
            case Need.BEACON if case.endpoint is None or not case.endpoint.reached:
                return unknown("Not judged: the beacon's settings weren't observed over WinRM")
            case Need.HELLO if case.endpoint is None or not case.endpoint.tls_seen:
                return unknown("Not judged: the console's hello saw no certificate of the beacon")
            case Need.CLIENT_CERTIFICATE if case.sends_certificate is None:
                return unknown("Not judged: whether the device sends a certificate can't be told")
    return None


def _verdict(parts: Mapping[Part, PartJudged]) -> Verdict:
    return min((part.verdict for part in parts.values()), key=_WORST.index)


def _verdict_of(judged: _Judged) -> Verdict:
    verdict = Verdict.READY
    for check, outcome in judged:
        if outcome.status is Status.FAIL:
            return Verdict.BLOCKED
        if outcome.status is Status.UNKNOWN and check.severity is Severity.BLOCKS:
            verdict = Verdict.UNKNOWN
        elif outcome.risk and verdict is Verdict.READY:
            verdict = Verdict.AT_RISK
    return verdict


def _merged(part: Part, judged: Mapping[str, PartJudged], moment: Moment) -> tuple[Finding, ...]:
    """One finding for components of which a check says the same; kept for the same three answers."""
    answers = tuple(judged.values())
    key = (part, *map(id, answers))
    return moment.merged.get(key, lambda: Merged(answers, _merge(_PARTS[part], judged))).findings


def _merge(checks: tuple[Check, ...], judged: Mapping[str, PartJudged]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for position, check in enumerate(checks):
        groups: list[tuple[Outcome, list[str]]] = []
        for component, answers in judged.items():
            outcome = answers.outcomes[position][1]
            same = next((names for other, names in groups if other == outcome), None)
            if same is None:
                groups.append((outcome, [component]))
            else:
                same.append(component)
        findings += [_finding(check, outcome, tuple(names)) for outcome, names in groups]
    return tuple(findings)


def _finding(check: Check, outcome: Outcome, components: tuple[str, ...]) -> Finding:
    bad = outcome.status in (Status.FAIL, Status.WARN, Status.UNKNOWN)
    return Finding(
        check=check.id,
        step=check.step,
        side=outcome.side or check.side,
        status=outcome.status,
        message=outcome.message,
        components=components,
        refused_by=check.refused_by if outcome.status is Status.FAIL else None,
        evidence=outcome.evidence,
        remedy=(outcome.remedy or check.remedy) if bad else "",
        risk=outcome.risk,
    )
