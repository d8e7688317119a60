"""What a person does next about a finding: which findings an editor of this console can mend, and what else to do."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from console.agent.preferences import CHECK_REVOCATION
from console.readiness.model import Finding, PairUse, Side, Status
from console.readiness.revocation_words import REBIND
from screens.text import plain


class Mend(Enum):
    EDIT = auto()
    """A setting that the editor of the check's own machine holds, whoever is at fault."""
    BIND = auto()
    """The editor can bind another certificate, once the machine has it."""
    BY_HAND = auto()
    """On the machine itself: files, certificates, clocks, networks."""


EDITED = frozenset(
    {
        "device.client-certificate-off",
        "device.client-certificate-file",
        "device.client-key-file",
        "device.ca-file",
        "device.preference-unclear",
        "device.component-override",
        "device.server-check-off",
        "device.revocation-without-server-check",
        "device.revocation-check",
        "device.revocation-method",
        "device.revocation-stapling",
        "device.revocation-cache",
        "device.order-of-change",
        "beacon.late-request",
        "beacon.late-request-tls13",
        "beacon.late-request-upload",
        "beacon.http-open",
    }
)
BOUND = frozenset(
    {
        "beacon.server-certificate-dates",
        "beacon.server-certificate-use",
        "beacon.server-certificate-weak",
        "beacon.name-mismatch",
        "beacon.certificate-without-key",
        "beacon.expires-soon",
    }
)


_REVOCATION = "device.revocation-check"


class Fault(Protocol):
    """A finding, or what the Overview counts of one check."""

    @property
    def check(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def remedy(self) -> str: ...


def mend(fault: Fault) -> Mend:
    if fault.check == _REVOCATION and fault.remedy and CHECK_REVOCATION not in fault.remedy:
        # What the CA answers is no setting's matter; a certificate that it revoked is replaced.
        return Mend.BIND if REBIND in fault.remedy else Mend.BY_HAND
    if fault.check in EDITED:
        return Mend.EDIT
    # A renewed certificate, or one with another name, is made elsewhere; binding it can be done from here.
    return Mend.BIND if fault.check in BOUND and fault.side is Side.BEACON else Mend.BY_HAND


def editor_side(fault: Fault) -> Side:
    """Whose editor holds what mends it, DEVICE or BEACON: a setting is the machine's that the check is of, also where
    the network or the other side is at fault."""
    match mend(fault):
        case Mend.BIND:
            return Side.BEACON
        case Mend.EDIT:
            return Side.BEACON if fault.check.startswith("beacon.") else Side.DEVICE
    return Side.BEACON if fault.side in (Side.BEACON, Side.NETWORK) else Side.DEVICE


def way(finding: Finding, use: PairUse) -> str:
    """The key that mends it, or where it has to be mended; empty of what is no fault."""
    if finding.status in (Status.PASS, Status.NOT_APPLICABLE):
        return ""
    how = mend(finding)
    if how is Mend.EDIT:
        return "e edit now"
    if how is Mend.BIND:
        return f"e binds another certificate, once {plain(use.beacon or use.host)} has it"
    return by_hand(finding, use)


def by_hand(finding: Finding, use: PairUse) -> str:
    """Where to log in for what no editor of this console can do."""
    if finding.check == _REVOCATION and finding.side is not Side.DEVICE:
        return "no setting mends it: it lies with the CA, or with who serves its address"
    if finding.side is Side.BEACON:
        return f"no setting here mends it: log in to {plain(use.beacon or use.host)}"
    if finding.side is Side.NETWORK:
        return "no setting mends it: it lies between the two machines"
    return f"no setting mends it: s is a shell on {plain(use.device)}"
