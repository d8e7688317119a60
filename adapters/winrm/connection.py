"""A pywinrm Protocol for one beacon: what the fleet file says, nothing of the environment. Contacts nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import certifi
from winrm.protocol import Protocol
from winrm.transport import HAVE_KERBEROS

from adapters.winrm.limits import Limits
from console.errors import ConfigurationError, CredentialError
from console.fleet.model import Beacon, WinrmAddress, WinrmAuthentication


def protocol_for(beacon: Beacon, password: Callable[[], str], limits: Limits) -> Protocol:
    """Raises ConfigurationError (the address can't be used), CredentialError (a file or secret is missing)."""
    address = _checked(beacon)
    certificate = address.authentication is WinrmAuthentication.CERTIFICATE
    by_password = address.authentication in (WinrmAuthentication.BASIC, WinrmAuthentication.NTLM)
    roots = address.ca_file and _existing(address.ca_file, "ca_file", beacon)
    return Protocol(
        endpoint=address.url,
        transport=address.authentication.value,
        username=address.user or None,
        password=password() if by_password else None,
        cert_pem=_existing(address.certificate_file, "certificate_file", beacon) if certificate else None,
        cert_key_pem=_plain_key(address.key_file, beacon) if certificate else None,
        # Always said: pywinrm's default would read REQUESTS_CA_BUNDLE and the environment's proxies.
        ca_trust_path=str(roots or certifi.where()),
        proxy=None,
        server_cert_validation="validate",
        message_encryption="auto" if _over_tls(address) else "always",
        operation_timeout_sec=limits.operation,
        read_timeout_sec=limits.read,
    )


def _checked(beacon: Beacon) -> WinrmAddress:
    address = beacon.winrm
    if address is None:
        raise ConfigurationError("this beacon has no winrm table", target=beacon.name, hint="Add it to the fleet file.")
    encrypts = address.authentication in (WinrmAuthentication.NTLM, WinrmAuthentication.KERBEROS)
    if not _over_tls(address) and not encrypts:
        raise ConfigurationError(
            f"{address.authentication} authentication needs https: {address.url} would carry everything in clear",
            target=beacon.name,
            hint="Give the https URL of the listener, or use ntlm, which encrypts its messages.",
        )
    if address.authentication is WinrmAuthentication.KERBEROS and not HAVE_KERBEROS:
        raise ConfigurationError(
            "winrm.authentication: kerberos needs the package pykerberos, which isn't installed here",
            target=beacon.name,
            hint="pip install 'pywinrm[kerberos]' (it is built with the headers of Kerberos: Debian's libkrb5-dev), "
            "or use ntlm or certificate.",
        )
    if address.authentication in (WinrmAuthentication.BASIC, WinrmAuthentication.NTLM) and not address.user:
        raise CredentialError(
            f"{address.authentication} authentication needs a user",
            target=beacon.name,
            hint="Set winrm.user in the fleet file.",
        )
    return address


def _over_tls(address: WinrmAddress) -> bool:
    return address.url.lower().startswith("https://")


def _plain_key(path: Path | None, beacon: Beacon) -> str:
    key = _existing(path, "key_file", beacon)
    if "ENCRYPTED" in Path(key).read_text("ascii", "replace"):
        # The TLS library would ask for the passphrase on the terminal, in the middle of the screen.
        raise CredentialError(
            f"winrm.key_file: {key} is encrypted",
            target=beacon.name,
            hint="WinRM's certificate authentication needs a key file without passphrase.",
        )
    return key


def _existing(path: Path | None, key: str, beacon: Beacon) -> str:
    if path is None:
        raise CredentialError(f"winrm.{key} is not set", target=beacon.name, hint="Name the file in the fleet file.")
    try:
        with path.open("rb"):
            return str(path)
    except OSError as exc:
        raise CredentialError(
            f"winrm.{key}: {path} can't be read ({exc.strerror})", target=beacon.name, hint="Correct the fleet file."
        ) from exc
