"""The lab's SSH servers, used by asyncssh's own client and, where it is installed, by OpenSSH's."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest
import pytest_asyncio

from fixtures.lab.ssh.server import SshDevice, SshFleet, is_loopback

PASSWORD = "correct horse battery"
PATIENCE = 20.0
"""Seconds after which a test that waits for a process gives up."""


@dataclass(frozen=True)
class Place:
    """One device that is served, and what a client needs to reach it."""

    fleet: SshFleet
    device: SshDevice
    port: int
    key: Path

    async def connect(self, **options: object) -> asyncssh.SSHClientConnection:
        arguments: dict[str, object] = {
            "username": self.device.user,
            "known_hosts": ([asyncssh.read_public_key(f"{self.device.host_key}.pub")], [], []),
            "client_keys": [str(self.key)],
            "agent_path": None,
            "config": None,
        }
        return await asyncssh.connect("127.0.0.1", self.port, **(arguments | options))


def write_key(path: Path) -> Path:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(path))
    key.write_public_key(f"{path}.pub")
    path.chmod(0o600)
    return path


def make_device(directory: Path, name: str = "d1") -> tuple[SshDevice, Path]:
    home = directory / name
    home.mkdir()
    client_key = write_key(directory / f"{name}-client")
    device = SshDevice(  # noqa: S604 - a field, no subprocess
        name=name,
        user="root",
        shell=("/bin/sh",),
        host_key=write_key(directory / f"{name}-host"),
        authorized_key=Path(f"{client_key}.pub"),
        password=PASSWORD,
        environment={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        directory=home,
    )
    return device, client_key


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    fleet = SshFleet(grace=0.5)
    device, key = make_device(tmp_path)
    port = await fleet.add_device(device)
    yield Place(fleet, device, port, key)
    await fleet.close()


async def gone(pid: int) -> None:
    """Returns when the process has ended."""
    while os.path.exists(f"/proc/{pid}") and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]:  # noqa: PTH110
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("command", "stdout", "stderr", "status"),
    [
        ("pwd", "{directory}\n", "", 0),
        ("echo out; echo err >&2; exit 3", "out\n", "err\n", 3),
        ("env | sort | sed -n 's/=.*//p' | grep -v -e PWD -e _ -e SHLVL | tr '\\n' ' '", "HOME PATH ", "", 0),
        ("test -t 0 && echo terminal || echo pipe", "pipe\n", "", 0),
        ("printf '%s' \"$0 $*\"", "/bin/sh ", "", 0),
    ],
)
async def test_a_command_is_run_by_the_shell(place: Place, command: str, stdout: str, stderr: str, status: int) -> None:
    async with await place.connect() as connection:
        result = await connection.run(command)
    assert (result.stdout, result.stderr, result.exit_status) == (
        stdout.format(directory=place.device.directory),
        stderr,
        status,
    )


async def test_bytes_pass_through_unchanged_and_unlimited(place: Place) -> None:
    data = os.urandom(5_000_000)
    async with await place.connect() as connection:
        result = await connection.run("tee copy", input=data, encoding=None)
    assert result.stdout == data
    assert (place.device.directory / "copy").read_bytes() == data


async def test_flow_control_holds_a_fast_writer_back(place: Place) -> None:
    async with await place.connect() as connection:
        process = await connection.create_process("head -c 50000000 /dev/zero | sha256sum; echo end", encoding=None)
        digest = hashlib.sha256(bytes(50_000_000)).hexdigest()
        out, _ = await process.communicate()
        assert out == f"{digest}  -\nend\n".encode()
        stalled = await connection.create_process("yes; :", encoding=None)
        assert await stalled.stdout.readexactly(4) == b"y\ny\n"
        stalled.close()
        await asyncio.wait_for(stalled.wait_closed(), PATIENCE)


async def test_a_signal_is_reported_as_a_signal(place: Place) -> None:
    async with await place.connect() as connection:
        result = await connection.run("kill -KILL $$")
        assert result.exit_signal is not None
        assert result.exit_signal[0] == "KILL"
        process = await connection.create_process("exec sleep 100")
        process.send_signal("TERM")
        await asyncio.wait_for(process.wait_closed(), PATIENCE)
        assert process.exit_signal is not None
        assert process.exit_signal[0] == "TERM"


@pytest.mark.parametrize("length", [0, 1, 1000, 65536, 200_000])
async def test_a_dropped_connection_is_end_of_file_for_the_command(place: Place, length: int) -> None:
    """As with a real sshd: cat ends normally, and what comes after it in the script is carried out."""
    place.fleet.drop_after("d1", length)
    data = os.urandom(300_000)
    done = place.device.directory / "done"
    async with await place.connect() as connection:
        result = await connection.run("cat > got; echo $? > done", input=data, encoding=None)
    assert result.exit_status is None
    async with asyncio.timeout(PATIENCE):
        while not (done.is_file() and done.read_bytes()):
            await asyncio.sleep(0.01)
    assert (place.device.directory / "got").read_bytes() == data[:length]
    assert done.read_text() == "0\n"
    place.fleet.drop_after("d1", None)
    async with await place.connect() as connection:
        counted = await connection.run("wc -c < got")
    assert str(counted.stdout).strip() == str(length)


async def test_a_connection_that_the_client_drops_ends_stdin_too(place: Place) -> None:
    done = place.device.directory / "done"
    connection = await place.connect()
    process = await connection.create_process("cat > got; echo $? > done", encoding=None)
    process.stdin.write(b"first")
    await process.stdin.drain()
    async with asyncio.timeout(PATIENCE):
        while not (place.device.directory / "got").is_file() or not (place.device.directory / "got").read_bytes():
            await asyncio.sleep(0.01)
    connection.abort()
    async with asyncio.timeout(PATIENCE):
        while not (done.is_file() and done.read_bytes()):
            await asyncio.sleep(0.01)
    assert (place.device.directory / "got").read_bytes() == b"first"


async def test_a_command_that_ignores_end_of_file_is_killed(place: Place) -> None:
    connection = await place.connect()
    process = await connection.create_process("echo $$; trap '' HUP TERM; sleep 1000; sleep 1000")
    pid = int(await process.stdout.readline())
    connection.abort()
    await asyncio.wait_for(gone(pid), PATIENCE)


async def test_output_may_be_cut_off(place: Place) -> None:
    place.fleet.faults("d1").drop_after_stdout = 1000
    async with await place.connect() as connection:
        result = await connection.run("head -c 100000 /dev/zero", encoding=None)
    assert result.exit_status is None
    assert isinstance(result.stdout, bytes)
    assert len(result.stdout) <= 1000


async def test_a_terminal_is_a_real_one(place: Place) -> None:
    async with await place.connect() as connection:
        process = await connection.create_process(term_type="xterm-256color", term_size=(91, 33), encoding=None)
        process.stdin.write(b"stty -echo; PS1=; echo $TERM; stty size; tty | cut -c1-5\n")
        seen = await asyncio.wait_for(process.stdout.readuntil(b"/dev/\r\n"), PATIENCE)
        assert b"xterm-256color\r\n33 91\r\n" in seen
        process.change_terminal_size(40, 12)
        process.stdin.write(b"stty size\n")
        await asyncio.wait_for(process.stdout.readuntil(b"12 40\r\n"), PATIENCE)
        process.stdin.write(b"PS1=ready:\ncat -v\n\x1b[A\xff\r")
        await asyncio.wait_for(process.stdout.readuntil(b"^[[AM-^?\r\n"), PATIENCE)
        process.stdin.write(b"\x03")
        await asyncio.wait_for(process.stdout.readuntil(b"ready:"), PATIENCE)
        process.stdin.write(b"echo after=$?\n")
        await asyncio.wait_for(process.stdout.readuntil(b"after=130\r\n"), PATIENCE)
        process.stdin.write(b"exit 7\n")
        await asyncio.wait_for(process.wait_closed(), PATIENCE)
        assert process.exit_status == 7


async def test_closing_a_terminal_ends_its_programs(place: Place) -> None:
    connection = await place.connect()
    process = await connection.create_process(term_type="xterm", encoding=None)
    process.stdin.write(b"stty -echo; echo pid:$$:; sleep 1000\n")
    seen = await asyncio.wait_for(process.stdout.readuntil(re.compile(rb"pid:[0-9]+:"), 100), PATIENCE)
    pid = int(seen.split(b":")[-2])
    connection.abort()
    await asyncio.wait_for(gone(pid), PATIENCE)


async def test_login_by_password(place: Place) -> None:
    async with await place.connect(client_keys=None, password=PASSWORD) as connection:
        assert (await connection.run("echo in")).stdout == "in\n"


@pytest.mark.parametrize(
    "options",
    [{"client_keys": None, "password": "wrong"}, {"username": "other"}, {"client_keys": None, "password": ""}],
)
async def test_a_wrong_login_is_refused(place: Place, options: dict[str, object]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await place.connect(**options)


async def test_a_foreign_key_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await place.connect(client_keys=[str(write_key(tmp_path / "foreign"))])


async def test_every_device_has_its_own_host_key_and_port(place: Place, tmp_path: Path) -> None:
    other, key = make_device(tmp_path, "d2")
    port = await place.fleet.add_device(other)
    assert port != place.port
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await replace(place, port=port, key=key).connect()
    async with await Place(place.fleet, other, port, key).connect() as connection:
        assert (await connection.run("pwd")).stdout == f"{other.directory}\n"
    with pytest.raises(ValueError, match="d2"):
        await place.fleet.add_device(other)


async def test_sftp_starts_in_the_device_directory(place: Place, tmp_path: Path) -> None:
    async with await place.connect() as connection, connection.start_sftp_client() as files:
        assert await files.getcwd() == str(place.device.directory)
        async with files.open("note", "wb") as handle:
            await handle.write(b"\x00bytes\r\n")
        await files.posix_rename("note", "renamed")
        assert await files.listdir(".") == [".", "..", "renamed"]
        assert await files.exists(str(tmp_path / "d1-host"))
    assert (place.device.directory / "renamed").read_bytes() == b"\x00bytes\r\n"


async def test_forwarding_reaches_loopback_and_nothing_else(place: Place) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, await place.connect() as connection:
        reader, writer = await connection.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        writer.write(b"through")
        assert await reader.read() == b"through"
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("192.0.2.1", 80)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("example.test", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


async def test_a_refusing_device_closes_before_the_first_byte(place: Place) -> None:
    place.fleet.faults("d1").refuse = True
    with pytest.raises((asyncssh.Error, OSError)):
        await place.connect()
    place.fleet.faults("d1").refuse = False
    async with await place.connect() as connection:
        assert (await connection.run("echo back")).stdout == "back\n"


async def test_a_shell_that_is_missing_says_so(place: Place, tmp_path: Path) -> None:
    device, key = make_device(tmp_path, "d3")
    port = await place.fleet.add_device(replace(device, shell=("/nonexistent/sh",)))  # noqa: S604
    async with await Place(place.fleet, device, port, key).connect() as connection:
        result = await connection.run("echo never")
    assert result.exit_status == 127
    assert "/nonexistent/sh" in str(result.stderr)


async def test_many_sessions_share_a_connection(place: Place) -> None:
    async with await place.connect() as connection:
        results = await asyncio.gather(*(connection.run(f"echo {number}") for number in range(10)))
    assert [result.stdout for result in results] == [f"{number}\n" for number in range(10)]


async def test_many_devices_are_cheap(tmp_path: Path) -> None:
    fleet = SshFleet(grace=0.5)
    device, key = make_device(tmp_path)
    ports = [await fleet.add_device(replace(device, name=f"n{number}")) for number in range(100)]
    assert len(set(ports)) == 100
    async with await Place(fleet, device, ports[-1], key).connect() as connection:
        assert (await connection.run("echo up")).stdout == "up\n"
    await fleet.close()


async def test_closing_the_fleet_ends_what_runs(place: Place) -> None:
    connection = await place.connect()
    process = await connection.create_process("echo $$; exec sleep 1000")
    pid = int(await process.stdout.readline())
    await place.fleet.close()
    await asyncio.wait_for(gone(pid), PATIENCE)
    connection.abort()


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH client (ssh) on PATH")
@pytest.mark.parametrize("terminal", [False, True])
async def test_the_system_ssh_client_gets_in(place: Place, tmp_path: Path, terminal: bool) -> None:
    known = tmp_path / "known_hosts"
    public = Path(f"{place.device.host_key}.pub").read_text().split()
    known.write_text(f"[127.0.0.1]:{place.port} {public[0]} {public[1]}\n")
    options = ["-F", "none", "-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
    process = await asyncio.create_subprocess_exec(
        "ssh",
        *options,
        *(["-tt"] if terminal else []),
        *("-i", str(place.key), "-p", str(place.port), "root@127.0.0.1"),
        "echo hello; cat; exit 5",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(b"typed\n\x04" if terminal else b"typed\n"), PATIENCE)
    assert process.returncode == 5, err.decode()
    assert b"hello" in out
    assert b"typed" in out
