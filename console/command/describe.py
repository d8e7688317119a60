"""An observation as lines for a person: certificates by name and date, preferences with their origin, no raw bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime

from console.agent.choice import choice_words, read_failover
from console.agent.document import ConfigDocument
from console.agent.preferences import effective_tls
from console.agent.profile import AgentProfile
from console.agent.snapshot import DeviceSnapshot
from console.command.text import one_line
from console.pki.certificates import certificate
from console.pki.pem import read_pem
from console.readiness.model import COMPONENTS

_LONGEST = 160
_LEFT_OUT = ("head", "sha256", "certhash")
"""Fields that say nothing to a person; --format json has them."""


def observation_lines(snapshot: object, profile: AgentProfile) -> Iterator[str]:
    """Everything observed of one target, nested by indentation; what is empty is left out."""
    yield from _fields(snapshot, "  ")
    if isinstance(snapshot, DeviceSnapshot) and snapshot.config.content is not None:
        yield "  preferences in effect:"
        yield from preference_lines(snapshot.config.content, profile)
        yield from failover_lines(snapshot.config.content, profile)


def preference_lines(config: bytes, profile: AgentProfile) -> Iterator[str]:
    """The TLS preferences of each component: value, where it comes from, and how it is known to exist."""
    document = ConfigDocument.parse(config)
    for component in COMPONENTS:
        yield f"    {component}:"
        for value in effective_tls(document, profile, component).values:
            shown = "(not set)" if value.value is None else value.value
            told = one_line(f"{value.preference.name}={shown} ({value.origin}, {value.provenance})")
            yield f"      {told}"


def failover_lines(config: bytes, profile: AgentProfile) -> Iterator[str]:
    """The entries of the failover lists, and which the agent is likely to try first."""
    words = choice_words(read_failover(ConfigDocument.parse(config), profile))
    if words:
        yield "  failover lists (downloads and uploads; any entry may be used):"
        yield from (f"    {one_line(words_of_one)}" for words_of_one in words)


def _fields(value: object, indent: str) -> Iterator[str]:
    if not is_dataclass(value):
        return
    for field in fields(value):
        yield from _entry(field.name, getattr(value, field.name), indent)


def _entry(name: str, value: object, indent: str) -> Iterator[str]:
    if name in _LEFT_OUT or value is None or value == "" or (isinstance(value, (Sequence, Mapping)) and not value):
        return
    if isinstance(value, bytes):
        yield from (f"{indent}certificate: {line}" for line in _certificates(name, value))
    elif is_dataclass(value):
        yield f"{indent}{name}:"
        yield from _fields(value, indent + "  ")
    elif isinstance(value, Mapping):
        yield f"{indent}{name}: " + _cut(", ".join(f"{key}={item}" for key, item in value.items()))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from _items(name, value, indent)
    elif isinstance(value, datetime):
        yield f"{indent}{name}: {value:%Y-%m-%d %H:%M:%S} UTC"
    else:
        yield f"{indent}{name}: {f'{value:04o}' if name == 'mode' else _cut(str(value))}"


def _items(name: str, items: Sequence[object], indent: str) -> Iterator[str]:
    if all(isinstance(item, bytes) for item in items):
        yield f"{indent}{name}:"
        yield from (f"{indent}  - {_certificate(item)}" for item in items if isinstance(item, bytes))
    elif any(is_dataclass(item) for item in items):
        yield f"{indent}{name}:"
        for item in items:
            first, *rest = list(_fields(item, indent + "    ")) or [""]
            yield f"{indent}  - {first.strip()}"
            yield from rest
    else:
        yield f"{indent}{name}: {_cut(', '.join(map(str, items)))}"


def _certificates(name: str, data: bytes) -> Iterator[str]:
    """A DER by itself, or those of a PEM file; config.ini has none."""
    if name == "der":
        yield _certificate(data)
        return
    for block in read_pem(data).blocks:
        if block.label.endswith("CERTIFICATE") and block.body:
            yield _certificate(block.body)


def _certificate(der: bytes) -> str:
    facts = certificate(der)
    until = f"{facts.not_after:%Y-%m-%d}" if facts.not_after else "?"
    return _cut(f"{facts.subject or facts.label}, issued by {facts.issuer or '?'}, until {until}")


def _cut(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
