"""The device's own OpenSSL asked about the beacon's chain: stronger than the data, weaker than a live handshake.

The addresses for revocation are asked from the device at the same time. What they answer is data like what a sweep
brings: it is stored, and verdicts go by it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from console.agent.document import ConfigDocument
from console.agent.preferences import effective_tls
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.errors import ConfigurationError, UnreachableError
from console.fleet.model import Device, Fleet
from console.ports import Clock, DeviceGateway, VerifyRequest
from console.readiness.beacon_view import view_endpoint
from console.readiness.device_view import ca_file_in_use
from console.readiness.model import COMPONENTS, Finding, LiveOutcome, PairUse, PairVerdict
from console.readiness.own_openssl import OwnOpenssl, openssl_disagreement
from console.readiness.stack import read_stack
from console.services.device_revocation import DeviceRevocationService
from console.services.estate import Estate
from console.services.events import PairVerified
from console.services.jobs import Job, JobKind, JobRunner, Work
from console.services.observation import Observation

VERIFY_SECONDS = 30.0
"""One `openssl verify`'s time on the device."""


_USE_SECONDS = 3 * VERIFY_SECONDS
_DEVICE_SECONDS = 60.0 + 240.0
"""Its connection, and its addresses for revocation."""


class DeviceProofService:
    """OpenSSL's results belong to this run of the program: not stored, and no verdict goes by them. Thread-safe."""

    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
        revocation: DeviceRevocationService,
    ) -> None:
        self._fleet = fleet
        self._devices = devices
        self._estate = estate
        self._runner = runner
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[tuple[PairUse, str], OwnOpenssl] = {}
        self._revocation = revocation

    def start(self, uses: Sequence[PairUse]) -> Job:
        """Ask for each use and all components. Targets of the job are device names; each result is a PairVerified
        event. A device that was never swept is a failed target.

        Raises ConfigurationError for a use of a device that isn't in the fleet.
        """
        by_device: dict[str, list[PairUse]] = {}
        for use in dict.fromkeys(uses):
            by_device.setdefault(use.device, []).append(use)
        work = [
            Work(name, partial(self._verify, self._device(name), mine), _DEVICE_SECONDS + len(mine) * _USE_SECONDS)
            for name, mine in by_device.items()
        ]
        some = ", ".join(list(by_device)[:3]) + (" …" if len(by_device) > 3 else "")
        return self._runner.start(JobKind.PROBE, f"own OpenSSL of {some}", work)

    def results(self, use: PairUse) -> Mapping[str, OwnOpenssl]:
        """Component to its newest result; empty where none was asked for."""
        with self._lock:
            return {name: self._results[use, name] for name in COMPONENTS if (use, name) in self._results}

    def newer_results(self, use: PairUse) -> Mapping[str, OwnOpenssl]:
        """As `results`, without those that are older than the data: they were true of what was there then."""
        observation = self._estate.observation()
        return {
            component: result
            for component, result in self.results(use).items()
            if _is_newer(result.at, use, observation)
        }

    def asked(self) -> frozenset[PairUse]:
        """The uses that have results."""
        with self._lock:
            return frozenset(use for use, _ in self._results)

    def findings(self, verdict: PairVerdict) -> tuple[Finding, ...]:
        """What disagrees with the data, of results that are newer than they are."""
        found = openssl_disagreement(verdict, self.newer_results(verdict.use))
        return () if found is None else (found,)

    def _device(self, name: str) -> Device:
        try:
            return self._fleet.device(name)
        except KeyError:
            raise ConfigurationError(f"no device is called {name!r}", target=str(self._fleet.path)) from None

    def _verify(self, device: Device, uses: Sequence[PairUse], job: Job) -> None:
        observation = self._estate.observation()
        snapshot = observation.devices.get(device.name)
        if snapshot is None:
            raise UnreachableError(
                "its preferences aren't known, so its OpenSSL can't be asked as its agent would ask",
                target=device.name,
                phase="verify",
                hint="Sweep it first.",
            )
        for use in uses:
            if job.cancelled:
                return
            self._verify_use(device, use, verify_requests(snapshot, self._estate.profile, use, observation), job)
        if self._revocation.is_checked_by(device):
            self._revocation.ask(device)

    def _verify_use(self, device: Device, use: PairUse, requests: Mapping[str, VerifyRequest | str], job: Job) -> None:
        """Components that ask the same share one answer."""
        answers: dict[VerifyRequest, OwnOpenssl] = {}
        for component, request in requests.items():
            if isinstance(request, str):
                result = OwnOpenssl(LiveOutcome.NOT_RUN, error=request, at=self._clock.now())
            else:
                if request not in answers:
                    answers[request] = replace(self._devices.verify_chain(device, request), at=self._clock.now())
                result = answers[request]
            with self._lock:
                self._results[use, component] = result
            job.emit(PairVerified(use, component, result))


def verify_requests(
    snapshot: DeviceSnapshot, profile: AgentProfile, use: PairUse, observation: Observation
) -> Mapping[str, VerifyRequest | str]:
    """What each component's library would check; a text where there is nothing to ask, saying why."""
    beacon = observation.beacons.get(use.beacon)
    chain = view_endpoint(beacon, use.host, use.port, use.address).chain if beacon is not None else ()
    document = ConfigDocument.parse(snapshot.config.content or b"")
    stack = read_stack(snapshot.tls)
    found: dict[str, VerifyRequest | str] = {}
    for component in COMPONENTS:
        preferences = effective_tls(document, profile, component)
        if use.protocol.lower() == "http":
            found[component] = "the device uses plain http here"
        elif preferences.check_server is False:
            found[component] = "CheckServerCertificate is off: the device takes any certificate"
        elif not chain:
            found[component] = "the chain that the beacon sends wasn't seen by the console's hello"
        else:
            found[component] = VerifyRequest(
                host=use.host,
                chain=tuple(chain),
                ca_file=ca_file_in_use(snapshot, preferences),
                ca_directory=preferences.ca_directory,
                # With a check of revocation the library needs the chain up to the root (measured).
                partial_chain=preferences.check_revocation is False and all(stack.partial_chain),
                security_level=snapshot.tls.security_level,
                agent_user=snapshot.agent_user,
                timeout_seconds=VERIFY_SECONDS,
            )
    return found


def _is_newer(at: datetime | None, use: PairUse, observation: Observation) -> bool:
    snapshots = (observation.devices.get(use.device), observation.beacons.get(use.beacon))
    return at is not None and all(one is None or at >= one.taken_at for one in snapshots)
