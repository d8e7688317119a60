"""What versions of `openssl verify` print, told as a result: from 0.9.8 to 3.x, and hostile certificates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ssh.verify import own_openssl
from console.ports import VerifyRequest
from console.readiness.model import LiveOutcome

AT = datetime(2026, 11, 24, tzinfo=UTC)
ASKED = VerifyRequest("b1.test", (b"der",), agent_user="agent")
PLACE = "/tmp/mtls-console.12.0/chain.pem"  # noqa: S108 - as the device prints it
EXPIRED = f"{PLACE}: CN = b1\nerror 10 at 0 depth lookup:certificate has expired\nOK"

SAID = [
    (f"{PLACE}: OK", 0, LiveOutcome.OK, None, ""),
    (EXPIRED, 0, LiveOutcome.FAILED, 10, "has expired"),
    (
        "CN = b1\nerror 20 at 0 depth lookup: unable to get local issuer certificate",
        2,
        LiveOutcome.FAILED,
        20,
        "issuer",
    ),
    ("CN = b1\nerror 62 at 0 depth lookup: hostname mismatch", 2, LiveOutcome.FAILED, 62, "isn't for the name"),
    ("CN = x\nerror 94 at 3 depth lookup: some \x1b[31mnew reason", 2, LiveOutcome.FAILED, 94, "some [31mnew reason"),
    ("Error loading file /nonexistent", 1, LiveOutcome.FAILED, None, "CA file can't be loaded"),
    ("verify: Unknown option: -no-CAstore\nverify: Use -help for summary.", 1, LiveOutcome.NOT_RUN, None, "options"),
    ("CN = x\nsh: openssl: not found", 127, LiveOutcome.NOT_RUN, None, "couldn't check"),
    # A subject can't begin a line that counts.
    ("CN = error 10 at 0 depth lookup: x: OK\nerror 20 at 0 depth lookup: y", 2, LiveOutcome.FAILED, 20, "issuer"),
    (f"{PLACE}: OK", 2, LiveOutcome.NOT_RUN, None, "couldn't check"),
]


def answer(told: str, status: int, **more: bytes) -> dict[str, bytes]:
    said = f"mtls-version OpenSSL 3.0.19\nmtls-options -purpose sslserver\n{told}\n\nmtls-rc {status}"
    return {"tool": b"openssl", "as": b"setpriv", "said": said.encode(), **more}


@pytest.mark.parametrize(("told", "status", "outcome", "code", "words"), SAID)
def test_what_openssl_says(told: str, status: int, outcome: LiveOutcome, code: int | None, words: str) -> None:
    result = own_openssl(ASKED, answer(told, status), AT)
    assert (result.outcome, result.code) == (outcome, code)
    assert words in (result.error or "")
    assert (result.version, result.options) == ("OpenSSL 3.0.19", ("-purpose", "sslserver"))
    assert "\x1b" not in result.raw + (result.error or "")
    assert "mtls-console." not in result.raw


def test_what_could_not_be_run_says_why() -> None:
    assert own_openssl(ASKED, {}, AT).error == "no openssl on the device"
    full = {"tool": b"openssl", "said": b"mtls-none /tmp"}
    assert "no private directory can be made in /tmp" in (own_openssl(ASKED, full, AT).error or "")
    other = own_openssl(ASKED, answer(f"{PLACE}: OK", 0, **{"as": b"none"}), AT)
    assert "not as agent" in other.raw


@given(st.binary(max_size=300), st.integers(0, 255))
def test_nothing_that_is_said_raises_or_passes_by_chance(said: bytes, status: int) -> None:
    result = own_openssl(ASKED, {"tool": b"openssl", "said": said}, AT)
    assert result.outcome is LiveOutcome.NOT_RUN
    body = answer("", status)
    body["said"] = body["said"].replace(b"\n\nmtls-rc", b"\n" + said + b"\n\nmtls-rc")
    if not said.endswith(b": OK"):
        assert own_openssl(ASKED, body, AT).outcome is not LiveOutcome.OK
