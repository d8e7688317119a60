"""What http addresses answer to a device, with its own curl or wget, over both SSH servers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapters.ssh.scripts import library
from adapters.ssh.session import DeviceSession, Output
from console.ports import Fetched, FetchRequest
from console.readiness.model import LiveOutcome
from tests.contract.ssh_places import SHELLS, Place, none_left, place

BODY = bytes(range(256)) * 40 + b"\nend 0\n\n"
SIZE = 3_000_000


class Handler(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - the server makes its handlers; a test reads what they were asked
    ended = threading.Event()
    counting = threading.Lock()
    slow = 0
    most_slow = 0
    """How many slow answers were under way at once."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/list.crl")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if self.path.startswith("/slow"):
            self.end_headers()
            self._dribble()
            return
        self.end_headers()  # no length: only the limit ends it
        self.wfile.write(b"x" * SIZE if self.path.startswith("/large") else BODY)

    def _dribble(self) -> None:
        """A byte now and then, so that no step takes long."""
        with Handler.counting:
            Handler.slow += 1
            Handler.most_slow = max(Handler.most_slow, Handler.slow)
        with contextlib.suppress(OSError):
            while not self.ended.wait(0.5):
                self.wfile.write(b"x")
        with Handler.counting:
            Handler.slow -= 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    Handler.ended.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Handler.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class Scene:
    served: Place
    tool: str

    def ask(self, url: str, limit: int = 100_000, agent_user: str = "") -> Fetched:
        (answer,) = self.ask_all([url], limit, agent_user)
        return answer

    def ask_all(self, urls: Sequence[str], limit: int = 100_000, agent_user: str = "") -> Sequence[Fetched]:
        requests = [FetchRequest(url, limit, agent_user, timeout_seconds=5) for url in urls]
        answers = self.served.gateway().fetch(self.served.device, requests)
        assert none_left("mtls-console.*")
        return answers


@pytest.fixture(params=[("asyncssh", "curl"), ("asyncssh", "wget"), ("sshd", "curl")], ids="-".join)
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    kind, tool = request.param
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} isn't installed")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    if tool == "wget":
        hidden = 'has() {\n  [ "$1" = curl ] && return 1'
        monkeypatch.setattr("adapters.ssh.fetch.library", lambda name: library(name).replace("has() {", hidden))
    with place(kind, tmp_path) as served:
        yield Scene(served, tool)


def test_what_an_address_answers_comes_byte_for_byte(scene: Scene, address: str) -> None:
    answer = scene.ask(f"{address}/list.crl?a=1&b=$(id);'x'")
    assert (answer.outcome, answer.content, answer.tool, answer.error) == (LiveOutcome.OK, BODY, scene.tool, "")
    assert Handler.asked[-1] == "/list.crl?a=1&b=$(id);'x'"


@pytest.mark.parametrize(("path", "words"), [("missing", "404"), ("moved", "30"), ("large", "larger")])
def test_what_is_no_answer(scene: Scene, address: str, path: str, words: str) -> None:
    answer = scene.ask(f"{address}/{path}")
    assert (answer.outcome, answer.content) == (LiveOutcome.FAILED, b"")
    assert answer.error
    if scene.tool == "curl":
        assert words in answer.error


def test_many_addresses_in_one_script(scene: Scene, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    run = DeviceSession.run

    def counted(session: DeviceSession, command: str, stdin: bytes, timeout: float, limit: int) -> Output:
        sent.append(stdin)
        return run(session, command, stdin, timeout, limit)

    monkeypatch.setattr(DeviceSession, "run", counted)
    urls = [f"{address}/{number}.crl" for number in range(8)]
    urls[2:2] = [f"{address}/missing", "ldap://ca/x", "http://127.0.0.1:1/x.crl", f"{address}/large"]
    answers = scene.ask_all(urls)
    right = {0, 1, *range(6, 12)}
    assert [number for number, answer in enumerate(answers) if answer.content == BODY] == sorted(right)
    wrong = [answer.outcome for number, answer in enumerate(answers) if number not in right]
    assert wrong == [LiveOutcome.FAILED, LiveOutcome.NOT_RUN, LiveOutcome.FAILED, LiveOutcome.FAILED]
    assert len(sent) == 1
    assert scene.ask_all([]) == ()


def test_addresses_that_never_end_cost_the_time_of_one(scene: Scene, address: str) -> None:
    urls = [*(f"{address}/slow/{number}" for number in range(5)), f"{address}/list.crl"]
    Handler.most_slow = 0
    answers = scene.ask_all(urls)
    assert Handler.most_slow >= 5, "all at once, so that they cost the time of one"
    assert [answer.outcome for answer in answers] == [LiveOutcome.FAILED] * 5 + [LiveOutcome.OK]
    assert {answer.error for answer in answers[:5]} == {"no answer in time"}


def test_no_more_than_a_bounded_whole_is_brought(scene: Scene, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.ssh.fetch._TOTAL", 100_000)
    answers = scene.ask_all([f"{address}/{number}" for number in range(12)])
    brought = 100_000 // len(BODY)
    assert [answer.outcome for answer in answers] == [LiveOutcome.OK] * brought + [LiveOutcome.NOT_RUN] * (12 - brought)


def test_what_the_console_has_is_not_sent_again(scene: Scene, address: str) -> None:
    known = hashlib.sha256(BODY).hexdigest()
    urls = [f"{address}/list.crl", f"{address}/missing"]
    requests = [FetchRequest(url, 100_000, timeout_seconds=5, known=("0" * 64, known)) for url in urls]
    here, missing = scene.served.gateway().fetch(scene.served.device, requests)
    assert (here.outcome, here.content, here.same_as) == (LiveOutcome.OK, b"", known)
    assert (missing.outcome, missing.same_as) == (LiveOutcome.FAILED, "")
    (other,) = scene.served.gateway().fetch(scene.served.device, [replace(requests[0], known=("0" * 64, "'$(id)'"))])
    assert (other.content, other.same_as) == (BODY, "")


def test_what_is_known_of_another_address_is_the_same(scene: Scene, address: str) -> None:
    """Mirrors serve one list: what one of them serves now may be what another served last."""
    known = (hashlib.sha256(BODY).hexdigest(), "0" * 64)
    requests = [
        FetchRequest(f"{address}/{number}.crl", 100_000, timeout_seconds=5, known=(digest,))
        for number, digest in enumerate(known)
    ]
    answers = scene.served.gateway().fetch(scene.served.device, requests)
    assert [(one.outcome, one.content, one.same_as) for one in answers] == [(LiveOutcome.OK, b"", known[0])] * 2


def test_nobody_there(scene: Scene) -> None:
    answer = scene.ask("http://127.0.0.1:1/x.crl")
    assert answer.outcome is LiveOutcome.FAILED
    assert scene.tool == "wget" or "refused" in answer.error


@pytest.mark.parametrize(
    "url", ["ldap://ca/x", "file:///etc/passwd", "http://a b/", "-o/x", "http://h/\n", "http://h/é"]
)
def test_only_plain_http_is_asked(scene: Scene, url: str) -> None:
    assert scene.ask(url).outcome is LiveOutcome.NOT_RUN


def test_as_the_agents_account(scene: Scene, address: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("another account needs root")
    assert scene.ask(f"{address}/list.crl", agent_user="nobody").content == BODY


@pytest.mark.parametrize("shell", SHELLS.values(), ids=list(SHELLS))
def test_every_shell(shell: tuple[str, ...], tmp_path: Path, address: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl isn't installed")
    with place("asyncssh", tmp_path, shell) as served:
        requests = [FetchRequest(f"{address}/{path}", 100_000) for path in ("list.crl", "missing", "b.crl")]
        answers = served.gateway().fetch(served.device, requests)
        assert none_left("mtls-console.*")
    assert [answer.content for answer in answers] == [BODY, b"", BODY]
    assert [answer.outcome for answer in answers] == [LiveOutcome.OK, LiveOutcome.FAILED, LiveOutcome.OK]
