"""Which ways of checking revocation an agent takes, and in which order: by PrioritizeRevocationChecks and generation.

The vendor published one page (PMD-PrioritizeRevocationChecks) in two forms: older agents know OCSP and CRL, newer ones
OCSPSTAPLING and CRL. A method that is left out is off; no value, or one that isn't recognised, means the default. The
words, the defaults and the version that divides them stand in the agent profile [reference: flexnet.md 1.2].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

UNKNOWN_VERSION = "unknown"
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}")


class Generation(StrEnum):
    OLDER = "older"
    NEWER = "newer"


class Method(StrEnum):
    CRL = "CRL"
    OCSP = "OCSP"
    STAPLED = "OCSPSTAPLING"
    """The beacon itself sends the responder's answer for its own certificate."""


_METHODS = {method.value: method for method in Method}


@dataclass(frozen=True, slots=True)
class RevocationWords:
    """What the profile says of one generation."""

    known: tuple[str, ...]
    default: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RevocationGenerations:
    older: RevocationWords
    newer: RevocationWords
    newer_since: str
    """The first agent version of the newer generation, or UNKNOWN_VERSION."""

    def of(self, agent_version: str) -> tuple[Generation, ...]:
        """Both where the version of the agent, or the one that divides them, isn't known."""
        return _generations(self.newer_since, agent_version)

    def words(self, generation: Generation) -> RevocationWords:
        return self.older if generation is Generation.OLDER else self.newer


@dataclass(frozen=True, slots=True)
class MethodReading:
    """One way to understand the setting. No methods: none that we know of is on."""

    generation: Generation
    methods: tuple[Method, ...]


def is_version(text: str) -> bool:
    return text == UNKNOWN_VERSION or _VERSION.fullmatch(text) is not None


@lru_cache(maxsize=1000)
def method_readings(
    generations: RevocationGenerations, agent_version: str, words: tuple[str, ...]
) -> tuple[MethodReading, ...]:
    """Every possible reading of the words in config.ini (none: not set); one a distinct order of methods.

    A list with a word that the generation knows and one that it doesn't is read both ways: as its default, and without
    the word. The vendor's sentence speaks of the value as a whole, and doesn't say.
    """
    found: dict[tuple[Method, ...], MethodReading] = {}
    wanted = tuple(word.upper() for word in words)
    for generation in generations.of(agent_version):
        of_it = generations.words(generation)
        kept = tuple(word for word in wanted if word in of_it.known)
        for order in (kept, of_it.default) if len(kept) < len(wanted) and kept else (kept or of_it.default,):
            methods = tuple(_METHODS[word] for word in dict.fromkeys(order) if word in _METHODS)
            found.setdefault(methods, MethodReading(generation, methods))
    return tuple(found.values())


@lru_cache(maxsize=1000)
def _generations(newer_since: str, agent_version: str) -> tuple[Generation, ...]:
    divides, is_of = _VERSION.fullmatch(newer_since), _VERSION.match(agent_version.strip())
    if divides is None or is_of is None:
        return (Generation.OLDER, Generation.NEWER)
    older = _numbers(is_of[0]) < _numbers(divides[0])
    return (Generation.OLDER if older else Generation.NEWER,)


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (6 - len(parts)))
