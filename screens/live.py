"""What really happened when the device made the handshake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rich.style import Style
from rich.text import Text

from console.agent.snapshot import DeviceSnapshot
from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, Trial
from screens.text import clock_time, plain, plain_lines

_GLYPH = {LiveOutcome.OK: "✔", LiveOutcome.FAILED: "✘", LiveOutcome.NOT_RUN: "·"}
_RAW_LINES = 40


def live_line(results: Mapping[str, LiveResult], *, foretold: bool = False, broad: bool = True) -> str:
    """` · live 14:05 failed as predicted (device's curl)`; without a live handshake ` · live: l makes one`.

    `foretold`: it ended as the verdict says; `broad`: there is room for the tool besides.
    """
    ran = [result for result in results.values() if result.outcome is not LiveOutcome.NOT_RUN]
    if not ran:
        tried = [result for result in results.values() if result.at is not None]
        if any(result.tls for result in tried):
            return " · live: all but the client key"
        return " · live: cannot test from here" if tried else " · live: l makes one"
    newest = max((result.at for result in ran if result.at is not None), default=None)
    when = f"{clock_time(newest)} " if newest else ""
    failed = any(result.outcome is LiveOutcome.FAILED for result in ran)
    tools = " and ".join(dict.fromkeys(_by(result) for result in ran if result.tool))
    with_tool = f" ({tools})" if tools and (broad or not foretold) else ""
    return f" · live {when}{'failed' if failed else 'ok'}{' as predicted' if foretold else ''}{with_tool}"


def _by(result: LiveResult) -> str:
    return f"device's {plain(result.tool)}" if result.origin == "device" else "console, through the device"


def live_text(results: Mapping[str, LiveResult]) -> Text:
    """One answer once, with the components that it stands for; empty where none was tried."""
    text = Text()
    if all(result.at is None for result in results.values()):
        return text
    text.append(" Live handshake from the device\n", Style(bold=True))
    grouped: dict[LiveResult, list[str]] = {}
    for component in COMPONENTS:
        if component in results:
            grouped.setdefault(_shown(results[component]), []).append(component)
    for result, components in grouped.items():
        whose = "all components" if len(components) == len(COMPONENTS) else ", ".join(components)
        text.append(f"  {_GLYPH[result.outcome]} {whose}  {result.outcome.value}")
        parts = [result.tool, result.tls or "", f"HTTP {result.http_status}" if result.http_status else ""]
        if result.failed_side is not None:
            parts.append(f"stopped by the {result.failed_side.value}")
        text.append("".join(f" · {plain(part)}" for part in parts if part))
        if result.error:
            text.append(f"\n      {_without_advice(plain(result.error))}")
            text.append(f" (as {result.check} fails)" if result.check else "")
        if result.unproved:
            text.append(f"\n      not proved: {plain(result.unproved)}")
        for trial in result.trials:
            text.append(f"\n      {_trial_line(trial)}")
        text.append("\n")
    return text


def _shown(result: LiveResult) -> LiveResult:
    """Without what isn't shown of it and may differ from component to component."""
    return replace(result, raw="", at=None)


_ADVICE = re.compile(r"\s*More details here: https?://curl\.(?:se|haxx\.se)/.*", re.DOTALL)
"""What curl appends to whatever it says of certificates; `o` shows its own words whole."""


def _without_advice(error: str) -> str:
    return _ADVICE.sub("", error)


def _trial_line(trial: Trial) -> str:
    """`✘ TLSv1.3 by itself: failed · the beacon broke off after the handshake`."""
    what = f"an upload of {trial.upload_bytes:,} bytes" if trial.upload_bytes else f"{plain(trial.tls)} by itself"
    parts = [
        trial.outcome.value,
        f"HTTP {trial.http_status}" if trial.http_status else "",
        _without_advice(plain(trial.error or "")),
    ]
    return f"{_GLYPH[trial.outcome]} {what}: " + " · ".join(part for part in parts if part)


def own_tools_text(snapshot: DeviceSnapshot | None, results: Mapping[str, LiveResult]) -> Text:
    """The device's own tools, and their own words of the newest handshakes."""
    text = Text("\n The device's own TLS tools\n", style=Style(bold=True))
    plain_style = Style(bold=False)
    if snapshot is None:
        text.append("  never read: c reads the device\n", plain_style)
        return text
    tls = snapshot.tls
    text.append(f"  {plain(tls.openssl) or 'no openssl'}\n  {plain(tls.curl) or 'no curl'}\n", plain_style)
    level = "?" if tls.security_level is None else str(tls.security_level)
    text.append(f"  security level {level} ({plain(tls.security_level_source) or 'source unknown'})", plain_style)
    text.append(f", TLS {plain(tls.tls_min) or 'any'} to {plain(tls.tls_max) or 'any'}\n", plain_style)
    said = False
    for component, result in results.items():
        if result.raw:
            said = True
            text.append(f"  {component}, {plain(result.tool)} said:\n", plain_style)
            for line in plain_lines(result.raw, limit=_RAW_LINES):
                text.append(f"    {line}\n", plain_style)
    if not said:
        text.append("  no handshake was made yet: l makes one\n", plain_style)
    return text
