"""The beacon's chain against the device's trust, under every reading that what was observed leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING

from console.pki.certificates import SERVER_AUTH
from console.pki.chain import ChainOptions, ChainResult, verify_chain
from console.readiness.device_view import DeviceView, TrustSet
from console.readiness.diagnosis import Problem, diagnose
from console.readiness.outcome import unknown

if TYPE_CHECKING:
    from console.agent.preferences import TlsPreferences
    from console.readiness.case import Case


@dataclass(frozen=True, slots=True)
class ServerChain:
    """`problem` None and `why_not` empty: the chain holds under every reading."""

    problem: Problem | None = None
    why_not: str = ""
    """Why the chain wasn't judged at all: a fact is missing."""
    skipped: str = ""
    """Why it needn't be judged (the handshake stops earlier, or the check is off)."""
    chain: tuple[bytes, ...] = ()
    partial: bool = False
    """It holds only because an intermediate may end a chain."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One of the ways in which the device's library may read and check."""

    trust: TrustSet
    options: ChainOptions
    skips_bom: bool


def judge_server_chain(case: Case) -> ServerChain:
    """Never raises."""
    if not case.https or not case.checks_server:
        return ServerChain(skipped="the device doesn't check the beacon's certificate")
    if case.device is None or case.preferences is None:
        return ServerChain(why_not="the device's files weren't observed")
    if case.endpoint is None or not case.endpoint.chain:
        return ServerChain(why_not="the chain that the beacon sends wasn't seen by the console's hello")
    if why := trust_unseen(case.device, case.preferences):
        return ServerChain(why_not=why)
    readings = possible_readings(case)
    if not readings:
        return ServerChain(skipped="the handshake stops at the CA file")
    return _judge(case, readings)


def possible_readings(case: Case) -> tuple[Reading, ...]:
    """All combinations of what isn't known of the library; without those that already stop at the CA file."""
    if case.device is None or case.preferences is None:
        return ()
    stack = case.device.stack
    partial = (False,) if case.checks_revocation else stack.partial_chain
    readings: list[Reading] = []
    for skips_bom in stack.skips_bom:
        trust = case.device.trust(case.preferences, skips_bom=skips_bom)
        if trust.file is not None and (trust.file.error or not case.device.ca_file_collected(case.preferences)):
            continue
        for end, level in product(partial, stack.levels):
            readings.append(Reading(trust, ChainOptions(SERVER_AUTH, end, level, stack.before_3), skips_bom))
    return tuple(readings)


def trust_unseen(device: DeviceView, preferences: TlsPreferences) -> str:
    """Why it can't be told what the device trusts; empty: it can."""
    path = device.ca_file(preferences)
    problem = device.file_problem(path) if path else None
    if problem is not None and not problem.certain and not device.ca_file_collected(preferences):
        return f"the CA file {path} wasn't seen: {problem.text}"
    return ""


def verify_reading(case: Case, reading: Reading, at: datetime) -> ChainResult:
    chain = case.endpoint.chain if case.endpoint is not None else ()
    return verify_chain(reading.trust.anchors, chain[0], chain[1:], at, reading.options)


def _judge(case: Case, readings: tuple[Reading, ...]) -> ServerChain:
    results = [(reading, verify_reading(case, reading, case.device_now)) for reading in readings]
    good = [(reading, result) for reading, result in results if result.ok]
    bad = [(reading, result) for reading, result in results if not result.ok]
    if not bad:
        result = good[0][1]
        anchor = result.anchor
        return ServerChain(chain=result.chain, partial=anchor is not None and not anchor.self_signed)
    problem = diagnose(case, *bad[0])
    if not good:
        hidden = unseen_directory(case)
        if hidden and problem.check in ("device.beacon-untrusted", "device.nothing-trusted"):
            return ServerChain(Problem(problem.check, unknown(f"{problem.outcome.message}, but {hidden}")))
        return ServerChain(problem)
    why = _what_decides(good[0][0], bad[0][0])
    message = f"Not decided: {why} wasn't observed on the device. If it goes the wrong way: {problem.outcome.message}"
    return ServerChain(Problem(problem.check, unknown(message, remedy=problem.outcome.remedy)))


def unseen_directory(case: Case) -> str:
    """Why certificates may be trusted that weren't collected; empty: nothing was left out."""
    if case.device is None or case.preferences is None or not case.preferences.ca_directory:
        return ""
    if ":" in case.preferences.ca_directory:
        return f"{case.preferences.ca_directory} is a list of directories, none of which was collected"
    fact = case.device.snapshot.directory(case.preferences.ca_directory)
    if fact is None:
        return f"{case.preferences.ca_directory} wasn't collected"
    return "" if fact.complete else f"not all of {fact.path} was collected"


def _what_decides(good: Reading, bad: Reading) -> str:
    if good.options.partial != bad.options.partial:
        return "whether its TLS library takes an intermediate as the end of a chain (libcurl 7.68 or newer does)"
    if good.options.level != bad.options.level:
        return "its security level"
    return "its OpenSSL version (a byte order mark is skipped from 3.0 on)"
