"""What the project's reference names and no check judges: the datum isn't in a snapshot, and nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotChecked:
    what: str
    reference: str
    """Where the reference notes name it."""
    why: str


NOT_CHECKED = (
    NotChecked(
        "What revocation lists and responders answer: reachable, signed, up to date, a certificate revoked",
        "handshake.md P-REV-01, P-REV-03, B-CC-06; windows.md S19",
        "no verdict depends on it: the checks say so (unknown, or a risk); the pair report asks from the device (o)",
    ),
    NotChecked(
        "Whether the beacon really staples a responder's answer",
        "handshake.md P-REV-04",
        "the hello doesn't ask for one",
    ),
    NotChecked(
        "Ciphers that the beacon takes",
        "handshake.md P-TLS-03; windows.md 2.5 (cipher order)",
        "neither the hello nor the snapshot lists them; the device's list is judged (pair.cipher)",
    ),
    NotChecked(
        "The private key on the beacon opens for http.sys",
        "windows.md S5",
        "a hello that is answered proves it; before that only its presence is seen (beacon.certificate-without-key)",
    ),
    NotChecked(
        "Which certificates are mapped to Windows accounts",
        "handshake.md B-CC-07",
        "the mapping isn't collected; where mapping is on, the verdict is unknown (beacon.certificate-mapping)",
    ),
    NotChecked(
        "SSL settings of other locations than the site, ManageSoftDL and ManageSoftRL; whether web.config may set them",
        "windows.md S17, 1.5",
        "those three are what devices use, and are read (beacon.weaker-location)",
    ),
    NotChecked(
        "The largest request that IIS lets through (maxAllowedContentLength)",
        "windows.md S27",
        "it isn't collected; uploadReadAheadSize is (beacon.late-request-upload)",
    ),
    NotChecked(
        "Chains of clients above Schannel's 32 KB (MessageLimitServerClientAuth), SSL of 128 bits (403.5)",
        "windows.md 2.5, 2.3",
        "the registry value isn't collected, and Ssl128 is obsolete",
    ),
    NotChecked(
        "Other applications that share the site",
        "windows.md S29",
        "sites are collected, applications aren't (beacon.shared-record names the sites)",
    ),
    NotChecked(
        "Recent refusals in IIS's log and errors of Schannel in the System log",
        "windows.md S5, S30",
        "logs aren't read; a live handshake maps the beacon's answer to its check",
    ),
    NotChecked(
        "Room for a backup on the beacon, and the beacon's own choice of its web server",
        "windows.md S31, S32",
        "neither is collected; where the beacon keeps its choice isn't confirmed",
    ),
    NotChecked(
        "IIS configuration that is shared between servers (redirection.config)",
        "windows.md S33",
        "it isn't collected: look before a beacon is changed",
    ),
    NotChecked(
        "Tools that renew certificates by themselves and reset the http.sys flags",
        "windows.md S34",
        "scheduled tasks aren't collected",
    ),
    NotChecked(
        "The TLS library in the agent itself",
        "handshake.md §1; flexnet.md §1",
        "openssl and curl beside it are taken for it; a live handshake is theirs as well",
    ),
)
