"""The failover lists: which beacons a device may pick for downloads and for uploads.

Source: vendor pages PMD-DownloadSettings (values and rules) and PMD-AutoPriority, samples of UploadSettings (which also
show Priority and Proxy). Anything after the last backslash is a location's id; keys are read whatever their case (a
sample writes PORT=). Which entry is tried first: console.agent.choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from console.agent.document import ConfigDocument
from console.agent.preferences import has_variable
from console.agent.profile import AgentProfile

Endpoint = tuple[str, int | None, str]
"""Host, port and protocol, as `endpoint_of` writes them."""


def endpoint_of(host: str, port: int | None, protocol: str) -> Endpoint:
    """What two spellings of one endpoint have in common. A trailing dot counts: the name is checked with it."""
    return host.removeprefix("[").removesuffix("]").lower(), port, protocol.lower()


class ListKind(StrEnum):
    DOWNLOAD = "download"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class FailoverEntry:
    kind: ListKind
    id: str
    protocol: str
    """Lower case, as the file has it otherwise; https and http are the known ones."""
    host: str
    port: int | None
    """None: missing (it has no default) or not a port."""
    directory: str
    """ManageSoftDL or ManageSoftRL where the file says nothing."""
    priority: str
    """As written; empty where the file says nothing."""
    section: str
    components: tuple[str, ...]
    """Which components work through this list."""
    problems: tuple[str, ...] = ()
    auto_priority: str = ""
    """As written; empty (the agent takes True: PMD-AutoPriority) where the file says nothing."""
    proxy: str = ""
    """The proxy that transfers by this entry go through, without its user and password; empty: none."""

    @property
    def endpoint(self) -> Endpoint:
        """Equal for entries that lead to one place: the case of the host and brackets round an address don't count."""
        return endpoint_of(self.host, self.port, self.protocol)

    @property
    def usable(self) -> bool:
        """Names an endpoint that a connection can be tried to."""
        return bool(self.host) and self.port is not None and self.protocol in ("http", "https")


_DIRECTORIES = {ListKind.DOWNLOAD: "ManageSoftDL", ListKind.UPLOAD: "ManageSoftRL"}


def failover_uses(document: ConfigDocument, profile: AgentProfile) -> tuple[FailoverEntry, ...]:
    """Every location of both lists, in the file's order."""
    entries: list[FailoverEntry] = []
    parents = ((ListKind.DOWNLOAD, profile.download_section), (ListKind.UPLOAD, profile.upload_section))
    lists = [(kind, parent.lower() + "\\", _components(profile, kind)) for kind, parent in parents]
    for section in document.sections():
        lower = section.lower()
        for kind, start, components in lists:
            if lower.startswith(start) and len(section) > len(start):
                entries.append(_entry(document, kind, components, section, section[len(start) :]))
    return _with_doubles_told(entries)


def _with_doubles_told(entries: Sequence[FailoverEntry]) -> tuple[FailoverEntry, ...]:
    first: dict[tuple[ListKind, Endpoint], str] = {}
    told: list[FailoverEntry] = []
    for entry in entries:
        known = first.setdefault((entry.kind, entry.endpoint), entry.id) if entry.usable else entry.id
        double = known != entry.id
        told.append(replace(entry, problems=(*entry.problems, f"the same endpoint as {known}")) if double else entry)
    return tuple(told)


def _components(profile: AgentProfile, kind: ListKind) -> tuple[str, ...]:
    return tuple(name for name, component in profile.components.items() if component.uses == kind.value)


def _entry(
    document: ConfigDocument, kind: ListKind, components: tuple[str, ...], section: str, id_: str
) -> FailoverEntry:
    def read(key: str) -> str:
        return document.get(section, key) or ""

    protocol, host, port_text = read("Protocol").lower(), read("Host"), read("Port")
    problems: list[str] = []
    if protocol not in ("http", "https"):
        problems.append(f"Protocol={read('Protocol')}: expected http or https" if protocol else "Protocol is missing")
    if not host:
        problems.append("Host is missing")
    if has_variable(host):
        problems.append(f"Host={host}: variables aren't expanded")
    port = int(port_text) if port_text.isascii() and port_text.isdigit() and len(port_text) <= 5 else None
    if port is not None and not 1 <= port <= 65535:
        port = None
    if port is None:
        problems.append(f"Port={port_text}: expected 1 to 65535" if port_text else "Port is missing; it has no default")
    directory = read("Directory").strip("/") or _DIRECTORIES[kind]
    return FailoverEntry(
        kind,
        id_,
        protocol,
        host,
        port,
        directory,
        read("Priority"),
        section,
        components,
        tuple(problems),
        read("AutoPriority"),
        read("Proxy").rpartition("@")[2],
    )
