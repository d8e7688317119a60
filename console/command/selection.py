"""SELECT words of the command line: names, globs, `@group`, `os=aix`, `verdict=blocked`, `beacon=NAME`.

Names, globs and groups add up; filters narrow what they found (all, where there are filters alone). Two values of
one filter add up, two filters narrow each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from console.changes.model import TargetKind
from console.errors import UsageError
from console.fleet.loading import GLOB
from console.fleet.model import Fleet
from console.nearest import did_you_mean
from console.readiness.model import PairUse, PairVerdict, Verdict

FILTERS = ("os", "verdict", "beacon")
_SYSTEMS = {"solaris": "sunos", "hpux": "hp-ux", "macos": "darwin"}
"""Common names to what `uname -s` says."""

UseKey = tuple[str, str, str, int]
"""(device, beacon, host, port)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Targets of one kind, in the fleet file's order."""

    kind: TargetKind
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairSelection:
    """Pairs to check. With devices and beacons both named, the pairs between them."""

    devices: frozenset[str] | None = None
    """None: all."""
    beacons: frozenset[str] | None = None
    keys: frozenset[UseKey] | None = None
    """What `verdict=` left; None: no such filter."""

    def matches(self, use: PairUse) -> bool:
        return (
            (self.devices is None or use.device in self.devices)
            and (self.beacons is None or use.beacon in self.beacons)
            and (self.keys is None or use_key(use) in self.keys)
        )


@dataclass(slots=True)
class _Words:
    devices: set[str] = field(default_factory=set)
    beacons: set[str] = field(default_factory=set)
    either: set[str] = field(default_factory=set)
    """Exact names that a device and a beacon share."""
    named: bool = False
    filters: dict[str, list[str]] = field(default_factory=dict)


def use_key(use: PairUse) -> UseKey:
    return (use.device, use.beacon, use.host, use.port)


def is_selector(word: str) -> bool:
    """True for a SELECT word, False for the KEY=VALUE of `set`."""
    key, equals, _ = word.partition("=")
    return not equals or key.lower() in FILTERS


def select(
    fleet: Fleet,
    words: Sequence[str],
    verdicts: Iterable[PairVerdict] | None = None,
    systems: Mapping[str, str] | None = None,
    kind: TargetKind | None = None,
) -> Selection:
    """Targets of one kind. `verdicts` and `systems` (device to `uname -s`) are what is known from earlier sweeps.

    `kind` says what is wanted, which decides for filters alone and for a name that a device and a beacon share.
    Raises UsageError: nothing selected, an unknown name or filter, both kinds selected, or the other kind.
    """
    if not words:
        raise UsageError(
            "nothing is selected", hint="Name devices or beacons: names, globs, @group, os=, verdict=, beacon=."
        )
    read = _read(fleet, words)
    known = tuple(verdicts or ())
    wanted = _kind_of(read, kind)
    if wanted is TargetKind.DEVICE:
        names = read.devices | read.either if read.named else {device.name for device in fleet.devices}
        names &= _narrow_devices(fleet, read, known, systems or {}, names)
        order = tuple(device.name for device in fleet.devices if device.name in names)
    else:
        names = read.beacons | read.either if read.named else {beacon.name for beacon in fleet.beacons}
        names &= _narrow_beacons(fleet, read, known, names)
        order = tuple(beacon.name for beacon in fleet.beacons if beacon.name in names)
    if not order:
        raise _nothing(words, read, known, systems)
    return Selection(wanted, order)


def select_pairs(
    fleet: Fleet,
    words: Sequence[str],
    verdicts: Iterable[PairVerdict] | None = None,
    systems: Mapping[str, str] | None = None,
) -> PairSelection:
    """What `check` and `sweep` work on; no words: everything. Raises UsageError as `select` does."""
    if not words:
        return PairSelection()
    read = _read(fleet, words)
    known = tuple(verdicts or ())
    devices = {*read.devices, *read.either} if read.devices or read.either else None
    beacons = {*read.beacons, *read.either} if read.beacons or read.either else None
    if "os" in read.filters:
        all_names = devices if devices is not None else {device.name for device in fleet.devices}
        devices = all_names & _of_systems(read.filters["os"], systems or {})
    if "beacon" in read.filters:
        named = _beacons_named(fleet, read.filters["beacon"])
        beacons = named if beacons is None else beacons & named
    keys = None
    if "verdict" in read.filters:
        asked = _verdicts(read.filters["verdict"])
        keys = frozenset(use_key(verdict.use) for verdict in known if verdict.verdict in asked)
    found = PairSelection(
        None if devices is None else frozenset(devices), None if beacons is None else frozenset(beacons), keys
    )
    if frozenset() in (found.devices, found.beacons) or (keys is not None and not _any_left(found, known)):
        raise _nothing(words, read, known, systems)
    return found


def _any_left(found: PairSelection, known: Iterable[PairVerdict]) -> bool:
    """Does what `verdict=` left hold a pair of the devices and beacons that are named besides?"""
    return any(found.matches(verdict.use) for verdict in known)


def empty_groups(fleet: Fleet) -> tuple[str, ...]:
    """Groups that no device and no beacon is in: each is an error where it's selected by."""
    names = {device.name for device in fleet.devices} | {beacon.name for beacon in fleet.beacons}
    return tuple(group for group, members in fleet.groups.items() if not _in_group(members, names))


def why_empty(members: Sequence[str]) -> str:
    return f"No device and no beacon matches {', '.join(members)}." if members else "The group has no member."


def _in_group(members: Iterable[str], names: Set[str]) -> bool:
    return any(name == member or fnmatchcase(name, member) for member in members for name in names)


def _read(fleet: Fleet, words: Sequence[str]) -> _Words:
    read = _Words()
    devices = {device.name for device in fleet.devices}
    beacons = {beacon.name for beacon in fleet.beacons}
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            if key.lower() not in FILTERS or not value:
                raise UsageError(f"{word!r} selects nothing", hint=did_you_mean(key, [f"{name}=" for name in FILTERS]))
            read.filters.setdefault(key.lower(), []).append(value)
            continue
        read.named = True
        if word.startswith("@"):
            members = fleet.groups.get(word[1:])
            if members is None:
                raise UsageError(f"no group is named {word!r}", hint=did_you_mean(word[1:], fleet.groups))
            if not _in_group(members, devices | beacons):
                # Beside other words too: `check @wave3 b1` would else look at every device of b1.
                raise UsageError(f"{word!r} selects nothing", hint=why_empty(members))
            for member in members:
                _add(devices, beacons, member, read, must_match=False)
        else:
            _add(devices, beacons, word, read, must_match=True)
    return read


def _add(devices: Set[str], beacons: Set[str], word: str, read: _Words, *, must_match: bool) -> None:
    if word in devices or word in beacons:
        target = read.either if word in devices and word in beacons else None
        (target if target is not None else read.devices if word in devices else read.beacons).add(word)
        return
    found_devices = {name for name in devices if fnmatchcase(name, word)}
    found_beacons = {name for name in beacons if fnmatchcase(name, word)}
    if must_match and not found_devices and not found_beacons:
        if GLOB.search(word):
            raise UsageError(f"{word!r} matches no device and no beacon")
        raise UsageError(f"no device or beacon is named {word!r}", hint=did_you_mean(word, devices | beacons))
    read.devices |= found_devices
    read.beacons |= found_beacons


def _kind_of(read: _Words, kind: TargetKind | None) -> TargetKind:
    if read.devices and read.beacons:
        raise UsageError(
            "both devices and beacons are selected, and one kind alone can be",
            hint=f"Devices: {_few(read.devices)}; beacons: {_few(read.beacons)}.",
        )
    found = TargetKind.DEVICE if read.devices else TargetKind.BEACON if read.beacons else None
    if found is None and read.either and kind is None:
        raise UsageError(
            f"a device and a beacon are both named {_few(read.either)}; only a setting tells which is meant"
        )
    if found and kind and found is not kind:
        raise UsageError(f"{_few(read.devices | read.beacons)}: expected {kind}s here, and these are {found}s")
    return found or kind or TargetKind.DEVICE


def _narrow_devices(
    fleet: Fleet, read: _Words, known: Sequence[PairVerdict], systems: Mapping[str, str], names: Set[str]
) -> set[str]:
    left = set(names)
    if "os" in read.filters:
        left &= _of_systems(read.filters["os"], systems)
    if "beacon" in read.filters:
        beacons = _beacons_named(fleet, read.filters["beacon"])
        paired = {pair.device for pair in fleet.pairs if pair.beacon in beacons}
        left &= paired | {verdict.use.device for verdict in known if verdict.use.beacon in beacons}
    if "verdict" in read.filters:
        asked = _verdicts(read.filters["verdict"])
        left &= {name for name, verdict in _worst(known, lambda use: use.device).items() if verdict in asked}
    return left


def _narrow_beacons(fleet: Fleet, read: _Words, known: Sequence[PairVerdict], names: Set[str]) -> set[str]:
    left = set(names)
    if "os" in read.filters:
        raise UsageError("os= selects devices, and beacons are selected here")
    if "beacon" in read.filters:
        left &= _beacons_named(fleet, read.filters["beacon"])
    if "verdict" in read.filters:
        asked = _verdicts(read.filters["verdict"])
        left &= {name for name, verdict in _worst(known, lambda use: use.beacon).items() if verdict in asked}
    return left


_WORST_FIRST = (Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.AT_RISK, Verdict.READY)


def _worst(known: Sequence[PairVerdict], name_of: Callable[[PairUse], str]) -> dict[str, Verdict]:
    worst: dict[str, Verdict] = {}
    for verdict in known:
        name = name_of(verdict.use)
        worst[name] = min(verdict.verdict, worst.get(name, verdict.verdict), key=_WORST_FIRST.index)
    return worst


def _verdicts(values: Iterable[str]) -> set[Verdict]:
    words = {verdict.value: verdict for verdict in Verdict}
    for value in values:
        if value not in words:
            raise UsageError(f"verdict={value}: no such verdict", hint=did_you_mean(value, words))
    return {words[value] for value in values}


def _of_systems(values: Iterable[str], systems: Mapping[str, str]) -> set[str]:
    wanted = {_SYSTEMS.get(value.lower(), value.lower()) for value in values}
    return {name for name, system in systems.items() if system.lower() in wanted}


def _beacons_named(fleet: Fleet, values: Iterable[str]) -> set[str]:
    names = [beacon.name for beacon in fleet.beacons]
    found: set[str] = set()
    for value in values:
        matching = {name for name in names if name == value or fnmatchcase(name, value)}
        if not matching:
            raise UsageError(f"beacon={value}: no such beacon", hint=did_you_mean(value, names))
        found |= matching
    return found


def _nothing(
    words: Sequence[str], read: _Words, known: Sequence[PairVerdict], systems: Mapping[str, str] | None
) -> UsageError:
    blind = ("verdict" in read.filters and not known) or ("os" in read.filters and not systems)
    hint = "Nothing has been observed yet: run `mtls-console sweep` first." if blind else ""
    return UsageError(f"{' '.join(words)!r} selects nothing", hint=hint)


def _few(names: Iterable[str], limit: int = 5) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more
