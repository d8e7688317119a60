"""The limit of open files: raised where it is low, and told as what it is."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.ssh.authentication import load_key
from adapters.ssh.descriptors import none_left
from adapters.ssh.hostkeys import KnownHosts
from console.errors import SshError

LIMITS = """
import resource, sys
sys.path[:0] = {path!r}
from adapters.ssh.descriptors import connections_to_hold, raise_soft_limit
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(connections_to_hold())
raise_soft_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], connections_to_hold())
"""


@pytest.mark.parametrize(
    ("soft", "hard", "said"),
    [(48, 1024, "6\n1024 64\n"), (128, 512, "16\n512 64\n"), (64, 64, "8\n64 8\n"), (512, 512, "64\n512 64\n")],
)
def test_the_soft_limit_is_raised_as_far_as_it_may(soft: int, hard: int, said: str) -> None:
    program = LIMITS.format(path=sys.path, soft=soft, hard=hard)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout == said, done.stderr


@pytest.mark.parametrize(("number", "whose"), [(errno.EMFILE, "this console has"), (errno.ENFILE, "this machine has")])
def test_no_file_left_is_no_fault_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, whose: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("paramiko.PKey.from_path", refused)
    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(SshError, match=whose) as caught:
        load_key(tmp_path / "key", "d1")
    assert "ulimit" in caught.value.hint
    with pytest.raises(SshError, match=whose):
        KnownHosts().add(tmp_path / "known_hosts")


def test_other_errors_are_left_to_others() -> None:
    assert none_left(OSError(errno.EACCES, "no"), "d1", "login") is None
    assert none_left(EOFError(), "d1", "login") is None
