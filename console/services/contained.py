"""A fault of our rules at one pair makes that pair unknown; the program, and every other pair, goes on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from console.readiness.beside import JUDGE_FAILED
from console.readiness.model import COMPONENTS, Finding, PairInput, PairVerdict, Side, Status, Step, Verdict

Judge = Callable[[PairInput], PairVerdict]

_log = logging.getLogger("mtls_console")


def contained(judge: Judge) -> Judge:
    """The same judge, but an exception becomes an unknown verdict with the finding `console.judge-failed`.

    The finding names the exception's class alone, for its text may hold what a remote machine said. The trace goes to
    the log, once for each place that raises: an estate may have many thousand pairs with the same trouble.
    """
    told: set[tuple[str, str, int]] = set()

    def judged(given: PairInput) -> PairVerdict:
        try:
            return judge(given)
        except Exception as error:
            # The one boundary around the rules: a snapshot that nobody thought of must neither end the console nor
            # hide what is known of the other pairs; and unknown is never taken for ready.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = (type(error).__name__, frame.filename, frame.lineno or 0)
            if place not in told:
                told.add(place)
                _log.error("judging %s and %s failed", given.use.device, given.use.beacon, exc_info=error)
            return _failed(given, type(error).__name__)

    return judged


def _failed(given: PairInput, name: str) -> PairVerdict:
    finding = Finding(
        check=JUDGE_FAILED,
        step=Step.CONNECT,
        side=Side.PAIR,
        status=Status.UNKNOWN,
        message=f"Our rules failed on this pair ({name}): a bug of this program, and nothing is said of the pair.",
        evidence={"exception": name},
        remedy="Report it, with the trace that console.log in the state directory holds.",
    )
    return PairVerdict(given.use, Verdict.UNKNOWN, dict.fromkeys(COMPONENTS, Verdict.UNKNOWN), (finding,))
