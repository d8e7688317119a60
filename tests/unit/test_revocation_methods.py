"""What PrioritizeRevocationChecks means, by generation, and what is left open where the generation isn't known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.agent.profile import AgentProfile
from console.agent.revocation_methods import Generation, Method, method_readings

GENERATIONS = AgentProfile.load().revocation
C, R, S = Method.CRL, Method.OCSP, Method.STAPLED


@pytest.mark.parametrize(
    ("words", "older", "newer"),
    [
        ((), [(R, C)], [(C,)]),
        (("OCSP", "CRL"), [(R, C)], [(C,), (C,)]),
        (("crl", "ocsp"), [(C, R)], [(C,), (C,)]),
        (("OCSP",), [(R,)], [(C,)]),
        (("CRL",), [(C,)], [(C,)]),
        (("CRL", "CRL"), [(C,)], [(C,)]),
        (("OCSPSTAPLING",), [(R, C)], [(S,)]),
        (("OCSPSTAPLING", "CRL"), [(C,), (R, C)], [(S, C)]),
        (("nonsense",), [(R, C)], [(C,)]),
    ],
)
def test_readings(words: tuple[str, ...], older: list[tuple[Method, ...]], newer: list[tuple[Method, ...]]) -> None:
    def orders(newer_since: str) -> list[tuple[Method, ...]]:
        known = replace(GENERATIONS, newer_since=newer_since)
        return [reading.methods for reading in method_readings(known, "10.1", words)]

    assert orders("10.2") == list(dict.fromkeys(older))
    assert orders("10.1") == list(dict.fromkeys(newer))
    assert orders("unknown") == list(dict.fromkeys([*older, *newer]))


@pytest.mark.parametrize(
    ("since", "version", "expected"),
    [
        ("19.2", "19.10.0", (Generation.NEWER,)),
        ("19.2", "19.2", (Generation.NEWER,)),
        ("19.2.1", "19.2", (Generation.OLDER,)),
        ("19.2", "9.99 (build 7)", (Generation.OLDER,)),
        ("19.2", "", (Generation.OLDER, Generation.NEWER)),
        ("19.2", "v19", (Generation.OLDER, Generation.NEWER)),
        ("unknown", "19.2", (Generation.OLDER, Generation.NEWER)),
        ("19.2", "1.2.3.4.5.6.7.8.9", (Generation.OLDER,)),
    ],
)
def test_generations(since: str, version: str, expected: tuple[Generation, ...]) -> None:
    assert replace(GENERATIONS, newer_since=since).of(version) == expected


def test_the_shipped_profile_doesnt_claim_to_know_which_version_divides_them() -> None:
    assert GENERATIONS.newer_since == "unknown"
