"""Plan files on disk."""

from __future__ import annotations

import os
from pathlib import Path

from console.changes.model import Plan
from console.changes.plan_file import MAX_BYTES, plan_from_json, plan_to_json
from console.errors import ConfigurationError


def read_plan(path: Path) -> Plan:
    """Raises ConfigurationError, which names the file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the plan can't be read: {error.strerror}", target=str(path)) from error
    return plan_from_json(data, str(path))


def plan_in_the_way(path: Path) -> str:
    """The id of the plan that lies where another is to be written; empty where nothing does.

    Raises ConfigurationError for a file that is no plan: it isn't overwritten.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return ""  # an empty file is what mktemp made
    try:
        return read_plan(path).id
    except ConfigurationError as error:
        raise ConfigurationError(
            f"isn't overwritten: {error.message}", target=str(path), hint="Name another file for --out, or remove it."
        ) from error


def write_plan(plan: Plan, path: Path) -> None:
    """Mode 0600, whole or not at all. Raises ConfigurationError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(plan_to_json(plan))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigurationError(f"the plan can't be written: {error.strerror}", target=str(path)) from error
