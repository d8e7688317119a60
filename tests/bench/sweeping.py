"""A sweep over SSH against OpenSSH's own client, which runs the same commands on the same lab devices."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from adapters.secrets.source import SecretResolver
from adapters.ssh.collector import wanted_by
from adapters.ssh.gateway import SshDeviceGateway
from adapters.ssh.reach import endpoints_of, reach_script
from adapters.ssh.scripts import bootstrap, library, whole
from adapters.ssh.text import quoted
from console.agent.document import ConfigDocument
from console.agent.profile import AgentProfile
from console.agent.snapshot import FileState
from console.cli import open_workspace
from console.fleet.loading import load_fleet
from console.fleet.model import Device, Fleet
from console.services.clock import SystemClock
from tests.bench.report import Spent, Table, alone, children_cpu, timed

WORKERS = 16
_CLASSICAL = ("-o", "KexAlgorithms=curve25519-sha256", "-o", "Ciphers=aes128-gcm@openssh.com")
_LAB = "import sys; from pathlib import Path; from fixtures.lab.supervisor import run_lab_up; " + (
    "sys.exit(run_lab_up(Path(sys.argv[1]), Path(sys.argv[2]), False, None))"
)


@dataclass(frozen=True, slots=True)
class Swept:
    what: str
    spent: Spent
    good: int


@contextmanager
def lab(devices: int, directory: Path) -> Iterator[Path]:
    """A lab in a process of its own, so that the servers' CPU counts apart. Gives its fleet file."""
    spec = {
        "ca": {"corp": {"key": "p256"}},
        "certificate": {"client": {"issuer": "corp", "usage": ["client"], "key": "p256"}},
        "beacon": [{"name": "beacon", "trusted": ["corp"]}],
        "device": [{"name": f"device{n:04d}", "use": [{"beacon": "beacon"}]} for n in range(devices)],
    }
    (directory / "spec.toml").write_text(tomli_w.dumps(spec))
    command = [sys.executable, "-c", _LAB, str(directory / "spec.toml"), str(directory / "lab")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            if not said.startswith("ready "):
                raise RuntimeError(f"the lab didn't start: {said!r}")
            yield Path(said.removeprefix("ready ").strip())
        finally:
            process.send_signal(signal.SIGTERM)


def by_adapter(fleet_file: Path) -> Swept:
    """The SSH adapter: connect, log in, facts, files, goodbye."""
    fleet = load_fleet(fleet_file)
    gateway = SshDeviceGateway(fleet, AgentProfile.load(), SecretResolver(), SystemClock())

    def collect(device: Device) -> bool:
        snapshot = gateway.collect(device, ())
        gateway.disconnect(device)
        return snapshot.config.state is FileState.PRESENT and bool(snapshot.files)

    with ThreadPoolExecutor(WORKERS) as pool:
        good, spent = timed(lambda: sum(pool.map(collect, fleet.devices)))
    gateway.close()
    return Swept("mtls-console: SSH adapter", spent, good)


def by_service(fleet_file: Path, state: Path) -> Swept:
    """The sweep as `mtls-console sweep` runs it: hellos, judging's input and the store included."""
    space = open_workspace(fleet_file, state=state)
    try:

        def sweep() -> int:
            job = space.sweep.start([device.name for device in space.fleet.devices])
            job.wait(600)
            return len(space.estate.observation().devices)

        good, spent = timed(sweep)
    finally:
        space.close()
    return Swept("mtls-console: sweep (hellos and store too)", spent, good)


def by_openssh(fleet_file: Path, what: str, options: Sequence[str]) -> Swept:
    """`ssh` once a device, with our three commands in one: two round trips less than ours."""
    fleet = load_fleet(fleet_file)
    profile = AgentProfile.load()

    def run(device: Device) -> bool:
        script = _script(device, profile, fleet)
        ssh = ["ssh", "-F", "none", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
        ssh += [
            "-o",
            f"UserKnownHostsFile={device.known_hosts}",
            "-o",
            "IdentitiesOnly=yes",
            "-i",
            f"{device.key_file}",
        ]
        ssh += [*options, "-p", str(device.port), f"{device.user}@{device.host}", bootstrap(script)]
        ended = subprocess.run(ssh, input=script, capture_output=True, check=False)
        return ended.returncode == 0 and b"\nend 0\n" in ended.stdout and b"BEGIN CERTIFICATE" in ended.stdout

    cpu, wall = children_cpu(), time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        good = sum(pool.map(run, fleet.devices))
    return Swept(what, Spent(time.perf_counter() - wall, children_cpu() - cpu), good)


def _script(device: Device, profile: AgentProfile, fleet: Fleet) -> bytes:
    wanted = wanted_by(ConfigDocument.parse(Path(device.config_ini).read_bytes()), profile)
    lines = [f"facts {quoted(device.config_ini)} {quoted(device.agent_user)}"]
    lines += [f"file file.{n} {quoted(path)} pem 2000000" for n, path in enumerate(wanted.files)]
    lines += [f"directory dir.{n} {quoted(path)} 1000" for n, path in enumerate(wanted.directories)]
    lines += [f"key key.{n} {quoted(path)}" for n, path in enumerate(wanted.keys)]
    pairs = [(pair.host, pair.port) for pair in fleet.pairs if pair.device == device.name]
    lines += reach_script(endpoints_of([*pairs, *wanted.endpoints], fleet.resolve))
    return whole(*map(library, ("common.sh", "collect.sh", "reach.sh")), "\n".join(lines))


def run(devices: int) -> Table:
    with tempfile.TemporaryDirectory() as folder, lab(devices, Path(folder)) as fleet:
        swept = [
            alone(by_openssh, fleet, "OpenSSH, curve25519", _CLASSICAL),
            alone(by_adapter, fleet),
            alone(by_service, fleet, Path(folder) / "state"),
            alone(by_openssh, fleet, "OpenSSH, its own choice of key exchange", ()),
        ]
    base = swept[0].spent
    return Table(
        f"Sweep of {devices} lab devices, {WORKERS} at a time, client on one core",
        ("what", "observed", "hosts/s", "client CPU a host", "CPU against OpenSSH curve25519", "wall against it"),
        tuple(
            (
                each.what,
                f"{each.good}/{devices}",
                f"{devices / each.spent.wall:.1f}",
                f"{each.spent.cpu / devices * 1000:.1f} ms",
                f"{each.spent.cpu / base.cpu:.2f}x",
                f"{each.spent.wall / base.wall:.2f}x",
            )
            for each in swept
        ),
        (
            "The lab's servers (asyncssh, one process) and the collector's shells share the machine with the client:",
            "they bound hosts/s; client CPU is the figure to compare.",
        ),
    )
