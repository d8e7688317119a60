"""Snapshots as they will be after a plan: what the judge is asked before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from console.agent.snapshot import DeviceSnapshot, FileState
from console.changes.binding_plan import fresh_record
from console.changes.device_plan import apply_edits
from console.changes.model import BeaconChange, BeaconStep, DeviceChange, Plan
from console.iis.bindings import record_key
from console.iis.settings import access_at
from console.iis.snapshot import AccessSetting, BeaconSnapshot, Binding, Hello, HttpSysRecord
from console.pki.certificates import certificate


def apply_to_snapshots(
    plan: Plan, devices: Mapping[str, DeviceSnapshot], beacons: Mapping[str, BeaconSnapshot]
) -> tuple[dict[str, DeviceSnapshot], dict[str, BeaconSnapshot]]:
    """Both maps with the plan's targets as they will be. A target without a snapshot stays without one."""
    new_devices, new_beacons = dict(devices), dict(beacons)
    for change in plan.devices:
        if change.device in new_devices:
            new_devices[change.device] = device_after(change, new_devices[change.device])
    for beacon_change in plan.beacons:
        if beacon_change.beacon in new_beacons:
            new_beacons[beacon_change.beacon] = beacon_after(beacon_change, new_beacons[beacon_change.beacon])
    return new_devices, new_beacons


def device_after(change: DeviceChange, snapshot: DeviceSnapshot) -> DeviceSnapshot:
    """With the edits in its config.ini. Files that the edits name and that weren't observed stay unknown."""
    config = snapshot.config
    if config.state is not FileState.PRESENT or config.content is None:
        return snapshot
    content = apply_edits(config.content, change.edits)
    return replace(snapshot, config=replace(config, content=content, sha256=change.after_sha256))


def beacon_after(change: BeaconChange, snapshot: BeaconSnapshot) -> BeaconSnapshot:
    return after_steps(snapshot, change.steps)


def after_steps(snapshot: BeaconSnapshot, steps: Iterable[BeaconStep]) -> BeaconSnapshot:
    after = snapshot
    for step in steps:
        after = _after_step(after, step)
    old = {(record.kind, record.key.lower()): record.clientcertnegotiation for record in snapshot.httpsys}
    ports = frozenset(
        record.key.rpartition(":")[2]
        for record in after.httpsys
        if old.get((record.kind, record.key.lower())) != record.clientcertnegotiation
    )
    hashes = {(record.kind, record.key.lower()): record.certhash.upper() for record in snapshot.httpsys}
    rebound = tuple(
        record
        for record in after.httpsys
        if hashes.get((record.kind, record.key.lower()), record.certhash.upper()) != record.certhash.upper()
    )
    hellos = tuple(_sent_after(after, _hello_after(hello, ports), rebound) for hello in after.hellos)
    return replace(after, hellos=hellos)


def _after_step(snapshot: BeaconSnapshot, step: BeaconStep) -> BeaconSnapshot:
    parameters = step.parameters
    if step.operation == "set-access":
        flags = msgspec.convert(parameters["after"], list[str] | None)
        return replace(snapshot, access=_access_after(snapshot, str(parameters["location"]), flags))
    if step.operation == "set-httpsys":
        record = msgspec.convert(parameters["after"], HttpSysRecord)
        place = (record.kind, record.key.lower())
        return replace(
            snapshot,
            httpsys=tuple(record if (r.kind, r.key.lower()) == place else r for r in snapshot.httpsys),
        )
    if step.operation == "set-binding":
        return _binding_after(snapshot, parameters)
    return snapshot


def _access_after(snapshot: BeaconSnapshot, location: str, flags: list[str] | None) -> tuple[AccessSetting, ...]:
    """Locations below that have no setting of their own follow."""
    here = location.strip("/").lower()
    others = [entry for entry in snapshot.access if entry.location.strip("/").lower() != here]
    if flags is None:
        parent = access_at(replace(snapshot, access=tuple(others)), location)
        own = AccessSetting(location, parent.flags if parent else (), explicit=False)
    else:
        own = AccessSetting(location, tuple(sorted(flags)), explicit=True)
    explicit_below = [e.location.strip("/").lower() for e in others if e.explicit]

    def follows(entry: AccessSetting) -> bool:
        path = entry.location.strip("/").lower()
        if entry.explicit or not path.startswith(here + "/"):
            return False
        return not any(path.startswith(parent + "/") and parent.startswith(here + "/") for parent in explicit_below)

    changed = [replace(entry, flags=own.flags) if follows(entry) else entry for entry in others]
    place = next((n for n, e in enumerate(snapshot.access) if e.location.strip("/").lower() == here), len(changed))
    return (*changed[:place], own, *changed[place:])


def _binding_after(snapshot: BeaconSnapshot, parameters: Mapping[str, object]) -> BeaconSnapshot:
    """Windows re-creates the http.sys record with default flags. [reference: windows.md §0, 3]"""
    after = msgspec.convert(parameters["after"], dict[str, str | int])
    bound = next(
        (
            binding
            for site in snapshot.sites
            if site.name == parameters["site"]
            for binding in site.bindings
            if binding.protocol == "https" and binding.information == parameters["information"]
        ),
        None,
    )
    if bound is None:
        return snapshot
    new = replace(bound, ssl_flags=int(after["sslFlags"]))
    kind, key = record_key(new)
    thumbprint, store = str(after["thumbprint"]), str(after["store"])

    def follows(binding: Binding) -> Binding:
        if binding is bound:
            return replace(new, thumbprint=thumbprint, store=store)
        shares = binding.protocol == "https" and record_key(binding) == (kind, key)
        return replace(binding, thumbprint=thumbprint, store=store) if shares else binding

    sites = tuple(replace(site, bindings=tuple(follows(one) for one in site.bindings)) for site in snapshot.sites)
    old = next((r for r in snapshot.httpsys if (r.kind, r.key.lower()) == (kind, key)), None)
    record = fresh_record(new, old or HttpSysRecord(kind, key), thumbprint, store)
    others = tuple(r for r in snapshot.httpsys if (r.kind, r.key.lower()) != (kind, key))
    return replace(snapshot, sites=sites, httpsys=(*others, record))


def _sent_after(snapshot: BeaconSnapshot, hello: Hello, changed: tuple[HttpSysRecord, ...]) -> Hello:
    """Where another certificate is bound, what will be sent is as Windows builds it: the certificate, then the
    intermediates that the machine's stores hold."""
    reached = {str(hello.port), hello.address.rpartition(":")[2]}
    for record in changed:
        name, _, port = record.key.rpartition(":")
        named = {r.key.rpartition(":")[0].lower() for r in snapshot.httpsys if r.kind == "hostnameport"}
        mine = name.lower() == hello.host.lower() if record.kind == "hostnameport" else hello.host.lower() not in named
        if port in reached and mine:
            leaf = next((c for c in snapshot.certificates if c.thumbprint.upper() == record.certhash.upper()), None)
            return replace(hello, chain=_chain_of(snapshot, leaf.der) if leaf else ())
    return hello


def _chain_of(snapshot: BeaconSnapshot, leaf: bytes) -> tuple[bytes, ...]:
    issuers = {certificate(one.der).subject_der: one.der for one in snapshot.store("CA")}
    chain = [leaf]
    while (issuer := issuers.get(certificate(chain[-1]).issuer_der)) is not None and issuer not in chain:
        chain.append(issuer)
    return tuple(chain)


def _hello_after(hello: Hello, ports: frozenset[str]) -> Hello:
    """The console's hello saw whether a certificate is asked for; where the plan changes that, the record decides.

    The port may be the one that [resolve] led to.
    """
    reached = {str(hello.port), hello.address.rpartition(":")[2]}
    return replace(hello, asks_client_certificate=None) if reached & ports else hello
