"""`check` in every format: the schema holds, and hostile text stays text."""

from __future__ import annotations

import csv
import io
import json
from importlib import resources

import jsonschema
import pytest
from defusedxml import ElementTree

from console.command.formats import FORMATS, to_csv, to_html, to_json, to_junit, to_table
from console.command.report import CheckedPair, CheckReport
from console.command.text import error_lines, harmless
from console.readiness.model import (
    COMPONENTS,
    Finding,
    LiveOutcome,
    LiveResult,
    PairUse,
    PairVerdict,
    Side,
    Status,
    Step,
    Verdict,
)
from tests.fakes import NOON

HOSTILE = "=cmd\x1b[2J\x00<script>\udcff\u202e"


def pair(verdict: Verdict, live: LiveOutcome = LiveOutcome.NOT_RUN, message: str = "no") -> CheckedPair:
    finding = Finding(
        "device.client-certificate-off",
        Step.CLIENT_CERTIFICATE,
        Side.DEVICE,
        Status.FAIL,
        message,
        components=("Uploader",),
        refused_by=Side.BEACON,
        evidence={"path": message},
        remedy="turn it on",
    )
    passed = Finding("pair.host-name-matches", Step.NAME, Side.BEACON, Status.PASS, "fine")
    findings = () if verdict is Verdict.READY else (finding, passed)
    result = LiveResult(live, http_status=403 if live is LiveOutcome.FAILED else None)
    use = PairUse("=d1", "b1", "b1.test", 443)
    judged = PairVerdict(use, verdict, dict.fromkeys(COMPONENTS, verdict), findings)
    return CheckedPair(judged, dict.fromkeys(COMPONENTS, result))


def report(*pairs: CheckedPair) -> CheckReport:
    return CheckReport(NOON, pairs)


EVERY = report(*(pair(verdict, outcome, HOSTILE) for verdict in Verdict for outcome in LiveOutcome))


def test_json_is_of_the_schema_that_is_shipped() -> None:
    schema = json.loads(resources.files("console.schema").joinpath("check.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    values = json.loads(to_json(EVERY))
    jsonschema.validate(values, schema)
    assert values["generated_at"] == "2026-11-24T12:00:00Z"
    assert len(values["pairs"]) == len(EVERY.pairs)


def test_json_holds_every_component_and_says_not_run() -> None:
    (found,) = json.loads(to_json(report(pair(Verdict.READY))))["pairs"]
    assert list(found["components"]) == list(COMPONENTS)
    assert {component["live"]["outcome"] for component in found["components"].values()} == {"not-run"}


@pytest.mark.parametrize(
    ("verdict", "live", "disagrees"),
    [
        (Verdict.READY, LiveOutcome.FAILED, True),
        (Verdict.AT_RISK, LiveOutcome.FAILED, True),
        (Verdict.BLOCKED, LiveOutcome.OK, True),
        (Verdict.READY, LiveOutcome.OK, False),
        (Verdict.BLOCKED, LiveOutcome.FAILED, False),
        (Verdict.UNKNOWN, LiveOutcome.OK, False),
        (Verdict.UNKNOWN, LiveOutcome.FAILED, False),
        (Verdict.READY, LiveOutcome.NOT_RUN, False),
    ],
)
def test_a_disagreement_is_told_and_the_verdict_stays(verdict: Verdict, live: LiveOutcome, disagrees: bool) -> None:
    (found,) = json.loads(to_json(report(pair(verdict, live))))["pairs"]
    assert found["verdict"] == str(verdict)
    checks = [finding["check"] for finding in found["findings"]]
    assert ("pair.live-disagrees" in checks) is disagrees
    for name, write in FORMATS.items():
        assert ("pair.live-disagrees" in write(report(pair(verdict, live)))) is disagrees or name == "csv"
    statuses = [finding["status"] for finding in found["findings"]]
    assert statuses == sorted(statuses, key=["fail", "unknown", "warn", "pass", "not-applicable"].index)


@pytest.mark.parametrize("name", list(FORMATS))
def test_no_format_lets_control_characters_through(name: str) -> None:
    text = FORMATS[name](EVERY)
    assert "\x1b" not in text
    assert "\x00" not in text
    text.encode()
    if name == "html":
        assert "<script>" not in text


def test_a_spreadsheet_sees_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(EVERY))))
    assert len(rows) == len(EVERY.pairs) * len(COMPONENTS)
    assert all(not (cell or "").startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_junit_counts_what_is_not_ready() -> None:
    suite = ElementTree.fromstring(to_junit(report(*(pair(verdict) for verdict in Verdict))))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "1")


def test_the_table_names_the_component_and_paints_only_when_asked() -> None:
    plain = to_table(report(pair(Verdict.BLOCKED)))
    assert "device.client-certificate-off (Uploader): no" in plain
    assert "1 pair: 0 ready, 0 at-risk, 1 blocked, 0 unknown" in plain
    assert "\x1b[31m✘\x1b[0m" in to_table(report(pair(Verdict.BLOCKED)), colour=True)


@pytest.mark.parametrize(
    ("verdict", "live", "proof"),
    [
        (Verdict.READY, LiveOutcome.NOT_RUN, "data"),
        (Verdict.READY, LiveOutcome.OK, "live"),
        (Verdict.READY, LiveOutcome.FAILED, "≠ live"),
        (Verdict.BLOCKED, LiveOutcome.FAILED, "live"),
        (Verdict.BLOCKED, LiveOutcome.OK, "≠ live"),
    ],
)
def test_every_format_says_how_well_a_verdict_is_proved(verdict: Verdict, live: LiveOutcome, proof: str) -> None:
    told = report(pair(verdict, live))
    header, row = to_table(told).splitlines()[:2]
    assert row[header.index("proof") :].startswith(proof)
    assert {line["proof"] for line in csv.DictReader(io.StringIO(to_csv(told)))} == {proof}
    given = ElementTree.fromstring(to_junit(told)).find("testcase/properties/property[@name='proof']")
    assert given is not None
    assert given.get("value") == proof
    assert f"<td>{proof}</td>" in to_html(told)
    assert ("≠: the live handshakes of 1 pair" in to_table(told)) is ("≠" in proof)


def test_only_what_a_handshake_proved_is_green() -> None:
    for live in LiveOutcome:
        told = report(pair(Verdict.READY, live))
        assert ("\x1b[32m" in to_table(told, colour=True)) is (live is LiveOutcome.OK)
        assert ('class="ready"' in to_html(told)) is (live is LiveOutcome.OK)


def test_a_pair_is_as_well_proved_as_its_weakest_component() -> None:
    known = pair(Verdict.READY, LiveOutcome.OK)
    some = CheckedPair(known.verdict, {**known.live, "Uploader": LiveResult(LiveOutcome.NOT_RUN)})
    assert "1 pair: 1 ready, 0 at-risk, 0 blocked, 0 unknown\nproof: from data alone" in to_table(report(some))
    proofs = {row["component"]: row["proof"] for row in csv.DictReader(io.StringIO(to_csv(report(some))))}
    assert proofs == {"Launcher": "live", "Tracker": "live", "Uploader": "data"}


def test_what_a_handshake_leaves_unproved_is_counted_apart_and_never_green() -> None:
    known = pair(Verdict.READY)
    partly = CheckedPair(known.verdict, dict.fromkeys(COMPONENTS, LiveResult(LiveOutcome.OK, unproved="revocation")))
    shown = to_table(report(partly, known), colour=True)
    assert (
        "proof: 0 by a live handshake, 1 by one that leaves revocation or the agent's account unproved, "
        "1 from data alone." in shown
    )
    assert "\x1b[32m" not in shown
    assert 'class="ready"' not in to_html(report(partly))


def test_html_stands_alone() -> None:
    assert "http" not in to_html(report(pair(Verdict.BLOCKED))).replace("https", "")


def test_an_error_is_at_most_four_lines() -> None:
    assert len(error_lines("\n".join("abcdefgh")).splitlines()) == 4
    assert harmless("a\x1b]0;x\x07b\u202e") == "a\ufffd]0;x\ufffdb\ufffd"
