"""console.ports.BeaconGateway over WinRM: runs the operations of scripts/ and reads their answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from adapters.winrm.answers import beacon_snapshot
from adapters.winrm.envelope import READING, answer, stdin
from adapters.winrm.fetched import fetch_parameters, fetched
from adapters.winrm.limits import DEFAULT_LIMITS, Limits
from adapters.winrm.remote_text import clean, error_text
from console.errors import ChangeRefused, CommandFailed, ConfigurationError, CredentialError, WinrmError
from console.fleet.model import Beacon
from console.iis.snapshot import BeaconSnapshot
from console.ports import Clock, Fetched, FetchRequest, SecretSource

if TYPE_CHECKING:
    from adapters.winrm.session import WinrmSession


class WinrmBeaconGateway:
    """One session per beacon, opened on first use. Calls may come from any thread; those to one beacon take turns.

    Raises WinrmError, CredentialError, CommandFailed, ChangeRefused; ConfigurationError for an unusable address.
    """

    def __init__(self, secrets: SecretSource, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._secrets = secrets
        self._clock = clock
        self._limits = limits
        self._sessions: dict[Beacon, WinrmSession] = {}
        self._lock = threading.Lock()
        self._closed = False

    def snapshot(self, beacon: Beacon) -> BeaconSnapshot:
        """Everything that snapshot.ps1 observes, in one round trip; `hellos` stays empty."""
        return beacon_snapshot(beacon, self._clock.now(), self.run(beacon, "snapshot", {}))

    def fetch(self, beacon: Beacon, requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
        """What fetch.ps1 brings from the addresses, in their order, in one round trip."""
        if not requests:
            return ()
        answered = self.run(beacon, "fetch", fetch_parameters(requests))
        return fetched(beacon, self._clock.now(), requests, answered)

    def run(self, beacon: Beacon, operation: str, parameters: Mapping[str, object]) -> Mapping[str, object]:
        """The answer of scripts/OPERATION.ps1. A script that refuses (nothing was written) raises ChangeRefused."""
        output = self._session(beacon).run(stdin(operation, parameters), operation, repeatable=operation in READING)
        said = answer(output.stdout, beacon.name, operation)
        if said is None:
            raise CommandFailed(
                f"no answer (exit status {output.exit_code}): {error_text(output.stderr) or 'nothing on stderr'}",
                target=beacon.name,
                phase=operation,
                hint="PowerShell ended before the script could answer: sweep this beacon to see its state. "
                "Is PowerShell restricted on that server?",
            )
        if said.get("ok") is True:
            return said
        message = clean(str(said.get("message") or "no reason given"))
        phase = clean(f"{operation} ({said.get('phase') or 'no phase given'})", 80)
        if said.get("refused") is True:
            raise ChangeRefused(message, target=beacon.name, phase=phase, hint="Nothing was changed. Plan again.")
        raise CommandFailed(message, target=beacon.name, phase=phase)

    def disconnect(self, beacon: Beacon) -> None:
        """Delete the beacon's shell; the next call opens a new one."""
        with self._lock:
            session = self._sessions.pop(beacon, None)
        if session is not None:
            session.close()

    def close(self) -> None:
        """Delete every shell; a script that is running is ended first. Bounded, however many hosts are dead by now."""
        with self._lock:
            sessions, self._sessions = list(self._sessions.values()), {}
            self._closed = True
        threads = [threading.Thread(target=session.close, name="winrm-close", daemon=True) for session in sessions]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + self._limits.read
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _session(self, beacon: Beacon) -> WinrmSession:
        # pywinrm (requests, NTLM, XML) takes a while to import; the console shows its last state before.
        from adapters.winrm.session import WinrmSession

        with self._lock:
            if self._closed:
                raise WinrmError("the console is closing", target=beacon.name, phase="connect")
            session = self._sessions.get(beacon)
            if session is None:
                session = WinrmSession(beacon, lambda: self._password(beacon), self._limits)
                self._sessions[beacon] = session
            return session

    def _password(self, beacon: Beacon) -> str:
        if beacon.winrm is None:
            raise ConfigurationError("this beacon has no winrm table", target=beacon.name)
        if beacon.winrm.password is None:
            raise CredentialError(
                f"no password reference for user {beacon.winrm.user!r}",
                target=beacon.name,
                hint="Give winrm.password_file, _environment, _keyring or _prompt in the fleet file.",
            )
        return self._secrets.password(beacon.winrm.password, f"WinRM of {beacon.name}")
