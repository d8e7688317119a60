"""The device's own OpenSSL and curl as the collector saw them: versions, security level, protocol limits."""

from __future__ import annotations

import re

from adapters.ssh.facts import Records, text
from console.agent.snapshot import TlsStack

_VERSION = re.compile(r"OpenSSL (\d+)\.(\d+)")
_LEVEL = re.compile(r"@SECLEVEL=([0-5])")
_FLAG = re.compile(r"TLS_SECURITY_LEVEL=([0-5])")


def tls_stack(records: Records) -> TlsStack:
    version = text(records, "openssl.version")
    settings = system_default(records.get("openssl.conf", b"").decode("utf-8", "replace"))
    cipher_string = settings.get("cipherstring", "")
    level, source = _level(version, text(records, "openssl.flags"), cipher_string, text(records, "openssl.conf-path"))
    return TlsStack(
        openssl=version,
        curl=text(records, "curl.version"),
        security_level=level,
        security_level_source=source,
        tls_min=_protocol(settings.get("minprotocol", "")),
        tls_max=_protocol(settings.get("maxprotocol", "")),
        cipher_string=cipher_string[:200],
    )


def _level(version: str, flags: str, cipher_string: str, conf: str) -> tuple[int | None, str]:
    """openssl.cnf decides, else what the build was told, else what that version has built in."""
    if match := _LEVEL.search(cipher_string):
        return int(match[1]), f"CipherString in {conf}"
    if match := _FLAG.search(flags):
        return int(match[1]), "openssl version -f"
    if match := _VERSION.match(version):
        number = (int(match[1]), int(match[2]))
        if number >= (3, 2):
            return 2, "built-in default of OpenSSL 3.2 and later"
        if number >= (1, 1):
            return 1, "built-in default of OpenSSL 1.1.0 to 3.1"
        return 0, "OpenSSL before 1.1.0 has no levels"
    return None, ""


def system_default(conf: str) -> dict[str, str]:
    """Settings of the section that `openssl_conf` → `ssl_conf` → `system_default` leads to, keys in lower case."""
    sections: dict[str, dict[str, str]] = {"": {}}
    current = sections[""]
    for line in conf.splitlines():
        line = line.split("#", 1)[0].strip()
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1].strip(), {})
        elif "=" in line:
            key, _, value = line.partition("=")
            current[key.strip().lower()] = value.strip().strip("\"'")
    section = sections[""]
    for key in ("openssl_conf", "ssl_conf", "system_default"):
        section = sections.get(section.get(key, "\0"), {})
    return section


def _protocol(value: str) -> str:
    """`TLSv1.2` form; None, DTLS and nonsense: empty."""
    return value if re.fullmatch(r"TLSv1(\.[0-3])?", value) else ""
