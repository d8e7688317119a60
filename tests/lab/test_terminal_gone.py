"""The console when its terminal goes: it ends, quickly, and the demo's directory with its keys goes with it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

_DEMO = (sys.executable, "-c", "from console.cli import main; raise SystemExit(main(['demo']))")
_ALONE = _DEMO
_UNDER_MAKE = ("/bin/sh", "-c", 'trap : HUP; "$@"; exit "$?"', "sh", *_DEMO)
"""As under `make demo`, the terminal's own command: who leads the session hears of the end and passes nothing on."""


def read_until(descriptor: int, text: bytes, seconds: float = 60.0) -> None:
    """Whatever the console draws, up to `text`."""
    seen, end = b"", time.monotonic() + seconds
    while text not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"never drawn: {text!r}; but {seen[-500:]!r}"
        seen += os.read(descriptor, 65536)


@pytest.mark.parametrize("command", [_ALONE, _UNDER_MAKE], ids=["alone", "under-make"])
def test_a_console_whose_terminal_goes_ends_and_leaves_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A hung-up terminal once left it running for good: a dead writer's full queue blocks the end."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    # pytest-xdist says COLUMNS=80, which would make the console narrow whatever the terminal's size is.
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")} | {
        "TERM": "xterm-256color",
        "TMPDIR": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    console = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
        # A session of its own, whose controlling terminal is the pty: closing it sends SIGHUP, as a real one does.
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    try:
        read_until(controller, b"BEACONS")
        os.close(controller)
        # Nobody is left to read the status: 129, or 1 where a draw met the dead terminal before SIGHUP came.
        assert console.wait(timeout=20) in (1, 129)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(console.pid, signal.SIGKILL)
        console.wait()
    assert not list(tmp_path.glob("mtls-console-demo-*"))
