"""A connection that the device's SSH server makes for us: what it reaches, the device reaches (RFC 4254, 7.2)."""

from __future__ import annotations

import paramiko

from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain

_PROHIBITED = paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
_UNKNOWN_TYPE = paramiko.common.OPEN_FAILED_UNKNOWN_CHANNEL_TYPE


class NotForwarded(Exception):
    """No channel. `forbidden`: the server doesn't forward at all, so nothing is said of the way. `silent`: no answer
    in time."""

    def __init__(self, message: str, *, forbidden: bool = False, silent: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden
        self.silent = silent


def forwarded(session: DeviceSession, place: tuple[str, int], seconds: float) -> paramiko.Channel:
    """Raises NotForwarded; SshError and its kin where the device itself isn't reached."""
    try:
        return session.open_forwarded(place, seconds)
    except paramiko.ChannelException as exc:
        if exc.code in (_PROHIBITED, _UNKNOWN_TYPE):
            raise NotForwarded(
                "its SSH server doesn't forward connections (AllowTcpForwarding)", forbidden=True
            ) from exc
        raise NotForwarded(plain(exc.text or str(exc))) from exc
    except TimeoutError as exc:
        raise NotForwarded("no answer in time", silent=True) from exc
