"""What the checks of the device's own way to the port say of examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from console.agent.snapshot import DeviceSnapshot, NameFact, ReachFact, ReachOutcome
from console.iis.snapshot import HelloOutcome
from console.readiness.model import PairInput, Status
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_paths import DOWNLOAD, UPLOAD, entry, in_both, lists
from tests.unit.readiness_makers import ROW, Make, said, unseen, usual

P, F, U, N = Status.PASS, Status.FAIL, Status.UNKNOWN, Status.NOT_APPLICABLE


def tried(outcome: ReachOutcome, make: Make = usual, **changes: object) -> Make:
    """The device tried the endpoint; `later`: so long after it did the console say hello."""

    def made() -> PairInput:
        settings = dict(changes)
        later = settings.pop("later", timedelta(seconds=20))
        names = settings.pop("names", None)
        given = make()
        assert isinstance(given.device, DeviceSnapshot)
        assert isinstance(later, timedelta)
        fact = replace(ReachFact(kit.HOST, 443, outcome, how="curl"), **settings)  # type: ignore[arg-type]
        device = replace(given.device, reach=(fact,), taken_at=kit.NOW - later)
        return replace(given, device=device if names is None else replace(device, names=names))  # type: ignore[arg-type]

    return made


def resolved() -> PairInput:
    """[resolve] of the fleet file says where the beacon is: the agent itself doesn't read it."""
    return kit.pair(address="127.0.0.1:9")


R = ReachOutcome
LONG = timedelta(hours=2)
NO_TOOL = (NameFact(kit.HOST, error="no tool", asked=False),)
PROXY = in_both(Proxy="http://proxy.corp.example:3128")
PROXY_FOR_UPLOADS = lists(entry(DOWNLOAD, "{A}"), entry(UPLOAD, "{A}", Proxy="proxy.corp.example:3128"))
UNKNOWN_NAME = (NameFact(kit.HOST, error="no address"),)

EXAMPLES: list[ROW] = [
    ("network.unreachable-from-device", tried(R.CONNECTED), P),
    ("network.unreachable-from-device", tried(R.REFUSED), F),
    ("network.unreachable-from-device", tried(R.TIMEOUT), F),
    ("network.unreachable-from-device", tried(R.NO_ROUTE), F),
    ("network.unreachable-from-device", tried(R.FAILED), F),
    ("network.unreachable-from-device", tried(R.TIMEOUT, said(HelloOutcome.TIMEOUT), later=LONG), F),
    ("network.unreachable-from-device", tried(R.REFUSED, later=LONG), U),
    ("network.unreachable-from-device", tried(R.NOT_TRIED), N),
    ("network.unreachable-from-device", tried(R.NO_ADDRESS), N),
    ("network.unreachable-from-device", tried(R.TIMEOUT, PROXY), N),
    ("network.unreachable-from-device", tried(R.TIMEOUT, PROXY_FOR_UPLOADS), F),
    ("network.name-unresolved", tried(R.NO_ADDRESS, PROXY, names=UNKNOWN_NAME), N),
    ("network.name-unresolved", tried(R.NO_ADDRESS, PROXY_FOR_UPLOADS, names=UNKNOWN_NAME), F),
    ("network.unreachable-from-device", tried(R.REFUSED, address="127.0.0.1:9"), N),
    ("network.unreachable-from-device", tried(R.REFUSED, resolved, address="127.0.0.1:9"), U),
    ("network.unreachable-from-device", tried(R.CONNECTED, resolved, address="127.0.0.1:9"), P),
    ("network.unreachable-from-device", tried(R.REFUSED, port=8443), N),
    ("network.unreachable-from-device", usual, N),
    ("network.unreachable-from-device", unseen, N),
    ("network.port-closed", tried(R.CONNECTED, said(HelloOutcome.REFUSED)), P),
    ("network.port-closed", tried(R.CONNECTED, said(HelloOutcome.TIMEOUT)), P),
    ("network.port-closed", tried(R.CONNECTED, said(HelloOutcome.REFUSED), later=LONG), F),
    ("network.port-closed", tried(R.REFUSED, said(HelloOutcome.REFUSED)), F),
    ("network.port-closed", tried(R.TIMEOUT, said(HelloOutcome.TIMEOUT)), U),
    ("network.name-unresolved", tried(R.CONNECTED, names=NO_TOOL), P),
    ("network.name-unresolved", tried(R.CONNECTED, names=()), P),
    ("network.name-unresolved", tried(R.NO_ADDRESS, names=NO_TOOL), F),
    ("network.name-unresolved", tried(R.NOT_TRIED, names=NO_TOOL), U),
]
