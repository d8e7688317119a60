"""What the device's own OpenSSL says of the beacon's chain: between the data and a live handshake."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from console.readiness.model import LiveOutcome
from console.readiness.own_openssl import OwnOpenssl
from screens.text import clock_time, plain, plain_lines

_GLYPH = {LiveOutcome.OK: "✔", LiveOutcome.FAILED: "✘", LiveOutcome.NOT_RUN: "·"}
_RAW_LINES = 6


def own_line(results: Mapping[str, OwnOpenssl], *, foretold: bool = False) -> str:
    """` · device's OpenSSL 14:05 ok`; empty where it wasn't asked. `foretold`: it says what the verdict says."""
    if not results:
        return ""
    ran = [result for result in results.values() if result.outcome is not LiveOutcome.NOT_RUN]
    if not ran:
        return " · device's OpenSSL: not run"
    newest = max((result.at for result in ran if result.at is not None), default=None)
    when = f"{clock_time(newest)} " if newest else ""
    outcome = "failed" if any(result.outcome is LiveOutcome.FAILED for result in ran) else "ok"
    return f" · device's OpenSSL {when}{outcome}{' as predicted' if foretold else ''}"


def own_text(results: Mapping[str, OwnOpenssl]) -> Text:
    """One answer once, with the components that it stands for; empty where none was asked for."""
    text = Text()
    if not results:
        return text
    text.append(" The device's own OpenSSL on the beacon's chain\n", Style(bold=True))
    grouped: dict[OwnOpenssl, list[str]] = {}
    for component, result in results.items():
        grouped.setdefault(result, []).append(component)
    for result, components in grouped.items():
        text.append(f"  {_GLYPH[result.outcome]} {', '.join(components)}  {result.outcome.value}")
        text.append(f" · {plain(result.version)}" if result.version else "")
        if result.depth is not None:
            text.append(f" · at depth {result.depth}{' (the beacon itself)' if result.depth == 0 else ''}")
        if result.error:
            text.append(f"\n      {plain(result.error)}")
        if result.options:
            text.append(f"\n      openssl verify {plain(' '.join(result.options))}")
        if result.outcome is not LiveOutcome.OK:
            text.append("".join(f"\n      {line}" for line in plain_lines(result.raw, limit=_RAW_LINES)))
        text.append("\n")
    return text
