"""The devices' sessions that are held: whoever works on one keeps it, and of the others only so many stay.

A connection costs a descriptor and a thread for as long as it lives, and a sweep may meet 50,000 devices.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.ssh.session import DeviceSession
from console.errors import SshError
from console.fleet.model import Device


@dataclass(slots=True)
class _Held:
    session: DeviceSession
    users: int = 0
    """Calls under way. A shell that outlives its call is the session's own knowledge (`DeviceSession.has_shell`)."""

    @property
    def in_use(self) -> bool:
        return self.users > 0 or self.session.has_shell


class HeldSessions:
    """One session per device. Past `most`, connections that nobody uses are closed, the one unused longest first.

    Thread-safe; nothing is closed while the lock is held, as a goodbye takes its time.
    """

    def __init__(self, make: Callable[[Device], DeviceSession], most: int) -> None:
        self._make = make
        self._most = most
        self._lock = threading.Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        """By the device's name; the one used last is the last."""
        self._replaced: list[_Held] = []
        """In use when the fleet file began to say otherwise of their device."""
        self._closed = False

    @contextmanager
    def work_on(self, device: Device) -> Iterator[DeviceSession]:
        """The device's session, whose connection stays while this lasts. Raises SshError when all are being closed."""
        held = self._take(device)
        try:
            yield held.session
        finally:
            with self._lock:
                held.users -= 1
                idle = self._superfluous()
            for session in idle:
                session.disconnect()

    def disconnect(self, device: Device) -> None:
        """Close its connection, whoever uses it."""
        with self._lock:
            held = self._held.pop(device.name, None)
        if held is not None:
            held.session.disconnect()

    def close(self) -> None:
        """Close all of them, whoever uses them; nothing connects afterwards."""
        with self._lock:
            self._closed = True
            sessions = [held.session for held in (*self._held.values(), *self._replaced)]
            self._held.clear()
            self._replaced.clear()
        for session in sessions:
            session.close()

    def _take(self, device: Device) -> _Held:
        with self._lock:
            if self._closed:
                raise SshError("the console is closing", target=device.name, phase="connect")
            held = self._held.get(device.name)
            if held is None or held.session.device != device:
                if held is not None:
                    self._replaced.append(held)
                held = self._held[device.name] = _Held(self._make(device))
            held.users += 1
            self._held.move_to_end(device.name)
            return held

    def _superfluous(self) -> list[DeviceSession]:
        """Sessions that are no longer held. Called with the lock held."""
        gone = [held.session for held in self._replaced if not held.in_use]
        self._replaced = [held for held in self._replaced if held.in_use]
        idle = {name: held.session.connected for name, held in self._held.items() if not held.in_use}
        dead = [name for name, connected in idle.items() if not connected]
        alive = [name for name, connected in idle.items() if connected]
        too_many = max(0, len(self._held) - len(dead) - self._most)
        return gone + [self._held.pop(name).session for name in (*dead, *alive[:too_many])]
