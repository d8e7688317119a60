"""Revocation of the devices' certificates, asked from the beacon that will check it, and judged here.

Asked is what http.sys will have checked: certificates that devices send, or are going to, whose chain ends in the
beacon's own trust, so that nobody makes a beacon ask an address of his own choice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from console.agent.profile import AgentProfile
from console.errors import MtlsConsoleError
from console.fleet.model import Beacon, BeaconClientCheck
from console.iis.snapshot import BeaconSnapshot
from console.ports import BeaconGateway, Clock
from console.readiness.beacon_view import view_endpoint
from console.readiness.client_trust import asks_addresses, checks_revocation, trusted_path
from console.readiness.device_view import DeviceView, view_device
from console.readiness.model import COMPONENTS, PairUse
from console.services.estate import Estate
from console.services.observation import Observation
from console.services.revocation import Bounds, KeptLists, ask, dated_facts, not_asked, questions_of

BOUNDS = Bounds(lists=64, questions=200)
"""For one beacon and sweep: devices of one CA share lists, and each has a question of its own."""


class ClientRevocationService:
    """What a sweep asks of a beacon when its devices are known. Never fails the sweep."""

    def __init__(self, estate: Estate, beacons: BeaconGateway, clock: Clock, kept: KeptLists) -> None:
        self._estate = estate
        self._beacons = beacons
        self._clock = clock
        self._kept = kept

    def is_checked_by(self, beacon: Beacon) -> bool:
        """The beacon's newest observation succeeded, and some record of http.sys checks by asking addresses."""
        observation = self._estate.observation()
        seen = observation.beacons.get(beacon.name)
        if seen is None or not seen.reached or beacon.name in observation.failures:
            return False
        documented = beacon.client_check is BeaconClientCheck.DOCUMENTED
        return not documented and any(map(asks_addresses, seen.httpsys))

    def was_asked(self, beacon: Beacon) -> bool:
        seen = self._estate.observation().beacons.get(beacon.name)
        return seen is not None and seen.revocation_at is not None

    def ask(self, beacon: Beacon, devices: Collection[str] | None = None) -> None:
        """Ask what there is to ask about these devices (None: all), and record it; where the beacon can't be asked,
        that and why. What is known of the others stays."""
        observation = self._estate.observation()
        seen = observation.beacons.get(beacon.name)
        if seen is None:
            return
        uses = [use for use in self._estate.uses() if devices is None or use.device in devices]
        paths = client_paths(seen, observation, uses, self._estate.profile, self._clock.now())
        questions = questions_of(paths)
        before = dated_facts(seen.revocation, seen.revocation_at)
        try:
            facts = ask(partial(self._beacons.fetch, beacon), questions, BOUNDS, self._kept, before)
        except MtlsConsoleError as error:
            facts = not_asked(questions, error.sentence)
        if devices is not None:
            told = {fact.key for fact in facts}
            facts = (*facts, *(before.get(fact.key, fact) for fact in seen.revocation if fact.key not in told))
        self._estate.record_client_revocation(beacon.name, facts)


def client_paths(
    beacon: BeaconSnapshot, observation: Observation, uses: Iterable[PairUse], profile: AgentProfile, now: datetime
) -> tuple[tuple[bytes, ...], ...]:
    """Verified chains (DER, leaf first, the beacon's anchor last) of the certificates that devices of `uses` have for
    this beacon, where its http.sys records check their revocation."""
    found: dict[tuple[bytes, ...], None] = {}
    for use in uses:
        device = observation.devices.get(use.device)
        if use.beacon != beacon.beacon or use.protocol.lower() == "http" or device is None:
            continue
        endpoint = view_endpoint(beacon, use.host, use.port, use.address)
        if use.device in observation.failures or not checks_revocation(endpoint):
            continue
        for sent in _sent(view_device(device, profile)):
            found[trusted_path(endpoint, sent, now + (endpoint.skew or timedelta(0)))] = None
    return tuple(path for path in found if path)


def _sent(device: DeviceView) -> Iterator[tuple[bytes, ...]]:
    """What the components would send, whether it is switched on yet or not; leaf first."""
    if device.snapshot.config.content is None:
        return
    for preferences in map(device.preferences, COMPONENTS):
        for skips in device.stack.skips_bom if preferences.client_certificate else ():
            read = device.client_chain(preferences.client_certificate, skips_bom=skips)
            if read is None or read.error or not read.certificates:
                continue
            # OpenSSL completes a leaf that stands alone out of what the device trusts.
            alone = len(read.certificates) == 1
            added = device.trust(preferences, skips_bom=skips).anchors if alone else ()
            yield tuple(anchor.der for anchor in (*read.certificates, *added))
