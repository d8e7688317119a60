"""The handshake of one pair in its order: where it breaks, why, and what to do, before any report is opened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from console.readiness.model import Finding, PairVerdict, Status, Step
from console.readiness.proof import FROM_DATA, Proof, Strength
from screens.stages import STAGES
from screens.text import GLYPH, TONE, Tone, plain, proved_word, sentence, short_paths

_READY = {
    FROM_DATA: "By the data nothing stands in the way: l proves it by a real handshake.",
    Proof(
        Strength.OPENSSL
    ): "Nothing stands in the way, and the device's own OpenSSL accepts the chain: l proves the rest.",
    Proof(Strength.PARTIAL): "Nothing stands in the way: a real handshake got through. What it leaves unproved: p.",
    Proof(Strength.LIVE): "Nothing stands in the way: a real handshake from the device got through.",
}
_OTHERWISE = {
    Strength.LIVE: "The live handshake ended otherwise than these data say",
    Strength.OPENSSL: "The device's own OpenSSL says otherwise of the chain",
}
_WORST = (Status.FAIL, Status.UNKNOWN, Status.WARN, Status.PASS)


def step_status(findings: Sequence[Finding], steps: Sequence[Step]) -> Status:
    """The worst finding of these steps; none: not applicable."""
    seen = {finding.status for finding in findings if finding.step in steps}
    return next((status for status in _WORST if status in seen), Status.NOT_APPLICABLE)


def strip_statuses(verdict: PairVerdict) -> tuple[Status, ...]:
    """One status for each of STAGES. What lies behind the first failing step isn't reached."""
    statuses: list[Status] = []
    broken = False
    for stage in STAGES:
        status = Status.NOT_APPLICABLE if broken else step_status(verdict.findings, stage.steps)
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
        self._aside = ""
        self._proof = FROM_DATA

    def show(
        self,
        verdict: PairVerdict | None,
        *,
        instead: str = "",
        others: int = 0,
        proof: Proof = FROM_DATA,
        aside: str = "",
    ) -> None:
        """`others`: how many more devices are stopped by the same check; `aside`: a word about the device's pairs."""
        self._verdict = verdict
        self._aside = aside
        self._proof = proof
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
        title = f"{plain(use.device)} ⇄ {plain(use.beacon or use.host)}{port} · "
        title += proved_word(verdict.verdict, self._proof)
        title += f" · {plain(self._aside)}" if self._aside else ""
        text.append(_rule(title, width), self._tone(Tone.DIM))
        text.append("\n")
        self._steps(text, verdict, wide=width >= 128)
        text.append("\n")
        text.append_text(self._fitted(self._message(verdict), width, self.size.height - 2))
        return text

    def _fitted(self, message: Text, width: int, lines: int) -> Text:
        """What doesn't fit is cut, and the key that shows the whole is named."""
        wrapped = message.wrap(self.app.console, max(1, width - 1))
        if len(wrapped) <= lines or lines < 1:
            return message
        more = " … p shows all"
        last = wrapped[lines - 1]
        last.rstrip()
        last.truncate(max(1, width - 1 - len(more)))
        last.append(more, self._tone(Tone.ACCENT))
        return Text("\n", end="").join(wrapped[:lines])

    def _steps(self, text: Text, verdict: PairVerdict, *, wide: bool) -> None:
        text.append("  " if wide else " ")
        joint = " ─ " if wide else "─"
        for number, (stage, status) in enumerate(zip(STAGES, strip_statuses(verdict), strict=True)):
            if number:
                text.append(joint, self._tone(Tone.DIM))
            tone = TONE[status] if status is not Status.PASS else Tone.PLAIN
            text.append(f"{GLYPH[status]} ", self._tone(TONE[status]))
            text.append(stage.long if wide else stage.short, self._tone(tone))

    def _message(self, verdict: PairVerdict) -> Text:
        text = Text("  ", no_wrap=False, end="")
        obstacle = verdict.first_obstacle
        if self._proof.against is not None:
            text.append(f"{_OTHERWISE[self._proof.against]} (p shows both). ", self._tone(Tone.WARN))
        if obstacle is None:
            text.append(_READY.get(self._proof, "By the data nothing stands in the way."))
            return text
        text.append(sentence(short_paths(obstacle.message)))
        if obstacle.remedy:
            text.append(f" {sentence(short_paths(obstacle.remedy))}")
        notes = []
        if self._others:
            devices = "1 other device" if self._others == 1 else f"{self._others:,} other devices"
            notes.append(f"The same fault blocks {devices} (f shows them).")
        behind = sum(finding.status is Status.FAIL for finding in verdict.findings) - 1
        if behind > 0 and obstacle.status is Status.FAIL:
            notes.append(f"{behind} more behind it (p).")
        if notes:
            text.append(" " + " ".join(notes), self._tone(Tone.DIM))
        return text

    def _tone(self, tone: Tone) -> Style:
        return (
            self.get_component_rich_style(f"strip--{tone.value}", partial=True) if tone is not Tone.PLAIN else Style()
        )


def _rule(title: str, width: int) -> str:
    head = f" ─ {_clipped(title, width - 5)} " if title else " "
    return head + "─" * max(0, width - cell_len(head) - 1)


def _clipped(title: str, width: int) -> str:
    return title if cell_len(title) <= width else set_cell_size(title, max(0, width - 1)).rstrip() + "…"
