"""The verdict of a pair: a pure function of snapshots, profile, policy and clock."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from operator import itemgetter

from console.identity import Same
from console.readiness.all_checks import CHECKS
from console.readiness.beacon_view import view_endpoint
from console.readiness.case import Case, profile_of
from console.readiness.device_view import DeviceView, view_device
from console.readiness.horizon import holds_until, tells_time
from console.readiness.model import COMPONENTS, Finding, PairInput, PairUse, PairVerdict, Side, Status, Verdict
from console.readiness.outcome import Outcome, clean, not_applicable, unknown
from console.readiness.policy_entries import FAILOVER_LIST, policy_note
from console.readiness.registry import Check, Need, Part, Severity
from console.readiness.shared import Memo, Merged, Moment, PartJudged, Ranked, key_of, likeness, moment_of

_WORST = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.AT_RISK, Verdict.READY)
_PLACE = {check.id: place for place, check in enumerate(CHECKS)}
_ORDER = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.PASS: 3, Status.NOT_APPLICABLE: 4}
_PARTS: Mapping[Part, tuple[Check, ...]] = {
    part: tuple(check for check in CHECKS if check.part is part) for part in Part
}
_ALIKE = (Part.DEVICE, Part.ENDPOINT, Part.TRUST, Part.PAIR, Part.REVOCATION)

_Unmet = tuple[Mapping[Need, Outcome], ...]
_Judged = tuple[tuple[Check, Outcome], ...]
_FINDINGS: Memo[Ranked] = Memo()
"""Equal findings are one object: most pairs of a large fleet say the same."""
_GOOD = (Status.PASS, Status.NOT_APPLICABLE)
_DEVICE, _BEACON = "the device", "the beacon"


@dataclass(frozen=True, slots=True)
class Addressed:
    """A finding with its machines' names."""

    of: Finding
    """Kept, so that its id stays its own while it is a key."""
    finding: Finding
    tells_time: bool
    """It says what time it is, so it holds for a minute."""


_ADDRESSED: Memo[Addressed] = Memo()


def judge_pair(pair: PairInput) -> PairVerdict:
    """Every check for every component. Never raises for what a snapshot holds: what can't be parsed is unknown."""
    profile = profile_of(pair)
    device = view_device(pair.device, profile) if pair.device is not None else None
    endpoint = (
        view_endpoint(pair.beacon, pair.use.host, pair.use.port, pair.use.address) if pair.beacon is not None else None
    )
    moment = moment_of(pair.now, pair.policy, Same(profile))
    judged = _judge([Case(pair, component, device, endpoint) for component in COMPONENTS], moment)
    ranked: list[Ranked] = []
    for place, part in enumerate(Part):
        ranked += _merged(part, tuple(parts[place] for parts in judged), moment)
    ranked.sort(key=itemgetter(0))
    findings, for_a_minute = _addressed([finding for _, finding in ranked], pair.use, device)
    verdicts = [min((part.verdict for part in parts), key=_WORST.index) for parts in judged]
    components = _by_component(tuple(verdicts))
    until = holds_until(pair, device, endpoint, for_a_minute, moment)
    return PairVerdict(pair.use, min(verdicts, key=_WORST.index), components, findings, until)


@lru_cache
def _by_component(verdicts: tuple[Verdict, ...]) -> Mapping[str, Verdict]:
    return dict(zip(COMPONENTS, verdicts, strict=True))


def _judge(cases: Sequence[Case], moment: Moment) -> list[tuple[PartJudged, ...]]:
    """For each case its parts, in the order of Part; what is alike is judged once."""
    alike: dict[Hashable, tuple[PartJudged, ...]] = {}
    judged = []
    for case in cases:
        like = likeness(case)
        if like not in alike:
            alike[like] = tuple(_judge_part(case, part, moment) for part in _ALIKE)
        judged.append((*alike[like], _judge_part(case, Part.UPLOAD, moment)))
    return judged


def _judge_part(case: Case, part: Part, moment: Moment) -> PartJudged:
    key = key_of(case, part)
    return outcomes_of(case, part) if key is None else moment.parts.get(key, lambda: outcomes_of(case, part))


def outcomes_of(case: Case, part: Part) -> PartJudged:
    """Every check of one part, judged now, whatever was judged before."""
    unmet = _unmet(case)
    if unmet:
        outcomes = tuple([(check, _missing(check.needs, unmet) or check.judge(case)) for check in _PARTS[part]])
    else:
        outcomes = tuple([(check, check.judge(case)) for check in _PARTS[part]])
    return PartJudged(outcomes, _verdict_of(outcomes))


def _missing(needs: tuple[Need, ...], unmet: _Unmet) -> Outcome | None:
    """What the check needs and doesn't have; None: it can be judged."""
    return next((outcomes[need] for outcomes in unmet for need in needs if need in outcomes), None)


def _unmet(case: Case) -> _Unmet:
    """Needs that make a check not applicable come before those that make it unknown."""
    return tuple(filter(None, (_not_asked(case), _not_observed(case))))


def _not_asked(case: Case) -> Mapping[Need, Outcome]:
    found: dict[Need, Outcome] = {}
    if not case.https:
        found[Need.HTTPS] = not_applicable("The device uses plain http here")
    if not case.checks_server:
        found[Need.SERVER_CHECK] = not_applicable("CheckServerCertificate is off: the device takes any certificate")
    if case.sends_certificate is False:
        found[Need.CLIENT_CERTIFICATE] = not_applicable("AddClientCertificateAndKey is off: no certificate is sent")
    return found


def _not_observed(case: Case) -> Mapping[Need, Outcome]:
    found: dict[Need, Outcome] = {}
    if case.device is None or case.preferences is None:
        found[Need.DEVICE] = unknown("Not judged: the device wasn't observed")
    if case.endpoint is None or not case.endpoint.reached:
        found[Need.BEACON] = unknown("Not judged: the beacon's settings weren't observed over WinRM")
    if case.endpoint is None or not case.endpoint.tls_seen:
        found[Need.HELLO] = unknown("Not judged: the console's hello saw no certificate of the beacon")
    if case.sends_certificate is None:
        found[Need.CLIENT_CERTIFICATE] = unknown("Not judged: whether the device sends a certificate can't be told")
    return found


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


def _merged(part: Part, answers: tuple[PartJudged, ...], moment: Moment) -> tuple[Ranked, ...]:
    """One finding for components of which a check says the same; where pairs share the answers, kept for them."""
    if part is Part.PAIR:
        return _merge(_PARTS[part], answers)
    key = (part, *map(id, answers))
    return moment.merged.get(key, lambda: Merged(answers, _merge(_PARTS[part], answers))).findings


def _merge(checks: tuple[Check, ...], answers: tuple[PartJudged, ...]) -> tuple[Ranked, ...]:
    first = answers[0]
    if all(other is first for other in answers):
        return tuple([_ranked(check, outcome, COMPONENTS) for check, outcome in first.outcomes])
    findings: list[Ranked] = []
    for position, check in enumerate(checks):
        groups: list[dict[str, Outcome]] = []
        for component, judged in zip(COMPONENTS, answers, strict=True):
            outcome = judged.outcomes[position][1]
            same = next((group for group in groups if _says_the_same(next(iter(group.values())), outcome)), None)
            if same is None:
                groups.append({component: outcome})
            else:
                same[component] = outcome
        findings += [_ranked(check, _joined(group), tuple(group)) for group in groups]
    return tuple(findings)


def _says_the_same(one: Outcome, other: Outcome) -> bool:
    """But for the evidence, which may name another section or location for each component."""
    return one is other or replace(one, evidence=other.evidence) == other


def _joined(group: Mapping[str, Outcome]) -> Outcome:
    """One outcome with the evidence of all components; what differs says whose it is."""
    outcomes = [*group.values()]
    if all(outcome.evidence == outcomes[0].evidence for outcome in outcomes):
        return outcomes[0]
    evidence: dict[str, str] = {}
    for name in dict.fromkeys(name for outcome in outcomes for name in outcome.evidence):
        said: dict[str, list[str]] = {}
        for component, outcome in group.items():
            said.setdefault(outcome.evidence.get(name, "nothing"), []).append(component)
        evidence[name] = (
            next(iter(said))
            if len(said) == 1
            else "; ".join(f"{', '.join(components)}: {value}" for value, components in said.items())
        )
    return replace(outcomes[0], evidence=evidence)


def _addressed(findings: list[Finding], use: PairUse, view: DeviceView | None) -> tuple[tuple[Finding, ...], bool]:
    """With the names of the machines to log in to, and what policy does to entries that are edited there.

    And whether one of them tells what time it is.
    """
    for_a_minute = False
    for place, finding in enumerate(findings):
        if finding.status in _GOOD:  # these come last, and have no remedy
            break
        device = use.device if finding.side is Side.DEVICE or _DEVICE in finding.remedy else ""
        beacon = use.beacon if finding.side is Side.BEACON or _BEACON in finding.remedy else ""
        note = policy_note(view, use) if FAILOVER_LIST in finding.remedy else ""
        # Pairs of the same machines share what they say alike.
        addressed = _ADDRESSED.get(
            (id(finding), device, beacon, note), partial(_address, finding, device, beacon, note)
        )
        findings[place] = addressed.finding
        for_a_minute = for_a_minute or addressed.tells_time
    return tuple(findings), for_a_minute


def _address(finding: Finding, device: str, beacon: str, note: str) -> Addressed:
    """A rule doesn't know the machines' names; where its remedy is about both, each is to be told apart."""
    device, beacon = clean(device, 120), clean(beacon, 120)
    remedy = finding.remedy
    for machine, name in ((_DEVICE, device), (_BEACON, beacon)):
        if name:
            remedy = remedy.replace(f"On {machine}", f"On {name}").replace(f"on {machine}", f"on {name}")
    change = {Side.DEVICE: device, Side.BEACON: beacon}.get(finding.side, "")
    if change:
        remedy = f"On {change}: {remedy}"
    if note:
        remedy = f"{remedy} {note}"
    addressed = finding if remedy == finding.remedy else replace(finding, remedy=remedy)
    return Addressed(finding, addressed, tells_time(addressed))


def _ranked(check: Check, outcome: Outcome, components: tuple[str, ...]) -> Ranked:
    evidence = tuple(outcome.evidence.items()) if outcome.evidence else ()
    key = (check.id, components, outcome.status, outcome.message, outcome.remedy, outcome.side, outcome.risk, evidence)
    return _FINDINGS.get(key, lambda: (_rank(check, outcome.status), _finding(check, outcome, components)))


def _rank(check: Check, status: Status) -> int:
    return (_ORDER[status] * 100 + check.step) * 1000 + _PLACE[check.id]


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
