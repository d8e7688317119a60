"""The whole lab: laid out, reachable through its fleet.toml alone, and gone again."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from console.errors import ConfigurationError
from console.fleet.loading import load_fleet
from fixtures.lab import device_tools
from fixtures.lab.supervisor import Lab

SPEC = """
[ca.corp]
key = "p256"
[ca.issuing]
issuer = "corp"
key = "p256"
[certificate.b1]
issuer = "issuing"
[certificate.d1]
issuer = "issuing"
usage = ["client"]
key = "p256"
[[beacon]]
name = "b1"
crl = "ca"
check_revocation = true
[[beacon]]
name = "b2"
winrm = "ntlm"
check_issuer = false
listener = "closed"
[[beacon]]
name = "b3"
host = "2001:db8::3"
winrm = "certificate"
[[device]]
name = "d1"
preferences = { AddClientCertificateAndKey = true, "Uploader.CheckServerCertificate" = "False", Where = "{root}/x" }
[[device.use]]
beacon = "b1"
upload_bytes = 1000
[[device.use]]
beacon = "b1"
host = "2001:db8::10"
port = 8443
protocol = "http"
[[device]]
name = "d2"
os = "aix"
login = "password"
user = "flxrasvc"
trust = []
shell = ["/bin/sh"]
config_ini = "raw/config.ini"
files = { "client/" = "raw/", "client/key.pem" = "raw/key" }
[[device]]
name = "d3"
os = "solaris"
seclevel = 1
tls_min = "TLSv1.1"
tls_max = "TLSv1.2"
use = []
"""
RAW = b"\xef\xbb\xbf[ManageSoft\\Common]\r\nSSLCACertificateFile={root}/client/cert.pem\r\n; {root}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    raw = folder / "raw"
    (raw / "certs").mkdir(parents=True)
    (raw / "config.ini").write_bytes(RAW)
    (raw / "key").write_text("key")
    (raw / "key").chmod(0o640)
    (raw / "certs" / "0a1b2c3d.0").symlink_to("root.pem")
    (folder / "spec.toml").write_text(SPEC)
    with Lab.start(folder / "spec.toml", folder / "run") as running:
        yield running


def fleet(lab: Lab) -> dict[str, Any]:
    return tomllib.loads(lab.fleet_file.read_text())


def by_name(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row["name"] == name)


async def run(lab: Lab, device: str, command: str) -> str:
    """Run a command on a device, with what fleet.toml says and nothing else."""
    row = by_name(fleet(lab)["device"], device)
    base = lab.fleet_file.parent
    login: dict[str, Any] = (
        {"password": (base / row["password_file"]).read_text().strip()}
        if "password_file" in row
        else {"client_keys": [str(base / row["key_file"])]}
    )
    options = asyncssh.SSHClientConnectionOptions(
        username=row["user"], known_hosts=str(base / row["known_hosts"]), agent_path=None, config=[], **login
    )
    async with asyncssh.connect(row["host"], row["port"], options=options) as connection:
        result = await connection.run(command, check=True)
    return str(result.stdout)


async def test_a_key_logs_in(lab: Lab) -> None:
    answer = await run(lab, "d1", "pwd; hostname; echo $HOME")
    assert answer.split() == [str(lab.device_dir("d1")), "d1", str(lab.device_dir("d1"))]


async def test_a_password_logs_in_and_uname_answers_for_the_system(lab: Lab) -> None:
    answer = await run(lab, "d2", "uname; uname -rv; uname -a; uname -s -n")
    assert answer.splitlines() == ["AIX", "2 7", "AIX d2 2 7 00F9A1B24C00", "AIX d2"]
    assert (await run(lab, "d3", "uname -sr")).strip() == "SunOS 5.11"


async def test_names_of_the_lab_resolve_on_a_device(lab: Lab) -> None:
    answer = await run(lab, "d1", "getent hosts B1.lab.test; getent ahosts b1.lab.test.; host b2.lab.test")
    assert answer.split() == [
        "127.0.0.1",
        "b1.lab.test",
        "127.0.0.1",
        "STREAM",
        "b1.lab.test",
        "b2.lab.test",
        "has",
        "address",
        "127.0.0.1",
    ]
    assert (await run(lab, "d1", "getent hosts 127.0.0.1 >/dev/null; host no.lab.test || echo none")).endswith("none\n")


def test_a_generated_config_names_files_by_absolute_path(lab: Lab) -> None:
    root = lab.device_dir("d1")
    text = (root / "var/opt/managesoft/etc/config.ini").read_text()
    for name, file in re.findall(r"^(SSL\w+(?:File|Path))=(.*)$", text, re.MULTILINE):
        assert Path(file).is_relative_to(root), name
        assert Path(file).exists(), name
    assert "AddClientCertificateAndKey=True" in text
    assert f"Where={root}/x" in text
    assert "[ManageSoft\\Uploader\\CurrentVersion]\nCheckServerCertificate=False" in text
    port = lab.port("b1")
    assert re.search(rf"Settings\\\{{[0-9A-F-]+\}}\]\nProtocol=https\nHost=b1.lab.test\nPort={port}\n", text)
    assert "Host=2001:db8::10\nPort=8443\nDirectory=ManageSoftRL" in text
    key = root / "var/opt/managesoft/etc/ssl/client.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_raw_files_come_as_they_are(lab: Lab) -> None:
    root = lab.device_dir("d2")
    assert list(root.rglob("config.ini")) == [root / "var/opt/managesoft/etc/config.ini"]
    content = (root / "var/opt/managesoft/etc/config.ini").read_bytes()
    assert content == RAW.replace(b"{root}", os.fsencode(root))
    assert (root / "client/key.pem").read_text() == "key"
    assert stat.S_IMODE((root / "client/key.pem").stat().st_mode) == 0o640
    assert (root / "client/certs/0a1b2c3d.0").readlink() == Path("root.pem")
    assert (root / "var/opt/managesoft/etc/ssl/cert.pem").read_bytes() == b""


def test_the_fleet_file_reaches_everything_by_reference(lab: Lab) -> None:
    content = fleet(lab)
    base = lab.fleet_file.parent
    references = re.findall(r'^(?:\w+_file|known_hosts) = "(.*)"$', lab.fleet_file.read_text(), re.MULTILINE)
    assert all((base / name).is_file() for name in references)
    for file in [base / name for name in references if name.endswith(".password")]:
        assert len(file.read_text().strip()) >= 16
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    winrm = [row["winrm"] for row in content["beacon"]]
    assert [row["authentication"] for row in winrm] == ["basic", "ntlm", "certificate"]
    assert [row.get("beacon_client_check") for row in content["beacon"]] == [None, "documented", None]
    assert "BEGIN" not in lab.fleet_file.read_text()


def test_uses_become_pairs_and_addresses(lab: Lab) -> None:
    content, port = fleet(lab), lab.port("b1")
    pairs = [(row["device"], row["host"], row["port"], row["protocol"], row["upload_bytes"]) for row in content["pair"]]
    assert pairs[:2] == [
        ("d1", "b1.lab.test", port, "https", 1000),
        ("d1", "2001:db8::10", 8443, "http", 0),
    ]
    assert {row["device"] for row in content["pair"]} == {"d1", "d2"}
    assert content["resolve"][f"b1.lab.test:{port}"] == f"127.0.0.1:{port}"
    assert content["resolve"]["[2001:db8::10]:8443"] == "127.0.0.1:8443"
    assert content["resolve"][f"[2001:db8::3]:{lab.port('b3')}"] == f"127.0.0.1:{lab.port('b3')}"
    assert len(load_fleet(lab.fleet_file).pairs) == len(content["pair"])


async def test_openssl_of_a_device_obeys_its_settings(lab: Lab) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    low = (await run(lab, "d3", "openssl ciphers -s -v 'DEFAULT' | wc -l")).strip()
    assert "OPENSSL_CONF" in await run(lab, "d3", "env")
    assert int(low) > 0
    text = (lab.device_dir("d3") / "etc/ssl/openssl.cnf").read_text()
    assert "SECLEVEL=1\nMinProtocol = TLSv1.1\nMaxProtocol = TLSv1.2\n" in text


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_a_device_reaches_its_beacon_with_its_own_files(lab: Lab) -> None:
    """Revocation is checked on this beacon, so its list is served, too."""
    port = lab.port("b1")
    command = (
        "cd var/opt/managesoft/etc/ssl && curl -q -sS --noproxy '*'"
        " --cacert cert.pem --cert client.crt --key client.key"
        f" --connect-to ::127.0.0.1:{port} https://b1.lab.test:{port}/ManageSoftDL/"
    )
    assert (await run(lab, "d1", command)).strip() == "ok"
    for file in (lab.directory / "crl").iterdir():
        file.rename(file.with_suffix(".away"))
    assert "403.13" in await run(lab, "d1", command)
    certificate = lab.pki.certificates["d1"].certificate
    for name in ("corp", "issuing"):
        revoked = {certificate.serial_number: certificate.not_valid_before_utc}
        (lab.directory / "crl" / f"{name}.crl").write_bytes(lab.pki.revocation_list(name, revoked))
    assert "403.13" in await run(lab, "d1", command)
    for file in (lab.directory / "crl").glob("*.away"):
        file.rename(file.with_suffix(".crl"))
    assert (await run(lab, "d1", command)).strip() == "ok"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_an_old_device_speaks_no_newer_tls(lab: Lab) -> None:
    port = lab.port("b3")
    answer = await run(lab, "d3", f"curl -q -kv --noproxy '*' https://127.0.0.1:{port}/ 2>&1 || true")
    assert "TLSv1.3" not in re.sub(r".*\(OUT\).*|.*offers.*", "", answer)


def spec_file(folder: Path, text: str) -> Path:
    file = folder / "spec.toml"
    file.write_text(text)
    return file


def test_a_stopped_lab_leaves_its_ports_and_can_be_started_again(tmp_path: Path) -> None:
    file = spec_file(tmp_path, '[[beacon]]\nname = "b1"\n[[device]]\nname = "d1"\n')
    for _ in range(2):
        with Lab.start(file, tmp_path / "run") as lab:
            port = lab.port("b1")
        lab.close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = spec_file(tmp_path, '[[beacon]]\nname = "b1"\n')
    (tmp_path / "run" / "devices").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="no lab made"):
        Lab.start(file, tmp_path / "run")


def test_a_clock_without_libfaketime_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_tools, "LIBRARY_FOLDERS", (str(tmp_path),))
    file = spec_file(tmp_path, '[[device]]\nname = "d1"\nclock = "+1d"\n')
    with pytest.raises(ConfigurationError, match="libfaketime"):
        Lab.start(file, tmp_path / "run")


async def test_a_device_has_a_clock_of_its_own(tmp_path: Path) -> None:
    try:
        device_tools.faked_clock(1)
    except ConfigurationError:
        pytest.skip("needs libfaketime")
    file = spec_file(tmp_path, '[[device]]\nname = "d1"\nclock = "1999-12-31"\n')
    with Lab.start(file, tmp_path / "run") as lab:
        assert (await run(lab, "d1", "date -u +%Y-%m-%d")).strip() == "1999-12-31"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, which may give files away")
def test_the_agents_user_owns_agent_files_and_not_raw_ones(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key")
    (tmp_path / "key").chmod(0o600)
    file = spec_file(tmp_path, '[[device]]\nname = "d1"\nrun_as = "nobody"\nfiles = { "client/key" = "key" }\n')
    nobody = pwd.getpwnam("nobody").pw_uid
    with Lab.start(file, tmp_path / "run") as lab:
        root = lab.device_dir("d1")
        assert root.stat().st_uid == nobody
        assert (root / "var/opt/managesoft/etc/config.ini").stat().st_uid == nobody
        assert (root / "client/key").stat().st_uid == 0
        assert stat.S_IMODE((root / "client/key").stat().st_mode) == 0o600
        assert by_name(fleet(lab)["device"], "d1")["agent_user"] == "nobody"


@pytest.mark.skipif(shutil.which("sshd", path="/usr/sbin:/usr/bin") is None, reason="needs openssh-server")
async def test_openssh_serves_the_same_device(tmp_path: Path) -> None:
    file = spec_file(tmp_path, '[[device]]\nname = "d1"\nos = "aix"\n')
    with Lab.start(file, tmp_path / "run", sshd=True) as lab:
        answer = await run(lab, "d1", "uname; pwd; echo \"$HOME\"; cat <<'E'\na 'quoted' \"text\"\nE")
        root = str(lab.device_dir("d1"))
        assert answer.splitlines() == ["AIX", root, root, "a 'quoted' \"text\""]
        pids = [row["pid"] for row in _state(lab)["devices"].values()]
    assert all(subprocess.run(["kill", "-0", str(pid)], capture_output=True).returncode for pid in pids)


@pytest.mark.skipif(shutil.which("sshd", path="/usr/sbin:/usr/bin") is None, reason="needs openssh-server")
async def test_beside_openssh_a_device_with_a_password_keeps_the_labs_own_server(tmp_path: Path) -> None:
    file = spec_file(tmp_path, '[[device]]\nname = "d1"\n[[device]]\nname = "d2"\nlogin = "password"\nuser = "ops"\n')
    with Lab.start(file, tmp_path / "run", sshd=True) as lab:
        assert [(await run(lab, name, "pwd")).strip() for name in ("d1", "d2")] == [
            str(lab.device_dir("d1")),
            str(lab.device_dir("d2")),
        ]
        assert by_name(fleet(lab)["device"], "d2")["user"] == "ops"
        assert _state(lab)["devices"]["d2"]["pid"] == os.getpid() != _state(lab)["devices"]["d1"]["pid"]


def _state(lab: Lab) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((lab.directory / "state.json").read_text())
    return state
