"""What curl's and perl's words of a connection are taken for: no word that isn't known claims a connection."""

from __future__ import annotations

import pytest

from adapters.ssh.reach import Endpoint, reach_facts
from adapters.ssh.session import DeviceSession
from console.agent.snapshot import ReachOutcome

R = ReachOutcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("curl 77 connected", R.CONNECTED),
        ("curl 28 connected", R.CONNECTED),
        ("curl 7 Connection refused", R.REFUSED),
        ("curl 7 No route to host", R.NO_ROUTE),
        ("curl 7 Network is unreachable", R.NO_ROUTE),
        ("curl 7 Connection timed out", R.TIMEOUT),
        ("curl 7 ", R.FAILED),
        ("curl 28 ", R.TIMEOUT),
        ("curl 6 ", R.NO_ADDRESS),
        ("curl 77 ", R.NOT_TRIED),
        ("curl 1 ", R.NOT_TRIED),
        ("curl 127 ", R.NOT_TRIED),
        ("curl x ", R.NOT_TRIED),
        ("perl connected", R.CONNECTED),
        ("perl IO::Socket::INET: connect: Connection refused", R.REFUSED),
        ("perl IO::Socket::INET: connect: timeout", R.TIMEOUT),
        ("perl IO::Socket::INET: Bad hostname 'b1'", R.NO_ADDRESS),
        ("perl ", R.FAILED),
    ],
)
def test_words(said: str, outcome: ReachOutcome) -> None:
    session = DeviceSession.__new__(DeviceSession)  # nothing is asked of it: the tool has answered
    (fact,) = reach_facts(session, [Endpoint("b1", 443)], {"reach.0": said.encode()})
    assert fact.outcome is outcome
    assert fact.error or outcome is R.CONNECTED
