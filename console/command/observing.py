"""`sweep` and `check`: look, judge, prove. Nothing here writes to a target."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from console.changes.model import Plan
from console.command.formats import FORMATS, to_table
from console.command.outside import Outside
from console.command.plans import read_plan
from console.command.report import CheckedPair, CheckReport
from console.command.selection import PairSelection, select_pairs
from console.command.text import counted, error_lines, one_line
from console.command.what_if import what_if_lines
from console.errors import ExitStatus, UsageError
from console.fleet.model import Fleet
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, PairUse, PairVerdict
from console.services.events import JobEvent, TargetFinished
from console.services.job import TargetState
from console.services.jobs import Job
from console.services.sweep import revocation_target
from console.services.unused import stranded_device, unanswered, unused_beacons
from console.services.workspace import Workspace

NOT_RUN = LiveResult(LiveOutcome.NOT_RUN)


def configure_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("select", nargs="*", metavar="SELECT", help="names, globs, @group, os=, verdict=, beacon=")


def configure_check(parser: argparse.ArgumentParser) -> None:
    configure_sweep(parser)
    parser.add_argument("--live", action="store_true", help="prove it: a real handshake from each device")
    parser.add_argument("--cached", action="store_true", help="judge the stored snapshots, contact nothing")
    parser.add_argument(
        "--with-plan", type=Path, metavar="PLAN", help="what if: judge as it would be after this plan, write nothing"
    )
    parser.add_argument("--format", choices=tuple(FORMATS), default="table")


def run_sweep(arguments: argparse.Namespace, outside: Outside) -> int:
    workspace = outside.workspace(arguments.fleet)
    try:
        selection = chosen_pairs(workspace, arguments.select)
        job = sweep_selection(workspace, selection, outside)
        outside.say(observed_words(workspace.fleet, job))
        return worst([status_of(job)])
    finally:
        workspace.close()


def observed_words(fleet: Fleet, job: Job) -> str:
    """`Observed 12 of 12 devices, 3 of 3 beacons, 7 of 7 endpoints`: an endpoint is where the console says hello."""
    devices = {device.name for device in fleet.devices}
    beacons = {beacon.name for beacon in fleet.beacons}
    beside = {revocation_target(name) for name in (*devices, *beacons)}
    kinds = {"device": [0, 0], "beacon": [0, 0], "endpoint": [0, 0]}
    for progress in job.targets:
        if progress.target in beside:
            continue
        kind = "device" if progress.target in devices else "beacon" if progress.target in beacons else "endpoint"
        kinds[kind][0] += progress.state is TargetState.DONE
        kinds[kind][1] += 1
    told = [f"{done} of {counted(total, kind)}" for kind, (done, total) in kinds.items() if total]
    return f"Observed {', '.join(told) or 'nothing'}" + (f"; {job.failed} failed" if job.failed else "")


def run_check(arguments: argparse.Namespace, outside: Outside) -> int:
    plan = _plan_of(arguments)
    workspace = outside.workspace(arguments.fleet)
    try:
        if plan is not None:
            workspace.editing.require_known(plan)
        selection = chosen_pairs(workspace, arguments.select)
        statuses, out_of_reach = [], set[str]()
        if not arguments.cached:
            job = sweep_selection(workspace, selection, outside)
            statuses.append(status_of(job))
            out_of_reach = {failure.target for failure in job.failures}
        proof = Proof()
        if arguments.live:
            proof = prove(workspace, selection, outside, out_of_reach)
            statuses.append(proof.status)
        report = judged(workspace, selection, proof)
        if plan is not None:
            before, report = report, foreseen(workspace, selection, plan)
            outside.say("\n".join(what_if_lines(before, report)))
        unread = unread_devices(workspace, selection)
        if report.pairs or not unread:
            tell_unused(workspace, selection, outside)
            tell_stranded(workspace, selection, outside)
            tell_unanswered([pair.verdict.use for pair in report.pairs], outside)
        if not report.pairs:
            outside.say(why_no_pair(unread))
        if arguments.format == "table":
            outside.answer(to_table(report, colour=outside.colour))
        else:
            outside.answer(FORMATS[arguments.format](report))
        ready = bool(report.pairs) and report.all_ready
        return worst([*statuses, ExitStatus.DONE if ready else ExitStatus.NOT_READY])
    finally:
        workspace.close()


@dataclass(frozen=True, slots=True)
class Proof:
    """What live handshakes said in this run."""

    results: dict[tuple[PairUse, str], LiveResult] | None = None
    status: ExitStatus = ExitStatus.DONE

    def of(self, use: PairUse) -> dict[str, LiveResult]:
        return {component: (self.results or {}).get((use, component), NOT_RUN) for component in COMPONENTS}


def unread_devices(workspace: Workspace, selection: PairSelection) -> list[str]:
    seen = workspace.estate.observation().devices
    return [
        device.name
        for device in workspace.fleet.devices
        if (selection.devices is None or device.name in selection.devices) and device.name not in seen
    ]


def why_no_pair(unread: Sequence[str]) -> str:
    """Pairs come from the devices' own failover lists: a device that wasn't read has none yet."""
    if not unread:
        return "No pair to judge: no device that is selected names a beacon."
    return (
        f"No pair is known yet: the devices' config.ini names the beacons, and of {counted(len(unread), 'device')} "
        f"it wasn't read ({', '.join(unread[:3])}{' …' if len(unread) > 3 else ''})."
    )


def chosen_pairs(workspace: Workspace, words: Sequence[str]) -> PairSelection:
    """Raises UsageError before anything is contacted."""
    return select_pairs(workspace.fleet, words, *known_for(workspace, words))


def known_for(workspace: Workspace, words: Sequence[str]) -> tuple[tuple[PairVerdict, ...], dict[str, str]]:
    """What filters look at: verdicts and systems as last observed. A whole estate isn't judged for a name alone."""
    systems = {name: snapshot.system for name, snapshot in workspace.estate.observation().devices.items()}
    filtered = any("=" in word for word in words)
    return workspace.estate.verdicts() if filtered else (), systems


def judged(workspace: Workspace, selection: PairSelection, proof: Proof) -> CheckReport:
    uses = [use for use in workspace.estate.uses() if selection.matches(use)]
    pairs = tuple(CheckedPair(verdict, proof.of(verdict.use)) for verdict in workspace.estate.verdicts_of(uses))
    return CheckReport(workspace.clock.now(), pairs)


def foreseen(workspace: Workspace, selection: PairSelection, plan: Plan) -> CheckReport:
    """As `judged`, with the plan applied. No live handshake can be made with what isn't there yet."""
    pairs = tuple(
        CheckedPair(verdict, Proof().of(verdict.use))
        for verdict in workspace.estate.judge_with(plan)
        if selection.matches(verdict.use)
    )
    return CheckReport(workspace.clock.now(), pairs)


def tell_unused(workspace: Workspace, selection: PairSelection, outside: Outside) -> None:
    """Beacons that no device uses, where beacons are what is looked at: they have no row in the answer."""
    if selection.devices is not None or selection.keys is not None:
        return
    chosen = [
        finding
        for name, finding in unused_beacons(workspace.estate).items()
        if selection.beacons is None or name in selection.beacons
    ]
    for finding in chosen[:5]:
        outside.say(one_line(f"{finding.check}: {finding.message}"))
    if len(chosen) > 5:
        outside.say(f"{chosen[0].check}: and {len(chosen) - 5} more beacons")


def tell_stranded(workspace: Workspace, selection: PairSelection, outside: Outside) -> None:
    """Devices that have no pair, where devices are what is looked at: they have no row in the answer either."""
    if selection.beacons is not None or selection.keys is not None:
        return
    looked_at = (
        device.name
        for device in workspace.fleet.devices
        if selection.devices is None or device.name in selection.devices
    )
    chosen = [finding for name in looked_at if (finding := stranded_device(workspace.estate, name)) is not None]
    for finding in chosen[:5]:
        outside.say(one_line(f"{finding.check}: {finding.message}"))
    if len(chosen) > 5:
        outside.say(f"{chosen[0].check}: and {len(chosen) - 5} more devices")


def tell_unanswered(uses: Iterable[PairUse], outside: Outside) -> None:
    """Endpoints of the pairs looked at that no beacon of the fleet answers to."""
    found = unanswered(uses)
    for one in found[:3]:
        named = ", ".join(one.devices[:3]) + (" …" if len(one.devices) > 3 else "")
        who = f"{counted(len(one.devices), 'device')} {'uses' if len(one.devices) == 1 else 'use'} it"
        where = f"{one.host}:{one.port}"
        outside.say(one_line(f"network.no-beacon: No beacon of the fleet answers to {where}; {who} ({named})."))
    if len(found) > 3:
        outside.say(f"network.no-beacon: and {len(found) - 3} more endpoints")


def _plan_of(arguments: argparse.Namespace) -> Plan | None:
    """Raises UsageError, ConfigurationError: before anything is contacted."""
    if arguments.with_plan is None:
        return None
    if arguments.live:
        raise UsageError(
            "--live and --with-plan can't go together: no handshake can be made with what isn't applied yet",
            hint="Apply the plan, then `check --live`.",
        )
    return read_plan(arguments.with_plan)


def sweep_selection(workspace: Workspace, selection: PairSelection, outside: Outside) -> Job:
    """Sweep both sides of the pairs, and wait. Failures of targets go to stderr."""
    job = workspace.sweep.start(targets_of(workspace, selection), follow=selection.beacons is None)
    return watched(job, outside, "sweep")


def targets_of(workspace: Workspace, selection: PairSelection) -> list[str] | None:
    """None: everything. Of devices that nothing is known of yet, any may use a beacon that is selected."""
    if selection == PairSelection():
        return None
    uses = workspace.estate.uses()
    seen = workspace.estate.observation().devices
    chosen = [use for use in uses if selection.matches(use)]
    devices = {use.device for use in chosen} | (selection.devices or set())
    if selection.devices is None and selection.keys is None:
        devices |= {device.name for device in workspace.fleet.devices if device.name not in seen}
    beacons = {use.beacon for use in chosen if use.beacon} | (selection.beacons or set())
    return [
        *(beacon.name for beacon in workspace.fleet.beacons if beacon.name in beacons),
        *(device.name for device in workspace.fleet.devices if device.name in devices),
    ]


def prove(
    workspace: Workspace, selection: PairSelection, outside: Outside, out_of_reach: Set[str] = frozenset()
) -> Proof:
    """A live handshake for every selected pair, but of devices that couldn't be reached a moment ago."""
    uses = [u for u in workspace.estate.uses() if selection.matches(u) and u.device not in out_of_reach]
    before = workspace.estate.observation().live
    job = watched(workspace.probing.start(uses), outside, "live handshakes")
    # What was recorded meanwhile, not what a subscriber heard: the first handshakes may end before anyone listens.
    after = workspace.estate.observation().live
    found: dict[tuple[PairUse, str], LiveResult] = {}
    for use in uses:
        for component in COMPONENTS:
            key = (use.device, use.beacon, use.host, use.port, component)
            result = after.get(key)
            if result is not None and result is not before.get(key):
                found[use, component] = result
    return Proof(found, status_of(job))


def watched(job: Job, outside: Outside, what: str) -> Job:
    """Wait for a job; on a terminal its progress is shown on stderr while it runs. Its failures are told."""
    showing = outside.stderr.isatty()

    def show(event: JobEvent) -> None:
        if isinstance(event, TargetFinished):
            outside.stderr.write(f"\r\x1b[K{what}: {job.done} done, {job.failed} failed, {job.left} left")
            outside.stderr.flush()

    end = job.subscribe(show) if showing else None
    job.wait()
    if end is not None:
        end()
        outside.stderr.write("\r\x1b[K")
    tell_failures(job, outside)
    return job


def tell_failures(job: Job, outside: Outside, limit: int = 20) -> None:
    for failure in job.failures[:limit]:
        outside.say(
            error_lines(failure.error if failure.target in failure.error else f"{failure.target}: {failure.error}")
        )
    if job.failed > limit:
        names = ", ".join(one_line(failure.target) for failure in job.failures[limit:])
        outside.say(f"and {job.failed - limit} more: {names}")


def status_of(job: Job) -> ExitStatus:
    return worst([failure.exit_status for failure in job.failures])


def worst(statuses: Iterable[ExitStatus]) -> ExitStatus:
    """With more than one cause the larger number wins, USAGE first of all."""
    given = list(statuses)
    return ExitStatus.USAGE if ExitStatus.USAGE in given else max(given, default=ExitStatus.DONE)
