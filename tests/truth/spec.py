"""A case of the corpus as part of a lab's SPEC: its own beacon and its own device, raw files unchanged."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomli_w

from tests.truth.corpus import TruthCase

_VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
_PATHS = ("SSLCACertificateFile", "SSLCACertificatePath", "SSLClientCertificateFile", "SSLClientPrivateKeyFile")


def names_of(case: TruthCase) -> tuple[str, str]:
    """Names of the case's beacon and device in the lab."""
    return f"b-{case.id.lower()}", f"d-{case.id.lower()}"


def host_of(case: TruthCase) -> str:
    """The host as the device's URL has it, a trailing dot included."""
    place: str = urlsplit(str(case.client["url"])).netloc
    return place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]


def write_spec(cases: list[TruthCase], directory: Path) -> Path:
    """One SPEC for all the cases, with rewritten copies of their files in `directory`."""
    spec: dict[str, list[dict[str, Any]]] = {"beacon": [], "device": []}
    for case in cases:
        beacon, device = case_to_spec(case, directory / case.id)
        spec["beacon"].append(beacon)
        spec["device"].append(device)
    path = directory / "truth.toml"
    path.write_text(tomli_w.dumps(spec))
    return path


def case_to_spec(case: TruthCase, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The beacon's and the device's table; files are copied to `directory`, paths are relative to its parent."""
    for part in ("client", "server"):
        shutil.copytree(case.directory / part, directory / part, symlinks=True)
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    if case.client["prefs"].get("SSLCACertificatePath"):
        (directory / case.client["prefs"]["SSLCACertificatePath"]).mkdir(exist_ok=True)
    _rewrite(directory / "client" / "config.ini")
    if case.client.get("run_as"):
        key = directory / case.client["prefs"]["SSLClientPrivateKeyFile"]
        key.chmod(0o600)
    return _beacon(case, directory.name), _device(case, directory.name)


def _rewrite(config: Path) -> None:
    """Paths of the corpus are relative to the case's folder, the lab's to the device's."""
    text = config.read_text()
    for name in _PATHS:
        text = re.sub(rf'^({name}=)("?)client/', r"\1\2{root}/client/", text, flags=re.MULTILINE)
    config.write_text(text)


def _beacon(case: TruthCase, folder: str) -> dict[str, Any]:
    server = case.server
    first = server["bindings"][0]["protocol"]
    versions = [
        name for v, name in _VERSIONS.items() if float(server["tls_min"]) <= float(v) <= float(server["tls_max"])
    ]
    return {
        "name": names_of(case)[0],
        "host": host_of(case),
        "protocols": versions,
        "client_certificates": server["client_cert"].lower() if first != "http" else "ignore",
        "require_ssl": first != "http",
        "ask": "first-handshake" if server["negotiate"] == "initial" else "late",
        "check_issuer": server.get("check_issuer", True),
        "trusted_file": f"{folder}/{server['trust_roots']}",
        "intermediates_file": f"{folder}/{server['intermediates']}",
        "upload_read_ahead": server["upload_read_ahead"],
        "clock": f"{server['clock_offset_days']:+d}d",
        "listener": {"closed": "closed", "http": "http"}.get(first, "up"),
        "binding": [
            {
                "host": binding["host"],
                "sni": binding["sni"],
                "certificate_files": {"chain": f"{folder}/{binding['chain']}", "key": f"{folder}/{binding['key']}"},
            }
            for binding in server["bindings"]
        ],
    }


def _device(case: TruthCase, folder: str) -> dict[str, Any]:
    beacon, name = names_of(case)
    client = case.client
    table: dict[str, Any] = {
        "name": name,
        "config_ini": f"{folder}/client/config.ini",
        "files": {"client/": f"{folder}/client"},
        "use": [
            {
                "beacon": beacon,
                "host": host_of(case),
                "protocol": urlsplit(client["url"]).scheme,
                "port": "listener",
                "upload_bytes": client["upload_bytes"],
            }
        ],
    }
    if "seclevel" in client:
        table["seclevel"] = client["seclevel"]
    if "clock" in client:
        table["clock"] = client["clock"].replace(" ", "T") + "Z"
    for key in ("tls_min", "tls_max"):
        if key in client:
            table[key] = _VERSIONS[client[key]]
    if client.get("run_as"):
        table["run_as"] = client["run_as"]
    return table
