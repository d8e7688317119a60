"""Edits of both sides: plan, apply, undo. Nothing writes but `apply`, and it takes nothing but a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.changes.model import Plan
from console.fleet.model import Fleet
from console.ports import BeaconGateway, Clock, DeviceGateway, Journal, SnapshotStore
from console.services.estate import Estate
from console.services.jobs import Job, JobRunner


class EditingService:
    """Every method that reads targets blocks: call it from a worker thread."""

    def __init__(
        self,
        fleet: Fleet,
        devices: DeviceGateway,
        beacons: BeaconGateway,
        store: SnapshotStore,
        journal: Journal,
        estate: Estate,
        runner: JobRunner,
        clock: Clock,
        *,
        read_only: bool = False,
    ) -> None:
        raise NotImplementedError

    def plan_devices(self, names: Sequence[str], edits: Mapping[str, str | None]) -> Plan:
        """Read each config.ini and plan these preferences (`Name`, or `Component.Name`; None: no line).

        A device that can't be read is in `refused`, one that already is so in `unchanged`; lock-outs are forecast.
        Raises ConfigurationError for an unknown name, preference or value, before anything is contacted.
        """
        raise NotImplementedError

    def plan_beacons(self, names: Sequence[str], settings: Mapping[str, str]) -> Plan:
        """Snapshot each beacon and plan these settings (client_certificates, require_ssl, ask)."""
        raise NotImplementedError

    def plan_undo(self, entry_id: str) -> Plan:
        """The inverse of one journal entry; `inverse_of` names it. Raises ConfigurationError for an unknown id."""
        raise NotImplementedError

    def start_apply(self, plan: Plan, accept_lockout: int | None = None) -> Job:
        """Apply in the background. Raises ChangeRefused, with nothing written, where the console is read-only, or
        where the plan cuts devices off that now get through and `accept_lockout` isn't their exact number."""
        raise NotImplementedError

    def apply(self, plan: Plan, accept_lockout: int | None = None) -> Job:
        """`start_apply`, and wait for its end."""
        raise NotImplementedError
