"""`openssl verify` on the device: the second strength of proof. The beacon's public chain goes over stdin."""

from __future__ import annotations

import base64
import re
from datetime import datetime

from adapters.ssh.facts import Records, text
from adapters.ssh.names import HOST, is_address
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from console.errors import CommandFailed
from console.pki.names import ascii_host
from console.ports import Clock, VerifyRequest
from console.readiness.model import LiveOutcome
from console.readiness.own_openssl import OwnOpenssl

CHAIN_LIMIT = 256 * 1024
"""Bytes of DER: more is no chain that a TLS library would take (OpenSSL's own limit is 100 KiB)."""
_ERROR = re.compile(r"^error (\d{1,4}) at (\d{1,4}) depth lookup: ?(.*)$", re.MULTILINE)
_CODE = re.compile(r"^mtls-rc (\d+)$", re.MULTILINE)
_UNKNOWN_OPTION = re.compile(r"unknown option|Use -help|^usage: *verify", re.MULTILINE | re.IGNORECASE)
_TRUST_FILE = re.compile(r"(?:error|unable to) load(?:ing)? (?:CA ?)?(?:file|directory)|Error loading", re.IGNORECASE)

_WORDS = {
    2: "the chain doesn't lead to a certificate that the device trusts",
    7: "a signature of the chain doesn't fit the key of its issuer",
    9: "a certificate isn't valid yet by the device's clock",
    10: "a certificate has expired by the device's clock",
    18: "the beacon's certificate is self-signed and not trusted",
    19: "the chain ends in a root that the device doesn't trust",
    20: "the issuer isn't among what the beacon sends and the device trusts",
    21: "the beacon sends its certificate alone, and the device doesn't trust its issuer",
    24: "an issuer isn't a CA certificate",
    25: "the chain is longer than a CA allows",
    26: "a certificate may not be used for a TLS server",
    27: "the root isn't trusted for TLS servers",
    28: "the root is marked as not to be trusted for TLS servers",
    34: "a critical extension isn't known to OpenSSL",
    47: "a CA's name constraints don't permit the beacon's names",
    48: "a CA's name constraints exclude the beacon's names",
    62: "the beacon's certificate isn't for the name asked for",
    64: "the beacon's certificate isn't for the address asked for",
    66: "the key of the beacon's certificate is too weak for the security level",
    67: "the key of a CA is too weak for the security level",
    68: "the digest of a signature is too weak for the security level",
    79: "an issuer isn't a CA certificate",
}
"""X509_V_ERR_… numbers: openssl-verify(1), x509_vfy.h."""


def verify_chain(session: DeviceSession, request: VerifyRequest, clock: Clock) -> OwnOpenssl:
    """`not-run` where the device has no openssl, or none that can be asked. Raises SshError, HostKeyError,
    CredentialError, CommandFailed (the device didn't answer as our script does)."""
    why = _unfit(request)
    if why:
        return OwnOpenssl(LiveOutcome.NOT_RUN, error=why, at=clock.now())
    main = f"verify_chain {quoted(request.agent_user)} {quoted(_values(request))}"
    script = whole(*map(library, ("common.sh", "probe.sh", "place.sh", "verify.sh")), main)
    output = session.run(bootstrap(script), script + _pem(request.chain), request.timeout_seconds)
    if output.timed_out or output.lost:
        ended = "took too long" if output.timed_out else "lost its connection"
        raise CommandFailed(f"openssl verify {ended}", target=session.device.name, phase="verify")
    return own_openssl(request, records(output.stdout, session.device.name), clock.now())


def own_openssl(request: VerifyRequest, answer: Records, at: datetime) -> OwnOpenssl:
    """The script's answer as a result. Never raises."""
    if not text(answer, "tool"):
        return OwnOpenssl(LiveOutcome.NOT_RUN, error="no openssl on the device", at=at)
    said = answer.get("said", b"").decode("utf-8", "replace")
    head, _, body = said.partition("\n")
    if head.startswith("mtls-none "):
        why = f"no private directory can be made in {plain(head[10:], 120)} on the device"
        return OwnOpenssl(LiveOutcome.NOT_RUN, error=why, at=at)
    options, _, body = body.partition("\n")
    codes = _CODE.findall(body)
    version = plain(head.removeprefix("mtls-version "), 120)
    if not head.startswith("mtls-version ") or not options.startswith("mtls-options ") or not codes:
        return OwnOpenssl(LiveOutcome.NOT_RUN, error="openssl couldn't be run", raw=plain(said), at=at)
    told = body[: body.rfind("\nmtls-rc ")].strip()
    note = ""
    if request.agent_user and text(answer, "as") == "none":
        note = f"; ran as the login, not as {plain(request.agent_user, 60)}"
    found = OwnOpenssl(
        LiveOutcome.OK,
        version=version,
        options=tuple(plain(options.removeprefix("mtls-options "), 600).split()),
        raw=plain(re.sub(r"\S*/mtls-console\.\d+\.\d+/", "", told), 500) + note,
        at=at,
    )
    return _judged(found, told, int(codes[-1][:9]))


def _judged(found: OwnOpenssl, told: str, status: int) -> OwnOpenssl:
    """Before 1.1.0 the exit status says nothing, and "OK" stands below errors that openssl shows and passes over; a
    handshake stops at the first."""
    error = _ERROR.search(told)
    if error is not None:
        code = int(error[1])
        words = _WORDS.get(code) or plain(error[3], 160)
        return _with(found, LiveOutcome.FAILED, words, code, int(error[2]))
    if _UNKNOWN_OPTION.search(told):
        return _with(found, LiveOutcome.NOT_RUN, "the device's openssl doesn't know these options")
    if _TRUST_FILE.search(told):
        return _with(found, LiveOutcome.FAILED, "the CA file can't be loaded: missing, not readable, or no PEM in it")
    if status == 0 and told.endswith(": OK"):
        return found
    return _with(found, LiveOutcome.NOT_RUN, "the device's openssl couldn't check the chain")


def _with(
    found: OwnOpenssl, outcome: LiveOutcome, error: str, code: int | None = None, depth: int | None = None
) -> OwnOpenssl:
    return OwnOpenssl(outcome, found.version, code, depth, error, found.options, found.raw, found.at)


def _unfit(request: VerifyRequest) -> str:
    host = ascii_host(request.host).strip("[]")
    if not (HOST.fullmatch(host) or is_address(host)):
        return f"{plain(host)!r} isn't a host name"
    if not request.chain or sum(map(len, request.chain)) > CHAIN_LIMIT:
        return "the chain that the beacon sends isn't known" if not request.chain else "the chain is too large"
    return ""


def _values(request: VerifyRequest) -> str:
    """Assignments for a shell: names and paths as config.ini has them."""
    host = ascii_host(request.host).strip("[]").removesuffix(".")  # as libcurl does before it compares
    values = {
        "host": host,
        "by": "-verify_ip" if is_address(host) else "-verify_hostname",
        "partial": "yes" if request.partial_chain else "",
        "level": "" if request.security_level is None else str(request.security_level),
        "cafile": request.ca_file,
        "capath": request.ca_directory,
    }
    return "; ".join(f"{name}={quoted(value)}" for name, value in values.items())


def _pem(chain: tuple[bytes, ...]) -> bytes:
    """Leaf first: openssl takes the first as the one to check, and all of them to build the chain with, as TLS does."""
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n" for der in chain
    )
