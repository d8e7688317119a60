"""Shells, command lines, envelopes and NTLM of the lab's WS-Man servers, without a network."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from fixtures.lab.wsman.command_line import CommandLine, split
from fixtures.lab.wsman.ntlm import NtlmConnection
from fixtures.lab.wsman.shells import MAX_COMMANDS, Cancelled, Shells, Streams
from fixtures.lab.wsman.soap import Fault, FaultKind, parse_duration, parse_request
from fixtures.lab.wsman.tls import maps_to_user
from tests.lab.wsman_place import PASSWORD, PATIENCE, USER, Authority


@pytest.mark.parametrize("token", [b"NTLMSSP\0", b"", b"NTLMSSP\0\x01\0\0\0", b"NTLMSSP\0\x03\0\0\0" + b"\xff" * 80])
def test_a_broken_token_starts_again(token: bytes) -> None:
    connection = NtlmConnection(USER, PASSWORD)
    encoded = base64.b64encode(token).decode()
    assert connection.challenge(f"Negotiate {encoded}") == "Negotiate"
    assert not connection.complete


@given(st.binary(max_size=200))
def test_random_bytes_are_no_sealed_message(body: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        NtlmConnection(USER, PASSWORD).open(body)


# shells without HTTP


def echo(_: CommandLine, streams: Streams) -> int:
    while chunk := streams.read_chunk():
        streams.emit("stdout", chunk)
    return 0


def test_large_output_comes_in_pieces() -> None:
    shells = Shells(echo)
    shell = shells.create()
    command = shells.command(shell, shells.run(shell, CommandLine("echo")))
    command.send(b"x" * 250_000, end=True)
    received: list[bytes] = []
    while True:
        output = command.receive(PATIENCE)
        received += [data for _, data in output.chunks]
        if output.exit_code is not None:
            break
    assert b"".join(received) == b"x" * 250_000
    assert max(map(len, received)) <= 100_000


def test_idle_shells_end() -> None:
    now = [0.0]
    shells = Shells(echo, clock=lambda: now[0])
    brief, lasting = shells.create(60), shells.create(600)
    command = shells.command(brief, shells.run(brief, CommandLine("echo")))
    now[0] = 61
    assert shells.count == 1
    assert command.receive(PATIENCE).exit_code == 0xC000013A
    shells.run(lasting, CommandLine("echo"))
    with pytest.raises(Fault):
        shells.delete(brief)
    shells.delete_all()


def test_a_shell_runs_so_many_commands() -> None:
    shells = Shells(echo)
    shell = shells.create()
    for _ in range(MAX_COMMANDS):
        shells.run(shell, CommandLine("echo"))
    with pytest.raises(Fault) as caught:
        shells.run(shell, CommandLine("echo"))
    assert caught.value.kind is FaultKind.TOO_MANY_COMMANDS
    shells.delete_all()


def test_a_cancelled_command_reads_no_more() -> None:
    shells = Shells(echo)
    shell = shells.create()
    command = shells.command(shell, shells.run(shell, CommandLine("echo")))
    command.cancel()
    with pytest.raises(Cancelled):
        command.read_chunk()
    called: list[int] = []
    command.on_cancel(lambda: called.append(1))
    assert called == [1]


# parsing


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("", ()),
        ("a  b\tc", ("a", "b", "c")),
        (r'"C:\Program Files\x.exe" -y', (r"C:\Program Files\x.exe", "-y")),
        (r"a\b \\host\c", (r"a\b", r"\\host\c")),
        (r'a\"b "c\\" d', ('a"b', "c\\", "d")),
        ('"" x', ("", "x")),
    ],
)
def test_a_command_line_is_split_as_windows_does(line: str, arguments: tuple[str, ...]) -> None:
    assert split(line) == arguments


@pytest.mark.parametrize(
    ("line", "program"),
    [("powershell.exe -x", "powershell"), (r'"C:\Windows\PowerShell.EXE"', "powershell"), ("", ""), ("cmd", "cmd")],
)
def test_a_program_is_known_by_its_name(line: str, program: str) -> None:
    assert CommandLine(line).program == program


@given(st.lists(st.text(alphabet='ab "\\\t', max_size=8), min_size=1, max_size=6))
def test_quoted_arguments_survive(arguments: list[str]) -> None:
    def quoted(argument: str) -> str:
        out, slashes = '"', 0
        for character in argument:
            if character == "\\":
                slashes += 1
                continue
            out += "\\" * (slashes * 2 + 1 if character == '"' else slashes) + character
            slashes = 0
        return out + "\\" * (slashes * 2) + '"'

    assert list(split(" ".join(map(quoted, arguments)))) == arguments


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT20S", 20), ("PT1M0.5S", 60.5), ("P1DT2H", 93600), ("PT", 60), ("", 60), ("P-1D", 60), ("PT9999999S", 60)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@given(st.binary(max_size=300))
def test_any_bytes_are_an_envelope_or_a_fault(data: bytes) -> None:
    with pytest.raises(Fault):
        parse_request(data)


@given(st.binary(max_size=64))
def test_an_encrypted_length_may_lie(data: bytes) -> None:
    body = b"--Encrypted Boundary\r\n;Length=9\r\n--Encrypted Boundary\r\n" + struct.pack("<i", 16) + data
    with pytest.raises(ValueError, match="message"):
        NtlmConnection(USER, PASSWORD).open(body)


@pytest.mark.parametrize(
    ("upn", "usage", "mapped"),
    [
        (f"{USER}@localhost", True, True),
        (f"{USER.upper()}@LOCALHOST", True, True),
        (None, True, True),
        ("other@localhost", True, False),
        (f"{USER}@localhost", False, False),
    ],
)
def test_a_certificate_maps_to_its_user(tmp_path: Path, upn: str | None, usage: bool, mapped: bool) -> None:
    authority = Authority(tmp_path)
    file, _ = authority.client("client", upn) if usage else authority.issue("client")
    der = x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
    assert maps_to_user(der, USER) is mapped
    assert maps_to_user(None, USER) is False
