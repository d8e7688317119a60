"""The demo's SPEC in another size: its own beacons and devices first, then generated ones, some broken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Spec = dict[str, Any]
"""A SPEC as tomllib reads it (DESIGN.md, "SPEC")."""

_SYSTEMS = ("linux", "linux", "aix", "solaris", "linux", "hpux", "linux", "darwin")
_BROKEN_EVERY = 6


def resized(spec: Mapping[str, Any], devices: int | None, beacons: int | None) -> Spec:
    """So many devices and beacons (None: as many as there are). Uses of beacons that fell away fall away too."""
    certificates: dict[str, Any] = dict(spec.get("certificate", {}))
    kept_beacons = _sized(spec.get("beacon", []), beacons, lambda number: _beacon(number, certificates))
    names = [beacon["name"] for beacon in kept_beacons]
    kept_devices = [
        _with_uses_of(device, names)
        for device in _sized(spec.get("device", []), devices, lambda number: _device(number, names, certificates))
    ]
    return {**spec, "certificate": certificates, "beacon": kept_beacons, "device": kept_devices}


def _sized(entries: list[Spec], wanted: int | None, make: Callable[[int], Spec]) -> list[Spec]:
    if wanted is None:
        return list(entries)
    return [*entries[:wanted], *(make(number) for number in range(len(entries) + 1, wanted + 1))]


def _beacon(number: int, certificates: dict[str, Any]) -> Spec:
    name = f"beacon{number:03d}"
    certificates[name] = {"issuer": "issuing", "key": "p256"}
    late = number % _BROKEN_EVERY == 0
    return {"name": name, "trusted": ["corp"], "ask": "late" if late else "first-handshake"}


def _device(number: int, beacons: list[str], certificates: dict[str, Any]) -> Spec:
    name = f"{_SYSTEMS[number % len(_SYSTEMS)]}{number:04d}"
    certificates[name] = {"issuer": "issuing", "usage": ["client"], "key": "p256"}
    if number % (2 * _BROKEN_EVERY) == 0:
        certificates[name] |= {"not_before": "-400d", "not_after": "-1d"}
    sends = number % _BROKEN_EVERY != 1
    used = {beacons[number % len(beacons)], beacons[(number // 2) % len(beacons)]}
    return {
        "name": name,
        "os": _SYSTEMS[number % len(_SYSTEMS)],
        "trust": ["corp"],
        "preferences": {"AddClientCertificateAndKey": str(sends), "CheckCertificateRevocation": "False"},
        "use": [{"beacon": beacon} for beacon in sorted(used)],
    }


def _with_uses_of(device: Spec, beacons: list[str]) -> Spec:
    if "use" not in device:
        return device
    return {**device, "use": [use for use in device["use"] if use["beacon"] in beacons] or [{"beacon": beacons[0]}]}
