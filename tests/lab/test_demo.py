"""The demo's fleet by real handshakes, judged by curl alone: what is meant to work does, the rest fails as meant."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import fixtures.lab
from fixtures.lab.spec import DeviceSpec, UseSpec
from fixtures.lab.supervisor import Lab
from tests.lab.listening import needs_curl

pytestmark = needs_curl
DEMO = Path(fixtures.lab.__file__).parent / "demo.toml"
OUTCOMES = {
    ("web01", "hq.lab.test"): "200",
    ("web01", "plant.lab.test"): "200",
    ("web01", "branch.lab.test"): "reset",
    ("aix01", "hq.lab.test"): "200",
    ("aix01", "plant-old.lab.test"): "certificate has expired",
    ("sol01", "plant.lab.test"): "200",
    ("sol01", "plant-dmz.lab.test"): "unable to get local issuer certificate",
    ("db01", "hq.lab.test"): "200",
    ("db01", "plant-mail.lab.test"): "purpose",
    ("app01", "hq.lab.test"): "403.7",
    ("app02", "hq.lab.test"): "403.17",
    ("app03", "hq.lab.test"): "unable to get local issuer certificate",
    ("app04", "hq.lab.test"): "403.16",
    ("app05", "hq.lab.test"): "403.16",
    ("app06", "beacon.lab.test"): "no alternative certificate subject name matches",
    ("hpux01", "hq.lab.test"): "unable to set private key file",
    ("mac01", "hq.lab.test"): "reset",
}
"""What the Uploader meets: a status, or words of curl's error."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.start(DEMO, tmp_path_factory.mktemp("demo") / "run") as lab:
        yield lab


def upload(lab: Lab, device: DeviceSpec, use: UseSpec) -> str:
    """One request as the Uploader would make it, from the device's own config.ini."""
    text = (lab.device_dir(device.name) / "var/opt/managesoft/etc/config.ini").read_text()
    settings = dict(line.split("=", 1) for line in text.splitlines() if line.startswith("SSL"))
    overridden = "[ManageSoft\\Uploader\\CurrentVersion]\nAddClientCertificateAndKey=False" in text
    files = ["--cert", settings["SSLClientCertificateFile"], "--key", settings["SSLClientPrivateKeyFile"]]
    port = lab.port(use.beacon)
    command = [
        *("curl", "-q", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", settings["SSLCACertificateFile"]),
        *([] if overridden else files),
        *("-X", "PUT", "--data-binary", "x" * 100, "--connect-to", f"::127.0.0.1:{port}", "-w", "%{http_code}"),
        f"{use.protocol}://{use.host}:{port}/ManageSoftRL/Inventories/x.ndi",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr


def test_every_pair_ends_as_it_is_meant_to(demo: Lab) -> None:
    seen = set()
    for device in demo.spec.devices:
        for use in device.uses:
            seen.add((device.name, use.host))
            assert OUTCOMES[device.name, use.host] in upload(demo, device, use), (device.name, use.host)
    assert seen == set(OUTCOMES)


def test_there_are_enough_of_both_kinds() -> None:
    assert sum(outcome == "200" for outcome in OUTCOMES.values()) >= 4
    assert sum(outcome != "200" for outcome in OUTCOMES.values()) >= 10
