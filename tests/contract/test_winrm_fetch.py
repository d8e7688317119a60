"""Addresses asked from a beacon through WinRM: a real http server on loopback, the lab's engine for the script."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.winrm.gateway import WinrmBeaconGateway
from console.fleet.model import Beacon
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome
from fixtures.lab.iis_directory import IisDirectory, Machine, RegistryKey, RegistryValue
from tests.contract.winrm_lab import gateway, make_files, winrm_lab

LIST = bytes(range(256)) * 300
OK, FAILED, NOT_RUN = LiveOutcome.OK, LiveOutcome.FAILED, LiveOutcome.NOT_RUN


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/list.crl")
        elif self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
        elif self.path == "/list.crl":
            self.send_response(200)
        else:
            self.send_response(404)
        body = LIST if self.path == "/list.crl" else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


class Place(NamedTuple):
    directory: IisDirectory
    beacon: Beacon
    winrm: WinrmBeaconGateway
    url: str
    asked: list[str]

    def ask(self, *requests: FetchRequest) -> tuple[Fetched, ...]:
        return tuple(self.winrm.fetch(self.beacon, requests))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, name="lists", daemon=True)
    thread.start()
    directory = IisDirectory(tmp_path / "b1")
    directory.path.mkdir()
    directory.save_machine(Machine("B1"))
    (tmp_path / "pki").mkdir()
    files = make_files(tmp_path / "pki")
    try:
        with winrm_lab(directory.path, "basic-https", files) as lab, gateway() as winrm:
            yield Place(directory, lab.beacon, winrm, f"http://127.0.0.1:{server.server_port}", server.asked)  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_answers_comes_back_byte_for_byte_and_in_order(place: Place) -> None:
    missing, found = place.ask(FetchRequest(f"{place.url}/none"), FetchRequest(f"{place.url}/list.crl"))
    assert (missing.outcome, missing.error, missing.content) == (FAILED, "it answered 404", b"")
    assert (found.outcome, found.content, found.tool) == (OK, LIST, "PowerShell")
    assert found.at is not None
    assert place.asked == ["/none", "/list.crl"]


def test_all_addresses_take_one_round_trip(place: Place) -> None:
    place.ask(*(FetchRequest(f"{place.url}/{number}") for number in range(20)))
    lines = (place.directory.path / "log" / "events.log").read_text("utf-8").splitlines()
    assert [line.split()[1] for line in lines] == ["fetch"]


def test_nothing_to_ask_contacts_nobody(place: Place) -> None:
    assert place.ask() == ()
    assert not (place.directory.path / "log" / "events.log").exists()


def test_an_answer_that_is_too_large_is_not_brought(place: Place) -> None:
    small, exact = (
        place.ask(FetchRequest(f"{place.url}/list.crl", limit=limit))[0] for limit in (len(LIST) - 1, len(LIST))
    )
    assert (small.outcome, small.error, small.content) == (FAILED, "it is larger than may be brought here", b"")
    assert (exact.outcome, exact.content) == (OK, LIST)


def test_what_the_console_has_is_not_sent_again_whichever_address_serves_it(place: Place) -> None:
    digest = hashlib.sha256(LIST).hexdigest()
    known = (FetchRequest(f"{place.url}/none", known=(digest,)), FetchRequest(f"{place.url}/list.crl"))
    missing, same = place.ask(*known)
    assert (missing.outcome, missing.same_as) == (FAILED, "")
    assert (same.outcome, same.content, same.same_as) == (OK, b"", digest)
    (other,) = place.ask(FetchRequest(f"{place.url}/list.crl", known=("0" * 64,)))
    assert (other.content, other.same_as) == (LIST, "")


def test_a_redirect_is_followed_within_http_alone(place: Place) -> None:
    moved, away = place.ask(FetchRequest(f"{place.url}/moved"), FetchRequest(f"{place.url}/away"))
    assert (moved.outcome, moved.content) == (OK, LIST)
    assert (away.outcome, away.error) == (FAILED, "it answered 302")


@pytest.mark.parametrize("url", ["ldap:///CN=list", "file:///etc/passwd", "ftp://127.0.0.1/l", "http://[", "", "list"])
def test_other_addresses_are_not_asked(place: Place, url: str) -> None:
    (told,) = place.ask(FetchRequest(url))
    assert (told.outcome, told.error) == (NOT_RUN, "only http and https addresses are asked from the beacon")


def test_an_address_is_a_value_and_no_text_of_a_script(place: Place) -> None:
    hostile = f"{place.url}/'; Remove-Item C:\\ -Recurse; $(throw) \"`\n"
    (told,) = place.ask(FetchRequest(hostile))
    assert told.outcome is FAILED
    line = (place.directory.path / "log" / "events.log").read_text("utf-8").splitlines()
    assert len(line) == 1
    assert "fetch" in line[0]


def test_nobody_there_and_nobody_of_that_name(place: Place) -> None:
    with closing(socket.socket()) as port:
        port.bind(("127.0.0.1", 0))  # bound, and nobody listens
        closed = f"http://127.0.0.1:{port.getsockname()[1]}"
        refused, again, unknown = place.ask(
            FetchRequest(f"{closed}/a"), FetchRequest(f"{closed}/b"), FetchRequest("http://pki.lab.invalid/list.crl")
        )
    assert (refused.outcome, refused.error) == (FAILED, "there is no connection to it")
    assert again.error == refused.error
    assert (unknown.outcome, unknown.error) == (FAILED, "the name isn't known on the beacon")


def test_a_server_that_says_nothing_ends_by_the_requests_own_time(place: Place) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/list.crl"
        (told,) = place.ask(FetchRequest(url, timeout_seconds=0.3))
    assert (told.outcome, told.error) == (FAILED, "no answer in time")


def test_a_proxy_of_the_machine_is_not_passed_by(place: Place) -> None:
    """By that proxy Windows itself would ask: what a direct question brings proves nothing either way."""
    settings = (b"\x28\0\0\0" + b"\x01\0\0\0" + b"\x03\0\0\0" + b"\x0a\0\0\0" + b"proxy:8080").hex()
    key = RegistryKey(values={"WinHttpSettings": RegistryValue("Binary", settings)})
    for name in reversed(["SOFTWARE", "Microsoft", "Windows", "CurrentVersion", "Internet Settings", "Connections"]):
        key = RegistryKey(keys={name: key})
    place.directory.save_registry(key)
    (told,) = place.ask(FetchRequest(f"{place.url}/list.crl"))
    assert told.outcome is NOT_RUN
    assert "netsh winhttp show proxy" in told.error
    assert place.asked == []


def test_parameters_hold_limits_for_each_and_for_all(place: Place) -> None:
    place.ask(FetchRequest(f"{place.url}/list.crl", limit=1_000_000, timeout_seconds=2.5))
    logged = (place.directory.path / "log" / "events.log").read_text("utf-8").splitlines()[0]
    given = json.loads(logged.partition(" fetch ")[2].partition(" -> ")[0])
    assert given["requests"] == [{"limit": 1_000_000, "milliseconds": 2500, "url": f"{place.url}/list.crl"}]
    assert given["milliseconds"] == 90_000
    assert given["limit"] == 16 * 1024 * 1024
    assert given["known"] == []
