"""When client and server have no algorithm in common: what the server offers, read from its own first packet."""

from __future__ import annotations

import socket
import struct

import paramiko

from adapters.ssh.text import plain

_KEXINIT = 20
_LARGEST = 35000
"""RFC 4253 §6.1: the packet size that every implementation has to take."""


def server_offer(host: str, port: int, timeout: float) -> dict[str, tuple[str, ...]]:
    """Name lists of the server's SSH_MSG_KEXINIT (RFC 4253 §7.1), sent in clear. Empty where it can't be read."""
    try:
        with socket.create_connection((host, port), timeout) as sock, sock.makefile("rb") as stream:
            sock.sendall(b"SSH-2.0-mtls-console\r\n")
            for _ in range(50):  # lines before the identification are allowed (§4.2)
                if stream.readline(256).startswith(b"SSH-"):
                    break
            length, padding, kind = struct.unpack(">IBB", stream.read(6))
            if kind != _KEXINIT or not 22 < length < _LARGEST:
                return {}
            return _name_lists(stream.read(length - 2 - padding)[16:])
    except (OSError, struct.error, ValueError):
        return {}  # only a nicer message is lost


def _name_lists(body: bytes) -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    for name in ("key exchange", "host key", "cipher", "cipher back", "MAC", "MAC back"):
        (size,) = struct.unpack(">I", body[:4])
        if size > len(body) - 4:
            return {}
        lists[name] = tuple(body[4 : 4 + size].decode("ascii", "replace").split(","))
        body = body[4 + size :]
    return lists


def nothing_in_common(transport: paramiko.Transport, offer: dict[str, tuple[str, ...]]) -> str:
    """Names the kind of algorithm, what the server offers and what we accept."""
    ours = {
        "key exchange": transport.preferred_kex,
        "host key": transport.preferred_keys,
        "cipher": transport.preferred_ciphers,
        "MAC": transport.preferred_macs,
    }
    for kind, accepted in ours.items():
        theirs = offer.get(kind)
        if theirs is not None and not set(theirs) & set(accepted):
            return (
                f"no {kind} algorithm in common: the device offers {plain(', '.join(theirs))}; "
                f"this console accepts {', '.join(accepted)}"
            )
    return "no algorithm in common"
