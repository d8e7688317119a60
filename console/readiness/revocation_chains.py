"""Which chains a device checks for revocation, and by which methods: what has to be asked from it."""

from __future__ import annotations

from console.agent.revocation_methods import Method
from console.readiness.beacon_view import Endpoint
from console.readiness.case import Case
from console.readiness.device_view import DeviceView
from console.readiness.model import COMPONENTS, PairInput
from console.readiness.revocation_rules import readings_on


def checked_chains(pair: PairInput, device: DeviceView, endpoint: Endpoint) -> tuple[tuple[bytes, ...], ...]:
    """Verified chains (DER, leaf first, the anchor last) that components of the device would check for revocation at
    this endpoint. Never raises."""
    found: dict[tuple[bytes, ...], None] = {}
    for component in COMPONENTS:
        case = Case(pair, component, device, endpoint)
        preferences = case.preferences
        if case.https and preferences is not None and case.checks_server and preferences.check_revocation:
            found[case.server_chain.chain] = None
    return tuple(chain for chain in found if chain)


def asked_methods(device: DeviceView) -> frozenset[Method]:
    """Those that some component may use, by some reading of its setting."""
    preferences = [device.preferences(component) for component in COMPONENTS]
    readings = [reading for one in preferences for reading in readings_on(device, one)]
    return frozenset(method for reading in readings for method in reading.methods)
