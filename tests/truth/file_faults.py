"""What goes wrong with files on a device: each fault changes one device's own directory, as people do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from OpenSSL import crypto

_SSL = Path("var/opt/managesoft/etc/ssl")


def _rewritten(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        path = root / _SSL / name
        if path.is_file():
            path.write_bytes(change(path.read_bytes()))

    return apply


def _after_second_line(data: bytes, inserted: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([*lines[:2], inserted, *lines[2:]])


def _blocks(data: bytes) -> list[bytes]:
    return [part + b"-----END CERTIFICATE-----\n" for part in data.split(b"-----END CERTIFICATE-----\n")[:-1]]


def _gone(name: str) -> Callable[[Path], None]:
    return lambda root: (root / _SSL / name).unlink(missing_ok=True)


def _openssl(root: Path, name: str, *words: str) -> None:
    path = root / _SSL / name
    if path.is_file():
        done = subprocess.run(["openssl", *words], input=path.read_bytes(), capture_output=True, check=False)
        path.write_bytes(done.stdout)


def _to_directory(root: Path) -> None:
    """The CA file's first certificate moves to the hashed directory; the client's chain stays as CA file."""
    anchors = root / _SSL / "cert.pem"
    blocks = _blocks(anchors.read_bytes())
    try:
        name = crypto.load_certificate(crypto.FILETYPE_PEM, blocks[0]).subject_name_hash() if blocks else None
    except crypto.Error:
        return  # another fault has been at the file
    if name is not None:
        (root / _SSL / "certs").mkdir(exist_ok=True)
        (root / _SSL / "certs" / f"{name:08x}.0").write_bytes(blocks[0])


def _directory_alone(root: Path) -> None:
    _to_directory(root)
    config = root / "var/opt/managesoft/etc/config.ini"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if not line.startswith("SSLCACertificateFile=")))


def _other_key(root: Path) -> None:
    _openssl(root, "client.key", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def _quoted(root: Path) -> None:
    config = root / "var/opt/managesoft/etc/config.ini"
    lines = [
        f'SSLClientPrivateKeyFile="{line.split("=", 1)[1]}"' if line.startswith("SSLClientPrivateKeyFile=") else line
        for line in config.read_text().splitlines()
    ]
    config.write_text("\n".join(lines) + "\n")


FILE_FAULTS: dict[str, Callable[[Path], None]] = {
    "CA file with CR LF": _rewritten("cert.pem", lambda data: data.replace(b"\n", b"\r\n")),
    "CA file with CR": _rewritten("cert.pem", lambda data: data.replace(b"\n", b"\r")),
    "CA file with a byte order mark": _rewritten("cert.pem", lambda data: b"\xef\xbb\xbf" + data),
    "CA file as UTF-16": _rewritten("cert.pem", lambda data: data.decode().encode("utf-16")),
    "CA file with a blank line in a body": _rewritten("cert.pem", lambda data: _after_second_line(data, b"")),
    "CA file with text before": _rewritten("cert.pem", lambda data: b"Corp Root\n=========\n" + data),
    "CA file with a broken block after": _rewritten(
        "cert.pem", lambda data: data + b"-----BEGIN CERTIFICATE-----\nMIIB!!\n-----END CERTIFICATE-----\n"
    ),
    "CA file without final newline": _rewritten("cert.pem", lambda data: data.rstrip(b"\n")),
    "CA file cut short": _rewritten("cert.pem", lambda data: data[: len(data) // 2]),
    "CA file empty": _rewritten("cert.pem", lambda _: b""),
    "CA file gone": _gone("cert.pem"),
    "CA file in DER": lambda root: _openssl(root, "cert.pem", "x509", "-outform", "DER"),
    "CA also in the directory": _to_directory,
    "CA in the directory alone": _directory_alone,
    "certificate gone": _gone("client.crt"),
    "certificate in DER": lambda root: _openssl(root, "client.crt", "x509", "-outform", "DER"),
    "certificate without its chain": _rewritten("client.crt", lambda data: b"".join(_blocks(data)[:1])),
    "certificate after its issuer": _rewritten("client.crt", lambda data: b"".join(_blocks(data)[::-1])),
    "certificate with a byte order mark": _rewritten("client.crt", lambda data: b"\xef\xbb\xbf" + data),
    "certificate with trailing blanks": _rewritten("client.crt", lambda data: data.replace(b"\n", b"  \n")),
    "certificate with an indented BEGIN": _rewritten("client.crt", lambda data: b" " + data),
    "key gone": _gone("client.key"),
    "key of another": _other_key,
    "key in DER": lambda root: _openssl(root, "client.key", "pkey", "-outform", "DER"),
    "key with a password": lambda root: _openssl(
        root, "client.key", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret"
    ),
    "key in the old form": lambda root: _openssl(root, "client.key", "pkey", "-traditional"),
    "public key as key": lambda root: _openssl(root, "client.key", "pkey", "-pubout"),
    "key with CR LF": _rewritten("client.key", lambda data: data.replace(b"\n", b"\r\n")),
    "key path in quotes": _quoted,
}


def damage(root: Path, names: Sequence[str]) -> None:
    """Apply these faults to the device whose directory this is."""
    for name in names:
        FILE_FAULTS[name](root)
