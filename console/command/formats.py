"""`check` in every format: table, json, csv, junit, html."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html import escape
from xml.etree import ElementTree

from console.command.report import CheckedPair, CheckReport, as_values, well_formed
from console.command.text import GLYPHS, counted, one_line, painted, table
from console.readiness.beside import LIVE_DISAGREES
from console.readiness.model import COMPONENTS, Finding, LiveOutcome, Status, Verdict
from console.readiness.proof import Proof, Strength


def to_json(report: CheckReport) -> str:
    return json.dumps(well_formed(as_values(report)), ensure_ascii=False, indent=2)


WHERE_TO_FIX = "`show NAME` says on which machine what has to be done."


def to_table(report: CheckReport, *, colour: bool = False, fix: str = WHERE_TO_FIX) -> str:
    """`fix`: where a person reads on what to do, said where a pair isn't ready."""
    rows = [
        (
            GLYPHS[pair.verdict.verdict],
            one_line(pair.verdict.use.device),
            one_line(pair.verdict.use.beacon or "(none)"),
            one_line(f"{pair.verdict.use.host}:{pair.verdict.use.port}"),
            str(pair.verdict.verdict),
            pair.proof.words,
            live_word(pair),
            obstacle(pair),
        )
        for pair in report.pairs
    ]
    lines = table((" ", "device", "beacon", "endpoint", "verdict", "proof", "live", "first obstacle"), rows)
    shown = [
        lines[0],
        *(
            painted(line[:1], colour=colour and _may_be_painted(pair)) + line[1:]
            for line, pair in zip(lines[1:], report.pairs, strict=True)
        ),
    ]
    counts = report.counts()
    total = f"{counted(len(rows), 'pair')}: " + ", ".join(f"{counts[word]} {word}" for word in Verdict)
    hint = [] if report.all_ready else [f"fix: {fix}"]
    return "\n".join([*shown, "", total, *_proof_lines(report), *hint])


def _may_be_painted(pair: CheckedPair) -> bool:
    """Green is for what a handshake proved: ready from data alone stays uncoloured."""
    return pair.verdict.verdict is not Verdict.READY or pair.proof == Proof(Strength.LIVE)


def _proof_lines(report: CheckReport) -> list[str]:
    """How well the verdicts are proved, in words; nothing where there is nothing to prove."""
    proofs = [pair.proof for pair in report.pairs]
    if not proofs:
        return []
    live = sum(one == Proof(Strength.LIVE) for one in proofs)
    doubted = sum(one.against is not None for one in proofs)
    if live == len(proofs):
        return ["proof: every verdict is proved by a live handshake."]
    partly = sum(one == Proof(Strength.PARTIAL) for one in proofs)
    part = f" {partly} by one that leaves revocation or the agent's account unproved," if partly else ""
    lines = [f"proof: {live} by a live handshake,{part} {len(proofs) - live - partly - doubted} from data alone."]
    if doubted:
        lines.append(
            f"≠: the live handshakes of {counted(doubted, 'pair')} ended otherwise than predicted ({LIVE_DISAGREES})."
        )
    elif not live and not partly:
        lines = ["proof: from data alone; --live makes a real handshake from each device."]
    return lines


def to_csv(report: CheckReport) -> str:
    """One row a component of a pair."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("device", "beacon", "host", "port", "component", "verdict", "proof", "live", "check", "side", "message")
    )
    for pair in report.pairs:
        use = pair.verdict.use
        for component in COMPONENTS:
            finding = next((f for f in pair.findings if component in f.components and _stands_out(f)), None)
            cells = (
                use.device,
                use.beacon,
                use.host,
                str(use.port),
                component,
                str(pair.verdict.components.get(component, Verdict.UNKNOWN)),
                pair.proof_of(component).words,
                str(pair.live[component].outcome),
                finding.check if finding else "",
                str(finding.side) if finding else "",
                finding.message if finding else "",
            )
            writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def to_junit(report: CheckReport) -> str:
    """A test case a pair: blocked and at-risk fail, unknown is an error."""
    counts = report.counts()
    failed = counts[Verdict.BLOCKED] + counts[Verdict.AT_RISK]
    suite = ElementTree.Element(
        "testsuite",
        name="mtls-console check",
        tests=str(len(report.pairs)),
        failures=str(failed),
        errors=str(counts[Verdict.UNKNOWN]),
        timestamp=report.generated_at.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    for pair in report.pairs:
        use = pair.verdict.use
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=one_line(use.beacon or use.host),
            name=one_line(f"{use.device} {use.host}:{use.port}"),
        )
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="proof", value=pair.proof.words)
        said_otherwise = next((finding for finding in pair.findings if finding.check == LIVE_DISAGREES), None)
        if said_otherwise is not None:
            ElementTree.SubElement(case, "system-out").text = _told(said_otherwise)
        if pair.verdict.verdict is not Verdict.READY:
            tag = "error" if pair.verdict.verdict is Verdict.UNKNOWN else "failure"
            said = ElementTree.SubElement(case, tag, type=str(pair.verdict.verdict), message=obstacle(pair))
            said.text = "\n".join(
                f"{finding.status} {finding.check}: {one_line(finding.message)} {one_line(finding.remedy)}".rstrip()
                for finding in pair.findings
                if _stands_out(finding)
            )
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode")


def to_html(report: CheckReport) -> str:
    counts = report.counts()
    summary = ", ".join(f"{counts[word]} {word}" for word in Verdict)
    when = report.generated_at.strftime("%Y-%m-%d %H:%M UTC")
    rows = "\n".join(_html_row(pair) for pair in report.pairs)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>mtls-console: readiness</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1c1f23 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .35rem .8rem .35rem 0; vertical-align: top }}
th {{ border-bottom: 1px solid #b9c0c7 }} tr + tr td {{ border-top: 1px solid #eceff1 }}
.ready {{ color: #1a7f37 }} .at-risk {{ color: #9a6700 }} .blocked {{ color: #b3261e }} .unknown {{ color: #6b3fa0 }}
</style></head><body><h1>Readiness for mutual TLS</h1><p>{counted(len(report.pairs), "pair")}: {summary} · {when}</p>
<table><thead><tr><th>Verdict</th><th>Device</th><th>Beacon</th><th>Proof</th><th>Live</th><th>Findings</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""


def _html_row(pair: CheckedPair) -> str:
    use, verdict = pair.verdict.use, pair.verdict.verdict
    findings = "".join(
        f"<div><b>{escape(finding.check)}</b> ({', '.join(finding.components)}): {escape(one_line(finding.message))} "
        f"<i>{escape(one_line(finding.remedy))}</i></div>"
        for finding in pair.findings
        if _stands_out(finding)
    )
    colour = f' class="{verdict}"' if _may_be_painted(pair) else ""
    return (
        f"<tr><td{colour}>{GLYPHS[verdict]} {verdict}</td><td>{escape(one_line(use.device))}</td>"
        f"<td>{escape(one_line(use.beacon))}<br>{escape(one_line(f'{use.host}:{use.port}'))}</td>"
        f"<td>{escape(pair.proof.words)}</td><td>{escape(live_word(pair))}</td><td>{findings}</td></tr>"
    )


def live_word(pair: CheckedPair) -> str:
    """One word for three components: what they agree on, else who failed."""
    outcomes = {component: result.outcome for component, result in pair.live.items()}
    if len(set(outcomes.values())) == 1:
        return str(next(iter(outcomes.values())))
    failed = [component for component, outcome in outcomes.items() if outcome is LiveOutcome.FAILED]
    return f"failed: {', '.join(failed)}" if failed else "ok in part"


def obstacle(pair: CheckedPair) -> str:
    """The first obstacle by the data; and where a live handshake says otherwise, that."""
    found = [pair.verdict.first_obstacle, *(finding for finding in pair.findings if finding.check == LIVE_DISAGREES)]
    return "; ".join(_told(finding) for finding in found if finding is not None)


def _told(finding: Finding) -> str:
    some = set(finding.components) != set(COMPONENTS)
    who = f" ({', '.join(finding.components)})" if some else ""
    return one_line(f"{finding.check}{who}: {finding.message}")


def _stands_out(finding: Finding) -> bool:
    return finding.status in (Status.FAIL, Status.UNKNOWN) or finding.risk or finding.check == LIVE_DISAGREES


def _cell(text: str) -> str:
    """A spreadsheet takes a cell that begins with one of these as a formula."""
    line = one_line(text)
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line


FORMATS: dict[str, Callable[[CheckReport], str]] = {
    "table": to_table,
    "json": to_json,
    "csv": to_csv,
    "junit": to_junit,
    "html": to_html,
}
