"""Everything observed of one device or beacon, with exact times; nothing is left out for lack of room."""

from __future__ import annotations

from dataclasses import fields
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from console.agent.choice import choice_words, read_failover
from console.agent.document import ConfigDocument
from console.agent.secrets import mask_secrets
from console.agent.snapshot import DeviceSnapshot, FileFact
from console.iis.snapshot import BeaconSnapshot, HttpSysRecord, StoreCertificate
from console.pki.certificates import certificate
from screens.actions import Scope, bindings
from screens.base import ConsoleScreen
from screens.fleet_model import preferences_of
from screens.server_lines import server_lines
from screens.text import exact, plain, plain_lines

_HEAD = Style(bold=True)


class FactsScreen(ConsoleScreen):
    SCOPE = Scope.FACTS
    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.FACTS)

    def __init__(self, target: str) -> None:
        super().__init__()
        self._target = target

    def compose_body(self) -> ComposeResult:
        yield Static(Text(f" FACTS · {plain(self._target)}"), classes="heading")
        with VerticalScroll(id="facts-scroll"):
            yield Static(id="facts")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#facts-scroll").focus()
        self.refresh_model()

    def refresh_model(self) -> None:
        self.query_one("#facts", Static).update(self._text())

    def _text(self) -> Text:
        seen = self.workspace.estate.observation()
        text = Text()
        failure = seen.failures.get(self._target)
        if failure is not None:
            text.append(f" Last attempt {exact(failure[0])} failed: {plain(failure[1])}\n\n")
        if (device := seen.devices.get(self._target)) is not None:
            self._device(text, device)
        elif (beacon := seen.beacons.get(self._target)) is not None:
            self._beacon(text, beacon)
        elif failure is None:
            text.append(" Never read. esc, then c reads it.")
        return text

    def _device(self, text: Text, seen: DeviceSnapshot) -> None:
        text.append(f" Read {exact(seen.taken_at)}; its clock said {exact(seen.clock) if seen.clock else '?'}\n")
        text.append(f" {plain(seen.system)} {plain(seen.release)} · {plain(seen.hostname)} · login {plain(seen.login)}")
        text.append(f" · agent {plain(seen.agent_version) or '?'} as {plain(seen.agent_user)}\n")
        text.append(f" {plain(seen.tls.openssl) or 'no openssl'} · {plain(seen.tls.curl) or 'no curl'}\n")
        _section(text, "FILES")
        for fact in (seen.config, *seen.files, *(key.file for key in seen.keys)):
            text.append(f"  {_file(fact)}\n")
        for directory in seen.directories:
            text.append(f"  {plain(directory.path)}/ {directory.state.value}, {len(directory.entries)} certificates\n")
        _section(text, "PREFERENCES")
        for preferences in preferences_of(seen, self.workspace.profile):
            for value in preferences.values:
                where = value.section or value.origin.value
                shown = plain(value.value) if value.value is not None else "(unset)"
                text.append(f"  {preferences.component:<9} {value.preference.name:<27} {shown}  [{plain(where)}]\n")
        if seen.config.content is not None:
            failover = read_failover(ConfigDocument.parse(seen.config.content), self.workspace.profile)
            _section(text, "FAILOVER LISTS (any entry may be used)")
            for line in choice_words(failover) or ("none in config.ini",):
                text.append(f"  {plain(line)}\n")
        _section(text, "NAMES")
        for name in seen.names:
            text.append(f"  {plain(name.host)}: {plain(', '.join(name.addresses) or name.error)}\n")
        if seen.reach:
            _section(text, "ENDPOINTS IT TRIED TO CONNECT TO")
        for tried in seen.reach:
            place = f"{tried.host}:{tried.port}" + (f" ({tried.address})" if tried.address else "")
            how = f", by {tried.how}" if tried.how else ""
            text.append(f"  {plain(place)}: {plain(tried.error or tried.outcome.value)}{plain(how)}\n")
        _notes(text, seen.notes)
        if seen.config.content is not None:
            _section(text, plain(seen.config.path))
            for line in plain_lines(mask_secrets(seen.config.content).decode("utf-8", "replace"), limit=2000):
                text.append(f"  {line}\n")

    def _beacon(self, text: Text, seen: BeaconSnapshot) -> None:
        text.append(f" Read {exact(seen.taken_at)}; its clock said {exact(seen.clock) if seen.clock else '?'}\n")
        text.append(f" {plain(seen.computer)} · build {seen.os_build} · elevated {seen.elevated}\n")
        for site in seen.sites:
            _section(text, f"SITE {plain(site.name)} ({plain(site.state)})")
            for binding in site.bindings:
                text.append(f"  {plain(binding.protocol)} {plain(binding.information)} flags {binding.ssl_flags}")
                text.append(f" {plain(binding.store)} {plain(binding.thumbprint)}\n")
        _section(text, "SSL SETTINGS")
        for access in seen.access:
            how = "set here" if access.explicit else "inherited"
            text.append(f"  {plain(access.location)}: {plain(', '.join(access.flags)) or 'none'} ({how})\n")
        if lines := list(server_lines(seen.server)):
            _section(text, "THE SERVER AS A WHOLE")
            text.append("".join(f"  {line}\n" for line in lines))
        _section(text, "HTTP.SYS")
        for record in seen.httpsys:
            text.append(f"  {_record(record)}\n")
        _section(text, "CERTIFICATES")
        for one in seen.certificates:
            text.append(f"  {_certificate(one)}\n")
        _section(text, "THE CONSOLE'S OWN HELLO")
        for hello in seen.hellos:
            asks = {True: "asks for a client certificate", False: "asks for none", None: ""}
            text.append(f"  {plain(hello.host)}:{hello.port} {hello.outcome.value} {', '.join(hello.versions)}")
            text.append(f" {asks[hello.asks_client_certificate]} {plain(hello.error)}\n")
            for der in hello.chain:
                text.append(f"    {plain(certificate(der).label)}\n")
        _notes(text, seen.notes)


def _section(text: Text, heading: str) -> None:
    text.append(f"\n {heading}\n", _HEAD)


def _notes(text: Text, notes: tuple[str, ...]) -> None:
    if notes:
        _section(text, "NOT FOUND OUT")
        for note in notes:
            text.append(f"  {plain(note)}\n")


def _file(fact: FileFact) -> str:
    mode = f"{fact.mode:04o}" if fact.mode is not None else "?"
    readable = {True: "the agent may read it", False: f"the agent may not read it: {plain(fact.unreadable_because)}"}
    words = readable.get(bool(fact.readable_by_agent), "") if fact.readable_by_agent is not None else ""
    return f"{plain(fact.path)} {fact.state.value} {mode} {plain(fact.owner)}:{plain(fact.group)} {words}".rstrip()


def _record(record: HttpSysRecord) -> str:
    """`0.0.0.0:443 (ipport)  ab… of MY · clientcertnegotiation, usagecheck`: what is switched on, and set numbers."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    on = [name if value is True else f"{name} {value}" for name, value in values.items() if _tells(name, value)]
    certificate_of = f"{record.certhash or 'no certificate'} of {record.certstorename or 'no store'}"
    return plain(f"{record.key} ({record.kind})  {certificate_of} · {', '.join(on) or 'nothing switched on'}")


def _tells(name: str, value: object) -> bool:
    return bool(value) and name not in ("kind", "key", "certhash", "certstorename")


def _certificate(one: StoreCertificate) -> str:
    facts = certificate(one.der)
    until = exact(facts.not_after) if facts.not_after else "?"
    return (
        f"{one.store:<16} {plain(facts.label):<32} until {until} {'with key ' if one.has_key else ''}{one.thumbprint}"
    )
