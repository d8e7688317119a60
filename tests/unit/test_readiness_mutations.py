"""What is blocked stays so, or gets unknown, whatever happens to the bytes of files, config.ini or stored snapshots.

Each case begins with a pair that can't work; no damage may make it look as if it could.
"""

from __future__ import annotations

import json
import os
import random
from copy import deepcopy
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.agent.snapshot import DeviceSnapshot, ReachFact, ReachOutcome
from console.iis.snapshot import BeaconSnapshot, Schannel
from console.pki.revocation_facts import RevocationState
from console.readiness.judge import judge_pair
from console.readiness.model import PairInput, Verdict
from tests.unit import readiness_kit as kit
from tests.unit.client_revocation_makers import answer, checked, listed
from tests.unit.readiness_examples_server import TALKATIVE

EXAMPLES = int(os.environ.get("MTLS_CONSOLE_FUZZ", "60"))
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BLOCKED_INI = kit.config({"AddClientCertificateAndKey": "False"}, Uploader={"SSLCACertificateFile": kit.CA_FILE})
_PIECES = (b"\r", b"\n\n", b"\0", b"=", b"[", b"]", b"\\", b"\xef\xbb\xbf", b"\xff", b" ", b"-----BEGIN X-----\n", b'"')
_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 1e300, "", "x", "\0", "\u202e", "A" * 5000, "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "2026-11-24T00:00:00", [], {}, [[]], "tls", "present", "missing", "TLSv1.3",
)  # fmt: skip


def _untrusting() -> DeviceSnapshot:
    """A device that trusts another root than the beacon's, and got through to it."""
    reach = (ReachFact(kit.HOST, 443, ReachOutcome.CONNECTED, how="curl"),)
    return kit.device(ca=kit.other_root().pem, reach=reach)


def _not_ready(pair: PairInput) -> None:
    assert judge_pair(pair).verdict in (Verdict.BLOCKED, Verdict.UNKNOWN)


def _mutated(data: bytes, seed: int) -> bytes:
    """A few bytes or lines changed, put in, cut, doubled or swapped."""
    dice = random.Random(seed)  # noqa: S311 - the same seed has to make the same damage
    for _ in range(dice.randint(1, 6)):
        place, length = dice.randrange(len(data) + 1), dice.choice((1, 1, 2, 8, 64))
        lines = data.split(b"\n")
        line = dice.randrange(len(lines))
        match dice.randrange(7):
            case 0:
                data = data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :]
            case 1:
                data = data[:place] + dice.choice(_PIECES) + data[place:]
            case 2:
                data = data[:place] + data[place + length :]
            case 3:
                data = data[:place] + data[place : place + length] * 2 + data[place + length :]
            case 4:
                data = b"\n".join([*lines[:line], *lines[line + 1 :]])
            case 5:
                data = b"\n".join([*lines[: line + 1], *lines[line:]])
            case _:
                data = data[:place]
    return data


_seeds = st.integers(0, 2**40)


@settings(max_examples=EXAMPLES, deadline=None)
@given(_seeds)
def test_ca_file(seed: int) -> None:
    pem = _mutated(kit.other_root().pem + kit.client().pem, seed)
    _not_ready(kit.pair(kit.device(ca=pem)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(_seeds)
def test_client_certificate(seed: int) -> None:
    """Of a CA that the beacon doesn't trust."""
    stranger = kit.issue("device01", kit.other_root())
    chain = _mutated(stranger.pem + kit.other_root().pem, seed)
    _not_ready(kit.pair(kit.device(chain=chain, keys=(kit.key_fact(stranger),))))


@settings(max_examples=EXAMPLES, deadline=None)
@given(_seeds)
def test_config_ini(seed: int) -> None:
    """It says that no client certificate is sent, and the beacon requires one."""
    _not_ready(kit.pair(kit.device(ini=_mutated(_BLOCKED_INI, seed))))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=2000))
def test_random_bytes_everywhere(data: bytes) -> None:
    _not_ready(kit.pair(kit.device(ca=data, chain=data, ini=data)))


def _nodes(tree: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    """(container, key) of every value."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        container = waiting.pop()
        if isinstance(container, dict | list):
            keys = list(container) if isinstance(container, dict) else range(len(container))
            for key in keys:
                found.append((container, key))
                waiting.append(container[key])
    return found


def _mutated_json(body: bytes, seed: int) -> bytes:
    """Values replaced, left out or doubled; now and then the text itself is damaged."""
    dice = random.Random(seed)  # noqa: S311 - the same seed has to make the same damage
    if dice.random() < 0.1:
        return _mutated(body, seed)
    tree = json.loads(body)
    for _ in range(dice.randint(1, 4)):
        container, key = dice.choice(_nodes(tree))
        alike = [value for value in _SCALARS if type(value) is type(container[key])]
        match dice.randrange(20):
            case 0 if isinstance(container, dict):
                del container[key]
            case 1 if isinstance(container, list):
                container.append(deepcopy(container[key]))
            case 2:
                container[key] = deepcopy(dice.choice(_SCALARS))
            case _:  # of the same kind, so that it is read and gets to the checks
                container[key] = deepcopy(dice.choice(alike or _SCALARS))
    return json.dumps(tree).encode()


@settings(max_examples=EXAMPLES, deadline=None)
@given(_seeds)
def test_stored_device(seed: int) -> None:
    body = _mutated_json(msgspec.json.encode(_untrusting()), seed)
    try:
        snapshot = msgspec.json.decode(body, type=DeviceSnapshot)
    except _UNREADABLE:
        return  # the store leaves it out
    _not_ready(kit.pair(snapshot))


def test_a_stored_moment_without_a_zone_is_taken_as_utc() -> None:
    """Found by the test above: a device that got through, judged against the console's hello."""
    snapshot = _untrusting()
    _not_ready(kit.pair(replace(snapshot, taken_at=kit.NOW.replace(tzinfo=None))))


@settings(max_examples=EXAMPLES, deadline=None)
@given(_seeds)
def test_stored_beacon(seed: int) -> None:
    """It sends a certificate that the device doesn't trust."""
    stranger = kit.issue(kit.HOST, kit.other_root(), names=[kit.HOST], usages=[kit.SERVER])
    usual = kit.beacon(
        hellos=(kit.hello(stranger),),
        httpsys=(kit.record(stranger),),
        server=TALKATIVE,
        schannel=Schannel({"TLS 1.3": False}, False, 0, 0x8000, ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",)),
    )
    body = _mutated_json(msgspec.json.encode(usual), seed)
    try:
        snapshot = msgspec.json.decode(body, type=BeaconSnapshot)
    except _UNREADABLE:
        return  # the store leaves it out
    _not_ready(kit.pair("usual", snapshot, upload_bytes=1000))


@settings(max_examples=EXAMPLES, deadline=None)
@given(_seeds)
def test_stored_answers_about_client_certificates(seed: int) -> None:
    """The device's certificate is revoked."""
    pair = checked(listed(answer(RevocationState.REVOKED)))()
    assert pair.beacon is not None
    told = {"revocation": pair.beacon.revocation, "revocation_at": pair.beacon.revocation_at, "clock": kit.NOW}
    body = json.loads(msgspec.json.encode(pair.beacon))
    try:
        body |= json.loads(_mutated_json(msgspec.json.encode(told), seed))
        snapshot = msgspec.json.decode(json.dumps(body), type=BeaconSnapshot)
    except (*_UNREADABLE, ValueError, TypeError):
        return  # no JSON of an object, or the store leaves it out
    _not_ready(replace(pair, beacon=snapshot))


@pytest.mark.parametrize("make", [_untrusting])
def test_begins_blocked(make: Any) -> None:  # noqa: ANN401 - a maker of snapshots
    assert judge_pair(kit.pair(make())).verdict is Verdict.BLOCKED
    assert judge_pair(kit.pair(kit.device(ini=_BLOCKED_INI))).verdict is Verdict.BLOCKED
    assert judge_pair(checked(listed(answer(RevocationState.REVOKED)))()).verdict is Verdict.BLOCKED
