"""What a tool on the device said of a handshake, as a side, a sentence and the check whose rule it belongs to.

Sources: curl's exit codes (libcurl-errors), OpenSSL's reason texts, and 151 recorded handshakes with known endings;
which check an error belongs to: handshake.md §2 (the catalogue) and §3.1, flexnet.md §3.
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
    shows_certificate: bool = True
    """A client certificate was given to the tool."""
    tls: str = ""
    """The version that was negotiated, as far as the tool says."""


@dataclass(frozen=True, slots=True)
class Ending:
    side: Side
    error: str
    check: str = ""
    """Empty: several checks' rules may be the cause, or none."""


_Table = tuple[tuple[str, str, str], ...]
"""A pattern of the tool's words, ours, and the check."""


_REASON = re.compile(r"SSL certificate (?:problem|verification failed)[^:]*: *([^,(]+?)(?: More details| *$|,|\()")

# The device's own files: nothing has been sent yet.
_OWN_FILES: _Table = (
    (
        r"could not load PEM client certificate.*No such file",
        "the client certificate file doesn't exist",
        "device.client-certificate-file",
    ),
    (
        r"could not load PEM client certificate.*Permission denied",
        "the client certificate file can't be read",
        "device.client-certificate-file",
    ),
    (
        r"(ca md too weak|ee key too small|ca key too small)",
        "the client certificate is weaker than the device's OpenSSL security level allows",
        "device.client-certificate-weak",
    ),
    (
        r"could not load PEM client certificate",
        "the client certificate file holds no PEM certificate first",
        "device.client-certificate-unreadable",
    ),
    (
        r"unable to set private key file|could not load PEM private key|key values mismatch",
        "the private key can't be used: missing, not readable, encrypted, not PEM, or not of this certificate",
        "device.client-key-unusable",
    ),
    (r"error loading CRL file", "the revocation list file can't be loaded", ""),
    (
        r"error setting certificate (file|verify)|error adding trust anchors|Can't load",
        "the CA file can't be loaded: missing, not readable, or no whole PEM certificate in it",
        "device.ca-file",
    ),
)

# What the two ends can't agree on; neither is wrong alone.
_DISAGREE: _Table = (
    (
        r"wrong version number|http request|packet length too long|record layer failure",
        "the port doesn't speak TLS",
        "pair.scheme",
    ),
    (
        r"alert protocol version|unsupported protocol|no protocols available|inappropriate fallback",
        "no TLS version in common",
        "pair.tls-version",
    ),
    (
        r"legacy sigalg disallowed|wrong signature type|no suitable signature|no suitable digest",
        "no signature algorithm in common (an old TLS version against the device's security level)",
        "pair.old-tls-signatures",
    ),
    (
        r"alert handshake failure|no shared cipher|no ciphers available|insufficient security",
        "no cipher in common",
        "pair.cipher",
    ),
    (r"no suitable key share|bad ecpoint|wrong curve", "no key exchange group in common", "pair.server-key-curve"),
)

_REFUSED_BY_BEACON: _Table = (
    (
        r"alert certificate required",
        "the beacon requires a client certificate and got none",
        "device.client-certificate-off",
    ),
    (
        r"alert unknown ca|alert number 48",
        "the beacon doesn't know the issuer of the client certificate",
        "beacon.client-issuer-untrusted",
    ),
    (
        r"alert certificate expired",
        "the beacon says that the client certificate has expired",
        "device.client-certificate-dates",
    ),
    (
        r"alert certificate revoked",
        "the beacon says that the client certificate is revoked",
        "beacon.client-revocation",
    ),
    (
        r"alert (bad|unsupported) certificate|alert certificate unknown",
        "the beacon refuses the client certificate",
        "beacon.client-chain-refused",
    ),
    (r"alert access denied", "the beacon denies access", ""),
)

# libcurl and s_client give OpenSSL's text of a verification error (X509_verify_cert_error_string).
_UNTRUSTED = (
    (r"not yet valid|has expired|notBefore|notAfter", "beacon.server-certificate-dates"),
    (r"self.signed certificate|local issuer|get issuer|verify the first", "device.beacon-untrusted"),
    (r"invalid CA certificate|key usage does not include certificate signing", "beacon.not-a-ca"),
    (r"path length|subtree|name constraint", "beacon.chain-constraint"),
    (r"certificate purpose", "beacon.server-certificate-use"),
    (r"EE certificate key too weak", "beacon.server-certificate-weak"),
    (r"CA certificate key too weak|digest algorithm too weak", "beacon.chain-weak"),
    (r"critical extension", "beacon.critical-extension"),
    (r"revoked|unable to get certificate CRL", "device.revocation-check"),
    (r"certificate rejected|not trusted", "device.trust-limited"),
    (r"signature failure", "beacon.chain-broken"),
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
        return Ending(Side.DEVICE, *(own or ("the device's own files can't be loaded",)))
    if run.code in _TRUST_CODES or "certificate verify failed" in run.said:
        return _trust(run.said)
    if run.code in (6, 5):
        return Ending(Side.NETWORK, "the name isn't known on the device", "network.name-unresolved")
    if run.code == 7:
        refused = "refused" in run.said
        words = "the connection was refused" if refused else "no connection to the beacon"
        return Ending(Side.NETWORK, words, "network.unreachable-from-device")
    if run.code == 28:
        check = "" if run.server_hello else "network.unreachable-from-device"
        return Ending(Side.NETWORK, "no answer in time", check)
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
    checks = {400: "beacon.host-header", 413: "beacon.late-request-upload"}
    if status == 403 and run.plain_http:
        checks[403] = "beacon.ssl-required"
    elif status == 403 and not run.shows_certificate:
        checks[403] = "device.client-certificate-off"
    if status == 500 and run.tls == "TLSv1.3":
        checks[500] = "beacon.late-request-tls13"
    return Ending(Side.BEACON, words.get(status, f"the beacon answered {status}"), checks.get(status, ""))


def _in_handshake(run: Run) -> Ending:
    if _OWN_CHAIN.search(run.said):
        words = "the device's OpenSSL won't send its own certificate's chain: too weak for its security level"
        return Ending(Side.DEVICE, words, "device.client-certificate-weak")
    beacon = _first(_REFUSED_BY_BEACON, run.said)
    if beacon:
        return Ending(Side.BEACON, *beacon)
    if "unrecognized name" in run.said:
        return Ending(Side.NETWORK, "nobody answers for the name asked for (SNI)", "network.no-binding")
    if run.plain_http and run.code in _AFTER_CODES:
        return Ending(Side.PAIR, "the beacon broke off a plain http request: the port speaks TLS alone", "pair.scheme")
    if run.code in _AFTER_CODES:
        words = "the beacon broke off after the handshake" if run.code != 52 else "the beacon closed without an answer"
        # A beacon that asks for the certificate late can't on TLS 1.3, and resets (windows.md 2.1).
        check = "beacon.late-request-tls13" if run.tls == "TLSv1.3" and _RESET.search(run.said) else ""
        return Ending(Side.BEACON, words, check)
    disagree = _first(_DISAGREE, run.said)
    if disagree:
        return Ending(Side.PAIR, *disagree)
    if _RESET.search(run.said):
        if run.server_hello:
            return Ending(Side.BEACON, "the beacon broke the handshake off")
        return Ending(
            Side.NETWORK,
            "the connection was reset before any answer: nobody serves the name asked for (SNI)",
            "network.no-binding",
        )
    if "alert" in run.said:
        return Ending(Side.BEACON, "the beacon refused the handshake")
    return Ending(Side.DEVICE, "the device's TLS library refuses what the beacon shows")


def _trust(said: str) -> Ending:
    if _NAME.search(said):
        return Ending(Side.DEVICE, "the beacon's certificate isn't for the name asked for", "beacon.name-mismatch")
    match = _REASON.search(said) or re.search(r"verify error:num=\d+:([^\n]+)", said)
    reason = plain(match[1], 120) if match else ""
    check = next((check for pattern, check in _UNTRUSTED if re.search(pattern, reason, re.IGNORECASE)), "")
    words = "the device doesn't accept the beacon's certificate" + (f": {reason}" if reason else "")
    return Ending(Side.DEVICE, words, check)


def _first(table: _Table, said: str) -> tuple[str, str] | None:
    return next(((words, check) for pattern, words, check in table if re.search(pattern, said, re.IGNORECASE)), None)
