"""A live handshake from the device: its own curl, else openssl s_client, with the agent's effective files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from adapters.ssh.facts import Records, text
from adapters.ssh.names import HOST, is_address
from adapters.ssh.outcomes import Run, ending
from adapters.ssh.probe_commands import UPLOAD_LIMIT, curl_command, openssl_command, request_head, upload_size
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from adapters.ssh.through_device import handshake_through
from console.errors import CommandFailed
from console.pki.names import ascii_host
from console.ports import Clock, ProbeRequest
from console.readiness.model import LiveOutcome, LiveResult, Trial

_TLS = re.compile(r"^(?:\* )?(?:SSL connection using|New,|\s*Protocol *:) *(TLSv1(?:\.[0-3])?|SSLv3)", re.MULTILINE)
_CURL_END = re.compile(r"^mtls-http (\d{3})$", re.MULTILINE)
_CURL_CODE = re.compile(r"^mtls-rc (\d+)$", re.MULTILINE)
_CURL_SAID = re.compile(r"^curl: \(\d+\) (.*)", re.MULTILINE | re.DOTALL)
_MARKS = re.compile(r"^mtls-(http|rc) \d+$", re.MULTILINE)
_TIME_LIMIT = re.compile(r"^mtls-time-limit$", re.MULTILINE)
_OPENSSL_ERROR = re.compile(r"error|alert|errno|verify error|unable to|Can't|No such file|Permission", re.IGNORECASE)
_STATUS_LINE = re.compile(r"HTTP/1\.[01] (\d{3})\b")
_TOO_OLD = {1, 2, 4, 48, 127}
"""curl's exit codes for an option or protocol that it doesn't have, and the shell's for no such program."""


def probe(session: DeviceSession, request: ProbeRequest, clock: Clock) -> LiveResult:
    """What really happened; `not-run` where nothing on the device can test. Raises SshError, HostKeyError,
    CredentialError, CommandFailed (the device didn't answer as our script does)."""
    host = ascii_host(request.use.host)
    request = replace(request, use=replace(request.use, host=host))
    if not (HOST.fullmatch(host) or is_address(host)):
        return LiveResult(LiveOutcome.NOT_RUN, error=f"{plain(host)!r} isn't a host name", at=clock.now())
    script = whole(library("common.sh"), library("probe.sh"), _main(request))
    attempts = 2 + len(request.versions) + bool(request.late_upload)
    output = session.run(bootstrap(script), script, request.timeout_seconds * attempts + 20)
    if output.timed_out or output.lost:
        ended = "took too long" if output.timed_out else "lost its connection"
        raise CommandFailed(f"the live handshake {ended}", target=session.device.name, phase="probe")
    answer = records(output.stdout, session.device.name)
    if not text(answer, "tool") and request.trust is not None:
        return handshake_through(session, request, clock.now())
    return _result(request, answer, clock.now())


def _result(request: ProbeRequest, answer: Records, at: datetime) -> LiveResult:
    tool = text(answer, "tool")
    if not tool:
        return LiveResult(LiveOutcome.NOT_RUN, error="nothing on the device can test: no curl, no openssl", at=at)
    natural = _ended(request, tool, answer.get("said", b""), at)
    if natural.tool and natural.outcome is LiveOutcome.NOT_RUN:
        return natural
    note = _note(request, answer)
    return replace(
        natural,
        raw="\n".join(part for part in (natural.raw, note) if part),
        unproved=note,
        trials=_trials(request, tool, natural, answer, at),
    )


def _ended(request: ProbeRequest, tool: str, output: bytes, at: datetime) -> LiveResult:
    """One handshake's result."""
    said = output.decode("utf-8", "replace")
    run = curl_run(said, request.use.protocol == "http") if tool == "curl" else openssl_run(said)
    if run is None:
        why = f"the device's {tool} can't make this handshake"
        return LiveResult(LiveOutcome.NOT_RUN, tool=tool, error=why, raw=plain(said[-500:], 500), at=at)
    tls = _TLS.search(said)
    failed = ending(replace(run, shows_certificate=bool(request.client_certificate), tls=tls[1] if tls else ""))
    return LiveResult(
        LiveOutcome.FAILED if failed else LiveOutcome.OK,
        tool=tool,
        tls=tls[1] if tls else None,
        http_status=run.http_status,
        failed_side=failed.side if failed else None,
        error=failed.error if failed else None,
        raw=plain(run.said, 500),
        at=at,
        check=failed.check if failed else "",
    )


def _trials(request: ProbeRequest, tool: str, natural: LiveResult, answer: Records, at: datetime) -> tuple[Trial, ...]:
    """What each version alone and the upload came to; the natural handshake stands for the version it settled on."""
    trials: list[Trial] = []
    for version in request.versions:
        output = answer.get(_version_record(version))
        if output is not None:
            trials.append(_trial(_ended(request, tool, output, at), tls=version))
        elif natural.tls == version:
            trials.append(_trial(natural, tls=version))
    late = answer.get("late")
    if late is not None:
        trials.append(_trial(_ended(request, tool, late, at), upload_bytes=request.late_upload))
    return tuple(trials)


def _trial(result: LiveResult, tls: str = "", upload_bytes: int = 0) -> Trial:
    return Trial(tls, upload_bytes, result.outcome, result.http_status, result.failed_side, result.error, result.check)


def _version_record(version: str) -> str:
    return f"version.{version.lower()}"


def curl_run(said: str, plain_http: bool) -> Run | None:
    """curl's trace to what it means; None where this curl couldn't even try."""
    code = _CURL_CODE.findall(said)
    if not code or int(code[-1]) in _TOO_OLD:
        return None
    status = _CURL_END.findall(said)
    words = _CURL_SAID.search(said)
    return Run(
        code=int(code[-1]),
        said=_MARKS.sub("", words[1]).strip() if words else "",
        http_status=int(status[-1]) if status and int(status[-1]) else None,
        server_hello="TLS handshake, Server hello" in said or "SSL connection using" in said,
        plain_http=plain_http,
    )


def openssl_run(said: str) -> Run | None:
    """s_client's output to what it means; None where it doesn't know one of our options."""
    if re.search(r"unknown option|Option unknown|^usage: s_client|Use -help", said, re.MULTILINE):
        return None
    # Behind "New, …": what a certificate's subject says is printed before it. s_client's own dump of a session ticket
    # may be cut by the answer in the middle of a line.
    status = _STATUS_LINE.search(said.partition("\nNew, ")[2])
    errors = "\n".join(line for line in said.splitlines() if _OPENSSL_ERROR.search(line))
    connected = "CONNECTED(" in said
    refused = "refused" in said
    code = 0 if status else (35 if connected else (7 if refused or "connect:" in said else 1))
    if connected and not status and re.search(r"^New, (?!\(NONE\))", said, re.MULTILINE):
        code = 56
    if not status and _TIME_LIMIT.search(said):
        code = 28
    if "Name or service not known" in said or "nodename nor servname" in said:
        code = 6
    return Run(
        code=code,
        said=errors,
        http_status=int(status[1]) if status else None,
        server_hello="Certificate chain" in said or "depth=" in said,
    )


def _note(request: ProbeRequest, answer: Records) -> str:
    """What the result doesn't prove."""
    notes: list[str] = []
    if request.agent_user and text(answer, "as") == "none":
        notes.append(f"ran as the login, not as {plain(request.agent_user)}: the files' readability isn't proven")
    if request.check_server and request.check_revocation and request.use.protocol != "http":
        notes.append("revocation was not checked: the tool can't do it as the agent does")
    return "; ".join(notes)


def _main(request: ProbeRequest) -> str:
    upload = upload_size(request) if request.upload else -1
    user, seconds = quoted(request.agent_user), max(2, int(request.timeout_seconds))

    def curl(name: str, asked: ProbeRequest, size: int, version: str = "") -> str:
        return f"with_curl {name} {user} {size} {quoted(curl_command(asked, version))}"

    def openssl(name: str, asked: ProbeRequest, size: int, version: str = "") -> str:
        head = quoted(request_head(asked, size))
        return f"with_openssl {name} {user} {size} {seconds} {head} {quoted(openssl_command(asked, version))}"

    lines = [f"as_user {user}", 'rec as "$AS"', "if has curl; then", "rec tool curl"]
    lines += _attempts(request, upload, curl)
    if request.use.protocol != "http":
        lines += ["elif has openssl; then", "rec tool openssl", *_attempts(request, upload, openssl)]
    return "\n".join([*lines, "fi"])


def _attempts(request: ProbeRequest, upload: int, attempt: Callable[..., str]) -> list[str]:
    """The natural handshake, then those beside it, where it got far enough for them to say more."""
    lines = [attempt("said", request, upload), "natural=$said"]
    more = [
        f"spoke {version} || {attempt(_version_record(version), request, upload, version)}"
        for version in request.versions
    ]
    size = min(request.late_upload, UPLOAD_LIMIT)
    if size:
        larger = replace(request, upload=True, use=replace(request.use, upload_bytes=size))
        # On TLS 1.3 a late request ends every exchange (windows.md 2.1): an upload would show nothing of its size.
        more.append(f"spoke TLSv1.3 || {attempt('late', larger, size)}")
    return [*lines, "if far_enough; then", *more, "fi"] if more else lines
