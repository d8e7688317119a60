"""The handshake of one pair in its order: where it breaks, why, and what to do, before any report is opened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from console.readiness.model import Finding, PairVerdict, Status, Step
from screens.text import GLYPH, TONE, Tone, plain, sentence

STRIP: tuple[tuple[str, str, tuple[Step, ...]], ...] = (
    ("connect", "connect", (Step.CONNECT,)),
    ("own files", "files", (Step.CLIENT_FILES, Step.TRUST_FILES)),
    ("hello", "hello", (Step.HELLO,)),
    ("server certificate", "chain", (Step.SERVER_CERTIFICATE,)),
    ("trusted", "trust", (Step.TRUSTED,)),
    ("name", "name", (Step.NAME,)),
    ("client certificate", "cert", (Step.CLIENT_CERTIFICATE,)),
    ("accepted", "accept", (Step.ACCEPTED,)),
    ("HTTP", "HTTP", (Step.HTTP,)),
)
"""Words when wide, words when narrow, and the steps that they stand for."""

_WORST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)


def step_status(findings: Sequence[Finding], steps: Sequence[Step]) -> Status:
    """The worst finding of these steps; none: not applicable."""
    seen = {finding.status for finding in findings if finding.step in steps}
    return next((status for status in _WORST if status in seen), Status.NOT_APPLICABLE)


def strip_statuses(verdict: PairVerdict) -> tuple[Status, ...]:
    """One status for each part of STRIP. What lies behind the first failing step isn't reached."""
    statuses: list[Status] = []
    broken = False
    for _, _, steps in STRIP:
        status = Status.NOT_APPLICABLE if broken else step_status(verdict.findings, steps)
        statuses.append(status)
        broken = broken or status is Status.FAIL
    return tuple(statuses)


class HandshakeStrip(Widget):
    """Shows one verdict; `show(None, …)` says in one line why there is none."""

    COMPONENT_CLASSES = {f"strip--{tone.value}" for tone in Tone if tone is not Tone.PLAIN}  # noqa: RUF012

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._verdict: PairVerdict | None = None
        self._instead = ""
        self._others = 0

    def show(self, verdict: PairVerdict | None, *, instead: str = "", others: int = 0) -> None:
        """`others`: how many more devices are stopped by the same check."""
        self._verdict = verdict
        self._instead = instead
        self._others = others
        self.refresh()

    def render(self) -> Text:
        width = self.size.width
        verdict = self._verdict
        text = Text(no_wrap=False, end="")
        if verdict is None:
            text.append(_rule("", width), self._tone(Tone.DIM))
            text.append(f"\n  {plain(self._instead)}", self._tone(Tone.DIM))
            return text
        use = verdict.use
        port = "" if use.port == 443 else f":{use.port}"
        text.append(_rule(f"{plain(use.device)} ⇄ {plain(use.beacon or use.host)}{port}", width), self._tone(Tone.DIM))
        text.append("\n")
        self._steps(text, verdict, wide=width >= 128)
        text.append("\n")
        self._message(text, verdict)
        return text

    def _steps(self, text: Text, verdict: PairVerdict, *, wide: bool) -> None:
        text.append("  " if wide else " ")
        joint = " ─ " if wide else "─"
        for number, ((long, short, _), status) in enumerate(zip(STRIP, strip_statuses(verdict), strict=True)):
            if number:
                text.append(joint, self._tone(Tone.DIM))
            tone = TONE[status] if status is not Status.PASS else Tone.PLAIN
            text.append(f"{GLYPH[status]} ", self._tone(TONE[status]))
            text.append(long if wide else short, self._tone(tone))

    def _message(self, text: Text, verdict: PairVerdict) -> None:
        obstacle = verdict.first_obstacle
        if obstacle is None:
            text.append("  Nothing stands in the way: this pair is ready.", self._tone(Tone.PLAIN))
            return
        text.append(f"  {sentence(obstacle.message)}")
        if obstacle.remedy:
            text.append(f" {sentence(obstacle.remedy)}")
        notes = []
        if self._others:
            devices = "1 other device" if self._others == 1 else f"{self._others:,} other devices"
            notes.append(f"The same fault blocks {devices} (f shows them).")
        behind = sum(finding.status is Status.FAIL for finding in verdict.findings) - 1
        if behind > 0 and obstacle.status is Status.FAIL:
            notes.append(f"{behind} more behind it (p).")
        if notes:
            text.append(" " + " ".join(notes), self._tone(Tone.DIM))

    def _tone(self, tone: Tone) -> Style:
        return (
            self.get_component_rich_style(f"strip--{tone.value}", partial=True) if tone is not Tone.PLAIN else Style()
        )


def _rule(title: str, width: int) -> str:
    head = f" ─ {title} " if title else " "
    return head + "─" * max(0, width - len(head) - 1)
