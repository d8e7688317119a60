"""The ways that the agent may take: the entries of its failover lists, their order, a proxy between."""

from __future__ import annotations

from functools import lru_cache

from console.agent.choice import NOWHERE, Place, Ways
from console.agent.failover import ListKind
from console.readiness.case import Case
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_WORDS = {ListKind.DOWNLOAD: "Downloads", ListKind.UPLOAD: "Uploads"}
_SECTIONS = {ListKind.DOWNLOAD: "DownloadSettings", ListKind.UPLOAD: "UploadSettings"}
_NOT_LISTED = "Only the fleet file pairs them: no failover list of the device's config.ini names this endpoint"


def _ways(case: Case) -> Ways:
    """The same object for devices whose lists say the same, so that what is told of it is worked out once."""
    if case.device is None:
        return NOWHERE
    return case.device.failover.ways(case.use.host, case.use.port, case.use.protocol)


@check(
    "network.proxy",
    step=Step.CONNECT,
    side=Side.NETWORK,
    refused_by=None,
    rule="The agent connects straight to the beacon: through a proxy it may meet another certificate, or none.",
    source="flexnet.md §1.3 (Proxy in samples), §1.4 (a proxy that inspects TLS breaks mutual TLS)",
    remedy=(
        "Empty Proxy= in the entries of the failover list named, or try the agent's own tools: neither the console's "
        "hello nor a live handshake goes through the proxy."
    ),
    needs=(Need.DEVICE,),
)
def proxy(case: Case) -> Outcome:
    return _through_a_proxy(_ways(case))


@lru_cache(maxsize=20_000)
def _through_a_proxy(ways: Ways) -> Outcome:
    if not ways.choices:
        return not_applicable(_NOT_LISTED)
    through = [choice.entry for choice in ways.choices if choice.entry.proxy]
    if not through:
        return passed("The failover lists name no proxy")
    # Both lists are named in one finding: an agent that can download but not upload isn't ready either.
    lists = " and ".join(dict.fromkeys(_WORDS[entry.kind].lower() for entry in through))
    return unknown(
        f"The agent's {lists} go through the proxy {clean(through[0].proxy, 120)}; what the beacon's port answers "
        "there wasn't observed",
        evidence={"entries": "; ".join(clean(entry.section, 120) for entry in through[:4])},
    )


@check(
    "device.beacon-choice",
    step=Step.CONNECT,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule=(
        "Which place the beacon has in the device's failover lists; any entry may be used, so every one is judged. An "
        "entry that the agent never chooses, or a list that lacks the beacon, is told."
    ),
    source="PMD-AutoPriority, NetSel-PrioritizeIBs, PMD-SelectorAlgorithm (vendor pages); flexnet.md §1.3, §1.4",
    remedy="None is needed where it is meant so; else correct the entries in the failover list of config.ini.",
    needs=(Need.DEVICE,),
)
def beacon_choice(case: Case) -> Outcome:
    return _place_told(_ways(case))


@lru_cache(maxsize=20_000)
def _place_told(ways: Ways) -> Outcome:
    choices = ways.choices
    if not choices:
        return not_applicable(_NOT_LISTED)
    parts: list[str] = []
    for kind in ListKind:
        mine = [choice for choice in choices if choice.entry.kind is kind]
        if not mine:
            parts.append(f"{_WORDS[kind]}: not in {_SECTIONS[kind]}")
            continue
        parts.append(f"{_WORDS[kind]}: {mine[0].place.value} ({clean(mine[0].why, 200)})")
    said = ". ".join(parts)
    in_both = {choice.entry.kind for choice in choices} == {*ListKind}
    return passed(said) if in_both and all(choice.place is not Place.NEVER for choice in choices) else warned(said)


@check(
    "device.failover-entry",
    step=Step.CONNECT,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="Every entry of the failover lists names a protocol, a host and a port, each endpoint once.",
    source="flexnet.md §1.3 (Protocol, Host and Port are mandatory; Port has no default)",
    remedy="Correct or remove the entry named in config.ini; entries with an id in braces come back with policy.",
    needs=(Need.DEVICE,),
    part=Part.DEVICE,
)
def failover_entry(case: Case) -> Outcome:
    entries = case.device.failover.entries if case.device is not None else ()
    if not entries:
        return not_applicable("config.ini holds no failover list")
    wrong = [(entry, problem) for entry in entries for problem in entry.problems]
    without = [kind for kind in ListKind if not any(entry.usable for entry in entries if entry.kind is kind)]
    if not wrong and not without:
        return passed(f"All {len(entries)} entries of the failover lists can be used")
    told = [f"[{clean(entry.section, 120)}] {clean(problem, 120)}" for entry, problem in wrong]
    told += [f"no usable entry in {_SECTIONS[kind]}" for kind in without]
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return warned(f"Failover list: {told[0]}{more}", evidence={"entries": "; ".join(told[:8])})
