"""A finding in words: what, where, fix, why."""

from __future__ import annotations

from console.readiness.model import COMPONENTS, Finding, PairUse, Side
from screens.text import plain, sentence

_WHERE = ("file", "path", "section", "place", "location", "store", "record", "binding", "where")
"""Evidence that says where to look; the rest says why."""
_OF_DEVICE = frozenset({"file", "path", "section", "where"})
_OF_BEACON = frozenset({"location", "store", "record", "binding"})


def affected(finding: Finding) -> str:
    """`all components`, or their names."""
    if set(finding.components) == set(COMPONENTS):
        return "all components"
    return ", ".join(finding.components) or "no component"


def report_text(finding: Finding, use: PairUse) -> list[tuple[str, str]]:
    """(heading, words), without empty ones."""
    lines = [("What", sentence(finding.message))]
    where = [(key, value) for key, value in finding.evidence.items() if _is_place(key)]
    why = [(key, value) for key, value in finding.evidence.items() if not _is_place(key)]
    if where:
        lines.append(("Where", _places(where, use)))
    if finding.remedy:
        lines.append(("Fix", sentence(finding.remedy)))
    if why:
        lines.append(("Why", _words(why)))
    if finding.refused_by is not None:
        lines.append(("Stops", _STOPS[finding.refused_by]))
    return lines


_STOPS = {
    Side.DEVICE: "on the device: its TLS library ends the handshake",
    Side.BEACON: "at the beacon: it answers with an alert, a reset or an HTTP status",
    Side.PAIR: "between the two: what one end speaks the other doesn't; mending one of them is enough",
    Side.NETWORK: "in the network: nothing answers there",
}


def _places(entries: list[tuple[str, str]], use: PairUse) -> str:
    """`on app05: file …`: files and sections lie on the device, whoever has to change something; stores, bindings and
    locations on the beacon."""
    told: dict[str, list[str]] = {}
    for key, value in entries:
        words = set(key.casefold().replace("_", " ").split())
        machine = use.device if words & _OF_DEVICE else use.beacon if words & _OF_BEACON else ""
        name = "" if key == "where" else plain(key.removeprefix("beacon's ").replace("_", " "))
        told.setdefault(machine, []).append(f"{name} {plain(str(value))}".strip())
    return " · ".join(
        f"on {plain(machine)}: {', '.join(places)}" if machine else ", ".join(places)
        for machine, places in told.items()
    )


def _is_place(key: str) -> bool:
    return any(word in key.casefold().replace("_", " ").split() for word in _WHERE)


def _words(entries: list[tuple[str, str]]) -> str:
    return " · ".join(f"{plain(key.replace('_', ' '))}: {plain(str(value))}" for key, value in entries)
