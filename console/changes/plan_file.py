"""Plans as JSON files: written for review, read back strictly. A plan holds no secret and no private key."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from console.changes.model import BeaconChange, DeviceChange, JournalEntry, Plan, TargetKind
from console.changes.step_parameters import step_problem
from console.errors import ConfigurationError

SCHEMA = 1
MAX_BYTES = 256 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


def plan_to_json(plan: Plan) -> bytes:
    document = {"schema": SCHEMA, "plan": msgspec.to_builtins(plan)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def plan_from_json(data: bytes, source: str) -> Plan:
    """Raises ConfigurationError that names the file (`source`) and what is wrong in it."""
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"larger than {MAX_BYTES} bytes", target=source)
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigurationError(f"isn't a plan: {exc}", target=source) from exc
    if not isinstance(raw, dict) or set(raw) != {"schema", "plan"}:
        raise ConfigurationError("isn't a plan of mtls-console: expected the keys schema and plan", target=source)
    if raw["schema"] != SCHEMA:
        raise ConfigurationError(f"has schema {raw['schema']!r:.40}; this console reads schema {SCHEMA}", target=source)
    try:
        plan = msgspec.convert(raw["plan"], Plan)
    except (msgspec.ValidationError, RecursionError) as exc:
        raise ConfigurationError(f"isn't a plan: {exc}", target=source) from exc
    unknown = _unknown_key(raw["plan"], msgspec.to_builtins(plan), "plan")
    if unknown:
        raise ConfigurationError(f"unknown key {unknown}", target=source)
    _require_sound(plan, source)
    return plan


def is_of(plan: Plan, entry: JournalEntry) -> bool:
    """Was the entry written by this very plan? Numbers alone don't tell: a plan file may come from another journal."""
    change = next((one for one in plan.devices if one.device == entry.target), None) or next(
        (one for one in plan.beacons if one.beacon == entry.target), None
    )
    written = entry.device_change or entry.beacon_change
    # As JSON: what was read back from a file has lists where a plan just made has tuples.
    return change is not None and msgspec.json.encode(change) == msgspec.json.encode(written)


def _unknown_key(raw: object, known: object, where: str) -> str:
    """The first key that reading dropped; empty where all were understood."""
    if isinstance(raw, Mapping) and isinstance(known, Mapping):
        for key, value in raw.items():
            if key not in known:
                return f"{where}.{key}"
            found = _unknown_key(value, known[key], f"{where}.{key}")
            if found:
                return found
    elif isinstance(raw, list) and isinstance(known, list | tuple):
        for number, (value, same) in enumerate(zip(raw, known, strict=True)):
            found = _unknown_key(value, same, f"{where}[{number}]")
            if found:
                return found
    return ""


def _require_sound(plan: Plan, source: str) -> None:
    if plan.created_at.tzinfo is None:
        raise ConfigurationError("plan.created_at has no time zone", target=source)
    other = plan.beacons if plan.kind is TargetKind.DEVICE else plan.devices
    if other:
        raise ConfigurationError(f"is a plan for {plan.kind}s and changes others too", target=source)
    if len(set(plan.targets)) != len(plan.targets):
        raise ConfigurationError("changes one target twice", target=source)
    for change in plan.devices:
        _require_sound_device(change, source)
    for beacon_change in plan.beacons:
        _require_sound_beacon(beacon_change, source)


def _require_sound_device(change: DeviceChange, source: str) -> None:
    for name, value in (("before_sha256", change.before_sha256), ("after_sha256", change.after_sha256)):
        if not _SHA256.fullmatch(value):
            raise ConfigurationError(f"{name} of {change.device!r} isn't a SHA-256", target=source)
    if not change.path.startswith("/"):
        raise ConfigurationError(f"path of {change.device!r} isn't absolute", target=source)


def _require_sound_beacon(change: BeaconChange, source: str) -> None:
    for step in change.steps:
        problem = step_problem(step)
        if problem:
            raise ConfigurationError(f"{change.beacon!r:.80}: {problem}", target=source)
