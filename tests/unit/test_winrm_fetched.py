"""fetch.ps1's answer, read strictly."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from adapters.winrm.fetched import fetched
from console.errors import CommandFailed
from console.fleet.model import Beacon
from console.ports import FetchRequest
from console.readiness.model import LiveOutcome

B1 = Beacon("b1", "b1.lab.test", None)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE = (FetchRequest("http://pki.lab.test/a.crl", limit=30, known=("ab" * 32,)),)


def row(failure: str = "", status: int = 200, body: bytes = b"", message: str = "") -> dict[str, object]:
    return {"failure": failure, "status": status, "body": base64.b64encode(body).decode(), "message": message}


@pytest.mark.parametrize(
    ("answer", "outcome", "error"),
    [
        (row(body=b"list"), LiveOutcome.OK, ""),
        (row(status=204), LiveOutcome.FAILED, "it answered 204"),
        (row("ProtocolError", 403, message="(403) Verboten"), LiveOutcome.FAILED, "it answered 403"),
        (row("ProtocolError", 0), LiveOutcome.FAILED, "it answered nothing"),
        (row("Timeout", 0, message="Timeout"), LiveOutcome.FAILED, "no answer in time"),
        (row("SendFailure", 0, message="Der \x1b[31mServer"), LiveOutcome.FAILED, "Der [31mServer"),
        (row("SendFailure", 0), LiveOutcome.FAILED, "SendFailure"),
        (row("NoTime", 0), LiveOutcome.NOT_RUN, "the time for all addresses of this beacon was over"),
    ],
)
def test_one_answer(answer: dict[str, object], outcome: LiveOutcome, error: str) -> None:
    (told,) = fetched(B1, NOON, ONE, {"answers": answer})  # one row alone comes without its list from 5.1
    assert (told.outcome, told.error.replace("  ", " "), told.at) == (outcome, error, NOON)
    assert told.content == (b"list" if outcome is LiveOutcome.OK else b"")
    assert told.left_out is (outcome is LiveOutcome.NOT_RUN)


def test_what_is_known_is_named_and_a_proxy_is_no_lack_of_room() -> None:
    (same,) = fetched(B1, NOON, ONE, {"answers": row() | {"same": "ab" * 32}})
    assert (same.outcome, same.same_as, same.content) == (LiveOutcome.OK, "ab" * 32, b"")
    (proxy,) = fetched(B1, NOON, ONE, {"answers": row("MachineProxy", 0)})
    assert (proxy.outcome, proxy.left_out) == (LiveOutcome.NOT_RUN, False)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([], "0 to 1 questions"),
        ([row(), row()], "2 to 1 questions"),
        ([row(body=b"x" * 60)], "body: expected text of at most"),
        ([row() | {"body": "###"}], "body: not Base64"),
        ([row() | {"body": "ü"}], "body: not Base64"),
        ([row() | {"same": "cd" * 32}], "same: it is of nothing that is known"),
        ([row() | {"body": None}], "body: expected text"),
        ([row() | {"status": "twohundred"}], "status: expected a number"),
        (["a"], "answers: expected objects"),
    ],
)
def test_what_is_not_as_promised_is_named(answers: list[object], says: str) -> None:
    with pytest.raises(CommandFailed, match=says) as raised:
        fetched(B1, NOON, ONE, {"answers": answers})
    assert (raised.value.target, raised.value.phase) == ("b1", "fetch")
