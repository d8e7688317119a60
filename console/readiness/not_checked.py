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
        "What revocation lists and responders answer over ldap, https or a proxy, and what the agent has in its cache",
        "handshake.md P-REV-01; flexnet.md 1.2 (SSLCRLPath, SSLOCSPPath: their default places aren't known)",
        "the device is asked over plain http with its curl or wget; the check's finding says what wasn't asked",
    ),
    NotChecked(
        "Whether the beacon really staples a responder's answer",
        "handshake.md P-REV-04",
        "the hello doesn't ask for one",
    ),
    NotChecked(
        "Ciphers of TLS 1.3, and what the agent's own library offers where openssl.cnf lists none",
        "handshake.md P-TLS-03",
        "TLS 1.3's fit every key; the AES suites of each OpenSSL since 1.0.1 are taken for its own (pair.cipher)",
    ),
    NotChecked(
        "The private key on the beacon opens for http.sys",
        "windows.md S5",
        "a hello that is answered proves it; before that its presence is seen, and Schannel's event 36870 if it didn't",
    ),
    NotChecked(
        "Which certificates are mapped to which Windows accounts",
        "handshake.md B-CC-07",
        "they are counted, not read: with none it is blocked, with some unknown (beacon.certificate-mapping)",
    ),
    NotChecked(
        "The beacon's own choice of its web server; whether IIS's backup folder can be written",
        "windows.md S31, S32",
        "where the beacon keeps its choice isn't confirmed; the drive's free space is judged (beacon.disk-space)",
    ),
    NotChecked(
        "The TLS library in the agent itself",
        "handshake.md §1; flexnet.md §1",
        "openssl and curl beside it are taken for it; a live handshake is theirs as well",
    ),
)
