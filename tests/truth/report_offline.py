"""`python -m tests.truth.report_offline [CORPUS]`: agreement of data verdicts with the corpus, case by case."""

from __future__ import annotations

import sys
from pathlib import Path

from console.readiness.judge import judge_pair
from console.readiness.model import Status, Verdict
from tests.truth.corpus import FAILING_END, corpus_directory, load_cases
from tests.truth.offline import pair_input


def main() -> int:
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else corpus_directory()
    if directory is None:
        print("no corpus here", file=sys.stderr)
        return 2
    cases = load_cases(directory)
    agreed = sides = 0
    for case in cases:
        verdict = judge_pair(pair_input(case))
        mine = verdict.components[case.client["component"]]
        expected = case.outcome == "pass"
        good = mine in (Verdict.READY, Verdict.AT_RISK)
        first = next(
            (f for f in verdict.findings if f.status is Status.FAIL and case.client["component"] in f.components), None
        )
        same = (good and expected) or (mine is Verdict.BLOCKED and not expected)
        side = FAILING_END.get(case.failing_side or "", "none")
        right = same and (
            expected or (first is not None and first.refused_by is not None and first.refused_by.value == side)
        )
        agreed += same
        sides += right
        if not right:
            shown = [f"{f.check}: {f.message}" for f in verdict.findings if f.status in (Status.FAIL, Status.UNKNOWN)][
                :3
            ]
            print(f"{case.id} {case.description}: {case.outcome} at {side}; we say {mine.value}: {shown}")
    print(f"outcome {agreed}/{len(cases)}, side {sides}/{len(cases)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
