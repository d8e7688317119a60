"""The rows of both panes, made from the fleet model."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from console.fleet.model import Beacon, Device
from console.readiness.model import PairVerdict, Verdict
from console.readiness.proof import FROM_DATA, Proof, Strength
from screens.beacon_facts import beacon_facts, https_words
from screens.fleet_model import FleetModel, counts, worst
from screens.other_pairs import telling
from screens.text import GLYPH, WORST_FIRST, Tone, age, days_left, plain, proved_tone, proved_word
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

_PAIR = 4
"""Which cell of a device's row is its verdict."""
_VERDICT, _WIDEST_VERDICT = 16, 19
"""`✘ blocked (data)`, `✘ blocked (openssl)`: both leave room for the obstacle on 80 columns."""


def device_columns(beacon: str, rows: Sequence[Row] = ()) -> tuple[Column, ...]:
    """The pair's column bears the name of the beacon under the other cursor, and is as wide as its longest verdict."""
    widest = max((cell_len(row.cells[_PAIR].text) for row in rows), default=0)
    width = min(_WIDEST_VERDICT, max(_VERDICT, widest))
    return (
        Column("name", "name", 12),
        Column("os", "os", 6),
        Column("sends", "sends", 6),
        Column("expires", "expires", 7, right=True),
        Column("verdict", plain(beacon, limit=width) or "beacon", width),
        Column("obstacle", "first obstacle", 20, grow=True),
        Column("pairs", "pairs", 9),
        Column("seen", "seen", 6, right=True),
    )


def _state(model: FleetModel, verdicts: tuple[PairVerdict, ...]) -> Cell:
    found = worst(verdicts)
    if found is None:
        return Cell("?", Tone.UNKNOWN, 1.5)
    proof, rank = model.weakest(verdicts), float(WORST_FIRST.index(found.verdict))
    if proof.against is not None and found.verdict in (Verdict.READY, Verdict.AT_RISK):
        return Cell("≠", Tone.WARN, 1.8)  # what was proved says otherwise: nobody should take it for ready
    return Cell(GLYPH[found.verdict], proved_tone(found.verdict, proof), rank)


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
    state = _state(model, verdicts)
    if beacon.name in model.unused:
        state = Cell("▲", Tone.WARN, 1.5)
    elif state.tone in (Tone.BAD, Tone.UNKNOWN) and tally[Verdict.READY] + tally[Verdict.AT_RISK]:
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
            ready_cell(model, verdicts, unused=beacon.name in model.unused),
            _pairs(verdicts),
            _seen(model, beacon.name),
        ),
        fields={
            "host": plain(beacon.host),
            "tag": " ".join(plain(tag) for tag in beacon.tags),
            "production": "yes" if beacon.production else "no",
            "proof": _proof_words(model, verdicts),
        },
    )


def device_row(model: FleetModel, device: Device, beacon: str) -> Row:
    snapshot = model.observation.devices.get(device.name)
    facts = model.facts.get(device.name)
    verdicts = model.by_device.get(device.name, ())
    pair = model.pair(device.name, beacon)
    proof = model.proof(pair) if pair else FROM_DATA
    # The row's sign is the device's worst pair, whichever beacon the other cursor is on: never greener than it is.
    shown = telling(verdicts, pair, model.proof)
    obstacles = {one.check for verdict in verdicts if (one := verdict.first_obstacle) is not None}
    failing = {one.check for verdict in verdicts for one in verdict.findings if one.status == "fail"}
    return Row(
        device.name,
        _state(model, verdicts),
        (
            cell(device.name),
            cell(snapshot.system.lower() if snapshot else "?"),
            cell(facts.sends if facts else "?"),
            _expires(model, device.name),
            Cell(proved_word(pair.verdict, proof), proved_tone(pair.verdict, proof), _rank(pair))
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
            "proof": _proof_words(model, verdicts),
        },
    )


def ready_cell(model: FleetModel, verdicts: tuple[PairVerdict, ...], *, unused: bool) -> Cell:
    """Share of ready pairs, by the data; green where each of them is proved by a handshake."""
    if not verdicts:
        return Cell("unused", Tone.WARN, -2.0) if unused else Cell("?", Tone.PLAIN, -1.0)
    ready = tuple(verdict for verdict in verdicts if verdict.verdict is Verdict.READY)
    share = 100 * len(ready) // len(verdicts)
    proved = bool(ready) and model.weakest(ready) == Proof(Strength.LIVE)
    return Cell(f"{share} %", Tone.GOOD if proved else Tone.PLAIN, float(share))


def _proof_words(model: FleetModel, verdicts: tuple[PairVerdict, ...]) -> str:
    """For filters: `proof:` and a strength's word, or `proof:otherwise` (a proof says otherwise than the data)."""
    words = {model.proof(verdict).strength.word for verdict in verdicts}
    if any(model.proof(verdict).against is not None for verdict in verdicts):
        words.add("otherwise")
    return " ".join(sorted(words))


def _rank(verdict: PairVerdict) -> float:
    return float(WORST_FIRST.index(verdict.verdict))


_SAYS_OTHERWISE = {
    Strength.LIVE: "the live handshake says otherwise",
    Strength.OPENSSL: "the device's OpenSSL says otherwise",
}


def _expires(model: FleetModel, device: str) -> Cell:
    facts = model.facts.get(device)
    if facts is None or facts.expires is None:
        return Cell("?" if facts is None or facts.sends in ("?", "yes") else "none", Tone.DIM, float("inf"))
    left = days_left(facts.expires, model.now)
    tone = Tone.BAD if left < 0 else Tone.WARN if left <= SOON_DAYS else Tone.PLAIN
    return Cell(f"{left:,} d", tone, float(left))


def _obstacle(model: FleetModel, device: str, shown: PairVerdict | None, *, elsewhere: bool) -> Cell:
    """Of the pair shown; where a proof says otherwise than the data of it, that goes first."""
    failure = model.observation.failures.get(device)
    if shown is None:
        if failure is not None:
            return cell(failure[1], Tone.UNKNOWN)
        known = device in model.observation.devices
        return cell("names no beacon of this fleet" if known else "not read yet: c", Tone.DIM)
    obstacle = shown.first_obstacle
    against = model.proof(shown).against
    if against is not None:
        return Cell(f"{_SAYS_OTHERWISE[against]}: p shows both", Tone.WARN, "!")
    if obstacle is None:
        return Cell("", Tone.PLAIN, "~")
    where = f"{shown.use.beacon or shown.use.host}: " if elsewhere else ""
    return cell(f"{where}{obstacle.message}", Tone.DIM if elsewhere else Tone.PLAIN)
