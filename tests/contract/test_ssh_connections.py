"""Connections that are refused, stalled or without a common algorithm; other accounts; poor devices."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from adapters.ssh.connection import Timeouts
from adapters.ssh.gateway import SshDeviceGateway
from adapters.ssh.scripts import bootstrap, library, records, whole
from console.agent.profile import AgentProfile
from console.agent.snapshot import FileState
from console.errors import ChangeRefused, MtlsConsoleError, SshError
from console.fleet.model import Device, Fleet
from tests.contract.ssh_places import CONFIG, FixedClock, Place, TestSecrets, key_pair, place

NOBODY = 65534


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@contextmanager
def as_nobody() -> Iterator[Place]:
    """A device whose login isn't root, under directories that it may enter."""
    if os.geteuid() != 0:
        pytest.skip("another account needs root")
    with tempfile.TemporaryDirectory() as root:
        Path(root).chmod(0o755)
        with place("asyncssh", Path(root), run_as=NOBODY) as served:
            yield served


def test_a_login_that_cannot_keep_the_owner_is_refused_before_the_rename() -> None:
    with as_nobody() as served:
        os.chown(served.home, NOBODY, NOBODY)
        with pytest.raises(ChangeRefused, match="can't keep the owner 0:0"):
            served.gateway().replace_config(served.device, sha(CONFIG), b"new")
        assert served.config.read_bytes() == CONFIG
        assert [p.name for p in served.home.iterdir()] == ["config.ini"]
        os.chown(served.config, NOBODY, NOBODY)
        served.gateway().replace_config(served.device, sha(CONFIG), b"new")
        assert served.config.read_bytes() == b"new"


def test_a_directory_that_the_login_may_not_write_in() -> None:
    with as_nobody() as served, pytest.raises(MtlsConsoleError, match="may not write in"):
        served.gateway().replace_config(served.device, sha(CONFIG), b"new")


def test_what_another_account_may_read_is_told_with_the_way_that_is_closed() -> None:
    with as_nobody() as served:
        closed, opened = served.home / "private", served.home / "open.pem"
        closed.mkdir(mode=0o700)
        (closed / "device.key").write_text("-----BEGIN PRIVATE KEY-----\n")
        opened.write_text("-----BEGIN CERTIFICATE-----\n")
        key = served.home / "own.key"
        key.write_text("-----BEGIN PRIVATE KEY-----\n")
        key.chmod(0o600)
        lines = f"SSLCACertificateFile={opened}\nSSLClientCertificateFile={key}\n"
        served.config.write_text(f"[ManageSoft\\Common]\n{lines}SSLClientPrivateKeyFile={closed}/device.key\n")
        snapshot = served.gateway().collect(served.with_device(agent_user="nobody"), [])
        readable, unreadable = snapshot.file(str(opened)), snapshot.file(str(key))
        assert readable is not None
        assert unreadable is not None
        assert (readable.state, readable.readable_by_agent) == (FileState.PRESENT, True)
        assert (unreadable.state, unreadable.readable_by_agent) == (FileState.UNREADABLE, False)
        assert unreadable.unreadable_because.startswith(f"{key} -rw-------")
        hidden = snapshot.key(f"{closed}/device.key")
        assert hidden is not None
        assert hidden.file.state is FileState.UNREADABLE
        assert hidden.file.readable_by_agent is False
        # For root everything is readable, whoever looks.
        seen = served.gateway().collect(served.device, [])
        assert (seen.agent_user, seen.agent_user_assumed) == ("root", False)
        nowhere = served.gateway().collect(served.with_device(config_ini="/no/such/directory/config.ini"), [])
        assert (nowhere.agent_user, nowhere.agent_user_assumed) == ("root", True)


@contextmanager
def odd_server(root: Path, **options: object) -> Iterator[Device]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen("127.0.0.1", 0, server_host_keys=[str(key_pair(root / "host"))], **options)

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    try:
        yield Device("d1", "127.0.0.1", acceptor.get_port(), user="u", use_agent=False, known_hosts=root / "none")
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        asyncio.run_coroutine_threadsafe(acceptor.wait_closed(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


def gateway(device: Device, root: Path, **seconds: float) -> SshDeviceGateway:
    fleet = Fleet(root / "fleet.toml", devices=(device,))
    return SshDeviceGateway(fleet, AgentProfile.load(), TestSecrets(), FixedClock(), Timeouts(**seconds))


@pytest.mark.parametrize(
    ("option", "kind", "offered"),
    [
        ({"kex_algs": ["diffie-hellman-group14-sha1"]}, "key exchange", "diffie-hellman-group14-sha1"),
        ({"encryption_algs": ["arcfour128"]}, "cipher", "arcfour128"),
    ],
)
def test_no_algorithm_in_common_is_told_by_name(
    tmp_path: Path, option: dict[str, object], kind: str, offered: str
) -> None:
    with odd_server(tmp_path, **option) as device:
        with pytest.raises(SshError, match=f"no {kind} algorithm in common") as caught:
            gateway(device, tmp_path).read_config(device)
        assert offered in caught.value.message
        assert "curve25519" in caught.value.message or kind != "key exchange"


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[Device]:
    """Accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Device("d1", "127.0.0.1", listener.getsockname()[1], use_agent=False, known_hosts=tmp_path / "none")


def test_a_device_that_never_answers_is_given_up(mute: Device, tmp_path: Path) -> None:
    with pytest.raises(SshError, match="no SSH handshake"):
        gateway(mute, tmp_path, banner=0.5, handshake=0.5).read_config(mute)


def test_closing_does_not_wait_for_a_connect_that_hangs(mute: Device, tmp_path: Path) -> None:
    held = gateway(mute, tmp_path, banner=15, handshake=15)
    errors: list[Exception] = []

    def work() -> None:
        try:
            held.read_config(mute)
        except SshError as exc:
            errors.append(exc)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    threading.Event().wait(0.3)
    began = time.monotonic()
    held.close()
    assert time.monotonic() - began < 1.5


QUIT = """
import sys, threading
sys.path[:0] = {path!r}
from pathlib import Path
from adapters.ssh.gateway import SshDeviceGateway
from console.agent.profile import AgentProfile
from console.fleet.model import Device, Fleet
device = Device("d1", "127.0.0.1", {port}, user="u", use_agent=False, known_hosts=Path("/nonexistent"))
gateway = SshDeviceGateway(Fleet(Path("f")), AgentProfile.load(), None, None)
threading.Thread(target=gateway.read_config, args=(device,), daemon=True).start()
threading.Event().wait(1)
gateway.close()
"""


def test_a_process_ends_though_a_connection_hangs(mute: Device) -> None:
    program = QUIT.format(path=sys.path, port=mute.port)
    began = time.monotonic()
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=20, capture_output=True)
    assert time.monotonic() - began < 10


def test_an_agent_lets_us_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None:
        pytest.skip("ssh-agent isn't installed")
    path = tmp_path / "a"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    try:
        waiting = threading.Event()
        while not path.exists():
            assert process.poll() is None
            waiting.wait(0.02)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        with place("asyncssh", tmp_path) as served:
            subprocess.run(["ssh-add", str(served.device.key_file)], check=True, capture_output=True)
            device = served.with_device(key_file=None, use_agent=True)
            assert served.gateway().read_config(device).content == CONFIG
    finally:
        process.terminate()
        process.wait(20)


def test_a_device_that_has_busybox_alone(tmp_path: Path) -> None:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("busybox isn't installed")
    few = tmp_path / "few"
    few.mkdir()
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        (few / name).symlink_to(busybox)
    certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "ca.pem").write_bytes(certificate + b"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n")
    (tmp_path / "config.ini").write_bytes(CONFIG)
    files = f"file file.0 {tmp_path}/ca.pem pem 9999\ndirectory dir.0 {tmp_path} 9\nkey key.0 {tmp_path}/ca.pem"
    script = whole(library("common.sh"), library("collect.sh"), f"PATH={few}\nfacts {tmp_path}/config.ini ''\n{files}")
    done = subprocess.run([busybox, "sh", "-c", bootstrap(script)], input=script, capture_output=True, check=True)
    answer = records(done.stdout, "d1")
    assert answer["config.content"] == CONFIG
    assert answer["config.sha256"].decode() == sha(CONFIG)
    assert answer["file.0.content"].startswith(certificate)
    assert answer["dir.0.content.0"].startswith(certificate)
    assert b"SECRET" not in done.stdout
    assert answer["key.0.tools"] == b"none"
    script = whole(
        library("common.sh"),
        library("edit.sh"),
        f"PATH={few}\nstage {tmp_path}/config.ini {sha(CONFIG)} {sha(b'new')} 3\n"
        f'commit {tmp_path}/config.ini {sha(CONFIG)} {sha(b"new")} "$W" backup',
    )
    done = subprocess.run(
        [busybox, "sh", "-c", bootstrap(script)], input=script + b"new", capture_output=True, check=True
    )
    assert (tmp_path / "config.ini").read_bytes() == b"new", done
    assert (tmp_path / "config.ini.mtls-console.bak").read_bytes() == CONFIG
