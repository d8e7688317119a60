"""The corpus against verdicts from data alone. Skipped by name where there is no corpus."""

from __future__ import annotations

import shutil

import pytest

from console.readiness.judge import judge_pair
from console.readiness.model import Status, Verdict
from tests.truth.corpus import FAILING_END, TruthCase, corpus_directory, load_cases
from tests.truth.offline import pair_input

pytestmark = pytest.mark.truth

_DIRECTORY = corpus_directory()
_CASES = load_cases(_DIRECTORY) if _DIRECTORY is not None else []
EXPLAINED = {"T273": Verdict.BLOCKED}
"""docs/truth.md: curl was given the revocation lists as a file; the certificates name no address to get them from."""


@pytest.mark.skipif(_DIRECTORY is None, reason="no corpus: set MTLS_CONSOLE_TRUTH")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't installed")
@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.id}")
def test_verdict_agrees(case: TruthCase) -> None:
    verdict = judge_pair(pair_input(case))
    component = case.client["component"]
    if case.id in EXPLAINED:
        assert verdict.components[component] is EXPLAINED[case.id]
        return
    if case.outcome == "pass":
        assert verdict.components[component] in (Verdict.READY, Verdict.AT_RISK), verdict.findings[:3]
        return
    assert verdict.components[component] is Verdict.BLOCKED, verdict.findings[:3]
    first = next(f for f in verdict.findings if f.status is Status.FAIL and component in f.components)
    assert first.refused_by is not None
    assert first.refused_by.value == FAILING_END[case.failing_side or ""], first
