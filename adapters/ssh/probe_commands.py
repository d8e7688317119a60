"""Command lines of a live handshake: curl's and s_client's, with the agent's effective files."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

from adapters.ssh.names import is_address
from adapters.ssh.text import quoted
from console.ports import ProbeRequest

UPLOAD_LIMIT = 256 * 1024 * 1024
"""Bytes; no request sends more, whatever the fleet file says."""
UPLOAD_NAME = "mtls-console-probe.tmp"
NO_DIRECTORY = "/nonexistent/mtls-console"
"""Given where the agent has no CA directory: curl would take the system's own one beside the CA file."""


def upload_size(request: ProbeRequest) -> int:
    """Bytes of the request's body."""
    return min(request.use.upload_bytes or 0, UPLOAD_LIMIT) if request.upload else 0


def url_of(request: ProbeRequest) -> str:
    use = request.use
    path = f"/{quote(request.directory.strip('/'), safe='/')}/" + (UPLOAD_NAME if request.upload else "")
    return f"{use.protocol}://{_bracketed(use.host)}:{use.port}{path}"


def _bracketed(host: str) -> str:
    """An IPv6 address in its short form: curl shortens the one of the URL before it compares it with --connect-to."""
    bare = host.strip("[]")
    return f"[{ipaddress.ip_address(bare).compressed}]" if ":" in host and is_address(bare) else host


def curl_command(request: ProbeRequest, version: str = "") -> str:
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
        if version:
            number = version.removeprefix("TLSv")
            words += [f"--tlsv{number}", "--tls-max", number]
    if request.upload:
        words += ["-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", "@-"]
    return " ".join(map(quoted, [*words, url_of(request)])) + '; echo "mtls-rc $?"'


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


def openssl_command(request: ProbeRequest, version: str = "") -> str:
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
    if version:
        words.append(f"-{version.lower().removesuffix('.0').replace('v', '').replace('.', '_')}")
    command = f"exec {' '.join(map(quoted, words))}"
    if not request.check_server:
        return command
    # s_client wants a directory that is there; without one it would take the system's own, which 1.1.0 can leave out.
    directory = quoted(request.ca_directory or NO_DIRECTORY)
    return (
        f"if [ -d {directory} ]; then set -- -CApath {directory}; else set -- -no-CApath; fi; "
        f"case `openssl version` in *' '0.*|*' '1.0.*) [ \"$1\" = -CApath ] || shift ;; esac; {command} \"$@\""
    )


def request_head(request: ProbeRequest, upload: int) -> str:
    """A printf format: percent signs of the path are doubled."""
    path = url_of(request).split("/", 3)[3]
    lines = [f"{'PUT' if request.upload else 'GET'} /{path} HTTP/1.1", f"Host: {request.use.host}", "Connection: close"]
    if request.upload:
        lines.append(f"Content-Length: {upload}")
    return "".join(line.replace("%", "%%") + "\\r\\n" for line in [*lines, ""])


def _seconds(value: float) -> str:
    return str(max(1, int(value)))
