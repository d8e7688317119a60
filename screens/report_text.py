"""A finding in words: what, where, fix, why."""

from __future__ import annotations

from console.readiness.model import COMPONENTS, Finding, Side
from screens.text import plain, sentence

_WHERE = ("file", "path", "section", "place", "location", "store", "record", "binding", "where")
"""Evidence that says where to look; the rest says why."""


def affected(finding: Finding) -> str:
    """`all components`, or their names."""
    if set(finding.components) == set(COMPONENTS):
        return "all components"
    return ", ".join(finding.components) or "no component"


def report_text(finding: Finding) -> list[tuple[str, str]]:
    """(heading, words), without empty ones."""
    lines = [("What", sentence(finding.message))]
    where = [(key, value) for key, value in finding.evidence.items() if _is_place(key)]
    why = [(key, value) for key, value in finding.evidence.items() if not _is_place(key)]
    if where:
        lines.append(("Where", _words(where)))
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


def _is_place(key: str) -> bool:
    return any(word in key.casefold().replace("_", " ").split() for word in _WHERE)


def _words(entries: list[tuple[str, str]]) -> str:
    return " · ".join(f"{plain(key.replace('_', ' '))}: {plain(str(value))}" for key, value in entries)
