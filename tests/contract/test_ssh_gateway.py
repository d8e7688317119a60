"""The SSH adapter against real servers: the asyncssh lab and OpenSSH's sshd."""

from __future__ import annotations

import hashlib
import os
import select
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.agent.snapshot import FileState
from console.errors import ChangeRefused, CredentialError, HostKeyError, SshError
from console.fleet.model import SecretReference
from tests.contract.ssh_places import CONFIG, Place, key_pair, place


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=["asyncssh", "sshd"])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with place(request.param, tmp_path) as made:
        yield made


def test_collects_facts_and_masks_passwords(served: Place) -> None:
    content = CONFIG + b"[ManageSoft\\Common\\UploadSettings\\{1}]\nPassword=hunter2\nHost=127.0.0.1\nPort=443\n"
    served.config.write_bytes(content)
    snapshot = served.gateway().collect(served.device, ["localhost", "b1.lab.test;reboot"])
    assert snapshot.system == os.uname().sysname
    assert snapshot.config.state is FileState.PRESENT
    assert snapshot.config.sha256 == sha(content)
    assert snapshot.config.content is not None
    assert b"hunter2" not in snapshot.config.content
    assert snapshot.clock is not None
    assert snapshot.agent_user_source.startswith("owner of")
    names = {fact.host: fact for fact in snapshot.names}
    assert names["localhost"].addresses
    assert names["b1.lab.test;reboot"].error == "isn't a host name"


def test_edits_and_restores_byte_for_byte_with_mode(served: Place) -> None:
    gateway = served.gateway()
    served.config.chmod(0o640)
    new = CONFIG.replace(b"False", b"True") + b"\x00\xff no final line end"
    assert gateway.read_config(served.device).content == CONFIG
    gateway.replace_config(served.device, sha(CONFIG), new)
    assert served.config.read_bytes() == new
    backup = served.home / "config.ini.mtls-console.bak"
    assert backup.read_bytes() == CONFIG
    for path in (served.config, backup):
        assert path.stat().st_mode & 0o7777 == 0o640
    gateway.restore_config(served.device, sha(new), sha(CONFIG))
    assert served.config.read_bytes() == CONFIG
    assert served.config.stat().st_mode & 0o7777 == 0o640
    assert sorted(p.name for p in served.home.iterdir()) == ["config.ini", "config.ini.mtls-console.bak"]


def test_a_file_changed_since_the_plan_is_refused(served: Place) -> None:
    with pytest.raises(ChangeRefused, match="changed since the plan"):
        served.gateway().replace_config(served.device, sha(b"something else"), b"new")
    assert served.config.read_bytes() == CONFIG
    assert [p.name for p in served.home.iterdir()] == ["config.ini"]


def test_restore_is_refused_without_the_right_backup(served: Place) -> None:
    with pytest.raises(ChangeRefused, match="there is no backup"):
        served.gateway().restore_config(served.device, sha(CONFIG), sha(b"x"))
    (served.home / "config.ini.mtls-console.bak").write_bytes(b"of another edit")
    with pytest.raises(ChangeRefused, match="isn't of the edit"):
        served.gateway().restore_config(served.device, sha(CONFIG), sha(b"x"))


def test_a_link_is_edited_at_its_target_and_leftovers_go(served: Place) -> None:
    real = served.home / "real"
    real.mkdir()
    served.config.rename(real / "config.ini")
    served.config.symlink_to(real / "config.ini")
    (real / ".mtls-console-1.tmp").write_bytes(b"left by a killed run")
    served.gateway().replace_config(served.device, sha(CONFIG), b"new\n")
    assert served.config.is_symlink()
    assert (real / "config.ini").read_bytes() == b"new\n"
    assert sorted(p.name for p in real.iterdir()) == ["config.ini", "config.ini.mtls-console.bak"]


def test_a_planted_link_is_never_followed(served: Place, tmp_path: Path) -> None:
    """Whoever owns the directory may guess our names: files, links to files and links to directories there."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_bytes(b"precious")
    (served.home / ".mtls-console-1.tmp").symlink_to(victim)
    (served.home / ".mtls-console-2.tmp").symlink_to(victim / "file")
    (served.home / ".mtls-console-3.tmp").mkdir()
    (served.home / ".mtls-console-3.tmp" / "mtls-console.new").symlink_to(victim / "file")
    served.gateway().replace_config(served.device, sha(CONFIG), b"new\n")
    assert served.config.read_bytes() == b"new\n"
    assert [(p.name, p.read_bytes()) for p in victim.iterdir()] == [("file", b"precious")]
    assert sorted(p.name for p in served.home.iterdir()) == ["config.ini", "config.ini.mtls-console.bak"]


def test_one_connection_is_made_again_once_when_it_has_died(served: Place) -> None:
    gateway = served.gateway()
    gateway.read_config(served.device)
    served.proxy.arm(1)
    assert gateway.read_config(served.device).content == CONFIG


def test_an_unknown_and_a_changed_host_key_are_told_apart(served: Place, tmp_path: Path) -> None:
    empty = tmp_path / "none"
    with pytest.raises(HostKeyError, match=r"unknown host key.*SHA256:"):
        served.gateway().read_config(served.with_device(known_hosts=empty))
    other = Path(f"{key_pair(tmp_path / 'other')}.pub").read_text().split()
    empty.write_text(f"[127.0.0.1]:{served.device.port} {other[0]} {other[1]}\n")
    with pytest.raises(HostKeyError, match=r"changed host key.*:1 has"):
        served.gateway().read_config(served.with_device(known_hosts=empty))


def test_a_refused_login_names_what_was_tried(served: Place, tmp_path: Path) -> None:
    wrong = key_pair(tmp_path / "wrong")
    with pytest.raises(SshError, match="refused") as caught:
        served.gateway().read_config(served.with_device(key_file=wrong))
    assert str(wrong) in caught.value.hint
    with pytest.raises(CredentialError, match="doesn't exist"):
        served.gateway().read_config(served.with_device(key_file=tmp_path / "absent"))


def test_a_closed_port_is_one_clear_message(served: Place) -> None:
    served.proxy.close()
    with pytest.raises(SshError, match=r"can't reach 127\.0\.0\.1 port"):
        served.gateway().read_config(served.device)


def test_a_shell_passes_bytes_and_follows_the_size(served: Place) -> None:
    shell = served.gateway().open_shell(served.device, "xterm", 80, 24)
    shell.resize(133, 44)
    shell.send(b"stty size; echo do''ne; exit 7\n")
    seen = b""
    while select.select([shell.fileno()], [], [], 20)[0]:
        try:
            chunk = shell.receive(4096)
        except BlockingIOError:
            continue
        if not chunk:
            break
        seen += chunk
    assert b"done" in seen
    assert b"44 133" in seen
    status = threading.Event()
    while shell.exit_status() is None:  # it comes right behind the end of file
        assert not status.wait(0.05)
    assert shell.exit_status() == 7
    shell.close()


def test_password_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with place("asyncssh", tmp_path) as served:
        device = served.with_device(key_file=None, password=SecretReference(environment="TEST_PASSWORD"))
        assert served.gateway().read_config(device).content == CONFIG


def test_through_a_jump_host(served: Place, tmp_path: Path) -> None:
    """The device is its own jump host here: by ProxyJump's syntax."""
    jump = f"{served.device.user}@127.0.0.1:{served.device.port}"
    assert served.gateway().read_config(served.with_device(jump=jump)).content == CONFIG


def test_through_a_jump_host_that_has_its_own(served: Place) -> None:
    """Three logins, each through the one before: inner names outer, the device names inner."""
    outer = served.with_device(name="outer")
    inner = served.with_device(name="inner", jump="outer")
    fleet = replace(served.fleet, devices=(*served.fleet.devices, inner, outer))
    accepted = len(served.proxy.accepted)
    assert served.gateway(fleet).read_config(served.with_device(jump="inner")).content == CONFIG
    assert len(served.proxy.accepted) - accepted == 3
