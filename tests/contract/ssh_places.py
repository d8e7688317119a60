"""Real SSH servers for the contract tests: the asyncssh lab and OpenSSH's sshd, each with a device's directory."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from adapters.ssh.gateway import SshDeviceGateway
from console.agent.profile import AgentProfile
from console.errors import CredentialError
from console.fleet.model import Device, Fleet, SecretReference
from fixtures.lab.ssh.server import SshDevice, SshFleet

PASSWORD = "a-long-test-password"
SHELLS = {
    "dash": ("dash",),
    "busybox": ("busybox", "sh"),
    "ksh93": ("ksh93",),
    "mksh": ("mksh",),
    "posh": ("posh",),
}
CONFIG = b"[ManageSoft\\Common]\nAddClientCertificateAndKey=False\n"


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class TestSecrets:
    __test__ = False

    def password(self, reference: SecretReference, purpose: str) -> str:
        if reference.environment == "TEST_PASSWORD":
            return PASSWORD
        raise CredentialError(f"no password for {purpose}")


class CuttingProxy:
    """Forwards one port; cuts every connection once `arm`ed bytes went to the server."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self.sent = 0
        self._left: int | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def accepted(self) -> tuple[socket.socket, ...]:
        """Connections that came in, those that have ended as well."""
        return tuple(client for client, _ in self._pairs)

    def arm(self, count: int | None) -> None:
        with self._lock:
            self.sent, self._left = 0, count

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._pairs.append((client, server))
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65536):
                with self._lock:
                    self.sent += len(data)
                    cut = self._left is not None and self.sent >= self._left
                    if cut:
                        data = data[: len(data) - (self.sent - (self._left or 0))]
                        self._left = None
                server.sendall(data)
                if cut:
                    break
        except OSError:
            pass  # either end has gone: so does the other
        _shut(client)
        _shut(server)

    def close(self) -> None:
        _shut(self._listener)
        for client, server in self._pairs:
            _shut(client)
            _shut(server)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass  # either end has gone: so does the other
    _shut(source)
    _shut(sink)


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # it was closed already
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@dataclass
class Place:
    """One device that is served, and a gateway to reach it with."""

    home: Path
    device: Device
    fleet: Fleet
    proxy: CuttingProxy
    gateways: list[SshDeviceGateway] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return Path(self.device.config_ini)

    def gateway(self, fleet: Fleet | None = None) -> SshDeviceGateway:
        made = SshDeviceGateway(fleet or self.fleet, AgentProfile.load(), TestSecrets(), FixedClock())
        self.gateways.append(made)
        return made

    def with_device(self, **changes: object) -> Device:
        return replace(self.device, **changes)  # type: ignore[arg-type]


def key_pair(path: Path) -> Path:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    key.write_public_key(f"{path}.pub")
    path.chmod(0o600)
    return path


def tools(directory: Path, shell: tuple[str, ...]) -> Path:
    """A directory whose `sh` is the shell to test."""
    directory.mkdir(exist_ok=True)
    program = shutil.which(shell[0])
    if program is None:
        pytest.skip(f"{shell[0]} isn't installed")
    (directory / "sh").symlink_to(program)
    return directory


@contextmanager
def asyncssh_server(
    home: Path, host_key: Path, authorized: Path, path: str, run_as: int | None = None
) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    fleet = SshFleet(grace=0.5)
    device = SshDevice(  # noqa: S604 - a field, no subprocess
        name="d1",
        user=getpass.getuser(),
        shell=("/bin/sh",),
        host_key=host_key,
        authorized_key=authorized,
        password=PASSWORD,
        environment={"PATH": path},
        directory=home,
        run_as=run_as,
    )
    try:
        yield asyncio.run_coroutine_threadsafe(fleet.add_device(device), loop).result(20)
    finally:
        asyncio.run_coroutine_threadsafe(fleet.close(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


@contextmanager
def openssh_server(home: Path, host_key: Path, authorized: Path, path: str, run_as: int | None = None) -> Iterator[int]:
    assert run_as is None, "sshd's login decides"
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    if sshd is None:
        pytest.skip("sshd isn't installed")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = home.parent / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nAuthorizedKeysFile {authorized}\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"SetEnv PATH={path}\nLogLevel ERROR\n"
    )
    process = subprocess.Popen([sshd, "-D", "-e", "-f", str(config)], stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    waiting = threading.Event()
    for _ in range(400):
        if process.poll() is not None:
            assert process.stderr is not None
            pytest.skip(f"sshd doesn't start here: {process.stderr.read().decode()[:200]}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            waiting.wait(0.05)
    pytest.fail("sshd doesn't listen")


def none_left(pattern: str) -> bool:
    """What matches in the directory for temporary files goes by itself: other tests at the same time have theirs."""
    waiting = threading.Event()
    seen = list(Path(tempfile.gettempdir()).glob(pattern))
    for _ in range(200):
        if not any(path.exists() for path in seen):
            return True
        waiting.wait(0.05)
    return False


@contextmanager
def place(kind: str, root: Path, shell: tuple[str, ...] = (), run_as: int | None = None) -> Iterator[Place]:
    """A served device in `root`, with a config.ini, an own `sh` where one is asked for, and a proxy in between."""
    home = root / "home"
    home.mkdir()
    (home / "config.ini").write_bytes(CONFIG)
    host_key, user_key = key_pair(root / "host_key"), key_pair(root / "user_key")
    path = os.environ.get("PATH", os.defpath)
    if shell:
        path = f"{tools(root / 'bin', shell)}:{path}"
    server = {"asyncssh": asyncssh_server, "sshd": openssh_server}[kind]
    with ExitStack() as stack:
        port = stack.enter_context(server(home, host_key, Path(f"{user_key}.pub"), path, run_as))
        proxy = CuttingProxy(port)
        stack.callback(proxy.close)
        known_hosts = root / "known_hosts"
        public = Path(f"{host_key}.pub").read_text().split()
        known_hosts.write_text(f"[127.0.0.1]:{proxy.port} {public[0]} {public[1]}\n")
        device = Device(
            name="d1",
            host="127.0.0.1",
            port=proxy.port,
            user=getpass.getuser(),
            key_file=user_key,
            use_agent=False,
            known_hosts=known_hosts,
            config_ini=str(home / "config.ini"),
        )
        served = Place(home, device, Fleet(root / "fleet.toml", devices=(device,)), proxy)
        try:
            yield served
        finally:
            for gateway in served.gateways:
                gateway.close()
