"""The command line, and the one place that wires adapters, screens and the lab in."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from console.__main__ import INTERRUPTED
from console.command.catalogue import COMMANDS
from console.command.logfile import log_to
from console.command.outside import CannotAnswer, Outside
from console.command.parsing import PROGRAM, parse
from console.command.text import error_lines
from console.errors import ExitStatus, MtlsConsoleError, UsageError
from console.fleet.model import Fleet, SecretReference
from console.services.workspace import Workspace


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    from adapters.ssh.descriptors import raise_soft_limit

    for stream in (sys.stdout, sys.stderr):
        # A terminal of another encoding must not turn a glyph into a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    raise_soft_limit()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # An ordinary end: connections get a goodbye, and the demo's directory with its keys goes.
        signal.signal(number, _end)
    return run(sys.argv[1:] if words is None else words, real_outside())


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    for other in (signal.SIGTERM, signal.SIGHUP):
        # A terminal that goes may tell us twice, by the kernel and by who looks after it: one end is enough.
        signal.signal(other, signal.SIG_IGN)
    if number == signal.SIGHUP:
        # The terminal is gone: Textual's writer would die of its first write, and its full queue block the end.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
    raise SystemExit(128 + number)


def run(words: Sequence[str], outside: Outside) -> int:
    """As `main`, with everything outside given."""
    try:
        command, arguments = parse(COMMANDS, words, version("mtls-console"))
        return int(command.run(arguments, outside))
    except MtlsConsoleError as error:
        outside.say(error_lines(f"{PROGRAM}: {error}"))
        return int(error.exit_status)
    except KeyboardInterrupt:
        outside.say(f"{PROGRAM}: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our answer has seen enough; Python would complain again while it flushes at exit.
        _to_nowhere(sys.stdout)
        return int(ExitStatus.DONE)
    except CannotAnswer as error:
        outside.say(f"{PROGRAM}: the answer can't be written to stdout: {error}")
        _to_nowhere(sys.stdout)
        return int(ExitStatus.NOT_READY)


def _to_nowhere(stream: TextIO | None) -> None:
    """What is left in the stream's buffer goes nowhere: Python would try again while it ends, and complain."""
    if stream is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def real_outside(stdin: TextIO | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None) -> Outside:
    """Python has None for a stream that was closed before the start (`>&-`); the null device stands for it."""
    from adapters.store.locations import default_fleet_file

    return Outside(
        open_workspace=open_workspace,
        run_console=_run_console,
        serve_lab=_serve_lab,
        demo=_demo,
        default_fleet=default_fleet_file,
        environment=os.environ,
        stdin=stdin or sys.stdin or Path(os.devnull).open(encoding="utf-8"),
        stdout=stdout or sys.stdout or Path(os.devnull).open("w", encoding="utf-8"),
        stderr=stderr or sys.stderr or Path(os.devnull).open("w", encoding="utf-8"),
    )


def open_workspace(
    fleet_file: Path, read_only: bool = False, screens: bool = False, state: Path | None = None
) -> Workspace:
    """Load a fleet and wire the services to the real adapters. Raises ConfigurationError, StoreError, CredentialError.

    `screens`: the terminal will belong to screens, so whatever password has to be asked for is asked for now.
    `state`: where snapshots, journal and log lie; None: the platform's state directory.
    """
    from adapters.secrets.source import SecretResolver
    from adapters.ssh.gateway import SshDeviceGateway
    from adapters.store.locations import state_directory
    from adapters.store.opening import open_store
    from adapters.tls.hello import TlsHelloProbe
    from adapters.winrm.gateway import WinrmBeaconGateway
    from console.agent.profile import AgentProfile
    from console.fleet.loading import load_fleet
    from console.services.assembly import assemble, require_distinct_names
    from console.services.clock import SystemClock

    fleet = load_fleet(fleet_file)
    require_distinct_names(fleet)
    profile = AgentProfile.load(fleet.policy.agent_profile)
    directory = state or state_directory(fleet.path)
    store = open_store(directory)
    log_to(directory)
    clock = SystemClock()
    secrets = SecretResolver()
    if screens:
        secrets.ask_ahead(_questions(fleet))
    return assemble(
        fleet,
        profile,
        clock,
        devices=SshDeviceGateway(fleet, profile, secrets, clock),
        beacons=WinrmBeaconGateway(secrets, clock),
        hello=TlsHelloProbe(clock),
        store=store.snapshots,
        journal=store.journal,
        close_store=store.close,
        read_only=read_only,
    )


def _questions(fleet: Fleet) -> Iterator[tuple[SecretReference, str]]:
    """Passwords by `prompt`, with the purposes under which the adapters ask for them."""
    from adapters.ssh.target import TargetResolver

    for beacon in fleet.beacons:
        if beacon.winrm and beacon.winrm.password and beacon.winrm.password.prompt:
            yield beacon.winrm.password, f"WinRM of {beacon.name}"
    resolver = TargetResolver(fleet)
    for device in fleet.devices:
        if device.password and device.password.prompt:
            yield device.password, f"SSH password of {resolver.resolve(device).user}@{device.name}"


def _run_console(workspace: Workspace) -> int:
    from screens.app import run_console

    return run_console(workspace)


@contextmanager
def _lab_libraries() -> Iterator[None]:
    """The lab's servers are an extra of the package."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("asyncssh", "spnego"):
            raise
        raise UsageError(
            f"the lab needs {error.name}, which isn't installed", hint="Install it: pip install 'mtls-console[lab]'"
        ) from error


def _serve_lab(spec: Path, directory: Path, sshd: bool, powershell: str | None) -> int:
    with _lab_libraries():
        from fixtures.lab.supervisor import run_lab_up

    return run_lab_up(spec, directory, sshd, powershell)


def _demo(devices: int | None, beacons: int | None, use: Callable[[Workspace], int]) -> int:
    """The demo's lab in a temporary directory, gone with everything in it afterwards."""
    import tempfile

    with _lab_libraries():
        from fixtures.lab.supervisor import Lab

    with tempfile.TemporaryDirectory(prefix="mtls-console-demo-") as temporary:
        directory = Path(temporary)
        with Lab.start(_demo_spec(devices, beacons, directory), directory / "lab") as lab:
            workspace = open_workspace(lab.fleet_file, state=directory / "state")
            try:
                return use(workspace)
            finally:
                workspace.close()


def _demo_spec(devices: int | None, beacons: int | None, directory: Path) -> Path:
    shipped = Path(__file__).parents[1] / "fixtures" / "lab" / "demo.toml"
    if devices is None and beacons is None:
        return shipped
    import tomllib

    import tomli_w

    from console.command.demo_spec import resized

    spec = directory / "demo.toml"
    spec.write_text(tomli_w.dumps(resized(tomllib.loads(shipped.read_text()), devices, beacons)))
    return spec
