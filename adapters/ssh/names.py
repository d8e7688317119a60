"""Which addresses a name has on the device, from whichever tool the device has."""

from __future__ import annotations

import ipaddress
import re

from adapters.ssh.facts import Records, raw, text
from console.agent.snapshot import NameFact

HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")
_NO_TOOL = "the device has no tool to resolve names with (getent, dscacheutil, host, nslookup)"


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def name_fact(records: Records, name: str, host: str) -> NameFact:
    how = text(records, f"{name}.how")
    if not how:
        return NameFact(host, error="no answer in time", asked=False)
    if how == "none":
        return NameFact(host, error=_NO_TOOL, asked=False)
    if f"{name}.out" not in records:
        return NameFact(host, error="no answer in time", asked=False)
    found = _addresses(how, raw(records, f"{name}.out"))
    return NameFact(host, found, "" if found else f"{how} knows no address for it")


def _addresses(how: str, output: str) -> tuple[str, ...]:
    if how == "nslookup":  # its first address is the name server's
        output = output.partition("Name:")[2]
    if how == "getent":
        words = [line.split(None, 1)[0] for line in output.splitlines() if line.split()]
    else:
        words = output.split()
    found: dict[str, None] = {}
    for word in words:
        if is_address(word) and len(found) < 16:
            found[word] = None
    return tuple(found)
