"""`show`: one beacon or device, everything observed. A target that was never observed is looked at first."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from console.command.describe import observation_lines
from console.command.observing import status_of, watched
from console.command.outside import Outside
from console.command.report import well_formed
from console.command.text import GLYPHS, ago, one_line
from console.errors import ExitStatus, UsageError
from console.nearest import did_you_mean
from console.readiness.beside import NO_WAY, UNUSED
from console.readiness.model import PairVerdict
from console.services.sweep import all_names
from console.services.unused import stranded_device, unused_beacons
from console.services.workspace import Workspace

SCHEMA = 1


def configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a beacon or a device")
    parser.add_argument("--format", choices=("table", "json"), default="table")


def run_show(arguments: argparse.Namespace, outside: Outside) -> int:
    workspace = outside.workspace(arguments.fleet)
    try:
        name, known = arguments.name, all_names(workspace.fleet)
        if name not in known:
            raise UsageError(f"no device or beacon is named {name!r}", hint=did_you_mean(name, known))
        status = ExitStatus.DONE
        if workspace.estate.age(name) is None:
            status = status_of(watched(workspace.sweep.start([name]), outside, "sweep"))
        values = shown(workspace, name)
        if arguments.format == "json":
            outside.answer(json.dumps(well_formed(values), ensure_ascii=False, indent=2))
        else:
            outside.answer("\n".join(_lines(workspace, name, values)))
        return status
    finally:
        workspace.close()


def shown(workspace: Workspace, name: str) -> dict[str, object]:
    """JSON values: what the fleet file says, what was observed and when, the pairs. Bytes are base64, DER too."""
    observation = workspace.estate.observation()
    device = next((device for device in workspace.fleet.devices if device.name == name), None)
    snapshot = observation.devices.get(name) if device else observation.beacons.get(name)
    failure = observation.failures.get(name)
    verdicts = workspace.estate.verdicts_of_device(name) if device else workspace.estate.verdicts_of_beacon(name)
    estate = workspace.estate
    unused = stranded_device(estate, name) if device else unused_beacons(estate).get(name)
    return {
        "schema": SCHEMA,
        "name": name,
        "kind": "device" if device else "beacon",
        "observed_at": _stamp(snapshot.taken_at) if snapshot else None,
        "failure": {"at": _stamp(failure[0]), "error": failure[1]} if failure else None,
        "snapshot": msgspec.to_builtins(snapshot) if snapshot else None,
        "pairs": [_pair(verdict) for verdict in verdicts],
        "unused": unused.message if unused else None,
    }


def _pair(verdict: PairVerdict) -> dict[str, object]:
    use, obstacle = verdict.use, verdict.first_obstacle
    return {
        "device": use.device,
        "beacon": use.beacon,
        "host": use.host,
        "port": use.port,
        "verdict": str(verdict.verdict),
        "first_obstacle": f"{obstacle.check}: {obstacle.message}" if obstacle else None,
        "remedy": obstacle.remedy if obstacle else None,
    }


def _lines(workspace: Workspace, name: str, values: Mapping[str, object]) -> Iterator[str]:
    yield f"{values['kind']} {one_line(name)}, observed {ago(workspace.estate.age(name))}"
    observation = workspace.estate.observation()
    failure = observation.failures.get(name)
    if failure:
        yield f"the newest attempt failed {ago(workspace.clock.now() - failure[0])}: {one_line(failure[1])}"
    snapshot = observation.devices.get(name) or observation.beacons.get(name)
    if snapshot is not None:
        yield from observation_lines(snapshot, workspace.profile)
    device = values["kind"] == "device"
    verdicts = workspace.estate.verdicts_of_device(name) if device else workspace.estate.verdicts_of_beacon(name)
    yield f"pairs: {len(verdicts)}"
    if values["unused"]:
        yield one_line(f"{NO_WAY if device else UNUSED}: {values['unused']}")
    for verdict in verdicts:
        partner = (verdict.use.beacon or "(none)") if device else verdict.use.device
        obstacle = verdict.first_obstacle
        why = f"  {obstacle.check}: {obstacle.message}" if obstacle else ""
        endpoint = f"{verdict.use.host}:{verdict.use.port}"
        yield one_line(f"{GLYPHS[verdict.verdict]} {partner}  {endpoint}  {verdict.verdict}{why}")
        if obstacle and obstacle.remedy:
            yield f"    fix: {one_line(obstacle.remedy)}"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
