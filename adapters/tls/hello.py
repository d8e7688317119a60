"""The console's own hello to an https endpoint: no client certificate, nothing verified, no request after it.

One connection per TLS version, newest first. The newest version accepted tells the chain that is really sent and
whether a CertificateRequest comes in the first handshake. What sees it is public in OpenSSL: the info callback passes
"read server certificate request" when that message is read, in TLS 1.3 too, where it is encrypted on the wire.
"""

from __future__ import annotations

import time
from dataclasses import replace

from adapters.tls.attempt import VERSIONS, Attempt, attempt
from adapters.tls.dial import Destination, Unreachable, destination, server_name
from adapters.tls.wire import speaks_http
from console.iis.snapshot import Hello, HelloOutcome
from console.ports import Clock

_LAST_WORD = {HelloOutcome.REFUSED, HelloOutcome.TIMEOUT, HelloOutcome.PLAIN_HTTP, HelloOutcome.NO_ADDRESS}
"""After one of these another version can't do better (or would only cost another time-out)."""
_FIRST_SHARE = 0.7
_TLS_RECORDS = (b"\x14", b"\x15", b"\x16", b"\x17")


class TlsHelloProbe:
    """console.ports.HelloProbe. May be called from any thread; keeps nothing between calls."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def hello(self, host: str, port: int, address: tuple[str, int] | None, timeout_seconds: float) -> Hello:
        """At most four connections and `timeout_seconds` in all. Never raises for what a server does.

        `address` is connected to in place of host and port; the name asked for (SNI) is always `host`.
        """
        blank = Hello(host=host, port=port, address="", taken_at=self._clock.now(), outcome=HelloOutcome.NO_ADDRESS)
        deadline = time.monotonic() + timeout_seconds
        try:
            name = server_name(host)
            place = destination(*(address or (host, port)))
        except Unreachable as exc:
            return replace(blank, outcome=exc.outcome, error=str(exc))
        return _summary(blank, place, _attempts(name, place, deadline))


def _attempts(name: bytes | None, place: Destination, deadline: float) -> list[Attempt]:
    attempts: list[Attempt] = []
    for version in reversed(VERSIONS):
        # The first hello leaves time to ask a silent server in plain HTTP.
        share = 1.0 if attempts else _FIRST_SHARE
        now = time.monotonic()
        made = attempt(version, name, place, now + (deadline - now) * share)
        attempts.append(made if attempts else _named(made, place, deadline))
        if attempts[-1].outcome in _LAST_WORD:
            break
    return attempts


def _named(first: Attempt, place: Destination, deadline: float) -> Attempt:
    """A server that answered our hello with no TLS at all may speak plain HTTP: the port, or its listener, is wrong."""
    if first.outcome is HelloOutcome.TLS or not first.address or first.head[:1] in _TLS_RECORDS:
        return first
    if first.head.startswith(b"HTTP/") or speaks_http(place, deadline):
        return replace(first, outcome=HelloOutcome.PLAIN_HTTP, error="answers in plain HTTP, not TLS")
    return replace(first, error="answers with neither TLS nor HTTP") if first.head else first


def _summary(blank: Hello, place: Destination, attempts: list[Attempt]) -> Hello:
    accepted = [made for made in attempts if made.outcome is HelloOutcome.TLS]
    # A server that resets one version and answers another with an alert has no binding for the name: say the reset.
    telling = accepted or [made for made in attempts if made.outcome is not HelloOutcome.FAILED] or attempts
    shown = telling[0]
    versions = {made.version for made in accepted}
    return replace(
        blank,
        address=shown.address or place.shown,
        outcome=shown.outcome,
        versions=tuple(version for version in VERSIONS if version in versions),
        chain=shown.chain,
        asks_client_certificate=shown.asks,
        milliseconds=shown.milliseconds,
        error=shown.error,
    )
