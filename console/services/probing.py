"""Live handshakes, made from the device with its own effective preferences and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from console.agent.failover import Endpoint as Place
from console.agent.failover import endpoint_of
from console.agent.preferences import TlsPreferences
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.errors import ConfigurationError, UnreachableError
from console.fleet.model import Device, Fleet
from console.iis.snapshot import BeaconSnapshot
from console.ports import Clock, DeviceGateway, ProbeRequest, TrustContent
from console.readiness.beacon_view import ClientMode, Endpoint, view_endpoint
from console.readiness.device_view import ca_file_in_use, view_device
from console.readiness.model import COMPONENTS, LiveResult, PairUse
from console.readiness.stack import VERSIONS, read_stack
from console.services.estate import Estate
from console.services.events import PairProbed
from console.services.jobs import Job, JobKind, JobRunner, Work

PROBE_SECONDS = 20.0
"""One handshake's time on the device."""

REALISTIC_UPLOAD = 200 * 1024
"""Bytes of an upload where the certificate is asked for late and the fleet file names no size: a compressed inventory,
and well above what IIS reads ahead by default (49,152)."""

FORCED = ("TLSv1.2", "TLSv1.3")

_DIRECTORIES = {"download": "ManageSoftDL", "upload": "ManageSoftRL"}


class ProbingService:
    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
    ) -> None:
        self._fleet = fleet
        self._devices = devices
        self._estate = estate
        self._runner = runner
        self._clock = clock

    def start(self, uses: Sequence[PairUse], components: Sequence[str] | None = None) -> Job:
        """Probe each use for these components (None: all three). Targets of the job are device names; each result
        is a PairProbed event, and is stored. A device that was never swept is a failed target.

        Raises ConfigurationError for a use of a device that isn't in the fleet.
        """
        by_device: dict[str, list[PairUse]] = {}
        for use in dict.fromkeys(uses):
            by_device.setdefault(use.device, []).append(use)
        chosen = tuple(components or COMPONENTS)
        work = [
            Work(name, partial(self._probe, self._device(name), mine, chosen), _time_for(len(mine)), retries=0)
            for name, mine in by_device.items()
        ]
        some = ", ".join(list(by_device)[:3]) + (" …" if len(by_device) > 3 else "")
        return self._runner.start(JobKind.PROBE, f"live handshake of {some}", work)

    def _device(self, name: str) -> Device:
        try:
            return self._fleet.device(name)
        except KeyError:
            raise ConfigurationError(f"no device is called {name!r}", target=str(self._fleet.path)) from None

    def _probe(self, device: Device, uses: Sequence[PairUse], components: Sequence[str], job: Job) -> None:
        observation = self._estate.observation()
        snapshot = observation.devices.get(device.name)
        if snapshot is None:
            raise UnreachableError(
                "its preferences aren't known, so no handshake can be made as its agent would",
                target=device.name,
                phase="live",
                hint="Sweep it first.",
            )
        for use in uses:
            if job.cancelled:
                return
            requests = requests_of(snapshot, self._estate.profile, use, components, observation.beacons.get(use.beacon))
            self._probe_use(device, use, requests, job)

    def _probe_use(self, device: Device, use: PairUse, requests: Mapping[str, ProbeRequest], job: Job) -> None:
        """Components that would make the same request share one handshake."""
        results: dict[ProbeRequest, LiveResult] = {}
        for component, request in requests.items():
            same = replace(request, component="")
            if same not in results:
                results[same] = replace(self._devices.probe(device, request), at=self._clock.now())
            result = results[same]
            self._estate.record_live(use, component, result)
            job.emit(PairProbed(use, component, result))


def requests_of(
    snapshot: DeviceSnapshot,
    profile: AgentProfile,
    use: PairUse,
    components: Sequence[str] = COMPONENTS,
    beacon: BeaconSnapshot | None = None,
) -> Mapping[str, ProbeRequest]:
    """What each component would ask of the beacon, from the device's preferences as last observed.

    Switches whose word can't be told are taken as the agent's safe reading: check the server, send no certificate.
    """
    endpoint = None if beacon is None else view_endpoint(beacon, use.host, use.port, use.address)
    versions = _versions(snapshot, use, endpoint)
    no_tools = not snapshot.tls.curl and not snapshot.tls.openssl
    view = view_device(snapshot, profile)
    # By what two spellings of one endpoint have in common; the list's first entry for it is the one whose use this is.
    directories: dict[tuple[str, Place], str] = {}
    for entry in view.failover.entries:
        directories.setdefault((entry.kind.value, entry.endpoint), entry.directory)
    here = endpoint_of(use.host, use.port, use.protocol)
    requests = {}
    for component in components:
        preferences = view.preferences(component)
        direction = profile.component(component).uses
        directory = directories.get((direction, here), _DIRECTORIES[direction])
        upload = direction == "upload" and bool(use.upload_bytes)
        sends = preferences.add_client_certificate is True
        requests[component] = ProbeRequest(
            use=use,
            component=component,
            directory=directory,
            upload=upload,
            check_server=preferences.check_server is not False,
            check_revocation=preferences.check_revocation is True,
            ca_file=ca_file_in_use(snapshot, preferences),
            ca_directory=preferences.ca_directory,
            client_certificate=preferences.client_certificate if sends else "",
            client_key=preferences.client_key if sends else "",
            agent_user=snapshot.agent_user,
            timeout_seconds=PROBE_SECONDS,
            versions=versions,
            late_upload=_late_upload(use, endpoint, direction, directory),
            trust=_trust(snapshot, preferences) if no_tools else None,
        )
    return requests


def _versions(snapshot: DeviceSnapshot, use: PairUse, endpoint: Endpoint | None) -> tuple[str, ...]:
    """Those to try by themselves: more than one only where both sides may speak both."""
    if use.protocol.lower() == "http":
        return ()
    served = endpoint.versions if endpoint is not None else None
    speaks = dict(zip(VERSIONS, read_stack(snapshot.tls).speaks, strict=True))
    found = tuple(
        version for version in FORCED if speaks[version] is not False and (served is None or version in served)
    )
    return found if len(found) > 1 else ()


def _late_upload(use: PairUse, endpoint: Endpoint | None, direction: str, directory: str) -> int:
    """Bytes of an upload to try beside; 0 where the natural request is one, or nothing is asked for late."""
    if direction != "upload" or use.upload_bytes or endpoint is None or use.protocol.lower() == "http":
        return 0
    access = endpoint.access(directory)
    if access is None or access.mode is ClientMode.IGNORE or access.never_asks:
        return 0
    return REALISTIC_UPLOAD if endpoint.asks_first is False else 0


def _trust(snapshot: DeviceSnapshot, preferences: TlsPreferences) -> TrustContent:
    path = ca_file_in_use(snapshot, preferences)
    file = snapshot.file(path) if path else None
    directory = snapshot.directory(preferences.ca_directory)
    entries = directory.entries if directory is not None else ()
    named = ((entry.path.rpartition("/")[2], entry.content) for entry in entries)
    return TrustContent(
        ca_file=file.content if file is not None else None,
        ca_directory=tuple((name, content) for name, content in named if content is not None),
        missing=path if path and (file is None or file.content is None) else "",
    )


def _time_for(uses: int) -> float:
    attempts = 2 + len(FORCED)
    return 60.0 + uses * len(COMPONENTS) * (attempts * PROBE_SECONDS + 5.0)
