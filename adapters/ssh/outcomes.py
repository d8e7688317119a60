"""What a tool on the device said of a handshake, as a side and a sentence.

Sources: curl's exit codes (libcurl-errors), OpenSSL's reason texts, and 151 recorded handshakes with known endings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.ssh.text import plain
from console.readiness.model import Side


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt, by curl or openssl s_client."""

    code: int
    """curl's exit code; of s_client 0 or 1."""
    said: str
    """The tool's own error text."""
    http_status: int | None = None
    server_hello: bool = False
    """The server answered the hello, so it has a certificate for the name asked for."""
    plain_http: bool = False
    """The URL is http."""


@dataclass(frozen=True, slots=True)
class Ending:
    side: Side
    error: str


_REASON = re.compile(r"SSL certificate (?:problem|verification failed)[^:]*: *([^,(]+?)(?: More details| *$|,|\()")

# The device's own files: nothing has been sent yet.
_OWN_FILES = (
    (r"could not load PEM client certificate.*No such file", "the client certificate file doesn't exist"),
    (r"could not load PEM client certificate.*Permission denied", "the client certificate file can't be read"),
    (
        r"(ca md too weak|ee key too small|ca key too small)",
        "the client certificate is weaker than the device's OpenSSL security level allows",
    ),
    (r"could not load PEM client certificate", "the client certificate file holds no PEM certificate first"),
    (
        r"unable to set private key file|could not load PEM private key|key values mismatch",
        "the private key can't be used: missing, not readable, encrypted, not PEM, or not of this certificate",
    ),
    (r"error loading CRL file", "the revocation list file can't be loaded"),
    (
        r"error setting certificate (file|verify)|error adding trust anchors|Can't load",
        "the CA file can't be loaded: missing, not readable, or no whole PEM certificate in it",
    ),
)

# What the two ends can't agree on; neither is wrong alone.
_DISAGREE = (
    (r"wrong version number|http request|packet length too long|record layer failure", "the port doesn't speak TLS"),
    (
        r"alert protocol version|unsupported protocol|no protocols available|inappropriate fallback",
        "no TLS version in common",
    ),
    (
        r"legacy sigalg disallowed|wrong signature type|no suitable signature|no suitable digest",
        "no signature algorithm in common (an old TLS version against the device's security level)",
    ),
    (r"alert handshake failure|no shared cipher|no ciphers available|insufficient security", "no cipher in common"),
    (r"no suitable key share|bad ecpoint|wrong curve", "no key exchange group in common"),
)

_REFUSED_BY_BEACON = (
    (r"alert certificate required", "the beacon requires a client certificate and got none"),
    (r"alert unknown ca|alert number 48", "the beacon doesn't know the issuer of the client certificate"),
    (r"alert certificate expired", "the beacon says that the client certificate has expired"),
    (r"alert certificate revoked", "the beacon says that the client certificate is revoked"),
    (r"alert (bad|unsupported) certificate|alert certificate unknown", "the beacon refuses the client certificate"),
    (r"alert access denied", "the beacon denies access"),
)

_NAME = re.compile(
    r"no alternative certificate subject name|does not match target host|host ?name mismatch|IP address mismatch", re.I
)
_RESET = re.compile(r"reset by peer|unexpected eof|SSL_ERROR_SYSCALL|errno[ =]104|Broken pipe|closed abruptly", re.I)

_OWN_CHAIN = re.compile(r"SSL routines:.*:((ca|ee) md too weak|(ca|ee) key too small)")

_TRUST_CODES = {51, 60, 90, 91}
_OWN_CODES = {58, 59, 66, 77, 82, 83, 53, 54, 26}
_AFTER_CODES = {16, 18, 52, 55, 56, 92, 95}


def ending(run: Run) -> Ending | None:
    """None: a handshake and a 2xx answer."""
    if run.http_status is not None and run.http_status >= 100:
        return _by_status(run)
    if run.code == 0:
        return Ending(Side.BEACON, "the beacon gave no HTTP answer")
    own = _first(_OWN_FILES, run.said)
    if run.code in _OWN_CODES or (own and run.code == 1):
        return Ending(Side.DEVICE, own or "the device's own files can't be loaded")
    if run.code in _TRUST_CODES or "certificate verify failed" in run.said:
        return Ending(Side.DEVICE, _trust(run.said))
    if run.code in (6, 5):
        return Ending(Side.NETWORK, "the name isn't known on the device")
    if run.code == 7:
        refused = "refused" in run.said
        return Ending(Side.NETWORK, "the connection was refused" if refused else "no connection to the beacon")
    if run.code == 28:
        return Ending(Side.NETWORK, "no answer in time")
    return _in_handshake(run)


def _by_status(run: Run) -> Ending | None:
    status = run.http_status or 0
    if 200 <= status < 300 and run.code == 0:
        return None
    if 200 <= status < 300:
        return Ending(Side.BEACON, f"the beacon answered {status}, then broke the connection off")
    words = {
        400: "the beacon answered 400: it doesn't know the host name",
        401: "the beacon answered 401: it wants a password",
        403: "the beacon answered 403: it refuses the request (client certificate missing or refused, or TLS required)",
        404: "the beacon answered 404: there is no such folder",
        413: "the beacon answered 413: the upload is larger than it reads ahead before it asks for a certificate",
        500: "the beacon answered 500",
    }
    return Ending(Side.BEACON, words.get(status, f"the beacon answered {status}"))


def _in_handshake(run: Run) -> Ending:
    if _OWN_CHAIN.search(run.said):
        words = "the device's OpenSSL won't send its own certificate's chain: too weak for its security level"
        return Ending(Side.DEVICE, words)
    beacon = _first(_REFUSED_BY_BEACON, run.said)
    if beacon:
        return Ending(Side.BEACON, beacon)
    if "unrecognized name" in run.said:
        return Ending(Side.NETWORK, "nobody answers for the name asked for (SNI)")
    if run.plain_http and run.code in _AFTER_CODES:
        return Ending(Side.PAIR, "the beacon broke off a plain http request: the port speaks TLS alone")
    if run.code in _AFTER_CODES:
        words = "the beacon broke off after the handshake" if run.code != 52 else "the beacon closed without an answer"
        return Ending(Side.BEACON, words)
    disagree = _first(_DISAGREE, run.said)
    if disagree:
        return Ending(Side.PAIR, disagree)
    if _RESET.search(run.said):
        if run.server_hello:
            return Ending(Side.BEACON, "the beacon broke the handshake off")
        return Ending(
            Side.NETWORK, "the connection was reset before any answer: nobody serves the name asked for (SNI)"
        )
    if "alert" in run.said:
        return Ending(Side.BEACON, "the beacon refused the handshake")
    return Ending(Side.DEVICE, "the device's TLS library refuses what the beacon shows")


def _trust(said: str) -> str:
    if _NAME.search(said):
        return "the beacon's certificate isn't for the name asked for"
    match = _REASON.search(said) or re.search(r"verify error:num=\d+:([^\n]+)", said)
    reason = plain(match[1], 120) if match else ""
    return "the device doesn't accept the beacon's certificate" + (f": {reason}" if reason else "")


def _first(table: tuple[tuple[str, str], ...], said: str) -> str:
    return next((words for pattern, words in table if re.search(pattern, said, re.IGNORECASE)), "")
