"""The corpus through the lab: real ssh, real WS-Man, real listeners; the same command that a user runs.

Every tenth case by default (the whole takes a minute): MTLS_CONSOLE_TRUTH_ALL=1 runs them all.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from console import cli
from fixtures.lab.supervisor import Lab
from tests.truth.corpus import FAILING_END, TruthCase, corpus_directory, load_cases
from tests.truth.spec import names_of, write_spec
from tests.truth.test_offline import EXPLAINED

pytestmark = pytest.mark.truth

_DIRECTORY = corpus_directory()


def _chosen(directory: Path) -> list[TruthCase]:
    cases = load_cases(directory)
    return cases if os.environ.get("MTLS_CONSOLE_TRUTH_ALL") else cases[::10]


def _disagreement(case: TruthCase, pair: dict[str, Any]) -> str:
    """Empty where verdict and truth agree."""
    component = case.client["component"]
    verdict = pair["components"][component]["verdict"]
    failing = [f for f in pair["findings"] if f["status"] == "fail" and component in f["components"]]
    if case.outcome == "pass":
        return "" if verdict in ("ready", "at-risk") else f"passed, we say {verdict}: {failing[:1]}"
    if verdict != "blocked":
        return f"failed at {case.failing_side}, we say {verdict}"
    refused = failing[0]["refused_by"]
    return (
        "" if refused == FAILING_END[case.failing_side or ""] else f"stopped at {case.failing_side}, we say {refused}"
    )


def _live_disagreement(case: TruthCase, pair: dict[str, Any]) -> str:
    """The same of what was tried live. Neither curl nor openssl makes the agent's check of revocation."""
    live = pair["components"][case.client["component"]]["live"]
    if case.client["prefs"].get("CheckCertificateRevocation") and case.client["prefs"]["CheckServerCertificate"]:
        return "" if live["outcome"] == "ok" else f"live without a check of revocation: {live}"
    if case.outcome == "pass":
        return "" if live["outcome"] == "ok" else f"passed, live {live}"
    side = FAILING_END[case.failing_side or ""]
    return "" if live["failed_side"] == side else f"stopped at {case.failing_side}, live {live}"


@pytest.mark.skipif(_DIRECTORY is None, reason="no corpus: set MTLS_CONSOLE_TRUTH")
@pytest.mark.skipif(os.geteuid() != 0, reason="cases with another agent user need root")
def test_lab_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _DIRECTORY is not None
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)  # the agent's other user has to come through
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    raw = tmp_path / "raw"
    raw.mkdir()
    cases = _chosen(_DIRECTORY)
    with Lab.start(write_spec(cases, raw), tmp_path / "lab") as lab:
        status = cli.main(["-F", str(lab.fleet_file), "check", "--live", "--format", "json"])
    shown = capsys.readouterr()
    assert status == 1, shown.err
    pairs = {pair["device"]: pair for pair in json.loads(shown.out)["pairs"]}
    wrong = {
        case.id: said
        for case in cases
        if case.id not in EXPLAINED and (said := _disagreement(case, pairs[names_of(case)[1]]))
    }
    assert wrong == {}
    tried = {case.id: said for case in cases if (said := _live_disagreement(case, pairs[names_of(case)[1]]))}
    assert tried == {}
