"""pywinrm under our own session, against the lab's WS-Man server with a program behind it in place of the engine.

The program plays what PowerShell may do: answer late, answer much, die, write CLIXML. Everything between is real.
"""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import hashlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from winrm.transport import HAVE_KERBEROS

from adapters.winrm.envelope import OPERATIONS, script
from adapters.winrm.limits import Limits
from console.errors import (
    ChangeRefused,
    CommandFailed,
    ConfigurationError,
    CredentialError,
    UnreachableError,
    WinrmError,
)
from console.fleet.model import Beacon, SecretReference, WinrmAuthentication
from fixtures.lab.wsman.server import Authentication
from tests.contract.winrm_lab import (
    KINDS,
    PASSWORD,
    PATIENT,
    USER,
    Files,
    OneSecret,
    Relay,
    WinrmLab,
    gateway,
    make_files,
    winrm_lab,
)

PLAYER = """#!{python}
import base64, hashlib, json, sys, time
script, _, parameters = "".join(sys.stdin.read().split()).partition("|")
play = json.loads(base64.b64decode(parameters))
if "touch" in play:
    open(play["touch"], "x").close()
time.sleep(play.get("sleep", 0))
sys.stderr.write(play.get("stderr", ""))
sys.stdout.write(play.get("banner", ""))
if "die" in play:
    sys.exit(play["die"])
answer = {{"ok": True, "script": hashlib.sha256(base64.b64decode(script)).hexdigest(), "arguments": sys.argv[2:]}}
answer.update(play.get("answer", {{}}), echo=play.get("echo"), much="x" * play.get("much", 0))
sys.stdout.write("##B64##" + base64.b64encode(json.dumps(answer).encode()).decode() + "##END##")
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("pki"))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Authentication:
    chosen: Authentication = request.param
    return chosen


@pytest.fixture
def player(tmp_path: Path) -> str:
    program = tmp_path / "player"
    program.write_text(PLAYER.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def lab(tmp_path: Path, kind: Authentication, files: Files, player: str) -> Iterator[WinrmLab]:
    directory = tmp_path / "b1"
    directory.mkdir()
    with winrm_lab(directory, kind, files, player) as lab:
        yield lab


@pytest.fixture
def basic(tmp_path: Path, files: Files, player: str) -> Iterator[WinrmLab]:
    directory = tmp_path / "b1"
    directory.mkdir()
    with winrm_lab(directory, "basic-https", files, player) as lab:
        yield lab


def test_script_and_parameters_arrive_whole(lab: WinrmLab) -> None:
    echo = {"name": 'Wörkshop \'; $(throw) "%PATH%" ` \x00\r\n', "long": "ü" * 200_000}
    with gateway() as winrm:
        for operation in OPERATIONS:
            said = winrm.run(lab.beacon, operation, {"echo": echo})
            assert said["script"] == hashlib.sha256(script(operation).encode()).hexdigest()
            assert said["echo"] == echo
            assert said["arguments"][:2] == ["-NoProfile", "-NonInteractive"]  # type: ignore[index]
        assert lab.server.shells.count == 1
    assert lab.server.shells.count == 0


def test_a_large_answer_and_a_late_one(lab: WinrmLab) -> None:
    limits = Limits(operation=1, read=5, script=30)
    with gateway(limits=limits) as winrm:
        assert winrm.run(lab.beacon, "snapshot", {"much": 3_000_000})["much"] == "x" * 3_000_000
        assert winrm.run(lab.beacon, "snapshot", {"sleep": 2.5, "echo": 1})["echo"] == 1


def test_an_overrun_ends_the_script_and_the_shell(lab: WinrmLab) -> None:
    with gateway(limits=Limits(operation=1, read=5, script=1.5)) as winrm:
        with pytest.raises(CommandFailed, match=r"no end after 1\.5 s; the script was terminated"):
            winrm.run(lab.beacon, "restart-site", {"sleep": 60})
        assert lab.server.shells.count == 0
        assert winrm.run(lab.beacon, "snapshot", {"echo": "again"})["echo"] == "again"


def test_a_dropped_shell_is_reopened_once(lab: WinrmLab) -> None:
    with gateway() as winrm:
        winrm.run(lab.beacon, "snapshot", {})
        lab.server.shells.delete_all()
        assert winrm.run(lab.beacon, "set-access", {"echo": 2})["echo"] == 2
        assert lab.server.shells.count == 1


def test_a_restarted_server_is_reached_again(lab: WinrmLab) -> None:
    with gateway() as winrm:
        winrm.run(lab.beacon, "snapshot", {})
        lab.server.close()
        lab.start()
        assert winrm.run(lab.beacon, "set-access", {"echo": 3})["echo"] == 3
        assert lab.server.shells.count == 1


def test_a_cut_connection_is_made_again_and_no_shell_is_left(lab: WinrmLab) -> None:
    relay = Relay(lab.port)
    beacon = lab.beacon_at(relay.port)
    try:
        with gateway() as winrm:
            for number in range(3):
                assert winrm.run(beacon, "set-access", {"echo": number})["echo"] == number
                assert lab.server.shells.count == 1
                relay.cut()
            winrm.run(beacon, "snapshot", {})
        assert lab.server.shells.count == 0
    finally:
        relay.close()


def test_a_server_that_vanishes_under_a_write_is_not_asked_twice(lab: WinrmLab, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with gateway() as winrm, concurrent.futures.ThreadPoolExecutor() as pool:
        winrm.run(lab.beacon, "snapshot", {})
        running = pool.submit(winrm.run, lab.beacon, "set-access", {"touch": str(begun), "sleep": 60})
        until(begun.exists)
        lab.server.close()
        with pytest.raises(WinrmError) as caught:
            running.result(30)
        assert "The script may have run" in caught.value.hint
        lab.start()


def test_closing_does_not_wait_for_a_port_that_never_answers(lab: WinrmLab) -> None:
    """An interrupt waited 15 s for it: there is no shell yet, so there is nothing to delete."""
    with socket.create_server(("127.0.0.1", 0)) as mute, concurrent.futures.ThreadPoolExecutor() as pool:
        beacon = lab.beacon_at(mute.getsockname()[1])
        with gateway(limits=PATIENT) as winrm:
            asking = pool.submit(winrm.snapshot, beacon)
            with mute.accept()[0]:
                closing = pool.submit(winrm.close)
                closing.result(timeout=5)
                assert not asking.done()
        with pytest.raises(WinrmError):
            asking.result(30)


def test_threads_take_turns(lab: WinrmLab) -> None:
    with gateway() as winrm, concurrent.futures.ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda n: winrm.run(lab.beacon, "snapshot", {"echo": n})["echo"], range(8)))
        assert said == list(range(8))
        assert lab.server.shells.count == 1


def test_closing_ends_what_runs(lab: WinrmLab, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with (
        gateway(limits=Limits(operation=1, read=5, script=60)) as winrm,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        running = pool.submit(winrm.run, lab.beacon, "snapshot", {"touch": str(begun), "sleep": 60})
        until(begun.exists)
        winrm.close()
        with pytest.raises((CommandFailed, WinrmError), match="the console is closing"):
            running.result(30)
    assert lab.server.shells.count == 0


def test_closing_does_not_wait_for_a_user_who_is_asked_for_a_password(basic: WinrmLab) -> None:
    asked, answered = threading.Event(), threading.Event()

    class SlowUser(OneSecret):
        def password(self, reference: SecretReference, purpose: str) -> str:
            asked.set()
            answered.wait(30)
            return super().password(reference, purpose)

    limits = Limits(operation=1, read=2, script=5)
    with gateway(SlowUser(), limits) as winrm, concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(winrm.run, basic.beacon, "snapshot", {})
        assert asked.wait(10)
        began = time.monotonic()
        winrm.close()
        assert time.monotonic() - began < 5
        answered.set()
        with pytest.raises((WinrmError, CommandFailed), match="the console is closing"):
            running.result(30)
        with pytest.raises(WinrmError, match="the console is closing"):
            winrm.run(basic.beacon, "snapshot", {})
    assert basic.server.shells.count == 0


def test_disconnect_deletes_the_shell_and_the_next_call_opens_one(lab: WinrmLab) -> None:
    with gateway() as winrm:
        winrm.run(lab.beacon, "snapshot", {})
        winrm.disconnect(lab.beacon)
        assert lab.server.shells.count == 0
        winrm.run(lab.beacon, "snapshot", {})


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    ("play", "error", "says"),
    [
        ({"die": 3, "stderr": "it \x1b[31mbroke"}, CommandFailed, "no answer (exit status 3): it [31mbroke"),
        ({"die": 0}, CommandFailed, "no answer (exit status 0): nothing on stderr"),
        ({"answer": {"ok": False, "message": "boom\x07", "phase": "commit"}}, CommandFailed, "(commit): boom"),
        ({"answer": {"ok": False, "refused": True, "message": "changed"}}, ChangeRefused, "changed"),
        ({"answer": {"ok": "true"}}, CommandFailed, "no reason given"),
    ],
)
def test_what_a_script_says_becomes_one_error(
    basic: WinrmLab, play: dict[str, object], error: type[Exception], says: str
) -> None:
    with gateway() as winrm, pytest.raises(error) as caught:
        winrm.run(basic.beacon, "set-access", play)
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert str(caught.value).startswith("b1: set-access")


def test_progress_and_banners_do_not_disturb(basic: WinrmLab) -> None:
    play = {"banner": "Welcome!\r\n", "stderr": '#< CLIXML\r\n<Objs><Obj S="progress"/></Objs>', "echo": 5}
    with gateway() as winrm:
        assert winrm.run(basic.beacon, "snapshot", play)["echo"] == 5


def test_the_environment_decides_nothing(basic: WinrmLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with gateway() as winrm:
        assert winrm.run(basic.beacon, "snapshot", {"echo": 1})["echo"] == 1


# what goes wrong before anything runs


def refused(lab: WinrmLab, beacon: Beacon, secret: str = PASSWORD) -> UnreachableError:
    with gateway(OneSecret(secret)) as winrm, pytest.raises(UnreachableError) as caught:
        winrm.run(beacon, "snapshot", {})
    assert lab.server.shells.count == 0
    return caught.value


@pytest.mark.parametrize("authentication", ["basic-https", "ntlm"])
def test_a_wrong_password(tmp_path: Path, files: Files, authentication: Authentication) -> None:
    with winrm_lab(tmp_path, authentication, files, "/bin/false") as lab:
        error = refused(lab, lab.beacon, "not the pass\u00e4word")
    text = f"{error!r} {error} {error.__cause__!r}"
    assert isinstance(error, CredentialError)  # which a sweep doesn't try again: that could lock the account
    assert "401: the user or password was refused" in text
    assert "LocalAccountTokenFilterPolicy" in error.hint
    assert "word" not in text.replace("password", "")


def test_a_certificate_that_maps_to_nobody(tmp_path: Path, files: Files) -> None:
    with winrm_lab(tmp_path, "certificate", files, "/bin/false") as lab:
        beacon = lab.beacon
        assert beacon.winrm is not None
        stranger = replace(beacon.winrm, certificate_file=files.stranger, key_file=files.stranger_key)
        assert "401" in refused(lab, replace(beacon, winrm=stranger)).message
        not_for_clients = replace(beacon.winrm, certificate_file=files.server, key_file=files.server_key)
        assert "server.pem" in refused(lab, replace(beacon, winrm=not_for_clients)).hint


def test_an_untrusted_listener(basic: WinrmLab, files: Files) -> None:
    assert basic.beacon.winrm is not None
    error = refused(basic, replace(basic.beacon, winrm=replace(basic.beacon.winrm, ca_file=None)))
    assert "certificate verify failed" in error.message
    assert "ca_file" in error.hint


def test_nobody_listens(basic: WinrmLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert basic.beacon.winrm is not None
    address = replace(basic.beacon.winrm, url=f"https://127.0.0.1:{port}/wsman")
    assert "Connection refused" in refused(basic, replace(basic.beacon, winrm=address)).message


@pytest.mark.parametrize("authentication", [WinrmAuthentication.BASIC, WinrmAuthentication.CERTIFICATE])
def test_no_secret_in_clear(basic: WinrmLab, authentication: WinrmAuthentication) -> None:
    assert basic.beacon.winrm is not None
    address = replace(basic.beacon.winrm, url="http://127.0.0.1:9/wsman", authentication=authentication)
    secrets = OneSecret()
    with gateway(secrets) as winrm, pytest.raises(ConfigurationError, match="needs https"):
        winrm.run(replace(basic.beacon, winrm=address), "snapshot", {})
    assert secrets.asked == []


@pytest.mark.skipif(HAVE_KERBEROS, reason="pykerberos is installed here")
def test_kerberos_without_its_package_is_said_before_anything_is_contacted(basic: WinrmLab) -> None:
    assert basic.beacon.winrm is not None
    address = replace(basic.beacon.winrm, authentication=WinrmAuthentication.KERBEROS, url="http://127.0.0.1:9/wsman")
    with gateway() as winrm, pytest.raises(ConfigurationError, match="needs the package pykerberos"):
        winrm.run(replace(basic.beacon, winrm=address), "snapshot", {})


def test_an_ntlm_login_that_is_broken_off(basic: WinrmLab) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                for challenge in (b"Negotiate", b"Basic"):
                    read_request(connection)
                    head = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: %b\r\n\r\n"
                    connection.sendall(head % challenge)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert basic.beacon.winrm is not None
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/wsman"
    address = replace(basic.beacon.winrm, authentication=WinrmAuthentication.NTLM, url=url)
    error = refused(basic, replace(basic.beacon, winrm=address))
    thread.join(10)
    assert "broke the NTLM login off" in error.message


def test_credentials_that_are_not_there(basic: WinrmLab, tmp_path: Path) -> None:
    assert basic.beacon.winrm is not None
    encrypted = tmp_path / "key.pem"
    encrypted.write_text("-----BEGIN ENCRYPTED " + "PRIVATE KEY-----\n")
    certificate = {"authentication": WinrmAuthentication.CERTIFICATE, "certificate_file": basic.files.client}
    for changes, says in (
        ({"password": None}, "no password reference for user 'svc-mtls'"),
        ({"user": ""}, "basic authentication needs a user"),
        ({"ca_file": tmp_path / "none.pem"}, r"winrm\.ca_file: .*none\.pem can't be read"),
        (certificate, "winrm.key_file is not set"),
        (certificate | {"key_file": encrypted}, "is encrypted"),
    ):
        beacon = replace(basic.beacon, winrm=replace(basic.beacon.winrm, **changes))
        with gateway() as winrm, pytest.raises(CredentialError, match=says):
            winrm.run(beacon, "snapshot", {})


def read_request(connection: socket.socket) -> None:
    """All of it: to close a socket with unread bytes sends a reset, which overtakes the answer."""
    with connection.makefile("rb") as request:
        length = 0
        while (line := request.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        request.read(length)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "something that isn't WS-Man"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<x/>", "something that isn't WS-Man"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP status 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "octets"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100, "octets"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no connection"),
        (b"", "no connection"),
    ],
)
def test_a_server_that_is_no_winrm(basic: WinrmLab, files: Files, answer: bytes, says: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.server, files.server_key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as secured:
                read_request(secured)
                secured.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        assert basic.beacon.winrm is not None
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/wsman"
        error = refused(basic, replace(basic.beacon, winrm=replace(basic.beacon.winrm, url=url)))
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
    assert says in error.message
    assert base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode() not in f"{error} {error.__cause__!r}"
