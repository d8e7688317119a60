"""A small estate in memory for the screens: two beacons, a few devices, verdicts that follow the edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from console.agent.document import ConfigDocument
from console.agent.preferences import ADD_CLIENT_CERTIFICATE, effective
from console.agent.profile import AgentProfile, AgentTool
from console.agent.snapshot import DeviceSnapshot, FileFact, FileState, TlsStack
from console.changes.model import (
    JournalEntry,
    Plan,
)
from console.fleet.model import Beacon, Device, Fleet
from console.iis.snapshot import AccessSetting, BeaconSnapshot, Binding, HttpSysRecord, Schannel, Site
from console.ports import AgentToolRun, Journal
from console.readiness.model import (
    COMPONENTS,
    Finding,
    LiveOutcome,
    LiveResult,
    PairUse,
    PairVerdict,
    Side,
    Status,
    Step,
    Verdict,
)
from console.readiness.own_openssl import OwnOpenssl, openssl_disagreement
from console.services.agent_tools import AgentToolService
from console.services.device_proof import DeviceProofService
from console.services.editing import EditingService
from console.services.estate import Estate, Observation
from console.services.events import AgentToolEnded, PairProbed, PairVerified
from console.services.job import Job, JobKind, Work
from console.services.jobs import JobRunner
from console.services.listeners import ChangeListener
from console.services.probing import ProbingService
from console.services.recovery import RecoveryService
from console.services.sessions import SessionService
from console.services.sweep import SweepService
from console.services.workspace import Workspace
from tests.screens.changing import NOW as NOW
from tests.screens.changing import SITE, FakeEditing, FakeJournal, FakeRecovery, changed, sha256

EVIL = "[red]x[/red]\x1b[31m\x1b]0;owned\x07\u202eevil"
"""What a hostile remote machine may say: markup, colours, a window title, a bidirectional override."""


class FrozenClock:
    def now(self) -> datetime:
        return NOW


def config(add: str) -> bytes:
    return f"[ManageSoft\\Common]\nAddClientCertificateAndKey={add}\n".encode()


def device_snapshot(name: str, content: bytes, *, system: str = "Linux") -> DeviceSnapshot:
    path = "/var/opt/managesoft/etc/config.ini"
    fact = FileFact(path, FileState.PRESENT, 0o644, "root", "root", len(content), sha256(content), content)
    return DeviceSnapshot(
        device=name,
        taken_at=NOW - timedelta(minutes=3),
        clock=NOW,
        system=system,
        release="6.1",
        hostname=name,
        login="root",
        agent_user="root",
        agent_user_source="config.ini",
        agent_version="25.1",
        config=fact,
        tls=TlsStack(openssl="OpenSSL 3.0.19", curl="curl 8.5"),
    )


def beacon_snapshot(name: str, mode: str) -> BeaconSnapshot:
    flags = {"ignore": ("Ssl",), "accept": ("Ssl", "SslNegotiateCert")}.get(
        mode, ("Ssl", "SslNegotiateCert", "SslRequireCert")
    )
    return BeaconSnapshot(
        beacon=name,
        taken_at=NOW - timedelta(minutes=3),
        clock=NOW,
        computer=name.upper(),
        os_build=20348,
        powershell="5.1",
        elevated=True,
        features=(),
        sites=(Site(SITE, 1, "Started", (Binding(SITE, "https", "*", 443, "", 0, "AB" * 20, "My"),)),),
        access=(AccessSetting(SITE, flags, explicit=True),),
        httpsys=(HttpSysRecord("ipport", "0.0.0.0:443", clientcertnegotiation=True),),
        certificates=(),
        schannel=Schannel(),
        upload_read_ahead=49152,
        config_sha256="cd" * 32,
    )


class World:
    """The remote side, and the services on it, all in memory. Jobs run on the real runner."""

    def __init__(self, *, read_only: bool = False, hostile: bool = False) -> None:
        self.clock = FrozenClock()
        self.profile = AgentProfile.load()
        self.files = {
            "lx-0001": config("True"),
            "lx-0002": config("False"),
            "aix-031": config("False"),
            "sol-002": config("True"),
        }
        self.modes = {"b1": "require", "b2": "accept"}
        self.system = EVIL if hostile else "Linux"
        self.message = EVIL if hostile else "AddClientCertificateAndKey is off"
        self.fleet = Fleet(
            path=Path("prod/fleet.toml"),
            beacons=tuple(Beacon(name, f"{name}.lab.test", None) for name in self.modes),
            devices=tuple(
                Device(name, f"{name}.lab.test", tags=("prod",), production=name == "sol-002") for name in self.files
            ),
        )
        self.listeners: list[ChangeListener] = []
        self.entries: list[JournalEntry] = []
        self.applied: list[tuple[Plan, int | None]] = []
        self.live: dict[tuple[str, str, str, int, str], LiveResult] = {}
        self.own: dict[tuple[PairUse, str], OwnOpenssl] = {}
        self.jobs = JobRunner(workers=2, clock=self.clock)
        self.lost: tuple[PairUse, ...] = ()
        """Uses that no beacon answers to."""
        self.read_only = read_only

    def workspace(self) -> Workspace:
        return Workspace(
            fleet=self.fleet,
            profile=self.profile,
            clock=self.clock,
            estate=cast("Estate", FakeEstate(self)),
            sweep=cast("SweepService", FakeSweep(self)),
            probing=cast("ProbingService", FakeProbing(self)),
            device_proof=cast("DeviceProofService", FakeDeviceProof(self)),
            agent_tools=cast("AgentToolService", FakeAgentTools(self)),
            editing=cast("EditingService", FakeEditing(self, FakeEstate(self))),
            recovery=cast("RecoveryService", FakeRecovery(self)),
            sessions=cast("SessionService", FakeSessions()),
            jobs=self.jobs,
            journal=cast("Journal", FakeJournal(self)),
            read_only=self.read_only,
            close=self.jobs.close,
        )

    def tell(self, name: str) -> None:
        for listener in self.listeners:
            listener(frozenset({name}))

    def observation(self) -> Observation:
        return Observation(
            {name: device_snapshot(name, content, system=self.system) for name, content in self.files.items()},
            {name: beacon_snapshot(name, mode) for name, mode in self.modes.items()},
            {},
            dict(self.live),
        )

    def verdicts(
        self, files: Mapping[str, bytes] | None = None, modes: Mapping[str, str] | None = None
    ) -> tuple[PairVerdict, ...]:
        """Blocked where the beacon requires a certificate and the device sends none; sol-002 uses b1 alone."""
        files, modes = files or self.files, modes or self.modes
        lost = (PairVerdict(use, Verdict.UNKNOWN, dict.fromkeys(COMPONENTS, Verdict.UNKNOWN), ()) for use in self.lost)
        judged = (
            self._judge(device, content, beacon, mode)
            for device, content in files.items()
            for beacon, mode in modes.items()
            if not (device == "sol-002" and beacon == "b2")
        )
        return (*judged, *lost)

    def _judge(self, device: str, content: bytes, beacon: str, mode: str) -> PairVerdict:
        sends = effective(ConfigDocument.parse(content), self.profile, "Uploader", ADD_CLIENT_CERTIFICATE).boolean
        stopped = mode == "require" and not sends
        failing = Finding(
            "device.client-certificate-off",
            Step.CLIENT_CERTIFICATE,
            Side.DEVICE,
            Status.FAIL,
            self.message,
            refused_by=Side.BEACON,
            evidence={"section": "ManageSoft\\Common", "value": "False"},
            remedy="Set AddClientCertificateAndKey=True.",
        )
        connect = Finding("network.port-open", Step.CONNECT, Side.NETWORK, Status.PASS, "listens on 443, 12 ms")
        name = Finding("device.name-matches", Step.NAME, Side.DEVICE, Status.PASS, "the name is in the certificate")
        verdict = Verdict.BLOCKED if stopped else Verdict.READY
        return PairVerdict(
            PairUse(device, beacon, f"{beacon}.lab.test", 443),
            verdict,
            dict.fromkeys(COMPONENTS, verdict),
            (*((failing,) if stopped else ()), connect, name),
        )


class FakeEstate:
    def __init__(self, world: World) -> None:
        self._world = world

    def observation(self) -> Observation:
        return self._world.observation()

    def verdicts(self) -> tuple[PairVerdict, ...]:
        return self._world.verdicts()

    @property
    def fleet(self) -> Fleet:
        return self._world.fleet

    def uses(self) -> tuple[PairUse, ...]:
        return tuple(verdict.use for verdict in self.verdicts())

    def verdicts_of_device(self, name: str) -> tuple[PairVerdict, ...]:
        return tuple(verdict for verdict in self.verdicts() if verdict.use.device == name)

    def live_of(self, verdict: PairVerdict) -> Mapping[str, LiveResult]:
        use = verdict.use
        not_run = LiveResult(LiveOutcome.NOT_RUN)
        return {
            component: self._world.live.get((use.device, use.beacon, use.host, use.port, component), not_run)
            for component in COMPONENTS
        }

    def judge_with(self, plan: Plan) -> tuple[PairVerdict, ...]:
        files, modes = dict(self._world.files), dict(self._world.modes)
        for change in plan.devices:
            files[change.device] = changed(files[change.device], change)
        for beacon in plan.beacons:
            for edit in beacon.edits:
                if edit.setting == "client_certificates":
                    modes[beacon.beacon] = edit.new
        return self._world.verdicts(files, modes)

    def listen(self, listener: ChangeListener) -> Callable[[], None]:
        self._world.listeners.append(listener)
        return lambda: self._world.listeners.remove(listener)


class FakeSweep:
    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, targets: Sequence[str] | None = None) -> Job:
        names = [*self._world.modes, *self._world.files] if targets is None else targets
        work = [Work(name, lambda _job, name=name: self._world.tell(name)) for name in names]  # type: ignore[misc]
        return self._world.jobs.start(JobKind.SWEEP, f"check {len(names)}", work)


class FakeProbing:
    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, uses: Sequence[PairUse], components: Sequence[str] | None = None) -> Job:
        def probe(job: Job, use: PairUse) -> None:
            for component in components or COMPONENTS:
                ok = b"True" in self._world.files[use.device]
                result = LiveResult(
                    LiveOutcome.OK if ok else LiveOutcome.FAILED,
                    tool="curl",
                    tls="TLSv1.3",
                    http_status=200 if ok else 403,
                    failed_side=None if ok else Side.DEVICE,
                    error=None if ok else "HTTP 403.7: a client certificate is required",
                    raw="curl: 403",
                    at=NOW,
                )
                self._world.live[(use.device, use.beacon, use.host, use.port, component)] = result
                job.emit(PairProbed(use, component, result))
            self._world.tell(use.device)

        work = [Work(use.device, lambda job, use=use: probe(job, use)) for use in uses]  # type: ignore[misc]
        return self._world.jobs.start(JobKind.PROBE, f"live {len(uses)}", work)


class FakeDeviceProof:
    """Every device's OpenSSL refuses the chain."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, uses: Sequence[PairUse]) -> Job:
        def verify(job: Job, use: PairUse) -> None:
            said = OwnOpenssl(
                LiveOutcome.FAILED,
                version="OpenSSL 3.0.19",
                code=20,
                depth=0,
                error="the issuer isn't among what the beacon sends and the device trusts",
                options=("-purpose", "sslserver"),
                raw=f"error 20 at 0 depth lookup: {self._world.system}",
                at=NOW,
            )
            for component in COMPONENTS:
                self._world.own[use, component] = said
                job.emit(PairVerified(use, component, said))

        work = [Work(use.device, lambda job, use=use: verify(job, use)) for use in uses]  # type: ignore[misc]
        return self._world.jobs.start(JobKind.PROBE, f"own OpenSSL {len(uses)}", work)

    def results(self, use: PairUse) -> Mapping[str, OwnOpenssl]:
        return {name: self._world.own[use, name] for name in COMPONENTS if (use, name) in self._world.own}

    def newer_results(self, use: PairUse) -> Mapping[str, OwnOpenssl]:
        return self.results(use)

    def asked(self) -> frozenset[PairUse]:
        return frozenset(use for use, _ in self._world.own)

    def findings(self, verdict: PairVerdict) -> tuple[Finding, ...]:
        holds = Finding("device.beacon-untrusted", Step.TRUSTED, Side.DEVICE, Status.PASS, "it is trusted")
        judged = replace(verdict, findings=(*verdict.findings, holds))
        found = openssl_disagreement(judged, dict(self.results(verdict.use)))
        return () if found is None else (found,)


class FakeAgentTools:
    """Every tool ends with status 1, and prints what looks like markup."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runs: dict[str, dict[str, AgentToolRun]] = {}

    def tools(self) -> Mapping[str, AgentTool]:
        return self._world.profile.tools

    def start(self, device: str, tool: str) -> Job:
        def run(job: Job) -> None:
            said = AgentToolRun(LiveOutcome.FAILED, 1, ("[red]no beacon[/red]",), ("last line",), "exit status 1", NOW)
            self._runs.setdefault(device, {})[tool] = said
            job.emit(AgentToolEnded(device, tool, said))

        return self._world.jobs.start(JobKind.PROBE, f"{tool} on {device}", [Work(device, run)])

    def runs(self, device: str) -> Mapping[str, AgentToolRun]:
        return self._runs.get(device, {})


class FakeSessions:
    def held(self) -> tuple[object, ...]:
        return ()
