"""One beacon's WinRM: one pywinrm Protocol and one shell, used by one thread at a time.

pywinrm's Session is not used: it opens a shell per call, waits for ever (`get_command_output` retries time-outs without
end) and leaks the shell when anything raises. NTLM authenticates the TCP connection, so a connection is never shared.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

from adapters.winrm.connection import protocol_for
from adapters.winrm.envelope import ANSWER_LIMIT, command_line
from adapters.winrm.faults import FAULTS, OversizedAnswer, shell_is_gone, translate
from adapters.winrm.limits import Limits
from console.errors import CommandFailed, MtlsConsoleError, WinrmError
from console.fleet.model import Beacon

_SEND_LIMIT = 100 * 1024
"""Raw bytes of one Send: 137 KB of Base64, within MaxEnvelopeSize (153,600 octets). [reference: limits]"""
_ENVELOPE_LIMIT = 4 * 1024 * 1024
"""Octets of one answer. We ask for at most 153,600 (MaxEnvelopeSize); some servers are generous."""
_IDLE_TIMEOUT = "PT300S"
_UTF_8 = 65001


@dataclass(frozen=True, slots=True)
class Output:
    stdout: bytes
    stderr: bytes
    exit_code: int


class WinrmSession:
    """Opens on first use, stays open, comes back once when it was dropped meanwhile. Call `close` in the end."""

    def __init__(self, beacon: Beacon, password: Callable[[], str], limits: Limits) -> None:
        self._beacon = beacon
        self._password = password
        self._limits = limits
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._protocol: Protocol | None = None
        self._shell = ""
        self._orphan = ""
        """A shell that couldn't be deleted over its own connection; the next connection does."""

    def run(self, stdin: bytes, operation: str, *, repeatable: bool) -> Output:
        """Run the bootstrap with `stdin`. Raises WinrmError, CredentialError, CommandFailed (overrun, too much output).

        A dropped connection or shell is reopened once where that is safe: the bootstrap starts nothing before the last
        byte of its stdin has come, and a repeatable operation changes nothing.
        """
        with self._lock:
            reused = bool(self._shell)
            attempt = _Attempt(operation)
            try:
                return self._attempt(stdin, attempt)
            except FAULTS as exc:
                gone = shell_is_gone(exc)
                self._drop_after(exc)
                if not (reused or gone) or (attempt.started and not repeatable) or self._closing.is_set():
                    raise self._translated(exc, attempt) from exc
            again = _Attempt(operation)
            try:
                return self._attempt(stdin, again)
            except FAULTS as exc:
                self._drop_after(exc)
                raise self._translated(exc, again) from exc

    def close(self) -> None:
        """Delete the shell and close the connection; ends a running script first. The session can't be used again.

        Waits no longer than one read: who holds the session may be asking the user for a password. Such a shell ends
        by itself after its idle time-out. Where no shell was opened yet (a port that never answers) there is nothing
        to delete, and nothing to wait for.
        """
        self._closing.set()
        if self._lock.acquire(timeout=self._limits.read if self._shell else 0):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _translated(self, error: BaseException, attempt: _Attempt) -> MtlsConsoleError:
        translated = translate(error, self._beacon, attempt.phase)
        if attempt.started:
            translated.hint = "The script may have run: sweep this beacon to see its state. " + translated.hint
        return translated

    def _attempt(self, stdin: bytes, attempt: _Attempt) -> Output:
        if self._closing.is_set():
            raise WinrmError("the console is closing", target=self._beacon.name, phase=attempt.phase)
        deadline = time.monotonic() + self._limits.script
        attempt.phase = "connect"
        protocol = self._open()
        attempt.phase = attempt.operation
        # A pipe, not a console, for stdin: otherwise cmd.exe hands PowerShell a console to read from.
        command = protocol.run_command(self._shell, command_line(), console_mode_stdin=False)
        try:
            with self._terminated(protocol, command):
                for last, chunk in _chunks(stdin):
                    attempt.started = last
                    protocol.send_command_input(self._shell, command, chunk, end=last)
                return self._receive(protocol, command, attempt, deadline)
        except MtlsConsoleError:
            self._drop()
            raise

    @contextlib.contextmanager
    def _terminated(self, protocol: Protocol, command: str) -> Iterator[None]:
        """Signal terminate, whatever happened: it ends a script that runs too long and frees one that is done."""
        try:
            yield
        except requests.RequestException:
            raise  # the connection is gone: nobody is there to be told, and telling would take another time-out
        except BaseException:
            # The first error is the one to tell; this is a courtesy to the server.
            with contextlib.suppress(*FAULTS):
                protocol.cleanup_command(self._shell, command)
            raise
        try:
            protocol.cleanup_command(self._shell, command)
        except FAULTS:
            # The answer is complete; only the shell is doubtful, so the next run gets a new one.
            self._drop()

    def _receive(self, protocol: Protocol, command: str, attempt: _Attempt, deadline: float) -> Output:
        stdout, stderr = bytearray(), bytearray()
        while True:
            if self._closing.is_set() or time.monotonic() > deadline:
                why = "the console is closing" if self._closing.is_set() else f"no end after {self._limits.script:g} s"
                raise CommandFailed(
                    f"{why}; the script was terminated",
                    target=self._beacon.name,
                    phase=attempt.operation,
                    hint="Sweep this beacon to see its state; is the server overloaded?",
                )
            try:
                out, err, exit_code, done = protocol.get_command_output_raw(self._shell, command)
            except WinRMOperationTimeoutError:
                continue
            stdout += out
            stderr += err
            if len(stdout) + len(stderr) > ANSWER_LIMIT:
                raise CommandFailed(
                    f"the answer is larger than {ANSWER_LIMIT} bytes", target=self._beacon.name, phase=attempt.operation
                )
            if done:
                return Output(bytes(stdout), bytes(stderr), exit_code)

    def _open(self) -> Protocol:
        if self._protocol is None:
            protocol = protocol_for(self._beacon, self._password, self._limits)
            self._protocol = protocol
            http = protocol.transport.build_session()
            http.trust_env = False  # neither .netrc nor a proxy of the environment decides how a beacon is reached
            http.hooks["response"].append(_bounded)
        if not self._shell:
            self._shell = self._protocol.open_shell(codepage=_UTF_8, idle_timeout=_IDLE_TIMEOUT)
            orphan, self._orphan = self._orphan, ""
            with contextlib.suppress(*FAULTS):
                if orphan:
                    self._protocol.close_shell(orphan, close_session=False)
        return self._protocol

    def _drop_after(self, error: BaseException) -> None:
        cut = isinstance(error, requests.RequestException)
        if cut:
            self._orphan = self._shell or self._orphan
        self._drop(delete_shell=not (cut or shell_is_gone(error)))

    def _drop(self, *, delete_shell: bool = True) -> None:
        protocol, shell, self._protocol, self._shell = self._protocol, self._shell, None, ""
        if protocol is None:
            return
        try:
            if shell and delete_shell:
                protocol.close_shell(shell, close_session=False)
        except FAULTS as exc:
            # Left to the next connection; where there is none, it ends by itself after its idle time-out. So it goes
            # with NTLM on a connection that was cut: urllib3 connects again unseen, requests_ntlm logs in again and
            # sends what was sealed for the old connection, and the server can't open that (HTTP status 400).
            self._orphan = "" if shell_is_gone(exc) else shell
        finally:
            protocol.transport.close_session()


@dataclass(slots=True)
class _Attempt:
    operation: str
    phase: str = "connect"
    started: bool = False
    """The last byte of stdin was sent: the script may have run."""


def _chunks(data: bytes) -> Iterator[tuple[bool, bytes]]:
    for at in range(0, len(data), _SEND_LIMIT):
        yield at + _SEND_LIMIT >= len(data), data[at : at + _SEND_LIMIT]


def _bounded(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    """Looks at an answer before its body is read. http.sys always says how long an answer is."""
    length = response.headers.get("Content-Length", "")
    if not (length.isascii() and length.isdigit() and int(length) <= _ENVELOPE_LIMIT):
        response.close()  # who raises here is the last to hold it
        raise OversizedAnswer(f"an answer of {length[:20] or 'unknown'} octets; {_ENVELOPE_LIMIT} are the most")
