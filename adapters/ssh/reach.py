"""Does the device get through to the endpoints of its uses?

TCP alone: from the device's curl or perl, else by a channel that its SSH server opens for us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.ssh.facts import Records, text
from adapters.ssh.names import HOST, is_address
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from adapters.ssh.tunnel import NotForwarded, forwarded
from console.agent.snapshot import NameFact, ReachFact, ReachOutcome
from console.errors import HostKeyError, SshError
from console.fleet.pairing import Resolve, address_of
from console.pki.names import ascii_host

ENDPOINTS_LIMIT = 64
"""More endpoints than this aren't tried: a sweep of a device stays short."""
SIDE_BY_SIDE = 16
CONNECT_SECONDS = 4
FORWARDED_LIMIT = 8
"""One after the other, so fewer."""
SILENT_LIMIT = 3
"""Endpoints that don't answer over SSH, each of which takes CONNECT_SECONDS; after them no other is tried."""

_WORDS = {
    ReachOutcome.REFUSED: "the connection is refused",
    ReachOutcome.TIMEOUT: f"no answer within {CONNECT_SECONDS} s",
    ReachOutcome.NO_ROUTE: "there is no route to it",
    ReachOutcome.NO_ADDRESS: "the name isn't known",
    ReachOutcome.FAILED: "no connection comes about; why isn't told",
    ReachOutcome.NOT_TRIED: "the device's curl can't be used to try",
}
_SAID = (
    (ReachOutcome.REFUSED, re.compile(r"refused", re.IGNORECASE)),
    (ReachOutcome.TIMEOUT, re.compile(r"timed? ?out|timeout", re.IGNORECASE)),
    (ReachOutcome.NO_ROUTE, re.compile(r"no route|unreachable|host is down", re.IGNORECASE)),
    (
        ReachOutcome.NO_ADDRESS,
        re.compile(r"bad hostname|not known|not resolve|no address|name resolution", re.IGNORECASE),
    ),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int
    address: str = ""
    """`address:port` of [resolve]; empty: the name is asked for."""

    @property
    def place(self) -> tuple[str, int] | None:
        """What to connect to; None where the host can be no name."""
        if self.address:
            host, _, port = self.address.rpartition(":")
            return host.strip("[]"), int(port)
        host = ascii_host(self.host.strip("[]")).rstrip(".")
        return (host, self.port) if is_address(host) or HOST.fullmatch(host) else None


def endpoints_of(uses: Iterable[tuple[str, int]], resolve: Resolve) -> tuple[Endpoint, ...]:
    """Each once, with the address that [resolve] gives it."""
    found: dict[tuple[str, int], Endpoint] = {}
    for host, port in uses:
        found.setdefault((host.strip("[]").lower(), port), Endpoint(host, port, address_of(resolve, host, port)))
    return tuple(found.values())[:ENDPOINTS_LIMIT]


def reach_script(endpoints: Sequence[Endpoint]) -> list[str]:
    """Calls of reach.sh, some at a time."""
    lines: list[str] = []
    tried = [(number, place) for number, each in enumerate(endpoints) if (place := each.place) is not None]
    for count, (number, (host, port)) in enumerate(tried, start=1):
        url = f"https://{f'[{host}]' if ':' in host else host}:{port}/"
        lines.append(f"reach reach.{number} {quoted(host)} {port} {quoted(url)} {CONNECT_SECONDS} &")
        if count % SIDE_BY_SIDE == 0 or count == len(tried):
            lines.append("wait")
    return lines


def reach_seconds(endpoints: Sequence[Endpoint]) -> float:
    """How long the script may take."""
    return -(-len(endpoints) // SIDE_BY_SIDE) * (CONNECT_SECONDS + 1.0)


def reach_facts(
    session: DeviceSession, endpoints: Sequence[Endpoint], answer: Records, names: Sequence[NameFact] = ()
) -> tuple[ReachFact, ...]:
    """One for each endpoint. Where the device has no tool its SSH server is asked. `names`: what it resolved.

    Raises HostKeyError where the device, asked again, is another.
    """
    facts: list[ReachFact] = []
    asked = silent = 0
    lost = ""
    resolved = {name.host.lower(): name.addresses for name in names}
    for number, endpoint in enumerate(endpoints):
        said = text(answer, f"reach.{number}")
        place = endpoint.place
        if place is None:
            facts.append(_fact(endpoint, ReachOutcome.NOT_TRIED, "", "it isn't a host name"))
        elif said:
            facts.append(_from_tool(endpoint, said, resolved.get(place[0].lower(), (place[0],))))
        elif lost:
            facts.append(_fact(endpoint, ReachOutcome.NOT_TRIED, "", lost))
        elif silent >= SILENT_LIMIT:
            facts.append(_fact(endpoint, ReachOutcome.NOT_TRIED, "", f"{silent} before it didn't answer over SSH"))
        elif asked < FORWARDED_LIMIT:
            asked += 1
            try:
                facts.append(_by_forwarding(session, endpoint, place))
            except HostKeyError:
                raise
            except SshError as error:
                # What has been read of the device stays: the ways to its endpoints must not cost the snapshot.
                lost = f"the connection to the device was lost: {plain(error.message, 200)}"
                facts.append(_fact(endpoint, ReachOutcome.NOT_TRIED, "", lost))
            silent += facts[-1].outcome is ReachOutcome.TIMEOUT
        else:
            facts.append(_fact(endpoint, ReachOutcome.NOT_TRIED, "", f"only {FORWARDED_LIMIT} are tried over SSH"))
    return tuple(facts)


def _from_tool(endpoint: Endpoint, said: str, addresses: Sequence[str]) -> ReachFact:
    """`addresses`: what the place is, or what its name has on the device."""
    tool, _, rest = said.partition(" ")
    if tool == "curl":
        code, _, rest = rest.partition(" ")
        outcome = _curl_outcome(int(code) if code.isdecimal() and len(code) < 4 else -1, rest)
    else:
        outcome = ReachOutcome.CONNECTED if rest == "connected" else _told(rest)
        if outcome is ReachOutcome.NO_ADDRESS and any(":" in address for address in addresses):
            # IO::Socket::INET knows IPv4 alone, and calls any other name unknown.
            return _fact(endpoint, ReachOutcome.NOT_TRIED, "", "the device's perl can't try IPv6, and it has no curl")
    return _fact(endpoint, outcome, tool)


def _curl_outcome(code: int, rest: str) -> ReachOutcome:
    if rest == "connected":
        return ReachOutcome.CONNECTED
    if code == 6:
        return ReachOutcome.NO_ADDRESS
    if code == 28:
        return ReachOutcome.TIMEOUT
    # Any other end without the trace's word for a connection: this curl may not have got as far as that.
    return _told(rest) if code == 7 else ReachOutcome.NOT_TRIED


def _by_forwarding(session: DeviceSession, endpoint: Endpoint, place: tuple[str, int]) -> ReachFact:
    try:
        forwarded(session, place, CONNECT_SECONDS).close()
    except NotForwarded as exc:
        if exc.forbidden:
            return _fact(endpoint, ReachOutcome.NOT_TRIED, "", f"the device has neither curl nor perl, and {exc}")
        # A refusal, a missing route, an unknown name: paramiko keeps the server's words for itself (it logs them).
        outcome = ReachOutcome.TIMEOUT if exc.silent else ReachOutcome.FAILED
        return _fact(endpoint, outcome, "ssh forwarding")
    return _fact(endpoint, ReachOutcome.CONNECTED, "ssh forwarding")


def _told(said: str) -> ReachOutcome:
    return next((outcome for outcome, words in _SAID if words.search(said)), ReachOutcome.FAILED)


def _fact(endpoint: Endpoint, outcome: ReachOutcome, how: str, error: str = "") -> ReachFact:
    return ReachFact(endpoint.host, endpoint.port, outcome, endpoint.address, how, error or _WORDS.get(outcome, ""))
