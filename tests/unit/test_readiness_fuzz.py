"""Hostile and damaged input: no check raises, and nothing of it makes a pair ready."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from console.agent.snapshot import DirectoryFact, FileState, TlsStack
from console.iis.snapshot import HelloOutcome, StoreCertificate
from console.pki.certificates import certificate
from console.readiness.judge import judge_pair
from console.readiness.model import Verdict
from tests.unit import readiness_kit as kit

EXAMPLES = int(os.environ.get("MTLS_CONSOLE_FUZZ", "60"))
"""Of each test; a long run sets more (docs/truth.md)."""
_GOOD = (kit.server().der, kit.issuing().der, kit.root().der, kit.client().der)
_edit = st.tuples(st.integers(0, 700), st.binary(max_size=4))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A certificate with a few bytes changed, cut or put in."""
    data = draw(st.sampled_from(_GOOD))
    for place, new in draw(st.lists(_edit, min_size=1, max_size=3)):
        data = data[:place] + new + data[place + draw(st.integers(0, 4)) :]
    return data


_bytes = damaged() | st.binary(max_size=200)
_text = st.text(max_size=30)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(_bytes, max_size=3))
def test_sent_chain(chain: list[bytes]) -> None:
    said = replace(kit.hello(), chain=tuple(chain))
    verdict = judge_pair(kit.pair("usual", kit.beacon(hellos=(said,)))).verdict
    trusted = chain and certificate(chain[0]).der == kit.server().der
    assert trusted or verdict not in (Verdict.READY, Verdict.AT_RISK)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=600) | damaged(), st.binary(max_size=600), st.binary(max_size=300))
def test_device_files(ca: bytes, chain: bytes, ini: bytes) -> None:
    pem = b"-----BEGIN CERTIFICATE-----\n"
    for content in (ca, pem + ca, kit.root().pem + pem + ca):
        given_pair = kit.pair(kit.device(ca=content))
        if content != kit.root().pem:
            assert judge_pair(given_pair).verdict is not Verdict.READY
    judge_pair(kit.pair(kit.device(chain=pem + chain)))
    judge_pair(kit.pair(kit.device(ini=kit.config() + ini)))
    assert judge_pair(kit.pair(kit.device(ini=ini))).verdict not in (Verdict.READY, Verdict.AT_RISK)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(_bytes, max_size=3), st.sampled_from(["Root", "CA", "My", "Nonsense"]))
def test_stores(ders: list[bytes], store: str) -> None:
    stored = tuple(StoreCertificate(store, "00", der) for der in ders)
    verdict = judge_pair(kit.pair("usual", kit.beacon(certificates=stored))).verdict
    # A root is trusted for its key: damage elsewhere in it, its own signature included, doesn't count.
    roots = {certificate(der).spki_sha256 for der in ders} if store == "Root" else set()
    assert roots & {kit.root().spki, kit.issuing().spki} or verdict is not Verdict.READY


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.builds(TlsStack, openssl=_text, curl=_text, security_level=st.none() | st.integers(-9, 99), tls_min=_text),
    st.lists(st.tuples(_text, st.sampled_from(FileState), st.none() | st.binary(max_size=100)), max_size=4),
    st.integers(-(10**6), 10**6),
    st.sampled_from(HelloOutcome),
    _text,
)
def test_odd_snapshots(
    tls: TlsStack,
    entries: list[tuple[str, FileState, bytes | None]],
    seconds: int,
    outcome: HelloOutcome,
    host: str,
) -> None:
    listed = tuple(kit.file(f"/x/{name}", content, state=state) for name, state, content in entries)
    device = kit.device(
        tls=tls,
        directories=(DirectoryFact(kit.CA_DIRECTORY, FileState.DIRECTORY, listed),),
        clock=kit.NOW + timedelta(seconds=seconds),
        keys=(kit.key_fact(labels=(host,), how=host),),
    )
    said = kit.hello(outcome=outcome, host=host, address=host)
    judge_pair(kit.pair(device, kit.beacon(hellos=(said,)), host=host, address=host))
