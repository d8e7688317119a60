"""A finding in words: what, where, fix, why."""

from __future__ import annotations

from console.readiness.model import COMPONENTS, Finding, PairUse, Side
from screens.text import plain, sentence

_WHERE = ("file", "path", "section", "place", "location", "store", "record", "binding", "where")
"""Evidence that says where to look; the rest says why."""
_OF_DEVICE = frozenset({"file", "path", "section"})
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
        on = _machine([key for key, _ in where], use)
        lines.append(("Where", f"on {plain(on)}, {_words(where)}" if on else _words(where)))
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
    Side.PAIR: "between the two: neither side is wrong alone",
    Side.NETWORK: "in the network: nothing answers there",
}


def _machine(keys: list[str], use: PairUse) -> str:
    """Files and sections lie on the device, whoever has to change something; stores and bindings on the beacon."""
    words = {word for key in keys for word in key.casefold().replace("_", " ").split()}
    on_device, on_beacon = bool(words & _OF_DEVICE), bool(words & _OF_BEACON)
    if on_device == on_beacon:
        return ""
    return use.device if on_device else use.beacon


def _is_place(key: str) -> bool:
    return any(word in key.casefold().replace("_", " ").split() for word in _WHERE)


def _words(entries: list[tuple[str, str]]) -> str:
    return " · ".join(f"{plain(key.replace('_', ' '))}: {plain(str(value))}" for key, value in entries)
