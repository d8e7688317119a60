"""Revocation lists and responders of a beacon's chain, asked from the device and judged here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.pki.revocation import judge_list, judge_response, responder_address
from console.ports import Fetched, FetchRequest
from console.readiness.beacon_view import view_endpoint
from console.readiness.device_view import DeviceView, view_device
from console.readiness.model import COMPONENTS, LiveOutcome, PairUse
from console.readiness.revocation_look import (
    LIST,
    NOT_ASKED,
    UNREACHABLE,
    Look,
    Question,
    methods_of,
    questions,
)
from console.services.observation import Observation

Fetch = Callable[[FetchRequest], Fetched]

_SHOWN = 120
"""Characters of a name or an address of a certificate."""


def look_at_revocation(
    fetch: Fetch,
    snapshot: DeviceSnapshot,
    profile: AgentProfile,
    use: PairUse,
    observation: Observation,
    now: Callable[[], datetime],
) -> tuple[Look, ...]:
    """One look for each address that a component of this device would ask; empty where none checks revocation.
    Raises what `fetch` raises."""
    beacon = observation.beacons.get(use.beacon)
    chain = view_endpoint(beacon, use.host, use.port, use.address).chain if beacon is not None else ()
    if use.protocol.lower() == "http" or not chain:
        return ()
    device = view_device(snapshot, profile)
    wanted: dict[tuple[bytes, str, str], tuple[Question, list[str]]] = {}
    for component in COMPONENTS:
        for question in _questions(device, component, tuple(chain)):
            key = (question.certificate.der, question.method, question.url)
            wanted.setdefault(key, (question, []))[1].append(component)
    skew = device.skew
    answers: dict[FetchRequest, Fetched] = {}

    def asked(request: FetchRequest) -> Fetched:
        if request not in answers:
            answers[request] = fetch(request)
        return answers[request]

    return tuple(
        _look(asked, question, tuple(components), snapshot.agent_user, now() if skew is None else now() + skew, now())
        for question, components in wanted.values()
    )


def _questions(device: DeviceView, component: str, chain: tuple[bytes, ...]) -> tuple[Question, ...]:
    preferences = device.preferences(component)
    if preferences.check_server is False or preferences.check_revocation is not True:
        return ()
    trusted = [
        anchor.der for skips in device.stack.skips_bom for anchor in device.trust(preferences, skips_bom=skips).anchors
    ]
    return questions(chain, trusted, methods_of(preferences))


def _look(
    fetch: Fetch, question: Question, components: tuple[str, ...], user: str, device_now: datetime, at: datetime
) -> Look:
    subject, issuer = question.certificate, question.issuer
    bare = Look(_plain(subject.label), question.method, _plain(question.url), NOT_ASKED, "", at, None, components)
    url = question.url
    if not url.lower().startswith("http://"):
        return replace(bare, detail="only plain http addresses are asked from the device")
    if question.method != LIST:
        url = responder_address(url, subject.der, issuer)
    answer = fetch(FetchRequest(url, agent_user=user))
    if answer.outcome is not LiveOutcome.OK:
        state = UNREACHABLE if answer.outcome is LiveOutcome.FAILED else NOT_ASKED
        return replace(bare, state=state, detail=answer.error)
    judge = judge_list if question.method == LIST else judge_response
    judged = judge(answer.content, subject.der, issuer, device_now)
    return replace(bare, state=str(judged.state), detail=judged.detail, next_update=judged.next_update)


def _plain(text: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
