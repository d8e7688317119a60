"""What asking addresses leaves on a device's disk, meanwhile and afterwards, in the shell of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from adapters.ssh.fetch import fetch
from adapters.ssh.scripts import library
from adapters.ssh.session import DeviceSession, Output
from console.errors import CommandFailed
from console.fleet.model import Device
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome
from tests.fakes import FrozenClock

BODY = b"x" * 100_000
ROOM = 1_000_000
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Web:
    """`/slow` never ends; every other address answers BODY."""

    disk: Path
    url: str = ""
    held: list[int] = field(default_factory=list)
    """Bytes on the disk as each address was asked."""
    begun: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    """Whoever asked for `/slow` has gone."""
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.held.append(sum(path.stat().st_size for path in self.disk.glob("mtls-console.*/body.*")))
        request.send_response(200)
        request.end_headers()
        if request.path != "/slow":
            request.wfile.write(BODY)
            return
        with contextlib.suppress(OSError):
            while not self.over.wait(0.02):
                request.wfile.write(b"x")
                self.begun.set()
        self.left.set()


@dataclass
class Here:
    """A session's `run` on this machine."""

    disk: Path
    scripts: list[bytes] = field(default_factory=list)
    device: Device = field(default_factory=lambda: Device("d1", "d1"))

    def run(self, command: str, stdin: bytes, timeout: float, limit: int) -> Output:
        self.scripts.append(stdin)
        environment = {**os.environ, "TMPDIR": str(self.disk)}
        ended = subprocess.run(  # as sshd runs it
            ["/bin/sh", "-c", command], input=stdin, capture_output=True, timeout=timeout, check=False, env=environment
        )
        assert len(ended.stdout) <= limit
        return Output(ended.returncode, ended.stdout, ended.stderr)

    def ask(self, *requests: FetchRequest) -> tuple[Fetched, ...]:
        return fetch(cast("DeviceSession", self), requests, FrozenClock(NOW))


@pytest.fixture(params=["curl", "wget"])
def here(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} isn't installed")
    if request.param == "wget":
        hidden = 'has() {\n  [ "$1" = curl ] && return 1'
        monkeypatch.setattr("adapters.ssh.fetch.library", lambda name: library(name).replace("has() {", hidden))
    return Here(tmp_path)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield web
    web.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_six_are_on_the_disk_at_once_and_no_more(here: Here, web: Web) -> None:
    answers = here.ask(*(FetchRequest(f"{web.url}/{number}", ROOM) for number in range(20)))
    assert [answer.content for answer in answers] == [BODY] * 20
    assert len(here.scripts) == 1
    assert len(web.held) == 20
    assert max(web.held) <= 5 * len(BODY), "of the round under way alone"
    assert list(web.disk.iterdir()) == []


def test_each_address_has_its_own_limit_in_one_script(here: Here, web: Web) -> None:
    limits = (ROOM, 20_000, ROOM, 64 * 1024)
    answers = here.ask(*(FetchRequest(f"{web.url}/{number}", limit) for number, limit in enumerate(limits)))
    assert [answer.outcome for answer in answers] == [LiveOutcome.OK, LiveOutcome.FAILED] * 2
    assert answers[1].error == answers[3].error == "it is larger than may be brought here"
    assert len(here.scripts) == 1


def test_a_session_that_is_ended_ends_what_it_asks_and_leaves_nothing(here: Here, web: Web) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(here.ask, FetchRequest(f"{web.url}/slow", ROOM, timeout_seconds=60))
        assert web.begun.wait(20)
        (place,) = web.disk.glob("mtls-console.*")
        os.kill(int(place.name.split(".")[1]), signal.SIGTERM)  # the shell that made it is in its name
        with pytest.raises(CommandFailed, match="ended before"):
            asked.result(20)
    assert web.left.wait(20)
    assert list(web.disk.iterdir()) == []
