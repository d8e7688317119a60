"""A case's two snapshots made straight from its folder, as collector, WinRM and hello would see it. No sockets.

The fast half of the proof; the other half runs the same cases through the lab. Nothing here decides what happens.
"""

from __future__ import annotations

import hashlib
import re
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from console.agent.document import ConfigDocument
from console.agent.preferences import effective_tls
from console.agent.profile import AgentProfile
from console.agent.snapshot import (
    DeviceSnapshot,
    DirectoryFact,
    FileFact,
    FileState,
    KeyFact,
    NameFact,
    TlsStack,
)
from console.fleet.model import BeaconClientCheck, Policy
from console.iis.server import CertificateMapping, ReadAhead, RequestLimit, ServerFacts
from console.iis.snapshot import (
    AccessSetting,
    BeaconSnapshot,
    Binding,
    Hello,
    HelloOutcome,
    HttpSysRecord,
    Schannel,
    Site,
    StoreCertificate,
)
from console.readiness.model import PairInput, PairUse
from tests.truth.corpus import TruthCase

NOW = datetime.now(UTC)
_VERSIONS = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
_SITE = "Default Web Site"


def pair_input(case: TruthCase) -> PairInput:
    url = urlsplit(case.client["url"])
    host = url.hostname or ""
    if url.netloc.rstrip("]").split(":")[0].endswith(".") and not host.endswith("."):
        host += "."
    port = url.port or (443 if url.scheme == "https" else 80)
    use = PairUse("device", "beacon", host, port, url.scheme, case.client["upload_bytes"], "127.0.0.1:44300")
    lenient = not case.server.get("check_issuer", True)
    return PairInput(
        use=use,
        device=device_snapshot(case, host),
        beacon=beacon_snapshot(case, host, port),
        profile=AgentProfile.load(),
        policy=Policy(),
        client_check=BeaconClientCheck.DOCUMENTED if lenient else BeaconClientCheck.OBSERVED,
        now=NOW,
    )


def file_fact(root: Path, path: str, closed: bool = False) -> FileFact:
    place = root / path
    if place.is_symlink() and not place.exists():
        return FileFact(path, FileState.DANGLING)
    if not place.exists():
        return FileFact(path, FileState.MISSING)
    if place.is_dir():
        return FileFact(path, FileState.DIRECTORY)
    data = place.read_bytes()
    shown = data if b"-----BEGIN" in data and b"CERTIFICATE" in data else (b"" if not data else None)
    if shown is not None:
        shown = re.sub(rb"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END)", rb"\1\n\2", shown, flags=re.DOTALL)
    mode = stat.S_IMODE(place.stat().st_mode)
    return FileFact(
        path,
        FileState.PRESENT,
        mode=mode,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        content=shown,
        head=data[:4],
        readable_by_agent=not closed,
        unreadable_because=f"{path} -rw------- root root" if closed else "",
    )


def key_fact(root: Path, path: str, closed: bool) -> KeyFact:
    fact = file_fact(root, path, closed)
    fact = FileFact(
        path, fact.state, fact.mode, size=fact.size, head=fact.head, readable_by_agent=fact.readable_by_agent
    )
    if fact.state is not FileState.PRESENT:
        return KeyFact(fact)
    data = (root / path).read_bytes()
    labels = tuple(label.decode() for label in re.findall(rb"^-----BEGIN ([A-Z0-9 ]+)-----\s*$", data, re.MULTILINE))
    encrypted = any("ENCRYPTED" in label for label in labels) or b"Proc-Type: 4,ENCRYPTED" in data
    shown = subprocess.run(
        [
            "openssl",
            "pkey",
            "-inform",
            "PEM",
            "-in",
            str(root / path),
            "-pubout",
            "-outform",
            "DER",
            "-passin",
            "pass:",
        ],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    spki = hashlib.sha256(shown.stdout).hexdigest() if shown.returncode == 0 and shown.stdout else ""
    return KeyFact(fact, labels, encrypted, spki, "openssl pkey")


def device_snapshot(case: TruthCase, host: str) -> DeviceSnapshot:
    root = case.directory
    config = (root / "client" / "config.ini").read_bytes()
    document = ConfigDocument.parse(config)
    files: dict[str, FileFact] = {}
    directories: dict[str, DirectoryFact] = {}
    keys: dict[str, KeyFact] = {}
    closed = bool(case.client.get("run_as"))
    for component in ("Launcher", "Tracker", "Uploader"):
        tls = effective_tls(document, AgentProfile.load(), component)
        for path in (tls.ca_file, tls.client_certificate):
            if path:
                files[path] = file_fact(root, path)
        if tls.ca_directory:
            directories[tls.ca_directory] = _directory(root, tls.ca_directory)
        if tls.client_key:
            keys[tls.client_key] = key_fact(root, tls.client_key, closed)
    level = case.client.get("seclevel", 2)
    clock = case.client.get("clock")
    return DeviceSnapshot(
        device="device",
        taken_at=NOW,
        clock=datetime.strptime(clock, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if clock else NOW,
        system="Linux",
        release="6.1",
        hostname="device",
        login="root",
        agent_user=case.client.get("run_as", "root"),
        agent_user_source="fleet file",
        agent_version="",
        config=FileFact("client/config.ini", FileState.PRESENT, content=config, readable_by_agent=True),
        files=tuple(files.values()),
        directories=tuple(directories.values()),
        keys=tuple(keys.values()),
        tls=TlsStack(
            openssl="OpenSSL 3.0.19 27 Jan 2026",
            curl="curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.19",
            security_level=level,
            security_level_source="openssl.cnf",
            tls_min=_VERSIONS.get(case.client.get("tls_min", ""), ""),
            tls_max=_VERSIONS.get(case.client.get("tls_max", ""), ""),
        ),
        names=(NameFact(host, ("192.0.2.10",)),),
    )


def _directory(root: Path, path: str) -> DirectoryFact:
    place = root / path
    if not place.is_dir():
        # An empty folder that the corpus names isn't kept by every copy of it.
        state = FileState.PRESENT if path.startswith("client/") else FileState.MISSING
        return DirectoryFact(path, state)
    entries = tuple(file_fact(root, f"{path}/{name.name}") for name in sorted(place.iterdir()))
    return DirectoryFact(path, FileState.PRESENT, entries)


def _ders(path: Path) -> tuple[bytes, ...]:
    data = path.read_bytes()
    if not data.strip():
        return ()
    return tuple(cert.public_bytes(Encoding.DER) for cert in x509.load_pem_x509_certificates(data))


def beacon_snapshot(case: TruthCase, host: str, port: int) -> BeaconSnapshot:
    server = case.server
    bindings = server["bindings"]
    mode = {"Ignore": (), "Accept": ("SslNegotiateCert",), "Require": ("SslNegotiateCert", "SslRequireCert")}
    plain = bindings[0]["protocol"] != "https"
    flags = mode[server["client_cert"]] if plain else ("Ssl", *mode[server["client_cert"]])
    certificates = [
        StoreCertificate(store, hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(), der)
        for store, name in (("Root", "trust_roots"), ("CA", "intermediates"))
        for der in _ders(case.directory / server[name])
    ]
    records: list[HttpSysRecord] = []
    site_bindings: list[Binding] = []
    for binding in bindings:
        site_bindings.append(_binding(binding))
        if binding["protocol"] != "https":
            continue
        leaf = _ders(case.directory / binding["chain"])[0]
        thumbprint = hashlib.sha1(leaf, usedforsecurity=False).hexdigest().upper()
        certificates.append(StoreCertificate("My", thumbprint, leaf, has_key=True))
        records.append(
            HttpSysRecord(
                kind="hostnameport" if binding["sni"] else "ipport",
                key=f"{binding['host']}:44300" if binding["sni"] else "0.0.0.0:44300",
                certhash=thumbprint,
                verifyclientcertrevocation=False,
                clientcertnegotiation=server["negotiate"] == "initial" and server["client_cert"] != "Ignore",
            )
        )
    return BeaconSnapshot(
        beacon="beacon",
        taken_at=NOW,
        clock=NOW,
        computer="BEACON",
        os_build=20348,
        powershell="5.1",
        elevated=True,
        features=(),
        sites=(Site(_SITE, 1, "Started", tuple(site_bindings)),),
        access=(AccessSetting(_SITE, tuple(sorted(flags)), explicit=True),),
        httpsys=tuple(records),
        certificates=tuple(certificates),
        schannel=Schannel(),
        upload_read_ahead=server["upload_read_ahead"],
        config_sha256="",
        hellos=(_hello(case, host, port),),
        server=_server_facts(server["upload_read_ahead"]),
    )


def _server_facts(read_ahead: int) -> ServerFacts:
    """As IIS has it by default, which no case of the corpus changes."""
    folders = (_SITE, f"{_SITE}/ManageSoftRL")
    return ServerFacts(
        unlocked=(),
        request_limits=tuple(RequestLimit(folder, 30_000_000) for folder in folders),
        read_ahead=tuple(ReadAhead(folder, read_ahead) for folder in folders),
        mappings=(CertificateMapping(_SITE, enabled=False, entries=0, active_directory=False),),
    )


def _binding(binding: dict[str, Any]) -> Binding:
    return Binding(_SITE, binding["protocol"], binding["ip"], 44300, binding["host"], int(binding["sni"]))


def _hello(case: TruthCase, host: str, port: int) -> Hello:
    server = case.server
    first = server["bindings"][0]["protocol"]
    bare = Hello(host, port, "127.0.0.1:44300", NOW, HelloOutcome.RESET)
    if first == "closed":
        return replace(bare, outcome=HelloOutcome.REFUSED)
    if first == "http":
        return replace(bare, outcome=HelloOutcome.PLAIN_HTTP)
    named = re.fullmatch(r"[\d.]+|.*:.*", host) is None
    wanted = host.rstrip(".").lower()
    exact = [b for b in server["bindings"] if b["sni"] and named and b["host"].lower() == wanted]
    chosen = (exact or [b for b in server["bindings"] if not b["sni"]] or [None])[0]
    if chosen is None:
        return bare
    spoken = [n for v, n in _VERSIONS.items() if float(server["tls_min"]) <= float(v) <= float(server["tls_max"])]
    return replace(
        bare,
        outcome=HelloOutcome.TLS,
        versions=tuple(spoken),
        chain=_ders(case.directory / chosen["chain"]),
        asks_client_certificate=server["negotiate"] == "initial" and server["client_cert"] != "Ignore",
    )
