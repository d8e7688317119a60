"""`fleet validate | list | import FILE`: the fleet file itself. Contacts nothing."""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Mapping
from pathlib import Path

import tomli_w

from console.command.outside import Outside
from console.command.selection import empty_groups, why_empty
from console.command.text import counted, one_line, table
from console.errors import ConfigurationError, ExitStatus, UsageError
from console.fleet.loading import additions_directory, load_fleet
from console.fleet.model import Fleet
from console.services.assembly import require_distinct_names

_COLUMNS = {
    "device": ("name", "host", "port", "user", "key_file", "config_ini", "jump"),
    "beacon": ("name", "host", "site"),
}
_NUMBERS = ("port",)


def configure_fleet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("validate", "list", "import"), metavar="validate|list|import")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="import: a CSV with a column `kind`")


def run_fleet(arguments: argparse.Namespace, outside: Outside) -> int:
    path = outside.fleet_file(arguments.fleet)
    if (arguments.file is not None) != (arguments.action == "import"):
        raise UsageError("`fleet import` takes one FILE, the other actions take none")
    if arguments.action == "import":
        outside.say(import_file(arguments.file, path))
        return ExitStatus.DONE
    fleet = load_fleet(path)
    require_distinct_names(fleet)
    if arguments.action == "list":
        outside.answer("\n".join(_lines(fleet)))
    else:
        outside.say(
            f"{path}: {counted(len(fleet.beacons), 'beacon')}, {counted(len(fleet.devices), 'device')}, "
            f"{counted(len(fleet.pairs), 'explicit pair')} (the first sweep finds the others on the devices)"
        )
        for group in empty_groups(fleet):
            outside.say(one_line(f"▲ @{group} selects nothing. {why_empty(fleet.groups[group])}"))
    return ExitStatus.DONE


def _lines(fleet: Fleet) -> list[str]:
    rows = [("beacon", beacon.name, beacon.host, beacon.winrm.url if beacon.winrm else "") for beacon in fleet.beacons]
    rows += [
        (
            "device",
            device.name,
            device.host,
            f"{device.user}@{device.host}:{device.port}" if device.user else str(device.port),
        )
        for device in fleet.devices
    ]
    return table(("kind", "name", "host", "reached at"), [[one_line(cell) for cell in row] for row in rows])


def import_file(source: Path, fleet_file: Path) -> str:
    """Add a CSV's beacons and devices as fleet.d/NAME.toml; nothing stays behind where the fleet wouldn't load.

    Columns: kind (device or beacon), name, host, and for devices port, user, key_file, config_ini, jump; for beacons
    site. Raises ConfigurationError, which names file and line.
    """
    found = _read(source)
    target = additions_directory(fleet_file) / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', source.stem) or 'imported'}.toml"
    if target.exists():
        raise ConfigurationError("was imported before", target=str(target), hint="Remove it, or rename the FILE.")
    load_fleet(fleet_file)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(tomli_w.dumps(found).encode())
    try:
        load_fleet(fleet_file)
    except ConfigurationError:
        target.unlink()
        raise
    return f"{target}: " + ", ".join(counted(len(entries), kind) for kind, entries in found.items())


def _read(source: Path) -> dict[str, list[dict[str, str | int]]]:
    found: dict[str, list[dict[str, str | int]]] = {}
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            for row in rows:
                kind = (row.get("kind") or "device").strip()
                if kind not in _COLUMNS:
                    raise _wrong(source, rows.line_num, f"kind is {kind!r}, expected device or beacon")
                found.setdefault(kind, []).append(_entry(source, rows.line_num, kind, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"can't be read: {error}", target=str(source)) from error
    if not found:
        raise ConfigurationError("holds no line below its header", target=str(source))
    return found


def _entry(source: Path, line: int, kind: str, row: Mapping[str, str | None]) -> dict[str, str | int]:
    entry: dict[str, str | int] = {}
    for key, value in row.items():
        if not isinstance(value, str):  # None: too few fields; a list: too many
            raise _wrong(source, line, "has another number of fields than the header")
        if key == "kind" or not value.strip():
            continue
        if key not in _COLUMNS[kind]:
            raise _wrong(source, line, f"unknown column {key!r} for a {kind}: expected {', '.join(_COLUMNS[kind])}")
        if key in _NUMBERS and not value.strip().isdecimal():
            raise _wrong(source, line, f"{key} is {value!r}, expected a number")
        entry[key] = int(value) if key in _NUMBERS else value.strip()
    return entry


def _wrong(source: Path, line: int, what: str) -> ConfigurationError:
    return ConfigurationError(f"line {line}: {what}", target=str(source))
