"""The agent's own tools on the screen: what is asked before one runs, and what came of it, as the remote's word."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from console.agent.profile import AgentTool
from console.ports import AgentToolRun
from console.readiness.model import LiveOutcome
from screens.text import clock_time, plain

_GLYPH = {LiveOutcome.OK: "✔", LiveOutcome.FAILED: "✘", LiveOutcome.NOT_RUN: "·"}
_SAID = 12
_LOG = 20


def question_lines(tool: AgentTool, device: str, account: str) -> list[str]:
    """Side effects first, then what runs, as whom, and how that is known."""
    command = " ".join((tool.program, *tool.arguments))
    return [
        *(f"▲ {effect}" for effect in tool.effects),
        "",
        f"It {tool.purpose}." if tool.purpose else "",
        f"On {device}, as {account or 'the login'}: {command}",
        f"({tool.provenance.value}: {tool.source})",
        "Only its exit status is judged, and no verdict depends on it.",
    ]


def tool_text(runs: Mapping[str, AgentToolRun]) -> Text:
    """Empty where none was run."""
    text = Text()
    for name, run in runs.items():
        text.append(f" The agent's own tool: {plain(name)}\n", Style(bold=True))
        when = f" · {clock_time(run.at)}" if run.at else ""
        text.append(f"  {_GLYPH[run.outcome]} {run.outcome.value}{when}")
        text.append(f" · {plain(run.error)}\n" if run.error else " · exit status 0\n")
        _quote(text, "said", run.said, _SAID)
        _quote(text, "the end of its log", run.log, _LOG)
    return text


def _quote(text: Text, head: str, lines: tuple[str, ...], limit: int) -> None:
    """The last lines; an error stands at the end."""
    if not lines:
        return
    left = len(lines) - limit
    text.append(f"    {head}" + (f" (the last {limit} of {len(lines)} lines)" if left > 0 else "") + ":\n")
    for line in lines[-limit:]:
        text.append(f"      {plain(line)}\n")
