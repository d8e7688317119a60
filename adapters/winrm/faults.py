"""pywinrm's, requests' and spnego's errors in our words: what happened, and what to look at on the server."""

from __future__ import annotations

from xml.etree.ElementTree import ParseError

import requests
from spnego.exceptions import SpnegoError
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

from adapters.winrm.remote_text import clean
from console.errors import CredentialError, WinrmError
from console.fleet.model import Beacon, WinrmAddress

NOT_WSMAN = (ParseError, AssertionError, AttributeError, StopIteration, ValueError, KeyError, IndexError)
"""What pywinrm 0.5.0 raises where an answer isn't the WS-Man that it expects: it asserts and takes `.text`."""
FAULTS = (
    WinRMError,
    WinRMTransportError,
    WinRMOperationTimeoutError,
    requests.RequestException,
    SpnegoError,
    PermissionError,  # requests_ntlm's word for a server that stops challenging in the middle of a login
    *NOT_WSMAN,
)
SHELL_GONE = 2150858843
"""ERROR_WSMAN_INVALID_SELECTORS / shell not found: idle too long, or WinRM was restarted."""

_ACCESS_DENIED = 5
_QUOTAS = {2150859173: "shells", 2150859174: "operations", 2150859175: "users"}
_RIGHTS = (
    "The account must be an administrator of the server. A local account other than the built-in Administrator also "
    "needs LocalAccountTokenFilterPolicy=1 there."
)


class OversizedAnswer(requests.RequestException):
    """An HTTP answer is larger than WS-Man allows, or doesn't say how large it is."""


def shell_is_gone(error: BaseException) -> bool:
    return isinstance(error, WSManFaultError) and error.wsman_fault_code == SHELL_GONE


def translate(error: BaseException, beacon: Beacon, phase: str) -> WinrmError | CredentialError:
    """Names the beacon, what it answered and what to do. Holds no password.

    CredentialError for a refused login: it isn't worth another try, and may lock the account.
    """
    message, hint = _explain(error, beacon)
    kind = CredentialError if isinstance(error, InvalidCredentialsError) else WinrmError
    return kind(message, target=beacon.name, phase=phase, hint=hint)


def _explain(error: BaseException, beacon: Beacon) -> tuple[str, str]:
    assert beacon.winrm is not None  # noqa: S101 - a session is only made for a beacon that has an address
    url = beacon.winrm.url
    match error:
        case InvalidCredentialsError():
            return (
                f"401: the user or password was refused ({beacon.winrm.authentication}, user "
                f"{beacon.winrm.user or 'of the certificate'})",
                f"Check the password reference in the fleet file and that {url} allows this kind of authentication. "
                + _RIGHTS,
            )
        case WSManFaultError():
            return _explain_fault(error)
        case WinRMOperationTimeoutError():
            return "WinRM did not answer in time", "Is the server overloaded? Try again."
        case WinRMTransportError():
            return (
                f"{url} answered with HTTP status {error.code}",
                "Is this really a WinRM listener? `winrm enumerate winrm/config/listener` on the server lists them.",
            )
        case OversizedAnswer():
            return clean(str(error)), "This is not how WinRM answers; look at what listens there."
        case requests.exceptions.SSLError():
            return _explain_tls(_innermost(error), beacon.winrm)
        case requests.exceptions.ConnectTimeout():
            return f"no answer from {url}", "A firewall, a wrong address, or the server is down."
        case requests.exceptions.ReadTimeout():
            return f"{url} accepted the request and never answered", "Is the server overloaded? Try again."
        case requests.exceptions.ConnectionError():
            return (
                f"no connection to {url}: {clean(_innermost(error), 200)}",
                "Is WinRM running there (`winrm quickconfig`), and is the port open from here?",
            )
        case requests.RequestException():
            return f"the request to {url} failed: {clean(str(error), 200)}", "Check the url in the fleet file."
        case SpnegoError():
            return (
                f"authentication with {url} failed: {clean(str(error), 200)}",
                "Check user (DOMAIN\\name or name) and authentication in the fleet file.",
            )
        case PermissionError():
            return (
                f"{url} broke the NTLM login off",
                f"Does {url} allow NTLM (Negotiate)? A proxy in between breaks it.",
            )
        case WinRMError():
            return f"WinRM failed: {clean(str(error), 300)}", ""
        case _:
            return f"{url} answered with something that isn't WS-Man", "Is this really a WinRM listener?"


def _explain_tls(reason: str, address: WinrmAddress) -> tuple[str, str]:
    message = f"TLS with {address.url} failed: {clean(reason, 200)}"
    if "certificate verify failed" not in reason and address.certificate_file is not None:
        return (
            message,
            f"Does the server accept the client certificate {address.certificate_file}? Its root must be known there.",
        )
    trusted = address.ca_file or "the public roots that come with this program"
    return message, (
        f"The listener's certificate must chain to {trusted} and name the URL's host; ca_file in the fleet file names "
        "the roots to trust."
    )


def _explain_fault(fault: WSManFaultError) -> tuple[str, str]:
    reason = clean(fault.reason or "no reason given", 300)
    if fault.wsman_fault_code == _ACCESS_DENIED:
        return f"access denied: {reason}", _RIGHTS
    if fault.wsman_fault_code in _QUOTAS:
        return (
            f"a WinRM quota ({_QUOTAS[fault.wsman_fault_code]} per user) is used up: {reason}",
            "Close other remote sessions of this user, or raise the quota (`winrm get winrm/config/winrs`).",
        )
    return f"WinRM fault {fault.wsman_fault_code or fault.code}: {reason}", ""


def _innermost(error: BaseException) -> str:
    """requests wraps urllib3 wraps ssl or OSError; the last of them says what happened."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        inner = getattr(current, "reason", None) or next(
            (arg for arg in current.args if isinstance(arg, BaseException)), None
        )
        current = inner if isinstance(inner, BaseException) else current.__cause__ or current.__context__
    return str(seen[-1])
