"""What the fleet screen shows, worked out from the estate off the event loop: immutable, without widgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from console.agent.document import ConfigDocument
from console.agent.preferences import CLIENT_CERTIFICATE, TlsPreferences, effective_tls
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.pki.certificates import certificate
from console.pki.loading import load_ca_file
from console.readiness.model import COMPONENTS, Finding, PairUse, PairVerdict, Verdict
from console.readiness.proof import FROM_DATA, Proof, Strength
from console.services.estate import Observation
from console.services.strength import proofs
from console.services.unused import Unanswered, unanswered, unused_beacons
from console.services.workspace import Workspace
from screens.text import WORST_FIRST, plain


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    sends: str = "?"
    """yes, no, or the number of components that send a certificate: `2 of 3`."""
    expires: datetime | None = None
    """Of the client certificate that runs out first."""


@dataclass(frozen=True, slots=True)
class FleetModel:
    now: datetime
    observation: Observation
    by_device: Mapping[str, tuple[PairVerdict, ...]] = field(default_factory=dict)
    by_beacon: Mapping[str, tuple[PairVerdict, ...]] = field(default_factory=dict)
    facts: Mapping[str, DeviceFacts] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    """Check id to the number of devices whose first obstacle it is, at one beacon at least."""
    proofs: Mapping[PairUse, Proof] = field(default_factory=dict)
    """Of pairs that more than the data speak for, or against."""
    unused: Mapping[str, Finding] = field(default_factory=dict)
    """Beacons that no device uses."""
    unanswered: tuple[Unanswered, ...] = ()
    """Endpoints that no beacon of the fleet answers to."""

    def proof(self, verdict: PairVerdict) -> Proof:
        return self.proofs.get(verdict.use, FROM_DATA)

    def weakest(self, verdicts: Sequence[PairVerdict]) -> Proof:
        """Of several pairs: the weakest proof, and the strongest that says otherwise."""
        found = [self.proof(verdict) for verdict in verdicts]
        against = max((one.against for one in found if one.against is not None), default=None)
        return Proof(min((one.strength for one in found), default=Strength.DATA), against)

    def pair(self, device: str, beacon: str) -> PairVerdict | None:
        """The verdict of this pair, the worst of them where the device reaches the beacon in several ways."""
        return worst(tuple(v for v in self.by_device.get(device, ()) if v.use.beacon == beacon))

    def partner(self, device: str, beacon: str) -> PairVerdict | None:
        """The pair with that beacon; where the device doesn't use it, its worst pair."""
        return self.pair(device, beacon) or worst(self.by_device.get(device, ()))


def worst(verdicts: Sequence[PairVerdict]) -> PairVerdict | None:
    return min(verdicts, key=lambda one: WORST_FIRST.index(one.verdict), default=None)


def check_words(check: str) -> str:
    """`client certificate dates` of `device.client-certificate-dates`: short enough for a column."""
    return plain(check.split(".", 1)[-1].replace("-", " "))


def counts(verdicts: Sequence[PairVerdict]) -> Counter[Verdict]:
    return Counter(one.verdict for one in verdicts)


def build(workspace: Workspace, before: FleetModel | None = None) -> FleetModel:
    """Blocks while pairs are judged. What `before` knows of snapshots that are still the newest is kept."""
    observation = workspace.estate.observation()
    known = {
        name: before.facts[name]
        for name, seen in observation.devices.items()
        if before is not None and before.observation.devices.get(name) is seen
    }
    by_device: dict[str, list[PairVerdict]] = {device.name: [] for device in workspace.fleet.devices}
    by_beacon: dict[str, list[PairVerdict]] = {beacon.name: [] for beacon in workspace.fleet.beacons}
    stopped: dict[str, set[str]] = {}
    verdicts = workspace.estate.verdicts()
    for verdict in verdicts:
        by_device.setdefault(verdict.use.device, []).append(verdict)
        if verdict.use.beacon:
            by_beacon.setdefault(verdict.use.beacon, []).append(verdict)
        if (obstacle := verdict.first_obstacle) is not None:
            stopped.setdefault(obstacle.check, set()).add(verdict.use.device)
    return FleetModel(
        now=workspace.clock.now(),
        observation=observation,
        by_device={name: tuple(found) for name, found in by_device.items()},
        by_beacon={name: tuple(found) for name, found in by_beacon.items()},
        facts={
            name: known.get(name) or device_facts(snapshot, workspace.profile)
            for name, snapshot in observation.devices.items()
        },
        faults={check: len(devices) for check, devices in stopped.items()},
        proofs=proofs(workspace.estate, workspace.device_proof, verdicts),
        unused=unused_beacons(workspace.estate),
        unanswered=unanswered(verdict.use for verdict in verdicts),
    )


def preferences_of(snapshot: DeviceSnapshot, profile: AgentProfile) -> tuple[TlsPreferences, ...]:
    """One for each component; empty where config.ini couldn't be read."""
    if snapshot.config.content is None:
        return ()
    document = ConfigDocument.parse(snapshot.config.content)
    return tuple(effective_tls(document, profile, component) for component in COMPONENTS)


def device_facts(snapshot: DeviceSnapshot, profile: AgentProfile) -> DeviceFacts:
    preferences = preferences_of(snapshot, profile)
    if not preferences:
        return DeviceFacts()
    switches = [one.add_client_certificate for one in preferences]
    on = switches.count(True)
    if None in switches:
        sends = "?"
    elif on in (0, len(switches)):
        sends = "yes" if on else "no"
    else:
        sends = f"{on} of {len(switches)}"
    paths = {one.value(CLIENT_CERTIFICATE).value or "" for one in preferences}
    ends = [end for path in paths if (end := _expiry(snapshot, path)) is not None]
    return DeviceFacts(sends, min(ends, default=None))


def _expiry(snapshot: DeviceSnapshot, path: str) -> datetime | None:
    fact = snapshot.file(path)
    if fact is None or not fact.content:
        return None
    loaded = load_ca_file(fact.content)
    return certificate(loaded.certificates[0].der).not_after if loaded.certificates else None
