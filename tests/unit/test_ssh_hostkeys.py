"""known_hosts: which key a name has, and what is said of any other."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ssh.hostkeys import KnownHosts, fingerprint, host_key_name
from console.errors import HostKeyError, SshError

KEY, OTHER = b"\0\0\0\x0bssh-ed25519 one", b"\0\0\0\x0bssh-ed25519 two"
A, B = base64.b64encode(KEY).decode(), base64.b64encode(OTHER).decode()


def hashed(name: str, salt: bytes = b"12345678901234567890") -> str:
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def known(tmp_path: Path, text: str) -> KnownHosts:
    path = tmp_path / "known_hosts"
    path.write_text(text)
    hosts = KnownHosts()
    hosts.add(path)
    return hosts


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"b.example,192.0.2.1 ssh-ed25519 {A} comment", "192.0.2.1"),
        (f"B.Example ssh-ed25519 {A}", "b.example"),
        (f"[b.example]:2222 ssh-ed25519 {A}", "[b.example]:2222"),
        (f"{hashed('b.example')} ssh-ed25519 {A}", "b.example"),
        (f"{hashed('[b.example]:2222')} ssh-ed25519 {A}", "[b.example]:2222"),
        (f"*.example,!c.example ssh-ed25519 {A}", "b.example"),
        (f"[*.example]:2222 ssh-ed25519 {A}", "[b.example]:2222"),
        (f"b.example ssh-ed25519 {B}\n{hashed('b.example')} ssh-ed25519 {A}", "b.example"),
        (f"b.example ssh-ed25519 é\n|1|é|é ssh-ed25519 {A}\nb.example ssh-ed25519 {A}", "b.example"),
        (f"\n# comment\nb.example bad\nb.example ssh-ed25519 !!!\nb.example ssh-ed25519 {A}", "b.example"),
    ],
)
def test_a_known_key_passes(tmp_path: Path, line: str, name: str) -> None:
    known(tmp_path, line).check("d1", name, "ssh-ed25519", KEY)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "unknown host key"),
        (f"c.example ssh-ed25519 {A}", "unknown host key"),
        (f"*.example,!b.example ssh-ed25519 {A}", "unknown host key"),
        (f"[b.example]:2222 ssh-ed25519 {A}", "unknown host key"),
        (f"@cert-authority b.example ssh-ed25519 {A}", "unknown host key"),
        (f"b.example ssh-ed25519 {B}", "changed host key"),
        (f"b.example ssh-ed25519 {A}\n@revoked * ssh-ed25519 {A}", "revoked host key"),
    ],
)
def test_any_other_key_is_refused(tmp_path: Path, line: str, words: str) -> None:
    hosts = known(tmp_path, line)
    with pytest.raises(HostKeyError, match=words) as caught:
        hosts.check("d1", "b.example", "ssh-ed25519", KEY)
    assert fingerprint(KEY) in caught.value.message
    assert str(tmp_path / "known_hosts") in f"{caught.value}"
    assert caught.value.hint
    assert caught.value.target == "d1"


def test_a_missing_file_holds_no_keys_and_an_unreadable_one_is_said(tmp_path: Path) -> None:
    hosts = KnownHosts()
    hosts.add(tmp_path / "absent")
    assert hosts.keys_for("b.example") == []
    with pytest.raises(SshError, match="can't read"):
        hosts.add(tmp_path)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    hosts = KnownHosts()
    for number, line in enumerate(text.splitlines()):
        hosts._add_line(line.strip(), Path("x"), number)  # the parser itself
    hosts.keys_for("b.example")


def test_names() -> None:
    assert host_key_name("h", 22) == "h"
    assert host_key_name("h", 2222) == "[h]:2222"
