"""A small estate in memory for the screens: two beacons, a few devices, verdicts that follow the edits."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from console.agent.document import ConfigDocument
from console.agent.preferences import ADD_CLIENT_CERTIFICATE, effective
from console.agent.profile import AgentProfile, AgentTool
from console.agent.snapshot import DeviceSnapshot, FileFact, FileState, TlsStack
from console.changes.model import (
    BeaconChange,
    BeaconStep,
    DeviceChange,
    EntryState,
    JournalEntry,
    Lockout,
    Plan,
    PreferenceEdit,
    SettingEdit,
    TargetKind,
)
from console.errors import ChangeRefused, ConfigurationError
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
from console.services.recovery import OpenEntry, OpenState, RecoveryService
from console.services.sessions import SessionService
from console.services.sweep import SweepService
from console.services.workspace import Workspace

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SITE = "Default Web Site"
EVIL = "[red]x[/red]\x1b[31m\x1b]0;owned\x07\u202eevil"
"""What a hostile remote machine may say: markup, colours, a window title, a bidirectional override."""


class FrozenClock:
    def now(self) -> datetime:
        return NOW


def config(add: str) -> bytes:
    return f"[ManageSoft\\Common]\nAddClientCertificateAndKey={add}\n".encode()


def device_snapshot(name: str, content: bytes, *, system: str = "Linux") -> DeviceSnapshot:
    path = "/var/opt/managesoft/etc/config.ini"
    fact = FileFact(path, FileState.PRESENT, 0o644, "root", "root", len(content), _sha(content), content)
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


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
            editing=cast("EditingService", FakeEditing(self)),
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


def changed(content: bytes, change: DeviceChange) -> bytes:
    document = ConfigDocument.parse(content)
    for edit in change.edits:
        if edit.new is None:
            document = document.remove(edit.section, edit.key)
        else:
            document = document.set(edit.section, edit.key, edit.new)
    return document.to_bytes()


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


class FakeEditing:
    def __init__(self, world: World) -> None:
        self._world = world
        self._plans = 0

    def _plan(self, kind: TargetKind, title: str) -> Plan:
        self._plans += 1
        return Plan(f"{self._plans:04d}", NOW, kind, title)

    def plan_devices(self, names: Sequence[str], edits: Mapping[str, str | None]) -> Plan:
        world = self._world
        changes: list[DeviceChange] = []
        unchanged: list[str] = []
        for name in names:
            content = world.files[name]
            document = ConfigDocument.parse(content)
            made: list[PreferenceEdit] = []
            for key, value in edits.items():
                component, _, short = key.rpartition(".")
                preference = world.profile.preference(short)
                section = world.profile.component(component).section if component else world.profile.common_section
                old = document.get(section, preference.name)
                if old != value:
                    made.append(PreferenceEdit(section, preference.name, old, value))
            change = DeviceChange(name, "config.ini", _sha(content), "", tuple(made))
            after = changed(content, change)
            if after == content:
                unchanged.append(name)
                continue
            diff = "".join(difflib.unified_diff(_lines(content), _lines(after), "config.ini", "config.ini"))
            changes.append(replace(change, after_sha256=_sha(after), diff=diff))
        plan = self._plan(TargetKind.DEVICE, f"{', '.join(key for key in edits if '.' not in key)}")
        return self._forecast(replace(plan, devices=tuple(changes), unchanged=tuple(unchanged)))

    def plan_beacons(self, names: Sequence[str], settings: Mapping[str, str]) -> Plan:
        changes = tuple(
            BeaconChange(
                name,
                SITE,
                "cd" * 32,
                tuple(SettingEdit(setting, self._world.modes[name], value) for setting, value in settings.items()),
                (BeaconStep("set-access", {}, {}, f"access flags of {SITE}"),),
                diff="-accept\n+require",
            )
            for name in names
        )
        plan = self._plan(TargetKind.BEACON, ", ".join(f"{key}={value}" for key, value in settings.items()))
        return self._forecast(replace(plan, beacons=changes))

    def _forecast(self, plan: Plan) -> Plan:
        through = {verdict.use for verdict in self._world.verdicts() if verdict.verdict is Verdict.READY}
        lost = [
            Lockout(verdict.use.device, verdict.use.beacon, "it sends no certificate")
            for verdict in FakeEstate(self._world).judge_with(plan)
            if verdict.use in through and verdict.verdict is Verdict.BLOCKED
        ]
        return replace(plan, lockouts=tuple(lost))

    def cut_off_by_require(self, beacon: str) -> tuple[str, ...]:
        lockouts = self.plan_beacons([beacon], {"client_certificates": "require"}).lockouts
        return tuple(dict.fromkeys(lockout.device for lockout in lockouts))

    def plan_undo(self, entry_id: str) -> Plan:
        entry = next((one for one in self._world.entries if one.entry == entry_id), None)
        if entry is None or entry.device_change is None:
            raise ConfigurationError(f"there is no entry {entry_id}")
        change = entry.device_change
        back = dataclasses.replace(
            change,
            before_sha256=change.after_sha256,
            after_sha256=change.before_sha256,
            edits=tuple(PreferenceEdit(one.section, one.key, one.new, one.old) for one in change.edits),
        )
        plan = self._plan(TargetKind.DEVICE, f"undo of {entry_id}")
        return self._forecast(replace(plan, devices=(back,), inverse_of=entry_id))

    def start_apply(self, plan: Plan, accept_lockout: int | None = None) -> Job:
        world = self._world
        if world.read_only:
            raise ChangeRefused("the console is read-only")
        world.applied.append((plan, accept_lockout))

        def apply(name: str) -> None:
            for change in plan.devices:
                if change.device == name:
                    world.files[name] = changed(world.files[name], change)
                    world.entries.insert(0, self._entry(plan, name, change))
                    if plan.inverse_of:
                        world.entries[:] = [
                            replace(one, state=EntryState.UNDONE) if one.entry == plan.inverse_of else one
                            for one in world.entries
                        ]
            for beacon in plan.beacons:
                if beacon.beacon == name:
                    world.modes[name] = beacon.edits[0].new
            world.tell(name)

        work = [Work(name, lambda _job, name=name: apply(name)) for name in plan.targets]  # type: ignore[misc]
        return world.jobs.start(JobKind.APPLY, f"apply {plan.id}", work)

    def _entry(self, plan: Plan, name: str, change: DeviceChange) -> JournalEntry:
        number = f"E-{len(self._world.entries) + 1:04d}"
        return JournalEntry(
            number, NOW, plan.id, plan.kind, name, EntryState.DONE, plan.title, change, undoes=plan.inverse_of
        )


def _lines(content: bytes) -> list[str]:
    return content.decode().splitlines(keepends=True)


class FakeRecovery:
    def __init__(self, world: World) -> None:
        self._world = world

    def open_entries(self) -> tuple[JournalEntry, ...]:
        return tuple(entry for entry in self._world.entries if entry.state is EntryState.OPEN)

    def inspect(self, entry: JournalEntry) -> OpenEntry:
        return OpenEntry(entry, OpenState.APPLIED, f"{entry.target}: it went through, only its record was missing.")

    def settle(self, opened: OpenEntry) -> None:
        self._world.entries[:] = [
            replace(one, state=EntryState.DONE) if one.entry == opened.entry.entry else one
            for one in self._world.entries
        ]


class FakeSessions:
    def held(self) -> tuple[object, ...]:
        return ()


class FakeJournal:
    def __init__(self, world: World) -> None:
        self._world = world

    def entries(self, limit: int | None = None) -> Sequence[JournalEntry]:
        return tuple(self._world.entries[:limit])
