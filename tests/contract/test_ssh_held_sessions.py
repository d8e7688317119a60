"""Connections of many devices: few are held, and none is closed under what uses it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ssh.gateway import SshDeviceGateway
from console.agent.profile import AgentProfile
from console.errors import SshError
from console.fleet.model import Device
from console.ports import AgentToolRequest, AgentToolRun
from console.readiness.model import LiveOutcome
from tests.contract.ssh_places import CONFIG, FixedClock, Place, TestSecrets, place


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One machine, which stands for as many devices as a test names."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with place("asyncssh", tmp_path) as made:
        yield made


def holding(served: Place, most: int) -> SshDeviceGateway:
    made = SshDeviceGateway(served.fleet, AgentProfile.load(), TestSecrets(), FixedClock(), most_held=most)
    served.gateways.append(made)
    return made


def devices(served: Place, count: int) -> list[Device]:
    return [served.with_device(name=f"d{number}") for number in range(count)]


def open_connections(served: Place, expected: int) -> int:
    """How many are open once it is `expected`, or after a few seconds."""
    waiting, deadline = threading.Event(), time.monotonic() + 10
    while True:
        found = sum(client.fileno() != -1 for client in served.proxy.accepted)
        if found == expected or time.monotonic() > deadline:
            return found
        waiting.wait(0.02)


def test_of_many_devices_only_the_last_ones_stay_connected(served: Place) -> None:
    gateway, (first, second, third) = holding(served, 2), devices(served, 3)
    for device in (first, second, first, third):
        assert gateway.read_config(device).content == CONFIG
    assert open_connections(served, 2) == 2
    made = len(served.proxy.accepted)
    gateway.read_config(first)
    gateway.read_config(third)
    assert len(served.proxy.accepted) == made, "the ones used last were kept"
    gateway.read_config(second)
    assert len(served.proxy.accepted) == made + 1


def test_a_shell_keeps_its_connection_until_it_ends(served: Place) -> None:
    gateway, (first, *others) = holding(served, 1), devices(served, 4)
    shell = gateway.open_shell(first, "xterm", 80, 24)
    for device in others:
        gateway.read_config(device)
    shell.send(b"echo al''ive; exit\n")
    said, deadline = b"", time.monotonic() + 20
    while b"alive" not in said and time.monotonic() < deadline:
        if select.select([shell], [], [], 1)[0]:
            said += shell.receive(4096)
    assert b"alive" in said
    shell.close()
    gateway.read_config(others[0])
    assert open_connections(served, 1) == 1


def test_a_call_under_way_keeps_its_connection(served: Place) -> None:
    gateway, (first, *others) = holding(served, 1), devices(served, 4)
    pipe, tool = served.home / "pipe", served.home / "tool"
    os.mkfifo(pipe)
    tool.write_text(f"#!/bin/sh\necho begun >{pipe}\nread line <{pipe}\necho $line\n")
    tool.chmod(0o755)
    runs: list[AgentToolRun] = []
    request = AgentToolRequest(str(tool), timeout_seconds=30)
    thread = threading.Thread(target=lambda: runs.append(gateway.run_agent_tool(first, request)))
    thread.start()
    assert pipe.read_text() == "begun\n"
    for device in others:
        gateway.read_config(device)
    with os.fdopen(os.open(pipe, os.O_RDWR), "w", buffering=1) as both_ends:  # never waits for the tool to be there
        both_ends.write("whole\n")
        thread.join(40)
    assert [(run.outcome, run.said) for run in runs] == [(LiveOutcome.OK, ("whole",))]


def test_a_device_that_the_fleet_file_now_describes_otherwise_keeps_what_is_open(served: Place) -> None:
    gateway = holding(served, 8)
    shell = gateway.open_shell(served.device, "xterm", 80, 24)
    gateway.read_config(served.with_device(agent_user="nobody"))
    assert open_connections(served, 2) == 2
    shell.send(b"true\n")
    shell.close()
    gateway.read_config(served.with_device(agent_user="nobody"))
    assert open_connections(served, 1) == 1


def test_what_fails_to_connect_is_not_held(served: Place, tmp_path: Path) -> None:
    gateway, (first, second) = holding(served, 1), devices(served, 2)
    gateway.read_config(first)
    made = len(served.proxy.accepted)
    with pytest.raises(SshError):
        gateway.read_config(served.with_device(name="other", known_hosts=tmp_path / "none"))
    gateway.read_config(first)
    assert len(served.proxy.accepted) == made + 1, "that of the other alone"
    gateway.read_config(second)
    assert open_connections(served, 1) == 1


def test_nothing_connects_after_the_end(served: Place) -> None:
    gateway = holding(served, 1)
    gateway.close()
    with pytest.raises(SshError, match="is closing"):
        gateway.read_config(served.device)


FEW = """
import resource, sys
sys.path[:0] = {path!r}
from dataclasses import replace
from pathlib import Path
from adapters.ssh.gateway import SshDeviceGateway
from console.agent.profile import AgentProfile
from console.fleet.model import Device, Fleet
resource.setrlimit(resource.RLIMIT_NOFILE, (48, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
device = Device(
    "d1", "127.0.0.1", {port}, user={user!r}, key_file=Path({key!r}), use_agent=False,
    known_hosts=Path({known!r}), config_ini={config!r},
)
gateway = SshDeviceGateway(Fleet(Path("f")), AgentProfile.load(), None, None)
for number in range(60):
    gateway.read_config(replace(device, name=f"d{{number}}"))
gateway.close()
print("all read")
"""


def test_more_devices_than_files_may_be_open(served: Place) -> None:
    device = served.device
    program = FEW.format(
        path=sys.path,
        port=device.port,
        user=device.user,
        key=str(device.key_file),
        known=str(device.known_hosts),
        config=device.config_ini,
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=120, capture_output=True, text=True)
    assert done.stdout == "all read\n", done.stderr[-2000:]
