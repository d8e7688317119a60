"""The sweep: look at beacons and devices anew, and let the console say hello to every endpoint they share.

An endpoint that devices use with plain http gets a hello too: whether TLS answers there is what has to be known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from console.errors import ConfigurationError
from console.fleet.model import Beacon, Device, Fleet
from console.fleet.pairing import explicit_pairs
from console.nearest import did_you_mean
from console.ports import BeaconGateway, Clock, DeviceGateway, HelloProbe
from console.readiness.model import PairUse
from console.services.client_revocation import ClientRevocationService
from console.services.device_revocation import DeviceRevocationService
from console.services.estate import Estate, unreached
from console.services.first_look import FirstLook
from console.services.jobs import Job, JobKind, JobRunner, Work

DEVICE_SECONDS = 90.0
BEACON_SECONDS = 150.0
GREETING_SECONDS = 60.0
REVOCATION_SECONDS = 240.0
"""A target's time, whatever its adapter's own limits are: past it the target is given up."""

HELLO_SECONDS = 8.0
"""For each connection of a hello, of which there is one a TLS version."""

Endpoint = tuple[str, int]
"""(host, port) as devices use them."""


class SweepService:
    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        beacons: BeaconGateway,
        hello: HelloProbe,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
        revocation: ClientRevocationService,
        device_revocation: DeviceRevocationService,
    ) -> None:
        self._fleet = fleet
        self._devices = devices
        self._beacons = beacons
        self._hello = hello
        self._estate = estate
        self._runner = runner
        self._clock = clock
        self._revocation = revocation
        self._device_revocation = device_revocation

    def start(self, targets: Sequence[str] | None = None, *, follow: bool = False) -> Job:
        """Observe these beacons and devices (None: all). Targets of the job are their names, `host:port` of each
        hello, and `NAME: revocation` of each beacon and device that is asked about it. `follow`: also the beacons that
        the devices turn out to use.

        Raises ConfigurationError for an unknown name.
        """
        names = targets if targets is not None else all_names(self._fleet)
        devices = frozenset(names) & {device.name for device in self._fleet.devices}
        about = devices if targets is not None and devices else None
        sweep = _Sweep(self, self._fleet, self._estate, self._revocation, self._device_revocation, about, follow)
        work = [sweep.work_of(name) for name in dict.fromkeys(names)]
        title = "everything" if targets is None else ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        return self._runner.start(JobKind.SWEEP, f"sweep of {title}", work)

    def collect(self, device: Device) -> None:
        """Observe one device now, and store it. Raises SshError and its kin."""
        hosts = [pair.host for pair in explicit_pairs(self._fleet, device.name)]
        self._estate.record_device(self._devices.collect(device, list(dict.fromkeys(hosts))))

    def ask_revocation(self, device: Device) -> None:
        """Ask the addresses for revocation that the device would ask, from it; nothing where it checks none. Where it
        can't be asked, that is what is recorded."""
        if self._device_revocation.is_checked_by(device):
            self._device_revocation.ask(device)

    def snapshot(self, beacon: Beacon) -> None:
        """Observe one beacon over WinRM now, and store it; the last hellos stay beside it. Raises WinrmError.

        A beacon that the fleet file gives no WinRM for is no failure: hellos are all that is known of it.
        """
        if beacon.winrm is None:
            why = "the fleet file gives it no winrm table: only hellos are said"
            self._estate.record_beacon(unreached(beacon.name, self._clock.now(), why))
            return
        self._estate.record_beacon(self._beacons.snapshot(beacon))

    def say_hello(self, use: PairUse) -> None:
        """The console's own hello to one endpoint, stored with each beacon that devices reach there."""
        self._estate.record_hello(self._hello.hello(use.host, use.port, _address(use.address), HELLO_SECONDS))

    def observe_again(self, beacon: Beacon) -> None:
        """Its settings have changed: WinRM's view of it, and a hello to each of its endpoints."""
        self.snapshot(beacon)
        endpoints = {(use.host, use.port): use for use in self._estate.uses() if use.beacon == beacon.name}
        for use in endpoints.values():
            self.say_hello(use)

    def ask_client_revocation(self, beacon: Beacon) -> None:
        """Where it has begun to check revocation of client certificates: what their addresses answer it."""
        if self._revocation.is_checked_by(beacon) and not self._revocation.was_asked(beacon):
            self._revocation.ask(beacon)


@dataclass(slots=True)
class _Sweep:
    """One sweep under way: what it has taken on already, so that nothing is looked at twice."""

    service: SweepService
    fleet: Fleet
    estate: Estate
    revocation: ClientRevocationService
    device_revocation: DeviceRevocationService
    about: frozenset[str] | None
    """The devices whose certificates beacons are asked about; None: all."""
    follow: bool
    first_look: FirstLook = field(init=False)
    taken: set[str | Endpoint] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.first_look = FirstLook(self._second_look)

    def work_of(self, name: str) -> Work:
        self._take(name)
        with suppress(KeyError):
            return self._work(name, partial(self._device, device=self.fleet.device(name)), DEVICE_SECONDS)
        with suppress(KeyError):
            return self._work(name, partial(self._beacon, beacon=self.fleet.beacon(name)), BEACON_SECONDS)
        raise ConfigurationError(
            f"no beacon or device is called {name!r}",
            target=str(self.fleet.path),
            hint=did_you_mean(name, all_names(self.fleet)),
        )

    def _work(self, name: str, run: Callable[[Job], None], seconds: float) -> Work:
        work = Work(name, run, seconds, on_failure=lambda error: self.estate.record_failure(name, error.sentence))
        return self.first_look.part(work)

    def _device(self, job: Job, device: Device) -> None:
        self.service.collect(device)
        if not self.first_look.is_open(device.name):
            return  # given up meanwhile: the job may have ended
        uses = self.estate.uses_of_device(device.name)
        self._greet(job, uses)
        beacons = dict.fromkeys(use.beacon for use in uses if use.beacon)
        if self.follow:
            job.add(*(self.work_of(name) for name in beacons if self._take(name)))
        if self.device_revocation.is_checked_by(device):
            # What is asked depends on its own beacons alone: it waits for nothing else, least of all for a dead host.
            run = partial(self._ask_device, device=device)
            work = Work(revocation_target(device.name), run, REVOCATION_SECONDS, retries=0)
            self.first_look.add_after((*beacons, *map(_greeting_target, uses)), job, work)

    def _beacon(self, job: Job, beacon: Beacon) -> None:
        # Before WinRM is asked: where that fails, the hellos are all that is known of the beacon.
        self._greet(job, [use for use in self.estate.uses() if use.beacon == beacon.name])
        self.service.snapshot(beacon)

    def _greet(self, job: Job, uses: Sequence[PairUse]) -> None:
        new = [use for use in uses if use.beacon and self._take((use.host, use.port))]
        job.add(*map(self._greeting, new))

    def _greeting(self, use: PairUse) -> Work:
        said = partial(self._say_hello, use=use)
        return self.first_look.part(Work(_greeting_target(use), said, GREETING_SECONDS, retries=0))

    def _second_look(self, job: Job) -> None:
        """What can be asked only when every device has been seen: beacons about the certificates of theirs."""
        checking = [one for one in self.fleet.beacons if one.name in self.taken and self.revocation.is_checked_by(one)]
        job.add(*map(self._beacon_question, checking))

    def _beacon_question(self, beacon: Beacon) -> Work:
        run = partial(self._ask_revocation, beacon=beacon)
        return Work(revocation_target(beacon.name), run, REVOCATION_SECONDS, retries=0)

    def _ask_revocation(self, _job: Job, beacon: Beacon) -> None:
        self.revocation.ask(beacon, self.about)

    def _ask_device(self, _job: Job, device: Device) -> None:
        self.device_revocation.ask(device)

    def _say_hello(self, _job: Job, use: PairUse) -> None:
        self.service.say_hello(use)

    def _take(self, what: str | Endpoint) -> bool:
        with self.lock:
            new = what not in self.taken
            self.taken.add(what)
            return new


def revocation_target(name: str) -> str:
    """The job's target that asks addresses for revocation from this beacon or device."""
    return f"{name}: revocation"


def _greeting_target(use: PairUse) -> str:
    return f"{use.host}:{use.port}"


def all_names(fleet: Fleet) -> tuple[str, ...]:
    """Beacons first: they are few, and what they show decides most."""
    return (*(beacon.name for beacon in fleet.beacons), *(device.name for device in fleet.devices))


def _address(text: str) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    return (host.strip("[]"), int(port)) if host else None
