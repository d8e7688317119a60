"""The ends of the fleet that don't meet: beacons that no device uses, devices that no way leads from, and endpoints
that no beacon answers to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from console.agent.choice import Failover
from console.readiness.beside import NO_WAY, UNUSED
from console.readiness.device_view import view_device
from console.readiness.model import Finding, PairUse, Side, Status, Step
from console.readiness.outcome import clean
from console.services.estate import Estate


def unused_beacons(estate: Estate) -> Mapping[str, Finding]:
    """Beacon to the finding `beacon.unused`, for each that no explicit pair and no failover list leads to.

    *warn* where the failover lists of all devices were read, *unknown* where a device that wasn't read may use it.
    """
    used = {use.beacon for use in estate.uses()}
    lonely = [beacon for beacon in estate.fleet.beacons if beacon.name not in used]
    if not lonely:
        return {}
    seen = estate.observation().devices
    unread = [
        device.name
        for device in estate.fleet.devices
        if device.name not in seen or seen[device.name].config.content is None
    ]
    return {beacon.name: _finding(beacon.name, beacon.host, unread) for beacon in lonely}


def stranded_devices(estate: Estate) -> Mapping[str, Finding]:
    """Device to the finding `device.no-way`, for each that has no pair: it's in no table of verdicts.

    *warn* where its failover lists were read and hold nothing that can be used, *unknown* where they weren't.
    """
    each = ((device.name, stranded_device(estate, device.name)) for device in estate.fleet.devices)
    return {name: finding for name, finding in each if finding is not None}


def stranded_device(estate: Estate, name: str) -> Finding | None:
    """`device.no-way` of one device, as `stranded_devices` tells it; no other device's config.ini is read.

    Raises KeyError for a device that isn't in the fleet.
    """
    if estate.uses_of_device(name):
        return None
    snapshot = estate.observation().devices.get(name)
    read = snapshot is not None and snapshot.config.content is not None
    return _stranded(name, view_device(snapshot, estate.profile).failover if snapshot is not None and read else None)


def _stranded(name: str, lists: Failover | None) -> Finding:
    message = f"{name} has no way to a beacon: no pair of the fleet file, and "
    if lists is None:
        message += "its failover lists weren't read."
    elif lists.entries:
        problems = [f"{problem} ({clean(one.section, 100)})" for one in lists.entries for problem in one.problems]
        message += f"none of its failover lists' {len(lists.entries)} entries can be used: {clean(problems[0], 200)}."
    else:
        message += "its config.ini holds no failover list."
    return Finding(
        check=NO_WAY,
        step=Step.CONNECT,
        side=Side.DEVICE,
        status=Status.UNKNOWN if lists is None else Status.WARN,
        message=message,
        remedy="Correct the entries of its failover lists, or add a pair to the fleet file.",
    )


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An endpoint that devices use and no beacon of the fleet answers to (each such pair has `network.no-beacon`)."""

    host: str
    port: int
    devices: tuple[str, ...]
    """In the order of the fleet."""


def unanswered(uses: Iterable[PairUse]) -> tuple[Unanswered, ...]:
    """The endpoint that most devices use first."""
    found: dict[tuple[str, int], dict[str, None]] = {}
    for use in uses:
        if not use.beacon:
            found.setdefault((use.host, use.port), {})[use.device] = None
    several = (Unanswered(host, port, tuple(devices)) for (host, port), devices in found.items())
    return tuple(sorted(several, key=lambda one: (-len(one.devices), one.host, one.port)))


def _finding(name: str, host: str, unread: list[str]) -> Finding:
    message = f"No device uses {name}: no pair of the fleet file and no failover list that was read names {host}."
    if unread:
        message += f" Of {len(unread)} the failover lists weren't read, so one of them may ({', '.join(unread[:3])})."
    return Finding(
        check=UNUSED,
        step=Step.CONNECT,
        side=Side.BEACON,
        status=Status.UNKNOWN if unread else Status.WARN,
        message=message,
        evidence={"host": host, "devices_not_read": str(len(unread))},
        remedy=(
            "Compare the beacon's host in the fleet file with the hosts in the devices' failover lists, or take the "
            "beacon out."
        ),
    )
