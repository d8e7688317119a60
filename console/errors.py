"""The one error root. Adapters translate library errors into these; the interface renders them in one place."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of every command. With more than one cause the larger number wins, USAGE first."""

    DONE = 0
    NOT_READY = 1
    USAGE = 2
    UNREACHABLE = 3


class MtlsConsoleError(Exception):
    """What went wrong, where, in which phase, and what to do. Never carries a secret or a private key.

    `target` is a beacon's or device's name, or a file; `phase` one or two words ("connect", "apply", "read back").
    """

    exit_status = ExitStatus.NOT_READY

    def __init__(self, message: str, *, target: str = "", phase: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.phase = phase
        self.hint = hint

    def __str__(self) -> str:
        head = ": ".join(part for part in (self.target, self.phase, self.message) if part)
        return f"{head}\n  {self.hint}" if self.hint else head

    @property
    def sentence(self) -> str:
        """`str` on one line: for a table, a finding, a log."""
        return str(self).replace("\n  ", ". ")


class ConfigurationError(MtlsConsoleError):
    """A file, key, name or value that the user wrote is wrong; found before anything is contacted."""

    exit_status = ExitStatus.USAGE


class UsageError(ConfigurationError):
    """The command line is wrong."""


class UnreachableError(MtlsConsoleError):
    """A target couldn't be reached or didn't let us in."""

    exit_status = ExitStatus.UNREACHABLE


class SshError(UnreachableError):
    """Connecting, logging in or keeping an SSH connection failed."""


class HostKeyError(SshError):
    """The host key is unknown or has changed."""


class WinrmError(UnreachableError):
    """Connecting to or talking with a beacon's WinRM failed."""


class CredentialError(UnreachableError):
    """A credential reference can't be resolved (missing file, wrong mode, no keyring entry)."""


class CommandFailed(MtlsConsoleError):
    """A command or script ran on the target and failed."""


class ChangeRefused(MtlsConsoleError):
    """Nothing was written: the target is not in the state that the plan saw, or the change would cut devices off."""


class ChangeFailed(MtlsConsoleError):
    """A step of a plan failed; the message says what state the target is in."""


class StoreError(MtlsConsoleError):
    """The state directory can't be read or written."""
