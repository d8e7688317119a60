"""What was observed of one beacon at one time: over WinRM, and by the console's own hello. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from console.iis.server import ServerFacts
from console.pki.revocation_facts import RevocationFact


@dataclass(frozen=True, slots=True)
class Binding:
    site: str
    protocol: str
    address: str
    """`*` or an IP address."""
    port: int
    host: str
    ssl_flags: int = 0
    """IIS binding flags (1 SNI, 2 CCS, 4 no HTTP/2, 8 no OCSP stapling, 16 no QUIC, 32 no TLS 1.3, 64 no legacy TLS,
    128 negotiate client certificate, Server 2025). Not the http.sys flags. [reference: IIS binding sslFlags]"""
    thumbprint: str = ""
    store: str = ""

    @property
    def information(self) -> str:
        return f"{self.address}:{self.port}:{self.host}"


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    id: int
    state: str
    bindings: tuple[Binding, ...] = ()
    applications: tuple[str, ...] | None = None
    """Paths such as `/` and `/ManageSoftRL`; None: not observed."""


DEVICES_OWN = frozenset({"/", "/managesoftdl", "/managesoftrl"})
"""Paths of a site's applications that are there for devices; lower case."""


@dataclass(frozen=True, slots=True)
class AccessSetting:
    """system.webServer/security/access at one location."""

    location: str
    """`Default Web Site` or `Default Web Site/ManageSoftRL`."""
    flags: tuple[str, ...]
    """Effective: of Ssl, SslNegotiateCert, SslRequireCert, SslMapCert, Ssl128; sorted."""
    explicit: bool
    """Set at this very location; else inherited."""


@dataclass(frozen=True, slots=True)
class HttpSysRecord:
    """One row of http.sys's certificate table; field names are those of httpsys.json in the lab's contract."""

    kind: str
    """ipport | hostnameport | ccs."""
    key: str
    """`0.0.0.0:443` or `host:443`."""
    certhash: str = ""
    appid: str = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
    certstorename: str = "MY"
    verifyclientcertrevocation: bool = True
    verifyrevocationwithcachedclientcertonly: bool = False
    usagecheck: bool = True
    revocationfreshnesstime: int = 0
    urlretrievaltimeout: int = 0
    ctlidentifier: str = ""
    ctlstorename: str = ""
    dsmapper: bool = False
    clientcertnegotiation: bool = False
    reject: bool = False
    disablehttp2: bool = False
    disablequic: bool = False
    disablelegacytls: bool = False
    disabletls12: bool = False
    disabletls13: bool = False
    disableocspstapling: bool = False
    enabletokenbinding: bool = False
    logextendedevents: bool = False
    enablesessionticket: bool = False
    disablesessionid: bool = False


@dataclass(frozen=True, slots=True)
class StoreCertificate:
    store: str
    """My, WebHosting, Root, CA, ClientAuthIssuer, REQUEST."""
    thumbprint: str
    """Upper-case hex SHA-1 of the DER, as Windows shows it."""
    der: bytes
    has_key: bool = False
    friendly_name: str = ""
    provider: str = ""
    exportable: bool | None = None


class HelloOutcome(StrEnum):
    TLS = "tls"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    RESET = "reset"
    """TCP answers, the hello is reset: no binding for the name, or no certificate."""
    PLAIN_HTTP = "plain-http"
    FAILED = "failed"
    """The server answered with an alert for every version that the console offers."""
    NO_ADDRESS = "no-address"


@dataclass(frozen=True, slots=True)
class Hello:
    """The console's own hello to one https endpoint, without a client certificate."""

    host: str
    port: int
    address: str
    """`127.0.0.1:44321`, what was really connected to."""
    taken_at: datetime
    outcome: HelloOutcome
    versions: tuple[str, ...] = ()
    """Versions that were accepted, of those tried: `TLSv1`, `TLSv1.1`, `TLSv1.2`, `TLSv1.3`."""
    chain: tuple[bytes, ...] = ()
    """DER, as sent, leaf first."""
    asks_client_certificate: bool | None = None
    """CertificateRequest seen in the first handshake (of the newest version accepted)."""
    milliseconds: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Schannel:
    """Protocol name (`TLS 1.2`) to enabled; a protocol that is absent follows the OS default."""

    protocols: dict[str, bool] = field(default_factory=dict)
    send_trusted_issuer_list: bool | None = None
    client_auth_trust_mode: int | None = None
    message_limit: int | None = None
    """MessageLimitServerClientAuth: bytes that a client's chain may have; absent: 0x8000. [windows.md 2.5]"""
    cipher_suites: tuple[str, ...] | None = None
    """IANA names in order, of the policy or else of this machine; None: not observed."""


@dataclass(frozen=True, slots=True)
class BeaconSnapshot:
    beacon: str
    taken_at: datetime
    clock: datetime | None
    computer: str
    os_build: int
    powershell: str
    elevated: bool | None
    features: tuple[str, ...]
    sites: tuple[Site, ...]
    access: tuple[AccessSetting, ...]
    httpsys: tuple[HttpSysRecord, ...]
    certificates: tuple[StoreCertificate, ...]
    """Of every store read."""
    schannel: Schannel
    upload_read_ahead: int
    config_sha256: str
    """Of applicationHost.config."""
    services: dict[str, str] = field(default_factory=dict)
    hellos: tuple[Hello, ...] = ()
    reached: bool = True
    """False: WinRM failed and only the hellos were observed; `notes` says why."""
    notes: tuple[str, ...] = ()
    revocation: tuple[RevocationFact, ...] = ()
    """What the addresses for revocation of client certificates answered the beacon; empty: none was asked."""
    revocation_at: datetime | None = None
    """When they were asked, by the console's clock; None: they weren't."""
    server: ServerFacts = field(default_factory=ServerFacts)

    def store(self, name: str) -> tuple[StoreCertificate, ...]:
        return tuple(certificate for certificate in self.certificates if certificate.store == name)

    def hello(self, host: str, port: int) -> Hello | None:
        return next((hello for hello in self.hellos if (hello.host, hello.port) == (host, port)), None)
