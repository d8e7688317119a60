"""Whether a device gets through to its endpoints: with its curl, its perl, or through its SSH server."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from adapters.ssh.gateway import SshDeviceGateway
from adapters.ssh.reach import Endpoint, endpoints_of, reach_facts
from adapters.ssh.scripts import library
from adapters.ssh.session import DeviceSession
from console.agent.profile import AgentProfile
from console.agent.snapshot import NameFact, ReachFact, ReachOutcome
from console.errors import HostKeyError, SshError
from console.fleet.model import Device, ExplicitPair, Fleet
from console.fleet.pairing import pair_uses
from fixtures.lab.ssh.device import SshFaults
from tests.contract.ssh_places import SHELLS, FixedClock, Place, TestSecrets, place

HOST = "b1.lab.test"


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port whose queue is full: Linux drops what comes then, as a firewall does."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def without(monkeypatch: pytest.MonkeyPatch, *tools: str) -> None:
    """A device that lacks these programs: the script looks for them by name."""
    tests = " || ".join(f'[ "$1" = {tool} ]' for tool in tools)

    def lacking(name: str) -> str:
        return library(name).replace("has() {", f"has() {{\nif {tests}; then return 1; fi")

    monkeypatch.setattr("adapters.ssh.collector.library", lacking)


def facts(served: Place, *places: tuple[str, int, int]) -> tuple[ReachFact, ...]:
    """Of explicit pairs (host, port) that [resolve] sends to a loopback port; 0: not in [resolve]."""
    fleet = replace(
        served.fleet,
        pairs=tuple(ExplicitPair("d1", "b1", host, port) for host, port, _ in places),
        resolve={(host, port): ("127.0.0.1", to) for host, port, to in places if to},
    )
    gateway = SshDeviceGateway(fleet, AgentProfile.load(), TestSecrets(), FixedClock())
    served.gateways.append(gateway)
    return gateway.collect(served.device, []).reach


@pytest.fixture(params=["asyncssh", "sshd"])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with place(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize(("lacks", "how"), [((), "curl"), (("curl",), "perl"), (("curl", "perl"), "ssh forwarding")])
def test_open_closed_and_unknown_are_told_apart(
    served: Place, monkeypatch: pytest.MonkeyPatch, port: int, closed: int, lacks: tuple[str, ...], how: str
) -> None:
    if how in ("curl", "perl") and shutil.which(how) is None:
        pytest.skip(f"{how} isn't installed")
    if lacks:
        without(monkeypatch, *lacks)
    found = facts(served, (HOST, 443, port), (HOST, 8443, closed))
    assert [(fact.host, fact.port, fact.outcome, fact.how) for fact in found] == [
        (HOST, 443, ReachOutcome.CONNECTED, how),
        (HOST, 8443, ReachOutcome.FAILED if how == "ssh forwarding" else ReachOutcome.REFUSED, how),
    ]
    assert found[0].address == f"127.0.0.1:{port}"
    assert found[0].error == ""


@pytest.mark.parametrize("lacks", [(), ("curl",)])
def test_a_name_that_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...]) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if lacks:
        without(monkeypatch, *lacks)
    with place("asyncssh", tmp_path) as served:
        (fact,) = facts(served, ("no-such-host.invalid", 443, 0))
    assert fact.outcome is ReachOutcome.NO_ADDRESS


@pytest.mark.parametrize("lacks", [(), ("curl",), ("curl", "perl")])
def test_silence_is_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaf: int, port: int, lacks: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if lacks:
        without(monkeypatch, *lacks)
    with place("asyncssh", tmp_path) as served:
        silent, open_ = facts(served, (HOST, 443, deaf), (HOST, 8443, port))
    assert silent.outcome is ReachOutcome.TIMEOUT
    assert open_.outcome is ReachOutcome.CONNECTED


def test_a_server_that_forwards_nothing_says_nothing_of_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    without(monkeypatch, "curl", "perl")
    monkeypatch.setattr("fixtures.lab.ssh.server.SshFaults", lambda: SshFaults(no_forwarding=True))
    with place("asyncssh", tmp_path) as served:
        (fact,) = facts(served, (HOST, 443, port))
    assert fact.outcome is ReachOutcome.NOT_TRIED
    assert "AllowTcpForwarding" in fact.error


@pytest.mark.parametrize("shell", list(SHELLS))
def test_many_at_once_in_every_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int, closed: int, shell: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with place("asyncssh", tmp_path, SHELLS[shell]) as served:
        found = facts(served, *((f"b{n}.lab.test", 443, closed if n % 3 == 0 else port) for n in range(40)))
    assert [fact.outcome for fact in found] == [
        ReachOutcome.REFUSED if n % 3 == 0 else ReachOutcome.CONNECTED for n in range(40)
    ]


def test_endpoints_of_failover_lists_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int, closed: int
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    lists = "".join(
        f"[ManageSoft\\Common\\DownloadSettings\\{{{n}}}]\nProtocol=https\nHost=127.0.0.1\nPort={to}\n"
        for n, to in enumerate((port, closed, port))
    )
    with place("asyncssh", tmp_path) as served:
        served.config.write_text(lists)
        found = facts(served)
    assert [(fact.port, fact.outcome) for fact in found] == [
        (port, ReachOutcome.CONNECTED),
        (closed, ReachOutcome.REFUSED),
    ]


def test_perl_that_knows_no_ipv6_says_nothing_of_an_ipv6_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("perl") is None:
        pytest.skip("perl isn't installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    without(monkeypatch, "curl")
    with place("asyncssh", tmp_path) as served:
        (fact,) = facts(served, ("::1", 443, 0))
    assert fact.outcome is ReachOutcome.NOT_TRIED
    assert "IPv6" in fact.error
    records = {"reach.0": b"perl IO::Socket::INET: Bad hostname 'b6.test'"}
    (fact,) = reach_facts(
        cast("DeviceSession", None), [Endpoint("b6.test", 443)], records, [NameFact("b6.test", ("::1",))]
    )
    assert fact.outcome is ReachOutcome.NOT_TRIED
    (fact,) = reach_facts(cast("DeviceSession", None), [Endpoint("b6.test", 443)], records, [NameFact("b6.test")])
    assert fact.outcome is ReachOutcome.NO_ADDRESS


class Forwarding:
    """A session whose SSH server answers each request for a connection in turn."""

    def __init__(self, *answers: Exception) -> None:
        self.answers = list(answers)

    def open_forwarded(self, place: tuple[str, int], seconds: float) -> object:
        raise self.answers.pop(0)


def over_ssh(*answers: Exception) -> tuple[Forwarding, list[ReachFact]]:
    session = Forwarding(*answers)
    endpoints = [Endpoint("b1.test", port) for port in range(1, 6)]
    return session, list(reach_facts(cast("DeviceSession", session), endpoints, {}))


def test_a_connection_that_is_lost_on_the_way_to_an_endpoint_doesnt_cost_the_snapshot() -> None:
    session, found = over_ssh(TimeoutError(), SshError("the connection was lost", target="d1"))
    assert [fact.outcome for fact in found] == [ReachOutcome.TIMEOUT] + [ReachOutcome.NOT_TRIED] * 4
    assert "the connection was lost" in found[-1].error
    assert session.answers == [], "a device that is gone isn't asked again"
    with pytest.raises(HostKeyError):
        over_ssh(HostKeyError("it is another", target="d1"))


def test_endpoints_that_dont_answer_over_ssh_are_few() -> None:
    _, found = over_ssh(*(TimeoutError() for _ in range(3)))
    assert [fact.outcome for fact in found] == [ReachOutcome.TIMEOUT] * 3 + [ReachOutcome.NOT_TRIED] * 2
    assert "didn't answer" in found[-1].error


SPELT = ["b1.lab.test", "B1.Lab.Test", "b1.lab.test.", "::1", "[::1]", "other.test"]


@pytest.mark.parametrize("host", SPELT)
@pytest.mark.parametrize("told", SPELT)
@pytest.mark.parametrize("to", [("127.0.0.1", 4443), ("::1", 4443)])
def test_the_device_tries_each_use_at_the_address_that_its_verdict_looks_for(
    tmp_path: Path, host: str, told: str, to: tuple[str, int]
) -> None:
    pair = ExplicitPair("d1", "b1", host, 443)
    fleet = Fleet(tmp_path, devices=(Device("d1", "d1"),), pairs=(pair,), resolve={(told, 443): to})
    (use,) = pair_uses(fleet, "d1", ())
    (tried,) = endpoints_of([(pair.host, pair.port)], fleet.resolve)
    assert (tried.address, tried.port) == (use.address, use.port)


def test_places() -> None:
    assert Endpoint("Bücher.example", 443).place == ("xn--bcher-kva.example", 443)
    assert Endpoint("a;reboot", 443).place is None
    assert Endpoint("a b", 443, "[::1]:8443").place == ("::1", 8443)
    found = endpoints_of(
        [("B1.lab.test", 443), ("b1.lab.test", 443), ("b1.lab.test.", 80)], {("b1.lab.test", 80): ("::1", 81)}
    )
    assert found == (Endpoint("B1.lab.test", 443), Endpoint("b1.lab.test.", 80, "[::1]:81"))
    assert len(endpoints_of([("b", port) for port in range(1, 99)], {})) == 64
