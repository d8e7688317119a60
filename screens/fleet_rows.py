"""The rows of both panes, made from the fleet model."""

from __future__ import annotations

from console.fleet.model import Beacon, Device
from console.readiness.model import PairVerdict, Verdict
from screens.beacon_facts import beacon_facts, https_words
from screens.fleet_model import FleetModel, counts, worst
from screens.text import GLYPH, TONE, WORST_FIRST, Tone, age, days_left, plain
from screens.widgets.fleet_table import cell
from screens.widgets.rows import Cell, Column, Row

BEACON_COLUMNS = (
    Column("name", "name", 10, grow=True),
    Column("https", "https", 11),
    Column("client", "client cert", 11),
    Column("ready", "ready", 6, right=True),
    Column("pairs", "pairs", 14),
    Column("seen", "seen", 6, right=True),
)

SOON_DAYS = 30


def device_columns(beacon: str) -> tuple[Column, ...]:
    """The pair's column bears the name of the beacon under the other cursor."""
    return (
        Column("name", "name", 12),
        Column("os", "os", 7),
        Column("sends", "sends cert", 10),
        Column("expires", "expires", 7, right=True),
        Column("verdict", plain(beacon, limit=11) or "beacon", 11),
        Column("obstacle", "first obstacle", 23, grow=True),
        Column("pairs", "pairs", 9),
        Column("seen", "seen", 6, right=True),
    )


def _state(verdicts: tuple[PairVerdict, ...]) -> Cell:
    found = worst(verdicts)
    if found is None:
        return Cell("?", Tone.UNKNOWN, 1.5)
    return Cell(GLYPH[found.verdict], TONE[found.verdict], float(WORST_FIRST.index(found.verdict)))


def _pairs(verdicts: tuple[PairVerdict, ...]) -> Cell:
    tally = counts(verdicts)
    words = " ".join(f"{GLYPH[verdict]}{tally[verdict]}" for verdict in reversed(WORST_FIRST) if tally[verdict])
    return Cell(words or "none", Tone.DIM, float(tally[Verdict.BLOCKED]))


def _seen(model: FleetModel, name: str) -> Cell:
    snapshot = model.observation.devices.get(name) or model.observation.beacons.get(name)
    if snapshot is None:
        return Cell("never", Tone.DIM, float("inf"))
    seconds = (model.now - snapshot.taken_at).total_seconds()
    return Cell(age(snapshot.taken_at, model.now), Tone.DIM, seconds)


def beacon_row(model: FleetModel, beacon: Beacon) -> Row:
    snapshot = model.observation.beacons.get(beacon.name)
    facts = beacon_facts(snapshot, beacon.site)
    verdicts = model.by_beacon.get(beacon.name, ())
    tally = counts(verdicts)
    share = 100 * tally[Verdict.READY] // len(verdicts) if verdicts else None
    state = _state(verdicts)
    if state.tone in (Tone.BAD, Tone.UNKNOWN) and tally[Verdict.READY] + tally[Verdict.AT_RISK]:
        state = Cell("▲", Tone.WARN, 2.0)  # some devices get through, some don't
    https = https_words(snapshot, facts)
    failure = model.observation.failures.get(beacon.name)
    if failure is not None and snapshot is not None and snapshot.reached:
        https += " (old)"
    return Row(
        beacon.name,
        state,
        (
            cell(beacon.name),
            cell(https, Tone.PLAIN if facts.bindings else Tone.DIM),
            cell(facts.client_certificates or "?"),
            Cell("?" if share is None else f"{share} %", Tone.PLAIN, -1.0 if share is None else float(share)),
            _pairs(verdicts),
            _seen(model, beacon.name),
        ),
        fields={
            "host": plain(beacon.host),
            "tag": " ".join(plain(tag) for tag in beacon.tags),
            "production": "yes" if beacon.production else "no",
        },
    )


def device_row(model: FleetModel, device: Device, beacon: str) -> Row:
    snapshot = model.observation.devices.get(device.name)
    facts = model.facts.get(device.name)
    verdicts = model.by_device.get(device.name, ())
    pair = model.pair(device.name, beacon)
    # The row's sign is the device's worst pair, whichever beacon the other cursor is on: never greener than it is.
    shown = pair if pair is not None and pair.first_obstacle is not None else worst(verdicts)
    obstacles = {one.check for verdict in verdicts if (one := verdict.first_obstacle) is not None}
    failing = {one.check for verdict in verdicts for one in verdict.findings if one.status == "fail"}
    return Row(
        device.name,
        _state(verdicts),
        (
            cell(device.name),
            cell(snapshot.system.lower() if snapshot else "?"),
            cell(facts.sends if facts else "?"),
            _expires(model, device.name),
            Cell(f"{GLYPH[pair.verdict]} {pair.verdict.value}", TONE[pair.verdict], _rank(pair))
            if pair
            else Cell("· not used" if verdicts else "? unknown", Tone.DIM, 9.0),
            _obstacle(model, device.name, shown, elsewhere=shown is not pair),
            _pairs(verdicts),
            _seen(model, device.name),
        ),
        fields={
            "verdict": (pair.verdict.value if pair else "") if verdicts else "unknown",
            "worst": found.verdict.value if (found := worst(verdicts)) else "unknown",
            "beacon": " ".join(dict.fromkeys(plain(one.use.beacon or one.use.host) for one in verdicts)),
            "fault": " ".join(sorted(obstacles)),
            "check": " ".join(sorted(failing | obstacles)),
            "tag": " ".join(plain(tag) for tag in device.tags),
            "host": plain(device.host),
            "production": "yes" if device.production else "no",
        },
    )


def _rank(verdict: PairVerdict) -> float:
    return float(WORST_FIRST.index(verdict.verdict))


def _expires(model: FleetModel, device: str) -> Cell:
    facts = model.facts.get(device)
    if facts is None or facts.expires is None:
        return Cell("?" if facts is None or facts.sends in ("?", "yes") else "none", Tone.DIM, float("inf"))
    left = days_left(facts.expires, model.now)
    tone = Tone.BAD if left < 0 else Tone.WARN if left <= SOON_DAYS else Tone.PLAIN
    return Cell(f"{left:,} d", tone, float(left))


def _obstacle(model: FleetModel, device: str, shown: PairVerdict | None, *, elsewhere: bool) -> Cell:
    failure = model.observation.failures.get(device)
    if shown is None:
        if failure is not None:
            return cell(failure[1], Tone.UNKNOWN)
        known = device in model.observation.devices
        return cell("names no beacon of this fleet" if known else "not read yet: c", Tone.DIM)
    obstacle = shown.first_obstacle
    if obstacle is None:
        return Cell("", Tone.PLAIN, "~")
    where = f"{shown.use.beacon or shown.use.host}: " if elsewhere else ""
    return cell(f"{where}{obstacle.message}", Tone.DIM if elsewhere else Tone.PLAIN)
