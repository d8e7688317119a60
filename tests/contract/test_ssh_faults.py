"""What goes wrong during an edit ends in one clear message, the old file whole."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.ssh.gateway import SshDeviceGateway
from console.errors import ChangeFailed, ChangeRefused, MtlsConsoleError, SshError
from tests.contract.ssh_places import CONFIG, Place, place

POSITIONS = 20
NEW = CONFIG + b"".join(b"Key%d=%d\n" % (n, n * n) for n in range(400))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(params=["asyncssh", "sshd"])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "own"))
    with place(request.param, tmp_path) as made:
        yield made


def test_a_connection_dropped_anywhere_in_an_edit_leaves_a_whole_file(served: Place) -> None:
    gateway = served.gateway()
    gateway.read_config(served.device)
    served.proxy.arm(None)
    gateway.replace_config(served.device, sha(CONFIG), NEW)
    length = served.proxy.sent
    gateway.restore_config(served.device, sha(NEW), sha(CONFIG))
    old_kept = 0
    for number in range(POSITIONS):
        gateway.read_config(served.device)
        served.proxy.arm(max(1, length * number // POSITIONS))
        error = edit_error(gateway, served)
        served.proxy.arm(None)
        if error is not None:
            assert served.config.read_bytes() == CONFIG, number
            assert "lost" in error.message
            assert "unchanged" in error.hint
            old_kept += 1
        else:
            # Cut before anything ran: made again on a new connection. Or after the rename, and read back.
            assert served.config.read_bytes() == NEW, number
            gateway.restore_config(served.device, sha(NEW), sha(CONFIG))
    assert old_kept >= POSITIONS - 5
    gateway.replace_config(served.device, sha(CONFIG), NEW)
    assert sorted(p.name for p in served.home.iterdir()) == ["config.ini", "config.ini.mtls-console.bak"]


def edit_error(gateway: SshDeviceGateway, served: Place) -> MtlsConsoleError | None:
    try:
        gateway.replace_config(served.device, sha(CONFIG), NEW)
    except (ChangeFailed, SshError) as exc:
        return exc
    return None


def test_another_editor_between_staging_and_rename_wins(served: Place) -> None:
    """The file changes while the new content is on its way."""
    gateway = served.gateway()
    pipe = served.home / "config.ini"
    changed = threading.Event()

    def change_when_staged() -> None:
        waiting = threading.Event()
        while not changed.is_set():
            if any(p.name.startswith(".mtls-console-") for p in served.home.iterdir()):
                pipe.write_bytes(b"someone else's\n")
                changed.set()
            waiting.wait(0.001)

    other = threading.Thread(target=change_when_staged, daemon=True)
    other.start()
    with pytest.raises((ChangeRefused, ChangeFailed)):
        gateway.replace_config(served.device, sha(CONFIG), NEW)
    changed.set()
    other.join(20)
    assert served.config.read_bytes() == b"someone else's\n"
    assert not [p for p in served.home.iterdir() if p.name.startswith(".mtls-console-")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("a small tmpfs needs root")
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small tmpfs is refused here: {done.stderr.decode()[:100]}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_one_clear_message(served: Place, small_disk: Path) -> None:
    config = small_disk / "config.ini"
    config.write_bytes(CONFIG)
    device = served.with_device(config_ini=str(config))
    gateway = served.gateway()
    with pytest.raises(ChangeFailed, match="is full") as caught:
        gateway.replace_config(device, sha(CONFIG), b"x" * 200_000)
    assert "unchanged" in caught.value.hint
    assert config.read_bytes() == CONFIG
    assert [p.name for p in small_disk.iterdir()] == ["config.ini"]


def test_a_disk_too_full_for_the_backup(served: Place, small_disk: Path) -> None:
    config = small_disk / "config.ini"
    old = b"y" * 24_000
    config.write_bytes(old)
    with pytest.raises(ChangeFailed, match="is full"):
        served.gateway().replace_config(served.with_device(config_ini=str(config)), sha(old), b"x" * 24_000)
    assert config.read_bytes() == old
    assert [p.name for p in small_disk.iterdir()] == ["config.ini"]


def test_owner_and_selinux_context_stay(served: Place) -> None:
    if os.geteuid() != 0:
        pytest.skip("another owner and a context need root")
    context = b"system_u:object_r:etc_t:s0\0"
    os.chown(served.config, 1234, 5678)
    served.config.chmod(0o4600)
    try:
        os.setxattr(served.config, "security.selinux", context)
    except OSError as exc:
        pytest.skip(f"no SELinux attribute here: {exc}")
    gateway = served.gateway()
    gateway.replace_config(served.device, sha(CONFIG), NEW)
    for path in (served.config, served.home / "config.ini.mtls-console.bak"):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)
        assert path.stat().st_mode & 0o7777 == 0o4600
        assert os.getxattr(path, "security.selinux") == context
    gateway.restore_config(served.device, sha(NEW), sha(CONFIG))
    assert served.config.read_bytes() == CONFIG
    assert (served.config.stat().st_uid, served.config.stat().st_mode & 0o7777) == (1234, 0o4600)
    assert os.getxattr(served.config, "security.selinux") == context


def test_a_directory_that_is_not_there(served: Place) -> None:
    device = served.with_device(config_ini=str(served.home / "absent" / "config.ini"))
    with pytest.raises(MtlsConsoleError, match="doesn't exist") as caught:
        served.gateway().read_config(device)
    assert caught.value.target == "d1"
