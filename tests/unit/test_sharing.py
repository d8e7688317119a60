"""Equal parts of snapshots are held once, and nothing else changes."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from console.agent.document import ConfigDocument
from console.agent.preferences import effective_tls
from console.agent.profile import AgentProfile
from console.agent.sharing import SharedParts
from tests.bench import synthetic
from tests.unit import readiness_kit as kit
from tests.unit.readiness_examples_revocation import BOTH, GONE, LIST, asked


def test_a_shared_snapshot_is_equal_and_its_parts_are_the_same_objects() -> None:
    parts = SharedParts()
    devices = [*synthetic.Estate(synthetic.Size(devices=8, beacons=2, client_chains=1)).devices()]
    copies = [
        replace(d, files=tuple(replace(f, content=bytes(bytearray(f.content or b""))) for f in d.files))
        for d in devices
    ]
    shared = [parts.share(device) for device in copies]
    assert shared == devices
    certificates = {id(device.files[1]) for device in shared}
    assert len(certificates) == 1
    again = parts.share(replace(copies[0], taken_at=copies[0].taken_at + timedelta(hours=1)))
    assert again.files[0] is shared[0].files[0]
    assert again.config is shared[0].config


def test_answers_on_revocation_are_shared_one_by_one() -> None:
    parts = SharedParts()
    good, gone = (asked(answers)().device for answers in (BOTH, {**BOTH, LIST: GONE}))
    assert good is not None
    assert gone is not None
    one, other, again = (parts.share(deepcopy(device)) for device in (good, gone, good))
    assert (one, other) == (good, gone)
    assert one.revocation is again.revocation
    assert one.revocation[1] is other.revocation[1]


def test_what_was_not_seen_lately_is_forgotten() -> None:
    parts = SharedParts(many=4)
    first = parts.share(kit.device())
    for number in range(20):
        parts.share(kit.device(ini=kit.config() + f"N={number}\n".encode(), release=f"{number}"))
    assert parts.share(kit.device()) == first
    assert len(parts._young) <= 4 + 1


@given(
    st.lists(st.sampled_from([b"[A]", b"a=1", b"A = 2 ", b"", b";x", b"[a]\r", b"\xef\xbb\xbf[B]", b"=", b"x" * 400]))
)
def test_a_masked_document_is_read_the_same(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    masked, plain = ConfigDocument.parse_masked(data), ConfigDocument.parse(data)
    assert masked == plain
    assert masked.to_bytes() == data
    assert masked.values_at([("a", "a"), ("", "a")]) == (plain.values("A", "A"), plain.values("", "A"))


def test_files_that_say_the_same_give_the_same_preferences() -> None:
    profile = AgentProfile.load()
    one, other = (ConfigDocument.parse(kit.config() + tail) for tail in (b"", b"Other=1\n"))
    assert effective_tls(one, profile, "Uploader") is effective_tls(other, profile, "Uploader")
    changed = one.set("ManageSoft\\Common", "AddClientCertificateAndKey", "False")
    assert effective_tls(changed, profile, "Uploader").add_client_certificate is False
