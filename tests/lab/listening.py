"""A beacon from a SPEC, served without WinRM or devices, and curl as the client."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fixtures.lab.beacon_layout import BeaconLayout
from fixtures.lab.iis_directory import IisDirectory
from fixtures.lab.listener import Listeners, reserve_port
from fixtures.lab.pki import Pki
from fixtures.lab.spec_reader import read_spec

AUTHORITIES = """
[ca.corp]
key = "p256"
[ca.issuing]
issuer = "corp"
key = "p256"
[ca.other]
key = "p256"
"""
CERTIFICATES = (
    AUTHORITIES
    + """
[certificate.b1]
issuer = "issuing"
key = "p256"
[certificate.d1]
issuer = "issuing"
usage = ["client"]
key = "p256"
"""
)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    """curl's exit code."""
    status: int
    body: str
    error: str


@dataclass(frozen=True, slots=True)
class Served:
    directory: IisDirectory
    port: int
    folder: Path
    """ca.pem, NAME.pem (leaf, then intermediates) and NAME.key of every certificate."""

    def curl(
        self,
        *options: str,
        host: str = "b1.lab.test",
        path: str = "/ManageSoftDL/x",
        client: str = "",
        scheme: str = "https",
        openssl_conf: Path | None = None,
    ) -> Reply:
        """GET unless the options say otherwise; `client`: the certificate to show."""
        certificate = ["--cert", f"{self.folder}/{client}.pem", "--key", f"{self.folder}/{client}.key"]
        command = [
            *("curl", "-q", "-sS", "--noproxy", "*", "--max-time", "20", "-w", "\n%{http_code}"),
            *("--cacert", f"{self.folder}/ca.pem", "--connect-to", f"::127.0.0.1:{self.port}"),
            *(certificate if client else ()),
            *options,
            f"{scheme}://{host}:{self.port}{path}",
        ]
        environment = os.environ | ({"OPENSSL_CONF": str(openssl_conf)} if openssl_conf else {})
        done = subprocess.run(command, capture_output=True, check=False, timeout=30, env=environment)
        body, _, status = done.stdout.decode().rpartition("\n")
        return Reply(done.returncode, int(status or 0), body, done.stderr.decode())

    def set_record(self, **changes: object) -> None:
        """Edit every http.sys record, as a person with an editor would."""
        self.directory.save_httpsys(
            [replace(record, **changes) for record in self.directory.httpsys()]  # type: ignore[arg-type]
        )

    def set_access(self, *flags: str, location: str = "Default Web Site") -> None:
        document = self.directory.configuration()
        document.set_access(location, flags)
        self.directory.save_configuration(document)


def serve(folder: Path, spec_text: str, listeners: Listeners, extra: str = "") -> Served:
    """Serve the SPEC's first beacon. `extra` is added to `[[beacon]] name = "b1"`."""
    spec_file = folder / "spec.toml"
    spec_file.write_text(f'{spec_text}\n[[beacon]]\nname = "b1"\n{extra}')
    spec = read_spec(spec_file)
    pki = Pki(spec)
    reserved = reserve_port()
    port = reserved.getsockname()[1]
    beacon = spec.beacons[0]
    directory = BeaconLayout(spec, beacon, pki, folder / "beacons" / beacon.name, port, "admin").write()
    (folder / "ca.pem").write_bytes(pki.bundle(spec.roots()))
    for name, issued in pki.certificates.items():
        (folder / f"{name}.pem").write_bytes(issued.pem + pki.bundle(spec.own_intermediates(name)))
        (folder / f"{name}.key").write_bytes(issued.key_pem)
    listeners.add(directory.path, reserved)
    return Served(directory, port, folder)
