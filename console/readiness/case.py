"""What every rule is a function of: one component of one pair, with derived facts that are worked out once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from console.agent.preferences import TlsPreferences
from console.agent.profile import AgentProfile
from console.fleet.model import BeaconClientCheck
from console.pki.loading import LoadedFile
from console.readiness.acceptance import Acceptance, judge_acceptance
from console.readiness.beacon_view import Access, ClientMode, Endpoint
from console.readiness.device_view import DeviceView
from console.readiness.engine import ServerChain, judge_server_chain
from console.readiness.model import PairInput
from console.readiness.revocation_rules import JudgedRevocation, judge_revocation
from console.readiness.stack import VERSIONS

DIRECTORIES = {"Launcher": "ManageSoftDL", "Tracker": "ManageSoftRL", "Uploader": "ManageSoftRL"}


class Case:
    def __init__(self, pair: PairInput, component: str, device: DeviceView | None, endpoint: Endpoint | None) -> None:
        self.pair = pair
        self.use = pair.use
        self.policy = pair.policy
        self.component = component
        self.device = device
        self.endpoint = endpoint
        self.https = pair.use.protocol.lower() != "http"
        self.preferences: TlsPreferences | None = None
        """None: the device's config.ini wasn't observed."""
        if device is not None and device.snapshot.config.content is not None:
            self.preferences = device.preferences(component)
        self.access: Access | None = None if endpoint is None else endpoint.access(self.directory)
        self.documented = pair.client_check is BeaconClientCheck.DOCUMENTED

    @property
    def checks_server(self) -> bool:
        """Only a plain False switches the check off; a word that can't be told doesn't."""
        return self.preferences is None or self.preferences.check_server is not False

    @property
    def checks_revocation(self) -> bool:
        return self.checks_server and (self.preferences is None or self.preferences.check_revocation is not False)

    @property
    def sends_certificate(self) -> bool | None:
        """The switch; None: not observed or not to be told."""
        return None if self.preferences is None else self.preferences.add_client_certificate

    @property
    def uploads(self) -> bool:
        return self.component != "Launcher"

    @property
    def directory(self) -> str:
        return DIRECTORIES.get(self.component, "ManageSoftRL")

    @property
    def mode(self) -> ClientMode | None:
        return None if self.access is None else self.access.mode

    @cached_property
    def device_now(self) -> datetime:
        """The device's clock at the moment of judging (the console's where the device's wasn't observed)."""
        skew = self.device.skew if self.device is not None else None
        return self.pair.now if skew is None else self.pair.now + skew

    @cached_property
    def beacon_now(self) -> datetime:
        skew = self.endpoint.skew if self.endpoint is not None else None
        return self.pair.now if skew is None else self.pair.now + skew

    @cached_property
    def client_chains(self) -> tuple[LoadedFile, ...]:
        """The client certificate file under every reading that is possible; empty: not collected."""
        if self.device is None or self.preferences is None or not self.preferences.client_certificate:
            return ()
        path = self.preferences.client_certificate
        readings = [self.device.client_chain(path, skips_bom=skips) for skips in self.device.stack.skips_bom]
        return tuple(reading for reading in dict.fromkeys(readings) if reading is not None)

    @cached_property
    def client_chain(self) -> tuple[bytes, ...]:
        """Leaf first, as it would be sent; empty where it can't be loaded or told."""
        good = [chain for chain in self.client_chains if not chain.error and chain.certificates]
        if len(good) != len(self.client_chains) or not good:
            return ()
        return tuple(anchor.der for anchor in good[0].certificates)

    @cached_property
    def newest_version(self) -> tuple[str, ...]:
        """The version that both would settle on; several where the device's range isn't known, none where none fits."""
        versions = self.endpoint.versions if self.endpoint is not None else None
        if versions is None or self.device is None:
            return ()
        speaks = dict(zip(VERSIONS, self.device.stack.speaks, strict=True))
        found: list[str] = []
        for version in reversed(VERSIONS):
            if version not in versions or speaks[version] is False:
                continue
            found.append(version)
            if speaks[version]:
                break
        return tuple(found)

    @cached_property
    def server_chain(self) -> ServerChain:
        return judge_server_chain(self)

    @cached_property
    def revocation(self) -> tuple[JudgedRevocation, ...]:
        """The device's check of revocation, under every reading of its setting."""
        return judge_revocation(self)

    @cached_property
    def acceptance(self) -> Acceptance:
        return judge_acceptance(self)


def profile_of(pair: PairInput) -> AgentProfile:
    """The profile of the input, the shipped one where it has none."""
    return pair.profile if isinstance(pair.profile, AgentProfile) else AgentProfile.load()
