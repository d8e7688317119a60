"""A live handshake from the device: its own curl, else openssl s_client, with the agent's effective files."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from adapters.ssh.facts import Records, text
from adapters.ssh.names import HOST, is_address
from adapters.ssh.outcomes import Run, ending
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession
from adapters.ssh.text import plain, quoted
from console.errors import CommandFailed
from console.pki.names import ascii_host
from console.ports import Clock, ProbeRequest
from console.readiness.model import LiveOutcome, LiveResult

UPLOAD_NAME = "mtls-console-probe.tmp"
UPLOAD_LIMIT = 256 * 1024 * 1024
NO_DIRECTORY = "/nonexistent/mtls-console"
"""Given where the agent has no CA directory: curl would take the system's own one beside the CA file."""
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
    output = session.run(bootstrap(script), script, request.timeout_seconds * 2 + 20)
    if output.timed_out or output.lost:
        ended = "took too long" if output.timed_out else "lost its connection"
        raise CommandFailed(f"the live handshake {ended}", target=session.device.name, phase="probe")
    return _result(request, records(output.stdout, session.device.name), clock.now())


def _result(request: ProbeRequest, answer: Records, at: datetime) -> LiveResult:
    tool = text(answer, "tool")
    said = answer.get("said", b"").decode("utf-8", "replace")
    if not tool:
        return LiveResult(LiveOutcome.NOT_RUN, error="nothing on the device can test: no curl, no openssl", at=at)
    run = curl_run(said, request.use.protocol == "http") if tool == "curl" else openssl_run(said)
    if run is None:
        why = f"the device's {tool} can't make this handshake"
        return LiveResult(LiveOutcome.NOT_RUN, tool=tool, error=why, raw=plain(said[-500:], 500), at=at)
    failed = ending(run)
    tls = _TLS.search(said)
    return LiveResult(
        LiveOutcome.FAILED if failed else LiveOutcome.OK,
        tool=tool,
        tls=tls[1] if tls else None,
        http_status=run.http_status,
        failed_side=failed.side if failed else None,
        error=failed.error if failed else None,
        raw="\n".join(part for part in (plain(run.said, 500), _note(request, answer)) if part),
        at=at,
    )


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
    upload = min(request.use.upload_bytes or 0, UPLOAD_LIMIT) if request.upload else -1
    user, seconds = quoted(request.agent_user), max(2, int(request.timeout_seconds))
    lines = [f"as_user {user}", 'rec as "$AS"', f"if has curl; then with_curl {user} {upload} {quoted(_curl(request))}"]
    if request.use.protocol != "http":
        head = quoted(_request_head(request, upload))
        lines.append(
            f"elif has openssl; then with_openssl {user} {upload} {seconds} {head} {quoted(_openssl(request))}"
        )
    return "\n".join([*lines, "fi"])


def _url(request: ProbeRequest) -> str:
    use = request.use
    path = f"/{quote(request.directory.strip('/'), safe='/')}/" + (UPLOAD_NAME if request.upload else "")
    return f"{use.protocol}://{_bracketed(use.host)}:{use.port}{path}"


def _bracketed(host: str) -> str:
    """An IPv6 address in its short form: curl shortens the one of the URL before it compares it with --connect-to."""
    bare = host.strip("[]")
    return f"[{ipaddress.ip_address(bare).compressed}]" if ":" in host and is_address(bare) else host


def _curl(request: ProbeRequest) -> str:
    """-q first: no .curlrc. The only user data on the command line are names and paths, as config.ini has them."""
    words = [
        "curl",
        "-q",
        "-g",
        "-s",
        "-S",
        "-v",
        "--noproxy",
        "*",
        "-o",
        "/dev/null",
        "-w",
        "\\nmtls-http %{http_code}\\n",
    ]
    words += [
        "--connect-timeout",
        _seconds(request.timeout_seconds / 2),
        "--max-time",
        _seconds(request.timeout_seconds),
    ]
    if request.use.address:
        words += ["--connect-to", f"{_bracketed(request.use.host)}:{request.use.port}:{request.use.address}"]
    if request.use.protocol != "http":
        words += _curl_tls(request)
    if request.upload:
        words += ["-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", "@-"]
    return " ".join(map(quoted, [*words, _url(request)])) + '; echo "mtls-rc $?"'


def _curl_tls(request: ProbeRequest) -> list[str]:
    words: list[str] = []
    if not request.check_server:
        words.append("-k")
    else:
        if request.ca_file:
            words += ["--cacert", request.ca_file]
        words += ["--capath", request.ca_directory or NO_DIRECTORY]
    if request.client_certificate:
        # A colon would begin a passphrase; curl takes a backslash before it.
        certificate = request.client_certificate.replace("\\", "\\\\").replace(":", "\\:")
        words += ["--cert", certificate, "--cert-type", "PEM"]
        if request.client_key:
            words += ["--key", request.client_key, "--key-type", "PEM"]
        words += ["--pass", ""]
    if request.tls_max:
        words += ["--tls-max", request.tls_max.removeprefix("TLSv")]
    return words


def _openssl(request: ProbeRequest) -> str:
    """s_client finds out by itself whether a file is DER: it is told PEM, as the agent's library reads."""
    use = request.use
    host = use.host.strip("[]")
    words = ["openssl", "s_client", "-connect", use.address or f"{_bracketed(host)}:{use.port}", "-ign_eof"]
    if not is_address(host):
        words += ["-servername", host]
    if request.check_server:
        words += ["-verify_return_error", "-verify_ip" if is_address(host) else "-verify_hostname", host]
        words += ["-CAfile", request.ca_file] if request.ca_file else []
    if request.client_certificate:
        words += ["-cert", request.client_certificate, "-certform", "PEM", "-pass", "pass:"]
        words += ["-key", request.client_key, "-keyform", "PEM"] if request.client_key else []
    if request.tls_max:
        later = {"TLSv1.2": ["-no_tls1_3"], "TLSv1.1": ["-no_tls1_3", "-no_tls1_2"]}
        words += later.get(request.tls_max, [])
    command = f"exec {' '.join(map(quoted, words))}"
    if not request.check_server:
        return command
    # s_client wants a directory that is there; without one it would take the system's own, which 1.1.0 can leave out.
    directory = quoted(request.ca_directory or NO_DIRECTORY)
    return (
        f"if [ -d {directory} ]; then set -- -CApath {directory}; else set -- -no-CApath; fi; "
        f"case `openssl version` in *' '0.*|*' '1.0.*) [ \"$1\" = -CApath ] || shift ;; esac; {command} \"$@\""
    )


def _request_head(request: ProbeRequest, upload: int) -> str:
    """A printf format: percent signs of the path are doubled."""
    path = _url(request).split("/", 3)[3]
    lines = [f"{'PUT' if request.upload else 'GET'} /{path} HTTP/1.1", f"Host: {request.use.host}", "Connection: close"]
    if request.upload:
        lines.append(f"Content-Length: {upload}")
    return "".join(line.replace("%", "%%") + "\\r\\n" for line in [*lines, ""])


def _seconds(value: float) -> str:
    return str(max(1, int(value)))
