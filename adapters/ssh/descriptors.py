"""File descriptors: what this process may have open, how many connections that leaves room for, and how it is told that
there are none left."""

from __future__ import annotations

import errno
import resource

from console.errors import SshError

WANTED = 1024
"""What Linux gives by default; macOS gives 256. Not more: select(2) knows no descriptor above it."""
_MOST_HELD = 64
"""Logging in again costs a device less than being held costs the console."""
_PART = 8
"""Of the limit: workers, shells, stores and screens need the rest."""


def raise_soft_limit() -> None:
    """As far as `WANTED`, where the hard limit allows it. For the start of a process that is ours."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def connections_to_hold() -> int:
    """How many connections may stay open, those that nobody uses at the moment included."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_HELD if soft == resource.RLIM_INFINITY else max(1, min(_MOST_HELD, soft // _PART))


def none_left(exc: BaseException, target: str, phase: str) -> SshError | None:
    """The error to raise where `exc` says that no more files can be opened here; None: it says something else."""
    if not isinstance(exc, OSError) or exc.errno not in (errno.EMFILE, errno.ENFILE):
        return None
    whose = "this console" if exc.errno == errno.EMFILE else "this machine"
    return SshError(
        f"{whose} has as many files and connections open as it may have",
        target=target,
        phase=phase,
        hint="Nothing is wrong with the device. Raise the limit (`ulimit -n`), or let fewer jobs run at once.",
    )
