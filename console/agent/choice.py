"""Which entry of a failover list the agent is likely to try first, and how far that can be known from config.ini.

Sources: vendor pages PMD-AutoPriority (without the key the agent takes True; priorities give the order of attempts),
NetSel-PrioritizeIBs (with AutoPriority=False the value of Priority is fixed; its example gives the smallest value the
place of HighestPriority), PMD-SelectorAlgorithm (algorithms are applied in their order; unmatched beacons may get the
word `invalid`). No page says what happens between equal priorities, or between fixed and calculated ones: unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from console.agent.document import ConfigDocument
from console.agent.failover import Endpoint, FailoverEntry, ListKind, endpoint_of, failover_uses
from console.agent.preferences import parse_boolean
from console.agent.profile import AgentProfile

SELECTOR = "SelectorAlgorithm"
INVALID = "invalid"


class Place(StrEnum):
    ONLY = "the only choice"
    FIRST = "first choice"
    FALLBACK = "fallback"
    NEVER = "never chosen"
    """Priority=invalid, fixed: launcher and uploader don't use it."""
    UNKNOWN = "place unknown"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One link of SelectorAlgorithm, e.g. `MgsNameMatch(20,,true)`."""

    name: str
    arguments: tuple[str, ...] = ()

    @property
    def may_discard(self) -> bool:
        """A boolean argument can make it set beacons that don't match to `invalid`."""
        return any(parse_boolean(argument) is True for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Choice:
    """The place of one usable entry among those of its list."""

    entry: FailoverEntry
    place: Place
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The choices that lead to one endpoint: of the download list, of the upload list, of both, or none.

    Equal to itself alone: the same object for files that say the same.
    """

    choices: tuple[Choice, ...] = ()


NOWHERE = Ways()


@dataclass(frozen=True, slots=True)
class Failover:
    """Both lists of one config.ini. Immutable; the same object for files that say the same."""

    entries: tuple[FailoverEntry, ...]
    """As the file has them, those that can't be used as well."""
    algorithms: tuple[Algorithm, ...]
    """Of SelectorAlgorithm; empty: not set (no page tells the default)."""
    choices: tuple[Choice, ...]
    by_endpoint: Mapping[Endpoint, Ways]

    def ways(self, host: str, port: int, protocol: str) -> Ways:
        return self.by_endpoint.get(endpoint_of(host, port, protocol), NOWHERE)

    def at(self, host: str, port: int, protocol: str) -> tuple[Choice, ...]:
        return self.ways(host, port, protocol).choices


def read_failover(document: ConfigDocument, profile: AgentProfile) -> Failover:
    """Never fails, whatever the file holds. Bounded by the file's own size."""
    section = profile.preference(SELECTOR).section
    written = document.get(section, profile.preference(SELECTOR).name) or ""
    return _failover(failover_uses(document, profile), written)


@lru_cache(maxsize=20_000)
def _failover(entries: tuple[FailoverEntry, ...], written: str) -> Failover:
    algorithms = parse_algorithms(written)
    choices = tuple(
        choice
        for kind in ListKind
        for choice in _choices([entry for entry in entries if entry.kind is kind and entry.usable], algorithms)
    )
    leading: dict[Endpoint, list[Choice]] = {}
    for choice in choices:
        leading.setdefault(choice.entry.endpoint, []).append(choice)
    return Failover(entries, algorithms, choices, {there: Ways(tuple(found)) for there, found in leading.items()})


def parse_algorithms(written: str) -> tuple[Algorithm, ...]:
    """`MgsPing;MgsNameMatch(20,,true)`: names in their order, with their arguments as written."""
    found: list[Algorithm] = []
    for link in filter(None, (part.strip() for part in written.split(";"))):
        name, opened, rest = link.partition("(")
        arguments = tuple(part.strip() for part in rest.removesuffix(")").split(",")) if opened else ()
        found.append(Algorithm(name.strip(), arguments))
    return tuple(found)


def _choices(entries: Sequence[FailoverEntry], algorithms: Sequence[Algorithm]) -> list[Choice]:
    valid = [entry for entry in entries if not _is_invalid(entry)]
    fixed = [_fixed(entry) for entry in valid]
    numbers = [number for number in fixed if number is not None]
    best = min(numbers, default=0)
    choices: list[Choice] = []
    for entry in entries:
        if _is_invalid(entry):
            place, why = Place.NEVER, "AutoPriority=False and Priority=invalid"
        elif len({other.endpoint for other in valid}) == 1:
            place, why = Place.ONLY, "no other usable entry in this list"
        elif len(numbers) < len(valid):
            place, why = Place.UNKNOWN, _calculated(algorithms)
        elif _fixed(entry) != best:
            place, why = Place.FALLBACK, f"Priority={entry.priority}, fixed; the first choice has {best}"
        elif numbers.count(best) > 1:
            place, why = Place.UNKNOWN, f"{numbers.count(best)} entries share the fixed Priority={best}"
        else:
            place, why = Place.FIRST, f"Priority={best}, fixed and the smallest"
        choices.append(Choice(entry, place, why))
    return choices


def _is_invalid(entry: FailoverEntry) -> bool:
    return entry.priority.strip().lower() == INVALID and parse_boolean(entry.auto_priority) is False


def _fixed(entry: FailoverEntry) -> int | None:
    """The priority that the file fixes; None: calculated at each transfer, or not to be told."""
    digits = entry.priority.strip()
    if parse_boolean(entry.auto_priority) is not False or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if len(digits) <= 9 else None


def _calculated(algorithms: Sequence[Algorithm]) -> str:
    if not algorithms:
        return "AutoPriority isn't False everywhere, and SelectorAlgorithm isn't set: the agent's own rule decides"
    names = ", then ".join(one.name for one in algorithms[:4])
    discards = "; beacons that don't match may be left out" if any(one.may_discard for one in algorithms) else ""
    return f"the agent calculates the order at each transfer ({names}{discards})"


def choice_words(failover: Failover) -> tuple[str, ...]:
    """One line for each entry, in the order of the lists: where it leads, its place, or why it can't be used."""
    places = {choice.entry.section: choice for choice in failover.choices}
    lines = []
    for kind in ListKind:
        for entry in (entry for entry in failover.entries if entry.kind is kind):
            where = f"{entry.protocol or '?'}://{entry.host or '?'}:{entry.port or '?'}"
            proxy = f" through the proxy {entry.proxy}" if entry.proxy else ""
            choice = places.get(entry.section)
            place = f"{choice.place.value} ({choice.why})" if choice else "can't be used"
            problems = f"; {', '.join(entry.problems)}" if entry.problems else ""
            lines.append(f"{kind.value} {where}{proxy}: {place}{problems}")
    return tuple(lines)
