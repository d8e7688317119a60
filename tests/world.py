"""A small world for tests: two devices, two beacons, every service, a real store; nothing leaves the process."""

from __future__ import annotations

from pathlib import Path

from adapters.store.opening import open_store
from console.agent.profile import AgentProfile
from console.fleet.model import Beacon, Device, ExplicitPair, Fleet, WinrmAddress, WinrmAuthentication
from console.readiness.model import COMPONENTS, PairInput, PairVerdict, Verdict
from console.services.assembly import assemble
from console.services.workspace import Workspace
from tests.fakes import FakeBeacons, FakeDevices, FakeHello, FrozenClock, beacon_snapshot

CONFIG = b"""; kept
[ManageSoft\\Common]
AddClientCertificateAndKey=False
Other=1
[ManageSoft\\Common\\UploadSettings\\x]
Protocol=https
Host=b2.test
Port=443
"""


WINRM = WinrmAddress("https://127.0.0.1:1/wsman", WinrmAuthentication.BASIC)


class World:
    """Two devices, two beacons; a verdict is: does the device send what the beacon demands?"""

    def __init__(self, directory: Path) -> None:
        self.clock = FrozenClock()
        self.devices = FakeDevices(self.clock, {"d1": CONFIG, "d2": CONFIG.replace(b"False", b"True")})
        self.beacons = FakeBeacons(self.clock, {name: beacon_snapshot(name) for name in ("b1", "b2")})
        self.hello = FakeHello(self.clock)
        self.fleet = Fleet(
            Path("/fleet.toml"),
            tuple(Beacon(name, f"{name}.test", WINRM) for name in ("b1", "b2")),
            tuple(Device(name, name) for name in ("d1", "d2")),
            tuple(ExplicitPair(name, "b1", "b1.test", 443) for name in ("d1", "d2")),
            resolve={("b1.test", 443): ("127.0.0.1", 4443)},
        )
        self.directory = directory
        self.store = open_store(directory)
        self.space = self.start()

    def start(self, read_only: bool = False) -> Workspace:
        return assemble(
            self.fleet,
            AgentProfile.load(),
            self.clock,
            devices=self.devices,
            beacons=self.beacons,
            hello=self.hello,
            store=self.store.snapshots,
            journal=self.store.journal,
            close_store=lambda: None,
            read_only=read_only,
            judge=sends_what_is_demanded,
        )

    def sweep(self) -> None:
        assert self.space.sweep.start().wait(10)

    def close(self) -> None:
        self.space.close()
        self.store.close()


def sends_what_is_demanded(given: PairInput) -> PairVerdict:
    if given.device is None or given.beacon is None or not given.beacon.reached:
        verdict = Verdict.UNKNOWN
    else:
        sends = b"AddClientCertificateAndKey=True" in (given.device.config.content or b"")
        demands = any("SslRequireCert" in setting.flags for setting in given.beacon.access)
        verdict = Verdict.READY if sends or not demands else Verdict.BLOCKED
    return PairVerdict(given.use, verdict, dict.fromkeys(COMPONENTS, verdict), ())
