"""One hello with one TLS version: a socket of our own, OpenSSL on memory buffers. Bounded bytes, bounded time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from OpenSSL import SSL, crypto

from adapters.tls.dial import Destination, Unreachable, dial
from adapters.tls.wire import PIECE, Ended, Wire
from console.iis.snapshot import HelloOutcome

_NUMBERS = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
VERSIONS = tuple(_NUMBERS)
"""Oldest first."""

_LEGACY_SERVER_CONNECT = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT: an unpatched server is looked at too; nothing is sent to it."""
_CIPHERS = b"ALL:!aNULL:!eNULL:@SECLEVEL=0"
_ASKED = b"read server certificate request"
_CHAIN_READ = b"read server certificate"


@dataclass(frozen=True, slots=True)
class Attempt:
    version: str
    outcome: HelloOutcome
    address: str = ""
    chain: tuple[bytes, ...] = ()
    asks: bool | None = None
    milliseconds: int = 0
    error: str = ""
    head: bytes = b""
    """The first bytes that the server sent, if any."""


def attempt(version: str, name: bytes | None, place: Destination, deadline: float) -> Attempt:
    """Never raises for what the server does."""
    began = time.monotonic()
    try:
        connection, where = dial(place, deadline)
    except Unreachable as exc:
        return Attempt(version, exc.outcome, error=str(exc))
    with connection:
        wire = Wire(connection, deadline)
        made = _handshake(wire, version, name)
    return replace(made, address=where, milliseconds=round((time.monotonic() - began) * 1000), head=bytes(wire.head))


def _handshake(wire: Wire, version: str, name: bytes | None) -> Attempt:
    states: set[bytes] = set()
    tls = _client(version, name, states)
    try:
        _drive(tls, wire)
    except Ended as exc:
        outcome, error = exc.outcome, str(exc)
    else:
        outcome, error = HelloOutcome.TLS, ""
    asked = any(_ASKED in state for state in states)
    if asked and outcome in (HelloOutcome.FAILED, HelloOutcome.RESET):
        # TLS 1.2 and a server that insists: it took the version, showed its chain, asked, and ended when we had none.
        outcome, error = HelloOutcome.TLS, f"refused without a client certificate: {error}"
    if outcome is not HelloOutcome.TLS:
        return Attempt(version, outcome, error=error)
    visible = any(_CHAIN_READ in state for state in states)
    if not (asked or visible):
        error = "this OpenSSL doesn't name its states: can't tell whether a client certificate is asked for"
    return Attempt(version, outcome, chain=_chain(tls), asks=True if asked else False if visible else None, error=error)


def _client(version: str, name: bytes | None, states: set[bytes]) -> SSL.Connection:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(_NUMBERS[version])
    context.set_max_proto_version(_NUMBERS[version])
    context.set_cipher_list(_CIPHERS)
    context.set_options(_LEGACY_SERVER_CONNECT)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_info_callback(lambda connection, _where, _code: states.add(connection.get_state_string()))
    tls = SSL.Connection(context, None)
    tls.set_connect_state()
    if name is not None:
        tls.set_tlsext_host_name(name)
    return tls


def _drive(tls: SSL.Connection, wire: Wire) -> None:
    """Raises Ended. Our last flight is sent too, so the server's log shows a handshake and not a torn one."""
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            _flush(tls, wire)
            tls.bio_write(wire.receive())
        except SSL.Error as exc:
            raise Ended(HelloOutcome.FAILED, _reason(exc)) from exc
        else:
            _flush(tls, wire)
            return


def _flush(tls: SSL.Connection, wire: Wire) -> None:
    while True:
        try:
            data = tls.bio_read(PIECE)
        except SSL.WantReadError:
            return
        wire.send(data)


def _reason(error: SSL.Error) -> str:
    reasons = [str(entry[-1]) for entry in (error.args[0] if error.args else ()) if entry]
    return reasons[0] if reasons else "the handshake failed"


def _chain(tls: SSL.Connection) -> tuple[bytes, ...]:
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, x509) for x509 in tls.get_peer_cert_chain() or ())
