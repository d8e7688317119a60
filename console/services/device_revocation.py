"""Revocation of the beacons' certificates, asked from the device that checks it, and judged here.

Asked is what its agent would check: chains that hold by the device's own trust, below their roots, by the methods that
its settings may mean. So nobody makes a device ask an address of his own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from console.agent.revocation_methods import Method
from console.errors import MtlsConsoleError
from console.fleet.model import Device, Fleet
from console.pki.revocation_facts import RevocationMethod
from console.ports import Clock, DeviceGateway, Fetched, FetchRequest
from console.readiness.beacon_view import view_endpoint
from console.readiness.device_view import DeviceView, view_device
from console.readiness.model import COMPONENTS, PairInput, PairUse
from console.readiness.revocation_chains import asked_methods, checked_chains
from console.services.estate import Estate
from console.services.observation import Observation
from console.services.revocation import Bounds, KeptLists, Question, ask, dated_facts, not_asked, questions_of

_METHODS = {Method.CRL: RevocationMethod.CRL, Method.OCSP: RevocationMethod.OCSP}
BOUNDS = Bounds(lists=24, questions=48)
"""For one device and sweep."""


class DeviceRevocationService:
    """What is asked of a device once its snapshot and the hellos to its beacons are known. Never fails a sweep."""

    def __init__(self, fleet: Fleet, estate: Estate, devices: DeviceGateway, clock: Clock, kept: KeptLists) -> None:
        self._fleet = fleet
        self._estate = estate
        self._devices = devices
        self._clock = clock
        self._kept = kept

    def is_checked_by(self, device: Device) -> bool:
        """The device's newest observation succeeded, and some component checks revocation of some beacon over https."""
        observation = self._estate.observation()
        snapshot = observation.devices.get(device.name)
        if snapshot is None or snapshot.config.content is None or device.name in observation.failures:
            return False
        view = view_device(snapshot, self._estate.profile)
        checking = any(
            preferences.check_server is not False and preferences.check_revocation
            for preferences in map(view.preferences, COMPONENTS)
        )
        return checking and any(
            use.beacon and use.protocol.lower() != "http" for use in self._estate.uses_of_device(device.name)
        )

    def ask(self, device: Device) -> None:
        """Ask what there is to ask, and record it; where the device can't be asked, that and why."""
        observation = self._estate.observation()
        snapshot = observation.devices.get(device.name)
        if snapshot is None:
            return
        view = view_device(snapshot, self._estate.profile)
        questions = self._questions(view, observation, self._estate.uses_of_device(device.name))

        def fetch(requests: Sequence[FetchRequest]) -> Sequence[Fetched]:
            return self._devices.fetch(device, [replace(one, agent_user=snapshot.agent_user) for one in requests])

        try:
            before = dated_facts(snapshot.revocation, snapshot.revocation_at)
            facts = ask(fetch, questions, BOUNDS, self._kept, before)
        except MtlsConsoleError as error:
            facts = not_asked(questions, error.sentence)
        self._estate.record_device_revocation(device.name, facts, snapshot.config.sha256)

    def _questions(self, view: DeviceView, observation: Observation, uses: Sequence[PairUse]) -> tuple[Question, ...]:
        chains: dict[tuple[bytes, ...], None] = {}
        for use in uses:
            beacon = observation.beacons.get(use.beacon)
            if beacon is None:
                continue
            client_check = self._fleet.beacon(use.beacon).client_check
            pair = PairInput(
                use, view.snapshot, beacon, view.profile, self._fleet.policy, client_check, self._clock.now()
            )
            endpoint = view_endpoint(beacon, use.host, use.port, use.address)
            chains.update(dict.fromkeys(checked_chains(pair, view, endpoint)))
        methods = {_METHODS[method] for method in asked_methods(view) if method in _METHODS}
        return tuple(question for question in questions_of(chains) if question.method in methods)
