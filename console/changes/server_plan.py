"""What a beacon's server says beside its settings, where a change would meet it: refused, or told before. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from console.changes.model import BeaconStep
from console.errors import ChangeRefused
from console.iis.snapshot import DEVICES_OWN, BeaconSnapshot

_IN_THE_FILE = frozenset({"set-access", "set-binding"})
"""Operations that write applicationHost.config; http.sys's records are each server's own."""
_SHOWN = 5


def refuse_shared_configuration(snapshot: BeaconSnapshot, steps: Sequence[BeaconStep]) -> None:
    """Raises ChangeRefused where a step would write a file that other servers use too. [windows.md S33]"""
    if snapshot.server.shared_configuration and any(step.operation in _IN_THE_FILE for step in steps):
        raise ChangeRefused(
            "IIS's configuration is shared with other servers (redirection.config): a change would be theirs as well",
            target=snapshot.beacon,
            phase="plan",
            hint="Change the SSL settings in IIS Manager, once the devices of all those servers are ready.",
        )


def server_warnings(snapshot: BeaconSnapshot, site: str, steps: Sequence[BeaconStep]) -> tuple[str, ...]:
    """What else of the server a change of the SSL settings touches or meets. [windows.md S17, S29, S34]"""
    found: list[str] = []
    if any(step.operation == "set-access" for step in steps):
        others = _other_applications(snapshot, site)
        if others:
            found.append(f"Other applications of the site get these SSL settings too: {_named(others)}.")
        under = f"{site}/".lower()
        unlocked = [place for place in snapshot.server.unlocked or () if f"{place}/".lower().startswith(under)]
        if unlocked:
            found.append(f"A web.config may set other SSL settings at {_named(unlocked)}, which then hold.")
    if any(step.operation == "set-httpsys" for step in steps) and snapshot.server.renewal_tools:
        tools = _named(snapshot.server.renewal_tools)
        found.append(f"{tools} renews certificates by itself and resets http.sys's flags: sweep after each renewal.")
    return tuple(found)


def _other_applications(snapshot: BeaconSnapshot, site: str) -> list[str]:
    """Without those that have SSL settings of their own."""
    own = {setting.location.lower() for setting in snapshot.access if setting.explicit}
    paths = next((one.applications or () for one in snapshot.sites if one.name.lower() == site.lower()), ())
    return [path for path in paths if path.lower() not in DEVICES_OWN and f"{site}{path}".lower() not in own]


def _named(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
