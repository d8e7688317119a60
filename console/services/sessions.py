"""Interactive shells on the connections that the console already holds."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from datetime import datetime

from console.errors import ChangeRefused, ConfigurationError
from console.fleet.model import Fleet
from console.ports import Clock, DeviceGateway, ShellChannel


@dataclass(frozen=True, slots=True)
class HeldSession:
    id: str
    device: str
    since: datetime
    channel: ShellChannel


class SessionService:
    """Opens shells and knows which are open."""

    def __init__(self, fleet: Fleet, devices: DeviceGateway, clock: Clock, *, read_only: bool = False) -> None:
        self._fleet = fleet
        self._devices = devices
        self._clock = clock
        self._read_only = read_only
        self._held: dict[str, HeldSession] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def open_shell(self, device: str, term: str, columns: int, rows: int) -> ShellChannel:
        """Blocks until the shell is there. Raises ConfigurationError for an unknown device, SshError.

        Raises ChangeRefused where the console is read-only: whoever has a shell can change anything.
        """
        if self._read_only:
            raise ChangeRefused("this console is read-only: no shell is opened", target=device, phase="shell")
        try:
            target = self._fleet.device(device)
        except KeyError:
            raise ConfigurationError(f"no device is called {device!r}", target=str(self._fleet.path)) from None
        channel = self._devices.open_shell(target, term, columns, rows)
        with self._lock:
            session = HeldSession(f"S-{next(self._ids):04d}", device, self._clock.now(), channel)
            self._held[session.id] = session
        return channel

    def held(self) -> tuple[HeldSession, ...]:
        """Shells that were opened and not yet closed, oldest first."""
        with self._lock:
            return tuple(self._held.values())

    def close(self, channel: ShellChannel) -> None:
        """Close the channel and forget it; the device's connection stays."""
        with self._lock:
            self._held = {key: held for key, held in self._held.items() if held.channel is not channel}
        channel.close()
