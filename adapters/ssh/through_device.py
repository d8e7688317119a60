"""A handshake for a device without curl and openssl: the console makes it, through the device's SSH server.

It proves the way from the device, the beacon's certificate, chain, name and versions against the device's trust files,
and that a certificate is asked for. The client's key stays on the device, so whatever needs it isn't proved.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from OpenSSL import SSL, crypto

from adapters.ssh.outcomes import Run, ending
from adapters.ssh.probe_commands import request_head, upload_size
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain
from adapters.ssh.tls_channel import TlsChannel, Torn
from adapters.ssh.tunnel import NotForwarded, forwarded
from console.pki.certificates import certificate
from console.pki.names import ip_address, libcurl_accepts
from console.ports import ProbeRequest, TrustContent
from console.readiness.model import LiveOutcome, LiveResult, Trial

TOOL = "tunnel"
UNPROVED = (
    "made by the console through the device's SSH server, with the device's trust files and the console's TLS library "
    "and clock: the device's own, and that its agent can read its files, aren't proved"
)
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]{1,3}")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_NUMBERS = {
    "TLSv1": SSL.TLS1_VERSION,
    "TLSv1.1": SSL.TLS1_1_VERSION,
    "TLSv1.2": SSL.TLS1_2_VERSION,
    "TLSv1.3": SSL.TLS1_3_VERSION,
}
_ASKED = b"read server certificate request"
_PIECE = b"\0" * 16384


@dataclass(slots=True)
class _Seen:
    """What one connection came to."""

    run: Run
    chain: tuple[bytes, ...] = ()
    accepted: bool = False
    """Chain and name are what the device's trust files and its use ask for (or it checks neither)."""
    asked: bool = False
    """The beacon asked for a client certificate in the first handshake."""
    tls: str = ""


@dataclass(slots=True)
class _Verification:
    """The first error that OpenSSL found in the chain."""

    code: int = 0
    states: set[bytes] = field(default_factory=set)


def handshake_through(session: DeviceSession, request: ProbeRequest, at: datetime) -> LiveResult:
    """`not-run` where the server forwards nothing, the trust files weren't read, or only the client's key is left.

    Raises SshError and its kin where the device itself isn't reached.
    """
    trust = request.trust or TrustContent()
    if request.use.protocol != "http" and request.check_server and trust.missing:
        why = f"neither curl nor openssl on the device, and {plain(trust.missing)} wasn't read"
        return LiveResult(LiveOutcome.NOT_RUN, "console", TOOL, error=why, at=at)
    try:
        seen = _connect(session, request, trust, request.tls_max, "")
    except NotForwarded as exc:
        if exc.forbidden:
            why = f"neither curl nor openssl on the device, and {exc}"
            return LiveResult(LiveOutcome.NOT_RUN, "console", TOOL, error=why, at=at)
        run = Run(28 if exc.silent else 7, str(exc))
        return _result(request, _Seen(run), at)
    natural = _result(request, seen, at)
    if not seen.tls:
        return natural
    return replace(natural, trials=_trials(session, request, trust, natural, at))


def _trials(
    session: DeviceSession, request: ProbeRequest, trust: TrustContent, natural: LiveResult, at: datetime
) -> tuple[Trial, ...]:
    trials: list[Trial] = []
    for version in request.versions:
        result = natural
        if natural.tls != version:
            try:
                result = _result(request, _connect(session, request, trust, version, version), at)
            except NotForwarded:
                continue  # it did a moment ago; nothing is said of the version
        trials.append(
            Trial(version, 0, result.outcome, result.http_status, result.failed_side, result.error, result.check)
        )
    return tuple(trials)


def _result(request: ProbeRequest, seen: _Seen, at: datetime) -> LiveResult:
    """Never greener than what was proved: where the component would show a certificate, an end that may be due to its
    lack (or a success without it) isn't the pair's."""
    run = replace(seen.run, shows_certificate=False, tls=seen.tls, plain_http=request.use.protocol == "http")
    failed = ending(run)
    tls = seen.tls or None
    if request.client_certificate and seen.accepted:
        asks = "asks for a client certificate" if seen.asked else "asks for none in the first handshake"
        proved = f"all but the client key is proved: the way, the beacon's chain and name, {tls or 'TLS'}; it {asks}"
        return LiveResult(
            LiveOutcome.NOT_RUN, "console", TOOL, tls, error=proved, raw=plain(run.said), at=at, unproved=UNPROVED
        )
    return LiveResult(
        LiveOutcome.FAILED if failed else LiveOutcome.OK,
        "console",
        TOOL,
        tls,
        run.http_status,
        failed.side if failed else None,
        failed.error if failed else None,
        plain(run.said),
        at,
        failed.check if failed else "",
        unproved=UNPROVED,
    )


def _connect(session: DeviceSession, request: ProbeRequest, trust: TrustContent, highest: str, lowest: str) -> _Seen:
    """One connection with TLS and a request. Raises NotForwarded."""
    use = request.use
    place = (use.host.strip("[]").rstrip("."), use.port)
    if use.address:
        host, _, port = use.address.rpartition(":")
        place = (host.strip("[]"), int(port))
    deadline = time.monotonic() + request.timeout_seconds
    with _materialised(trust) as files, forwarded(session, place, request.timeout_seconds / 2) as channel:
        if use.protocol == "http":
            return _asked_plainly(TlsChannel(None, channel, deadline), request)
        verification = _Verification()
        try:
            context = _context(request, files, highest, lowest, verification)
        except SSL.Error:
            return _Seen(Run(77, "error setting certificate file"))
        tls = SSL.Connection(context, None)
        tls.set_connect_state()
        if ip_address(use.host) is None:
            tls.set_tlsext_host_name(use.host.rstrip(".").lower().encode("ascii"))
        return _handshake(TlsChannel(tls, channel, deadline), tls, context, request, verification)


def _context(
    request: ProbeRequest, files: tuple[str | None, str], highest: str, lowest: str, verification: _Verification
) -> SSL.Context:
    """Raises SSL.Error where the CA file can't be loaded, as curl's 77."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if highest in _NUMBERS:
        context.set_max_proto_version(_NUMBERS[highest])
    if lowest in _NUMBERS:
        context.set_min_proto_version(_NUMBERS[lowest])
    context.set_info_callback(lambda connection, _where, _code: verification.states.add(connection.get_state_string()))
    if not request.check_server:
        context.set_verify(SSL.VERIFY_NONE)
        return context

    def judge(_tls: SSL.Connection, _member: crypto.X509, code: int, _depth: int, good: int) -> bool:
        if not good and not verification.code:
            verification.code = code
        return bool(good)

    context.set_verify(SSL.VERIFY_PEER, judge)
    # libcurl's reading: a trusted intermediate may end the chain (handshake.md T-PART-01).
    store = context.get_cert_store()
    if store is not None:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    context.load_verify_locations(*files)
    return context


@contextmanager
def _materialised(trust: TrustContent) -> Iterator[tuple[str | None, str]]:
    """CA file and hashed directory as OpenSSL reads them: public certificates, for as long as the connection lives."""
    with tempfile.TemporaryDirectory(prefix="mtls-console-") as folder:
        directory = Path(folder) / "certs"
        directory.mkdir()
        for name, content in trust.ca_directory:
            if _HASHED.fullmatch(name):
                (directory / name).write_bytes(content)
        if trust.ca_file is None:
            yield None, str(directory)
            return
        file = Path(folder) / "ca.pem"
        file.write_bytes(trust.ca_file)
        yield str(file), str(directory)


def _handshake(
    channel: TlsChannel,
    tls: SSL.Connection,
    context: SSL.Context,
    request: ProbeRequest,
    verification: _Verification,
) -> _Seen:
    torn: Torn | None = None
    try:
        channel.do_handshake()
    except Torn as exc:
        torn = exc
    chain = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in tls.get_peer_cert_chain() or ())
    seen = _Seen(Run(35, ""), chain, asked=any(_ASKED in state for state in verification.states))
    if verification.code:
        seen.run = Run(60, f"SSL certificate problem: {_verify_text(context, chain)}", server_hello=True)
        return seen
    if request.check_server and chain and not libcurl_accepts(certificate(chain[0]), request.use.host):
        seen.run = Run(60, "SSL: no alternative certificate subject name matches target host name", server_hello=True)
        return seen
    seen.accepted = bool(chain)
    if torn is not None:
        seen.run = Run(28 if torn.late else 35, str(torn), server_hello=bool(chain))
        return seen
    seen.tls = tls.get_protocol_version_name()
    return _asked(channel, request, seen)


def _verify_text(context: SSL.Context, chain: tuple[bytes, ...]) -> str:
    """OpenSSL's words for the error, which pyOpenSSL tells of a store alone."""
    members = [crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain]
    store = context.get_cert_store()
    if not members or store is None:
        return "it can't be verified"
    try:
        crypto.X509StoreContext(store, members[0], members[1:]).verify_certificate()
    except crypto.X509StoreContextError as exc:
        return str(exc)
    return "unsuitable certificate purpose"  # all that a server's verification asks for beside the store's own


def _asked(channel: TlsChannel, request: ProbeRequest, seen: _Seen) -> _Seen:
    """The request and its answer."""
    try:
        answer = _exchange(channel, request)
    except Torn as exc:
        seen.run = Run(28 if exc.late else 56, str(exc), server_hello=True)
        return seen
    status = _STATUS_LINE.match(answer)
    seen.run = Run(0 if status else 52, "", int(status[1]) if status else None, server_hello=True)
    return seen


def _asked_plainly(channel: TlsChannel, request: ProbeRequest) -> _Seen:
    return _asked(channel, request, _Seen(Run(0, "")))


def _exchange(channel: TlsChannel, request: ProbeRequest) -> bytes:
    """Raises Torn. A server may answer before it has read everything, and close: its answer counts."""
    size = upload_size(request)
    head = request_head(request, size).replace("\\r\\n", "\r\n").replace("%%", "%")
    try:
        channel.send(head.encode("ascii"))
        for begin in range(0, size, len(_PIECE)):
            channel.send(_PIECE[: size - begin])
    except Torn:
        return channel.receive_line()
    return channel.receive_line()
