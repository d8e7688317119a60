"""The lab's WS-Man servers, used by unmodified pywinrm and by raw HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import stat
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol

from fixtures.lab.wsman.ntlm import NtlmConnection
from fixtures.lab.wsman.server import Authentication, WsmanServer
from fixtures.lab.wsman.shells import MAX_SHELLS, Output
from fixtures.lab.wsman.soap import FaultKind
from tests.lab.windows_place import SITE, Windows, make_windows
from tests.lab.wsman_place import (
    AUTHENTICATIONS,
    COMMAND,
    PASSWORD,
    PATIENCE,
    USER,
    Authority,
    Place,
    answer_of,
    execute,
    start,
    stdin,
)


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    return make_windows(tmp_path / "b1")


@pytest.fixture(params=AUTHENTICATIONS)
def place(request: pytest.FixtureRequest, tmp_path: Path, windows: Windows) -> Iterator[Place]:
    served = start(request.param, tmp_path, windows)
    yield served
    served.server.close()


@pytest.fixture
def basic(tmp_path: Path, windows: Windows) -> Iterator[Place]:
    served = start("basic-https", tmp_path, windows)
    yield served
    served.server.close()


def test_operations_over_one_shell(place: Place) -> None:
    protocol = place.protocol()
    shell = protocol.open_shell()
    padding = "#" * 100_000
    out, err, code = execute(protocol, shell, stdin(f"# operation: snapshot\n{padding}", {}))
    assert code == 0
    assert err.startswith(b"#< CLIXML")
    snapshot = answer_of(out)
    assert snapshot["computer"] == "B1"
    parameters = {"site": SITE, "location": SITE, "before": ["Ssl"], "after": [], "configSha256": ""}
    out, _, code = execute(protocol, shell, stdin("# operation: set-access\r\nparam()", parameters))
    assert (answer_of(out)["ok"], code) == (True, 0)
    assert place.windows.directory.configuration().access(SITE) == ()
    assert place.server.shells.count == 1
    protocol.close_shell(shell)
    assert place.server.shells.count == 0


def test_a_wrong_login_is_401(place: Place) -> None:
    changes: dict[str, object] = {"password": "wrong"}
    if place.authentication == "certificate":
        certificate, key = place.authority.client("stranger", upn="somebody@localhost")
        changes = {"cert_pem": str(certificate), "cert_key_pem": str(key)}
    with pytest.raises(InvalidCredentialsError):
        place.protocol(**changes).open_shell()
    assert place.server.shells.count == 0


@pytest.mark.parametrize("user", ["other", f"DOMAIN\\{USER}", ""])
@pytest.mark.parametrize("authentication", ["basic-https", "ntlm"])
def test_a_wrong_user_is_401(authentication: Authentication, user: str, tmp_path: Path, windows: Windows) -> None:
    place = start(authentication, tmp_path, windows)
    with pytest.raises(InvalidCredentialsError):
        place.protocol(username=user).open_shell()
    place.server.close()


def test_ntlm_servers_in_one_process_have_their_own_accounts(tmp_path: Path, windows: Windows) -> None:
    servers = [WsmanServer(windows.path, "ntlm", USER, f"password-of-{number}") for number in range(8)]
    ports = [server.start() for server in servers]

    def let_in(client: int, server: int) -> bool:
        endpoint = f"http://127.0.0.1:{ports[server]}/wsman"
        options: dict[str, Any] = {"proxy": None, "ca_trust_path": None}
        secret = f"password-of-{client}"
        protocol = Protocol(endpoint, transport="ntlm", username=USER, password=secret, **options)
        try:
            protocol.close_shell(protocol.open_shell())
        except InvalidCredentialsError:
            return False
        return True

    pairs = [(number, number) for number in range(8)] + [(number, (number + 1) % 8) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda pair: let_in(*pair), pairs))
    assert results == [True] * 8 + [False] * 8
    for server in servers:
        server.close()


def test_an_unknown_authority_is_refused_by_the_client(basic: Place, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other-authority")
    with pytest.raises(OSError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        basic.protocol(ca_trust_path=str(other.file)).open_shell()


def test_a_client_certificate_of_another_authority_is_refused(tmp_path: Path, windows: Windows) -> None:
    place = start("certificate", tmp_path, windows)
    certificate, key = Authority(tmp_path, "other-authority").client("foreign")
    with pytest.raises(OSError, match=r"(?i)ssl|connection"):
        place.protocol(cert_pem=str(certificate), cert_key_pem=str(key)).open_shell()
    place.server.close()


def test_without_output_a_receive_times_out_as_windows_does(place: Place) -> None:
    protocol = place.protocol(operation_timeout_sec=1)
    shell = protocol.open_shell()
    command_id = protocol.run_command(shell, COMMAND)
    out, err, code, done = protocol.get_command_output_raw(shell, command_id)
    assert (out, err[:9], code, done) == (b"", b"#< CLIXML", -1, False)
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command_id)
    protocol.send_command_input(shell, command_id, stdin("# operation: snapshot", {}), end=True)
    out, _, code = protocol.get_command_output(shell, command_id)
    assert (answer_of(out)["ok"], code) == (True, 0)
    protocol.close_shell(shell)


def test_a_shell_that_is_gone_is_fault_2150858843(place: Place) -> None:
    protocol = place.protocol()
    shell = protocol.open_shell()
    place.server.shells.delete(shell)
    with pytest.raises(WSManFaultError) as caught:
        protocol.run_command(shell, COMMAND)
    assert caught.value.wsman_fault_code == FaultKind.UNKNOWN_SHELL.code == 2150858843
    assert shell in caught.value.reason


def test_deleting_a_shell_ends_its_commands(basic: Place) -> None:
    protocol = basic.protocol()
    shell = protocol.open_shell()
    command_id = protocol.run_command(shell, COMMAND)
    command = basic.server.shells.command(shell, command_id)
    protocol.close_shell(shell)
    assert command.receive(PATIENCE).chunks[0][0] == "stderr"
    assert command.receive(PATIENCE) == Output((), 0xC000013A)


def test_a_terminated_command_is_forgotten(basic: Place) -> None:
    protocol = basic.protocol()
    shell = protocol.open_shell()
    command_id = protocol.run_command(shell, COMMAND)
    protocol.cleanup_command(shell, command_id)
    with pytest.raises(WSManFaultError) as caught:
        protocol.get_command_output_raw(shell, command_id)
    assert caught.value.wsman_fault_code == FaultKind.UNKNOWN_COMMAND.code
    protocol.close_shell(shell)


def test_a_user_may_have_thirty_shells(basic: Place) -> None:
    protocol = basic.protocol()
    shells = [protocol.open_shell() for _ in range(MAX_SHELLS)]
    with pytest.raises(WSManFaultError) as caught:
        protocol.open_shell()
    assert caught.value.wsman_fault_code == 2150859173
    protocol.close_shell(shells[0])
    protocol = basic.protocol()
    protocol.open_shell()


@pytest.mark.parametrize(
    ("command", "script", "code", "message"),
    [
        ("ipconfig /all", None, 1, "'ipconfig' is not recognized"),
        ("powershell.exe -Command Get-Date", None, 0xFFFD0000, "not properly encoded"),
        ("powershell.exe -EncodedCommand %%%", None, 0xFFFD0000, "not properly encoded"),
        (COMMAND + " x" * 4500, None, 1, "too long"),
        (COMMAND, "# operation: format-disk\n", 1, "'format-disk' is not recognized"),
        (COMMAND, "Get-Date\n# operation: snapshot\n", 1, "names no operation"),
        (COMMAND, "", 1, "names no operation"),
    ],
)
def test_what_can_not_be_run_says_so(basic: Place, command: str, script: str | None, code: int, message: str) -> None:
    protocol = basic.protocol()
    shell = protocol.open_shell()
    command_id = protocol.run_command(shell, command)
    if script is not None:
        protocol.send_command_input(shell, command_id, stdin(script, {}), end=True)
    out, err, status = protocol.get_command_output(shell, command_id)
    assert (out, status) == (b"", code)
    assert message in err.decode()
    protocol.close_shell(shell)


@pytest.mark.parametrize("data", [b"%%%|%%%", b"|", base64.b64encode(b"# operation: snapshot") + b"|" + b"eyI="])
def test_broken_stdin_is_an_error_of_the_script(basic: Place, data: bytes) -> None:
    protocol = basic.protocol()
    shell = protocol.open_shell()
    out, _, code = execute(protocol, shell, data)
    assert (out, code) == (b"", 1)
    protocol.close_shell(shell)


# raw HTTP


def request(place: Place, body: bytes, path: str = "/wsman", **headers: str) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(place.authority.file))
    connection = http.client.HTTPSConnection("127.0.0.1", place.port, context=context, timeout=PATIENCE)
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    connection.request("POST", path, body, {"Authorization": f"Basic {basic}"} | headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, answer


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>"


@pytest.mark.parametrize("body", [b"", b"<x", b"<x/>", b"\xff\xfe", BOMB, b"<a>" * 5000])
def test_what_is_no_envelope_is_a_fault(basic: Place, body: bytes) -> None:
    status, answer = request(basic, body)
    assert status == 500
    assert b"SchemaValidationError" in answer


def test_a_body_that_is_too_large_is_refused_unread(basic: Place) -> None:
    assert request(basic, b"", **{"Content-Length": "512001"})[0] == 413
    assert request(basic, b"", **{"Content-Length": "-1"})[0] == 411


def test_another_path_is_not_found(basic: Place) -> None:
    assert request(basic, b"", "/other")[0] == 404
    assert request(basic, b"x", "/wsman?PSVersion=5.1")[0] == 500


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic !!!", "Negotiate abc", "Basic " + "QQ=="])
def test_without_a_good_header_there_is_a_challenge(basic: Place, authorization: str) -> None:
    assert request(basic, b"x", Authorization=authorization)[0] == 401


def test_a_message_that_was_tampered_with_ends_the_connection(tmp_path: Path, windows: Windows) -> None:
    place = start("ntlm", tmp_path, windows)
    protocol = place.protocol()
    shell = protocol.open_shell()
    encryption = protocol.transport.encryption
    assert encryption is not None
    seal = encryption._build_ntlm_message

    def broken(message: bytes, host: str | bytes | None) -> bytes:
        sealed = bytearray(seal(message, host))
        sealed[-1] ^= 1
        return bytes(sealed)

    encryption._build_message = broken
    with pytest.raises((WinRMTransportError, KeyError)):
        protocol.run_command(shell, COMMAND)
    place.server.close()


def test_a_client_that_says_nothing_holds_nobody_up(basic: Place) -> None:
    silent = socket.create_connection(("127.0.0.1", basic.port))
    protocol = basic.protocol()
    protocol.close_shell(protocol.open_shell())
    silent.close()


def test_closing_ends_threads_connections_and_port(tmp_path: Path, windows: Windows) -> None:
    before = set(threading.enumerate())
    place = start("basic-https", tmp_path, windows)
    protocol = place.protocol()
    protocol.run_command(protocol.open_shell(), COMMAND)
    place.server.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", place.port))


def test_a_server_needs_its_files(tmp_path: Path, windows: Windows) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(ValueError, match="TLS certificate"):
        WsmanServer(windows.path, "basic-https", USER, PASSWORD)
    with pytest.raises(ValueError, match="CA of client"):
        WsmanServer(windows.path, "certificate", USER, PASSWORD, *authority.server())
    with pytest.raises(ValueError, match="colon"):
        NtlmConnection(USER, "with:colon")


# the door for a real PowerShell

PROGRAM = f"""#!{sys.executable}
import json, sys
data = sys.stdin.buffer.read()
print(json.dumps({{"arguments": sys.argv[1:], "size": len(data)}}))
print("warned", file=sys.stderr)
sys.exit(7)
"""


def test_the_door_runs_a_program_with_the_command_line_and_stdin(tmp_path: Path, windows: Windows) -> None:
    program = tmp_path / "engine"
    program.write_text(PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    place = start("basic-https", tmp_path, windows, powershell=str(program))
    protocol = place.protocol()
    shell = protocol.open_shell()
    out, err, code = execute(protocol, shell, b"x" * 150_000, 'powershell.exe -NoProfile -File "a b" -X')
    assert json.loads(out) == {
        "arguments": [str(windows.path), "-NoProfile", "-File", "a b", "-X"],
        "size": 150_000,
    }
    assert (err, code) == (b"warned\n", 7)
    place.server.close()


def test_a_door_that_is_not_there_says_so(tmp_path: Path, windows: Windows) -> None:
    place = start("basic-https", tmp_path, windows, powershell="/nonexistent/engine")
    protocol = place.protocol()
    shell = protocol.open_shell()
    out, err, code = execute(protocol, shell, b"x", "powershell.exe")
    assert (out, code) == (b"", 1)
    assert b"/nonexistent/engine" in err
    place.server.close()


def test_a_program_behind_the_door_ends_with_its_shell(tmp_path: Path, windows: Windows) -> None:
    program = tmp_path / "engine"
    program.write_text("#!/bin/sh\necho $$\nexec sleep 1000\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    place = start("basic-https", tmp_path, windows, powershell=str(program))
    protocol = place.protocol()
    shell = protocol.open_shell()
    command_id = protocol.run_command(shell, "powershell.exe")
    out, _, _, done = protocol.get_command_output_raw(shell, command_id)
    assert not done
    command = place.server.shells.command(shell, command_id)
    protocol.close_shell(shell)
    assert command.receive(PATIENCE) == Output((), 1)
    assert not Path(f"/proc/{int(out)}").exists()
    place.server.close()
