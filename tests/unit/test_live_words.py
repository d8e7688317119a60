"""How a live result is told on the screen, and that one by the console proves less."""

from __future__ import annotations

from datetime import UTC, datetime

from console.readiness.model import COMPONENTS, LiveOutcome, LiveResult, PairUse, PairVerdict, Side, Trial, Verdict
from console.readiness.proof import FROM_DATA, Strength, proof_of
from console.services.proof import disagreement
from screens.live import live_line, live_text

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def all_of(result: LiveResult) -> dict[str, LiveResult]:
    return dict.fromkeys(COMPONENTS, result)


def test_trials_the_check_and_what_is_left_unproved_are_shown() -> None:
    result = LiveResult(
        LiveOutcome.FAILED,
        tool="curl",
        tls="TLSv1.3",
        failed_side=Side.BEACON,
        error="broken off",
        at=AT,
        check="beacon.late-request-tls13",
        trials=(
            Trial("TLSv1.2", outcome=LiveOutcome.OK, http_status=200),
            Trial(upload_bytes=204_800, outcome=LiveOutcome.FAILED, http_status=413, error="too [large]"),
        ),
        unproved="revocation",
    )
    shown = live_text(all_of(result)).plain
    assert "broken off (as beacon.late-request-tls13 fails)" in shown
    assert "✔ TLSv1.2 by itself: ok · HTTP 200" in shown
    assert "✘ an upload of 204,800 bytes: failed · HTTP 413 · too [large]" in shown
    assert "not proved: revocation" in shown
    assert "device's curl" in live_line(all_of(result))


def test_what_the_console_made_through_the_device_is_told_as_that() -> None:
    made = LiveResult(LiveOutcome.OK, "console", "tunnel", "TLSv1.3", 200, at=AT)
    assert "(console, through the device)" in live_line(all_of(made))
    partly = LiveResult(LiveOutcome.NOT_RUN, "console", "tunnel", "TLSv1.3", error="all but the client key", at=AT)
    assert live_line(all_of(partly)) == " · live: all but the client key"
    nothing = LiveResult(LiveOutcome.NOT_RUN, error="no tool", at=AT)
    assert live_line(all_of(nothing)) == " · live: cannot test from here"


def test_a_handshake_of_the_consoles_own_is_no_live_proof() -> None:
    use = PairUse("d1", "b1", "b1.lab.test", 443)
    verdict = PairVerdict(use, Verdict.READY, dict.fromkeys(COMPONENTS, Verdict.READY), ())
    device = all_of(LiveResult(LiveOutcome.OK, tool="curl"))
    console = all_of(LiveResult(LiveOutcome.OK, "console", "tunnel"))
    assert proof_of(verdict, device).strength is Strength.LIVE
    assert proof_of(verdict, console).strength is Strength.DATA
    failed = all_of(LiveResult(LiveOutcome.FAILED, "console", "tunnel"))
    assert proof_of(verdict, failed) == FROM_DATA, "another TLS library, another clock: it is told, and proves nothing"
    assert disagreement(verdict, failed) is None
    own = all_of(LiveResult(LiveOutcome.FAILED, tool="curl"))
    assert proof_of(verdict, own).against is Strength.LIVE
    assert disagreement(verdict, own) is not None
