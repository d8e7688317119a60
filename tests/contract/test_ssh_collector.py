"""collect.sh on every shell: the same facts, hostile content, and never a private key."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from adapters.ssh.facts import Who, directory_fact, file_fact, key_fact
from adapters.ssh.permissions import Account
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.text import quoted
from console.agent.snapshot import DeviceSnapshot, FileState
from tests.contract.ssh_places import SHELLS, Place, place, tools

ROOT = Who(Account("root", 0, frozenset({0})), Account("root", 0, frozenset({0})))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Material:
    certificate: bytes
    key: bytes
    encrypted: bytes
    legacy: bytes
    der: bytes
    spki: str


@pytest.fixture(scope="module")
def material() -> Material:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "d1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    password = BestAvailableEncryption(b"secret")
    return Material(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password),
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, password),
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        hashlib.sha256(public).hexdigest(),
    )


@dataclass(frozen=True)
class Shell:
    path: str

    def ask(self, main: str) -> dict[str, bytes]:
        script = whole(library("common.sh"), library("collect.sh"), main)
        done = subprocess.run(
            ["/bin/sh", "-c", bootstrap(script)],
            input=script,
            capture_output=True,
            timeout=60,
            check=False,
            env={"PATH": self.path, "HOME": "/"},
        )
        assert done.stderr == b""
        assert done.returncode == 0
        return records(done.stdout, "d1")


@pytest.fixture(params=list(SHELLS))
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    own = tools(tmp_path / "bin", SHELLS[request.param])
    return Shell(f"{own}:{os.environ.get('PATH', os.defpath)}")


def body(pem: bytes) -> list[bytes]:
    return [line for line in pem.splitlines() if line and not line.startswith((b"-----", b"Proc", b"DEK"))]


def test_states_of_files(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    odd = tmp_path / "it's a $(reboot) `name` ; é"
    odd.write_bytes(b"x")
    cases = {
        str(tmp_path / "empty"): FileState.PRESENT,
        str(tmp_path / "absent"): FileState.MISSING,
        str(tmp_path / "absent/deeper/still"): FileState.MISSING,
        str(tmp_path / "dangling"): FileState.DANGLING,
        str(tmp_path): FileState.DIRECTORY,
        str(tmp_path / "pipe"): FileState.SPECIAL,
        str(odd): FileState.PRESENT,
        '"/quoted/path"': FileState.MISSING,
    }
    answer = shell.ask("\n".join(f"file file.{n} {quoted(path)} pem 1000" for n, path in enumerate(cases)))
    found = {path: file_fact(answer, f"file.{n}", path, ROOT).state for n, path in enumerate(cases)}
    assert found == cases


def test_what_lies_beside_a_missing_file_is_named(shell: Shell, tmp_path: Path) -> None:
    """Names alone, eight at most; none of a directory that can't be looked into, none where the file is there."""
    home = tmp_path / "it's a $(reboot) home"
    home.mkdir()
    for name in ("client.key", "a b;c.PEM", "client.crt", "notes.txt", "-n.key"):
        (home / name).write_bytes(b"x")
    (home / "folder.key").mkdir()
    many = tmp_path / "many"
    many.mkdir()
    for number in range(20):
        (many / f"{number:02}.pem").touch()
    (tmp_path / "lone").mkdir()
    (tmp_path / "lone/link").symlink_to(tmp_path / "absent")
    cases = {
        str(home / "private.key"): ("-n.key", "client.key", "client.crt", "a b;c.PEM"),
        str(many / "x.pem"): tuple(f"{number:02}.pem" for number in range(8)),
        str(tmp_path / "lone/link"): (),
        str(tmp_path / "nowhere/x.key"): (),
        str(home / "client.crt"): (),
    }
    lines = [f"key key.{n} {quoted(path)}" for n, path in enumerate(cases)]
    lines += [f"file file.{n} {quoted(path)} pem 1000" for n, path in enumerate(cases)]
    answer = shell.ask("\n".join([*lines, f"file config {quoted(str(home / 'absent.ini'))} config 1000"]))
    for number, (path, beside) in enumerate(cases.items()):
        assert file_fact(answer, f"file.{number}", path, ROOT).beside == beside
        assert key_fact(answer, f"key.{number}", path, ROOT).file.beside == beside
    assert "config.beside" not in answer


def test_a_certificate_file_comes_byte_for_byte(shell: Shell, material: Material, tmp_path: Path) -> None:
    contents = [
        material.certificate,
        material.certificate.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf# comment\n\n" + material.certificate + b"no final line end",
        material.certificate + b"\n\n" + material.certificate,
    ]
    for number, content in enumerate(contents):
        (tmp_path / f"c{number}").write_bytes(content)
    answer = shell.ask("\n".join(f"file file.{n} {tmp_path}/c{n} pem 100000" for n in range(len(contents))))
    for number, content in enumerate(contents):
        fact = file_fact(answer, f"file.{number}", "p", ROOT)
        assert fact.content == content
        assert fact.sha256 == hashlib.sha256(content).hexdigest()
        assert fact.head == content[:4]
        assert fact.size == len(content)


def test_a_private_key_never_comes(shell: Shell, material: Material, tmp_path: Path) -> None:
    key, certificate = material.key, material.certificate
    one_line = b"".join(key.splitlines())
    variants = {
        "after": certificate + key,
        "before": key + certificate,
        "between": key + certificate + material.legacy + material.encrypted,
        "glued": certificate.rstrip() + key.rstrip() + key.rstrip() + certificate,
        "one-line": certificate + one_line + b"\n",
        "no-end": certificate + key[: key.index(b"-----END")],
        "cr-only": (certificate + key).replace(b"\n", b"\r"),
        "crlf": (key + certificate).replace(b"\n", b"\r\n"),
        "mangled": certificate + key.replace(b"-----BEGIN", b"----BEGIN").replace(b"-----END", b"----END"),
        "mislabelled": certificate + key.replace(b"PRIVATE KEY", b"SECRET THING"),
        "unlabelled": certificate + b"\n".join(body(key)) + b"\n",
        "inside": certificate.replace(b"-----END", b"----- PRIVATE KEY\n" + b"\n".join(body(key)) + b"\n-----END"),
    }
    folder = tmp_path / "dir"
    folder.mkdir()
    for name, content in variants.items():
        (folder / f"{name}.pem").write_bytes(content)
    main = "\n".join(f"file file.{n} {folder}/{name}.pem pem 100000" for n, name in enumerate(variants))
    answer = shell.ask(f"{main}\ndirectory dir.0 {folder} 100\nkey key.0 {folder}/after.pem")
    everything = b"\n".join(answer.values())
    for line in body(key) + body(material.legacy) + body(material.encrypted):
        assert line not in everything
        assert line[:40] not in everything
    for number, (name, content) in enumerate(variants.items()):
        fact = file_fact(answer, f"file.{number}", name, ROOT)
        assert fact.sha256 == hashlib.sha256(content).hexdigest(), "of the whole file"
        if name not in ("inside",):
            assert fact.content is not None
            assert certificate.strip().replace(b"\n", b"") in fact.content.replace(b"\r", b"").replace(b"\n", b""), name


def test_config_ini_comes_whole_but_for_a_labelled_key(shell: Shell, material: Material, tmp_path: Path) -> None:
    plain = b"[a]\nSSLCACertificateFile=/" + b"very/long/path/" * 12 + b"\n\x00\xff odd\r\n" + b"QUJD" * 30
    (tmp_path / "plain").write_bytes(plain)
    (tmp_path / "key").write_bytes(b"[a]\n" + material.key + b"b=c\n")
    answer = shell.ask(f"file file.0 {tmp_path}/plain config 9999\nfile file.1 {tmp_path}/key config 9999")
    assert file_fact(answer, "file.0", "p", ROOT).content == plain
    redacted = b"[a]\n-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\nb=c\n"
    assert file_fact(answer, "file.1", "p", ROOT).content == redacted


def test_what_is_no_certificate_file_is_not_sent(shell: Shell, material: Material, tmp_path: Path) -> None:
    variants = [material.key, material.der, b"", b"root:x:0:0", material.certificate.decode().encode("utf-16")]
    for number, content in enumerate(variants):
        (tmp_path / f"f{number}").write_bytes(content)
    answer = shell.ask("\n".join(f"file file.{n} {tmp_path}/f{n} pem 100000" for n in range(len(variants))))
    for number, content in enumerate(variants):
        fact = file_fact(answer, f"file.{number}", "p", ROOT)
        assert fact.content is None
        assert fact.head == content[:4]


def test_a_large_file_is_not_sent(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 2000)
    fact = file_fact(shell.ask(f"file file.0 {tmp_path}/big pem 1999"), "file.0", "big", ROOT)
    assert (fact.state, fact.size, fact.content) == (FileState.TOO_LARGE, 2000, None)


def test_keys_are_described_without_moving_them(shell: Shell, material: Material, tmp_path: Path) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    sec1 = curve.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    curve_spki = hashlib.sha256(
        curve.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()
    cases: dict[str, tuple[bytes, tuple[str, ...], bool | None, str]] = {
        "plain": (material.key, ("PRIVATE KEY",), False, material.spki),
        "bom": (b"\xef\xbb\xbf" + material.key, ("PRIVATE KEY",), False, material.spki),
        "pkcs8": (material.encrypted, ("ENCRYPTED PRIVATE KEY",), True, ""),
        "legacy": (material.legacy, ("RSA PRIVATE KEY",), True, ""),
        "sec1": (sec1, ("EC PRIVATE KEY",), False, curve_spki),
        "der": (material.der, (), None, ""),
        "empty": (b"", (), None, ""),
        "certificate": (material.certificate, ("CERTIFICATE",), None, ""),
    }
    for name, case in cases.items():
        (tmp_path / name).write_bytes(case[0])
        (tmp_path / name).chmod(0o600)
    answer = shell.ask("\n".join(f"key key.{n} {tmp_path}/{name}" for n, name in enumerate(cases)))
    for number, (name, (content, labels, encrypted, spki)) in enumerate(cases.items()):
        fact = key_fact(answer, f"key.{number}", name, ROOT)
        assert fact.file.content is None
        assert (fact.labels, fact.encrypted, fact.spki_sha256) == (labels, encrypted, spki), name
        assert bool(fact.why_unknown) == (not spki)
        assert fact.file.sha256 == hashlib.sha256(content).hexdigest()
        assert fact.file.mode == 0o600


def test_ssh_keygen_stands_in_for_openssl(shell: Shell, material: Material, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for name in (
        "printf",
        "expr",
        "dd",
        "ls",
        "sed",
        "awk",
        "grep",
        "cat",
        "wc",
        "od",
        "ssh-keygen",
        "sha256sum",
        "readlink",
        "cut",
    ):
        program = shutil.which(name)
        if program is None:
            pytest.skip(f"{name} isn't installed")
        (few / name).symlink_to(program)
    (few / "sh").symlink_to(Path(shell.path.split(":")[0]) / "sh")
    (tmp_path / "key").write_bytes(material.key)
    (tmp_path / "key").chmod(0o600)
    main = f"PATH={few}\nkey key.0 {tmp_path}/key\nrm() {{ :; }}\nkey key.1 {tmp_path}/absent"
    fact = key_fact(shell.ask(main), "key.0", "key", ROOT)
    assert (fact.spki_sha256, fact.how) == (material.spki, "ssh-keygen")
    (few / "ssh-keygen").unlink()
    fact = key_fact(shell.ask(main), "key.0", "key", ROOT)
    assert (fact.spki_sha256, fact.how) == ("", "")
    assert "neither openssl nor ssh-keygen" in fact.why_unknown


def test_a_hashed_directory(shell: Shell, material: Material, tmp_path: Path) -> None:
    folder = tmp_path / "certs with blank"
    folder.mkdir()
    (folder / "9d66eef0.0").write_bytes(material.certificate)
    (folder / "root.pem").write_bytes(b"comment\n" + material.certificate)
    (folder / "a=b c.crt").write_bytes(material.certificate)
    (folder / "0123abcd.0").symlink_to("absent")
    (folder / "sub.pem").mkdir()
    (folder / "der.cer").write_bytes(material.der)
    (folder / "empty.pem").touch()
    (folder / "readme.txt").write_bytes(b"no")
    answer = shell.ask(f"directory dir.0 {quoted(str(folder))} 100\ndirectory dir.1 {tmp_path}/absent 100")
    fact = directory_fact(answer, "dir.0", str(folder), ROOT)
    assert fact.state is FileState.DIRECTORY
    assert fact.complete
    entries = {entry.path: entry for entry in fact.entries}
    assert set(entries) == {"9d66eef0.0", "root.pem", "a=b c.crt", "0123abcd.0", "sub.pem", "der.cer", "empty.pem"}
    assert entries["9d66eef0.0"].content == material.certificate
    assert entries["9d66eef0.0"].sha256 == hashlib.sha256(material.certificate).hexdigest()
    assert entries["a=b c.crt"].content == material.certificate
    assert entries["root.pem"].content == b"comment\n" + material.certificate
    assert entries["0123abcd.0"].state is FileState.DANGLING
    assert entries["sub.pem"].state is FileState.DIRECTORY
    assert entries["der.cer"].content is None
    assert entries["empty.pem"].size == 0
    assert directory_fact(answer, "dir.1", "x", ROOT).state is FileState.MISSING
    assert not directory_fact(shell.ask(f"directory d {quoted(str(folder))} 2"), "d", "x", ROOT).complete


def test_names_resolve_or_say_why(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "printf").symlink_to(shutil.which("printf") or "/usr/bin/printf")
    answer = shell.ask(f"resolve name.0 localhost\nPATH={tmp_path}/few\nresolve name.1 localhost")
    assert b"127.0.0.1" in answer["name.0.out"] or b"::1" in answer["name.0.out"]
    assert answer["name.1.how"] == b"none"


@pytest.fixture(params=list(SHELLS))
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with place("asyncssh", tmp_path, SHELLS[request.param]) as made:
        yield made


def test_a_whole_snapshot_and_an_edit_over_ssh(served: Place, material: Material) -> None:
    home = served.home
    (home / "cert.pem").write_bytes(material.certificate)
    (home / "device.crt").write_bytes(material.certificate)
    (home / "device.key").write_bytes(material.key)
    config = (
        f"[ManageSoft\\Common]\nSSLCACertificateFile={home}/cert.pem\nSSLCACertificatePath={home}/certs\n"
        f"SSLClientCertificateFile={home}/device.crt\nSSLClientPrivateKeyFile={home}/device.key\n"
    ).encode()
    served.config.write_bytes(config)
    gateway = served.gateway()
    snapshot = gateway.collect(served.device, [])
    assert isinstance(snapshot, DeviceSnapshot)
    ca = snapshot.file(f"{home}/cert.pem")
    assert ca is not None
    assert ca.content == material.certificate
    assert ca.readable_by_agent is True
    key = snapshot.key(f"{home}/device.key")
    assert key is not None
    assert key.spki_sha256 == material.spki
    directory = snapshot.directory(f"{home}/certs")
    assert directory is not None
    assert directory.state is FileState.MISSING
    assert snapshot.tls.openssl.startswith("OpenSSL")
    assert snapshot.tls.security_level is not None
    gateway.replace_config(served.device, hashlib.sha256(config).hexdigest(), b"[x]\n")
    gateway.restore_config(served.device, hashlib.sha256(b"[x]\n").hexdigest(), hashlib.sha256(config).hexdigest())
    assert served.config.read_bytes() == config
