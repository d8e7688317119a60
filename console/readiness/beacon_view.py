"""One endpoint of a beacon: which binding answers, with which certificate, asking for what.

The console's hello is the first source, WinRM's http.sys records, bindings and stores the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache

from console.identity import Same, new_serial
from console.iis.bindings import NEGOTIATE_CLIENT_CERTIFICATE
from console.iis.settings import NEGOTIATE, REQUIRE, ClientCertificates, access_at, access_flags, client_certificates
from console.iis.snapshot import (
    BeaconSnapshot,
    Binding,
    Hello,
    HelloOutcome,
    HttpSysRecord,
    Site,
    StoreCertificate,
)
from console.pki.loading import Anchor
from console.pki.names import ascii_host, ip_address
from console.readiness.device_view import skew_of

ClientMode = ClientCertificates
"""ignore, accept, require: the words of console.iis, as the checks call them."""

_NO_TLS13, _NO_LEGACY = 32, 64
"""Further bits of an IIS binding's sslFlags."""
_BUILD_2022 = 20348
_FIRST_BUILD_WITH_NEGOTIATE_FLAG = 26100


@dataclass(frozen=True, slots=True)
class Access:
    location: str
    flags: frozenset[str]
    may_differ: bool = False
    """A web.config may set others, and whether it does wasn't observed."""

    @property
    def mode(self) -> ClientMode:
        """Require needs SslNegotiateCert as well; without it IIS never asks, and refuses everyone (403.7)."""
        return client_certificates(self.flags)

    @property
    def never_asks(self) -> bool:
        return REQUIRE in self.flags and NEGOTIATE not in self.flags


class Endpoint:
    """Derived facts of (beacon, host, port); made by `view_endpoint` and shared by all its pairs."""

    def __init__(self, snapshot: BeaconSnapshot, host: str, port: int, service_port: int) -> None:
        self.snapshot = snapshot
        self.serial = new_serial()
        self.host = host
        self.port = port
        """As the device's URL has it."""
        self.service_port = service_port
        """Where the beacon really listens: the port that [resolve] leads to."""
        self.reached = snapshot.reached
        """WinRM answered: settings and stores were observed."""
        self.hello: Hello | None = snapshot.hello(host, port)
        self._access: dict[str, Access | None] = {}
        self._anchors: dict[str, tuple[Anchor, ...]] = {}

    @cached_property
    def skew(self) -> timedelta | None:
        return skew_of(self.snapshot.clock, self.snapshot.taken_at)

    @cached_property
    def server_name(self) -> str:
        """What goes into SNI: the host without its trailing dot; empty for an address."""
        return "" if ip_address(self.host) is not None else ascii_host(self.host).removesuffix(".").lower()

    @property
    def tls_seen(self) -> bool:
        return self.hello is not None and self.hello.outcome is HelloOutcome.TLS

    @property
    def chain(self) -> tuple[bytes, ...]:
        """As sent to the console, leaf first; empty: not seen."""
        return self.hello.chain if self.hello is not None and self.tls_seen else ()

    @cached_property
    def without_iis(self) -> bool:
        """An administrator saw no IIS there, so what answers is the beacon's own web server, which has no bindings."""
        states = {name: self.snapshot.services.get(name) for name in ("W3SVC", "WAS")}
        gone = all(state in ("", "Missing") for state in states.values())
        return self.reached and self.snapshot.elevated is True and gone and not self.snapshot.sites

    @cached_property
    def on_port(self) -> tuple[tuple[Site, Binding], ...]:
        ports = (self.service_port, self.port)
        pairs = [(site, binding) for site in self.snapshot.sites for binding in site.bindings]
        for port in ports:
            found = tuple((site, binding) for site, binding in pairs if binding.port == port)
            if found:
                return found
        return ()

    @cached_property
    def record(self) -> HttpSysRecord | None:
        """The http.sys record that wins: this very address, then the name asked for, then every address, then CCS."""
        port = next((binding.port for _, binding in self.on_port), self.service_port)
        records = {(record.kind, record.key.lower()): record for record in self.snapshot.httpsys}
        address = self.hello.address.rpartition(":")[0] if self.hello is not None else ""
        wanted = [("ipport", f"{address}:{port}")]
        if self.server_name:
            wanted.append(("hostnameport", f"{self.server_name}:{port}"))
        wanted += [("ipport", f"0.0.0.0:{port}"), ("ipport", f"[::]:{port}"), ("ccs", f"{port}")]
        found = next((records[key] for key in wanted if key in records), None)
        if found is not None or address:
            return found
        # Nobody has connected: an address that only one record has is the one.
        others = [r for r in self.snapshot.httpsys if r.kind == "ipport" and r.key.rpartition(":")[2] == str(port)]
        return others[0] if len(others) == 1 else None

    @cached_property
    def routed(self) -> tuple[Site, Binding] | None:
        """The site that the Host header leads to: its own host name first, then a binding without one."""
        header = self.host_header
        named = [pair for pair in self.on_port if pair[1].host and pair[1].host.lower() == header]
        nameless = [pair for pair in self.on_port if not pair[1].host]
        started = [pair for pair in (*named, *nameless) if pair[0].state == "Started"]
        return next(iter((*started, *named, *nameless)), None)

    @cached_property
    def host_header(self) -> str:
        """What libcurl sends as Host, without the port; a trailing dot stays (measured: T259)."""
        return ascii_host(self.host).lower()

    def access(self, directory: str) -> Access | None:
        """Effective SSL settings at site/directory; None: not observed."""
        if directory not in self._access:
            self._access[directory] = self._read_access(directory)
        return self._access[directory]

    def _read_access(self, directory: str) -> Access | None:
        if self.routed is None:
            return None
        location = f"{self.routed[0].name}/{directory}"
        server = self.snapshot.server
        for own in server.web_config:
            if own.location.lower() == location.lower():
                return Access(own.location, access_flags(own.flags))
        setting = access_at(self.snapshot, location)
        if setting is None:
            return None
        return Access(setting.location, access_flags(setting.flags), server.may_differ(location))

    @cached_property
    def asks_first(self) -> bool | None:
        """A client certificate is asked for in the first handshake; None: not observed."""
        if self.hello is not None and self.tls_seen and self.hello.asks_client_certificate is not None:
            return self.hello.asks_client_certificate
        return self.asks_first_by_record

    @cached_property
    def asks_first_by_record(self) -> bool | None:
        if not self.reached or self.record is None:
            return None
        flag = any(
            binding.ssl_flags & NEGOTIATE_CLIENT_CERTIFICATE
            and self.snapshot.os_build >= _FIRST_BUILD_WITH_NEGOTIATE_FLAG
            for _, binding in self.on_port
            if binding.thumbprint.lower() == self.record.certhash.lower()
        )
        return self.record.clientcertnegotiation or flag

    @cached_property
    def versions(self) -> tuple[str, ...] | None:
        """TLS versions that the endpoint accepts; None: not observed."""
        if self.hello is not None and self.hello.versions:
            return self.hello.versions
        return self._versions_by_settings() if self.reached and self.record is not None else None

    def _versions_by_settings(self) -> tuple[str, ...]:
        """By Schannel's registry, the OS build and the flags of record and binding (reference: windows.md 2.5)."""
        record = self.record
        flags = 0
        for _, binding in self.on_port:
            flags |= binding.ssl_flags
        build = self.snapshot.os_build
        enabled = {
            "TLS 1.0": build < _FIRST_BUILD_WITH_NEGOTIATE_FLAG,
            "TLS 1.1": build < _FIRST_BUILD_WITH_NEGOTIATE_FLAG,
            "TLS 1.2": True,
            "TLS 1.3": build >= _BUILD_2022,
            **self.snapshot.schannel.protocols,
        }
        if flags & _NO_TLS13 or (record is not None and record.disabletls13):
            enabled["TLS 1.3"] = False
        if record is not None and record.disabletls12:
            enabled["TLS 1.2"] = False
        if flags & _NO_LEGACY or (record is not None and record.disablelegacytls):
            enabled["TLS 1.0"] = enabled["TLS 1.1"] = False
        names = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1.1", "TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"}
        return tuple(names[name] for name in names if enabled.get(name))

    @cached_property
    def bound(self) -> StoreCertificate | None:
        """The certificate of the winning record, as found in the stores."""
        wanted = self.record.certhash.upper() if self.record is not None else ""
        return next((c for c in self.snapshot.certificates if wanted and c.thumbprint.upper() == wanted), None)

    @property
    def leaf(self) -> bytes:
        """The beacon's certificate as it was sent, else as http.sys has it on record; empty: neither was seen."""
        if self.chain:
            return self.chain[0]
        return self.bound.der if self.bound is not None else b""

    def anchors(self, store: str) -> tuple[Anchor, ...]:
        """What a store says is trusted."""
        if store not in self._anchors:
            self._anchors[store] = tuple(Anchor(entry.der) for entry in self.snapshot.store(store))
        return self._anchors[store]

    @cached_property
    def roots(self) -> tuple[StoreCertificate, ...]:
        return self.snapshot.store("Root")

    @cached_property
    def intermediates(self) -> tuple[bytes, ...]:
        return tuple(entry.der for entry in self.snapshot.store("CA"))


@lru_cache(maxsize=60_000)
def _view(snapshot: Same[BeaconSnapshot], host: str, port: int, service_port: int) -> Endpoint:
    return Endpoint(snapshot.value, host, port, service_port)


def view_endpoint(snapshot: BeaconSnapshot, host: str, port: int, address: str) -> Endpoint:
    """`address`: `address:port` that [resolve] gives, or empty."""
    text = address.rpartition(":")[2]
    service_port = int(text) if text.isascii() and text.isdigit() else port
    return _view(Same(snapshot), host, port, service_port)
