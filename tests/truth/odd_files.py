"""Odd files on the device of the random raw pairs: what is trusted, what is shown, and how it is written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from tests.truth.odd_certificates import make, pem
from tests.truth.odd_edits import change_recipe, include, rewrite, set_fields, set_keys, together
from tests.truth.odd_pair import CLIENT, OTHER, Change, Draft

_ANCHORS = (
    ("root", "issuing"),
    ("issuing",),
    ("server",),
    ("other",),
    ("other", "root"),
    ("root", "root"),
    (),
    ("root/expired",),
    ("root/expired", "root"),
    ("root", "root/expired"),
    ("root/future", "root"),
    ("root/fake",),
    ("root/fake", "root"),
    ("root/fake-bare", "root"),
    ("root", "root/fake-bare"),
    ("issuing/expired", "root"),
    ("issuing/renewed", "root"),
    ("issuing/fake", "root"),
    ("issuing/fake",),
    ("subca", "root"),
    ("cross", "root"),
)
_DIRECTORIES: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("{hash}.0", "root"),),
    (("{hash}.0", "issuing"),),
    (("root.pem", "root"),),
    (("{HASH}.0", "root"),),
    (("{hash}.1", "root"),),
    (("{hash}.0", "root/fake"), ("{hash}.1", "root")),
    (("{hash}.0", "root/expired"), ("{hash}.1", "root")),
    (("{hash}.0", "root"), ("{hash}.1", "root/expired")),
    (("{hash}.0", "root/fake-bare"), ("{hash}.1", "root")),
    (("{hash}.0", "root/fake"), ("{hash}.2", "root")),
    (("{hash}.0.link", "root"),),
    (("{hash}.0.link", "root"), ("{hash}.1", "root")),
    (("{hash}.0.der", "root"),),
    (("{hash}.0.der", "root"), ("{hash}.1", "root")),
    (("{hash}.0.junk", "root"),),
    (("{wrong}.0", "root"),),
    (("{hash}.0", "other+root"),),
    (("{hash}.0", "root+other"),),
    (("{hash}.00", "root"),),
    (("{hash}.r0", "root"),),
    (("{hash}.0", "root"), ("{hash}.0", "issuing")),
)

TRUST: dict[str, Change] = {f"CA file {anchors}": set_fields(anchors=anchors) for anchors in _ANCHORS}
TRUST |= {f"directory {entries}": set_fields(directory=entries) for entries in _DIRECTORIES}


def _directory_without_file(entries: tuple[tuple[str, str], ...]) -> Change:
    def change(draft: Draft) -> None:
        draft.directory = entries
        draft.anchors = ("other",)

    return change


TRUST |= {f"other CA file, directory {entries}": _directory_without_file(entries) for entries in _DIRECTORIES}
TRUST |= {
    "expired in the file, good in the directory": set_fields(
        anchors=("root/expired",), directory=(("{hash}.0", "root"),)
    ),
    "fake in the file, good in the directory": set_fields(anchors=("root/fake",), directory=(("{hash}.0", "root"),)),
    "good in the file, fake in the directory": set_fields(directory=(("{hash}.0", "root/fake"),)),
    "intermediate in the file, root in the directory": set_fields(
        anchors=("issuing",), directory=(("{hash}.0", "root"),), sent=("server",)
    ),
    "both in the directory, leaf sent alone": set_fields(
        anchors=("other",), directory=(("{hash}.0", "root"), ("{hash}.0", "issuing")), sent=("server",)
    ),
    "fake intermediate in the directory": set_fields(directory=(("{hash}.0", "issuing/fake"),), sent=("server",)),
    "only the cross-signer": set_fields(anchors=("other",), sent=("server", "issuing", "cross")),
    "only the cross-signer, not sent": set_fields(anchors=("other",)),
    "no CA file named": set_keys("preferences", SSLCACertificateFile=""),
    "CA file is a directory": set_keys("preferences", SSLCACertificateFile="{root}/client"),
    "CA file missing": include("missing", "ca"),
    "CA file unreadable": together(include("private", "ca"), set_keys("device", run_as="nobody")),
}


def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")


def _in_body(data: bytes, new: bytes) -> bytes:
    lines = _lines(data)
    return b"\n".join([*lines[:3], new, *lines[3:]])


def _one_line(data: bytes) -> bytes:
    lines = [line for line in _lines(data) if line]
    return b"\n".join([lines[0], b"".join(lines[1:-1]), lines[-1]]) + b"\n" if data.count(b"BEGIN") == 1 else data


def _relabelled(new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: (
        data.replace(b"BEGIN CERTIFICATE", b"BEGIN " + new)
        .replace(b"END CERTIFICATE", b"END " + new)
        .replace(b"BEGIN PRIVATE KEY", b"BEGIN " + new)
        .replace(b"END PRIVATE KEY", b"END " + new)
    )


def _der(data: bytes) -> bytes:
    body = data.split(b"-----\n")
    return base64.b64decode(body[1].partition(b"-----END")[0]) if len(body) > 1 else data


_BROKEN = b"-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n"
_TEXTS: Mapping[str, Callable[[bytes], bytes]] = {
    "CR LF": lambda data: data.replace(b"\n", b"\r\n"),
    "CR": lambda data: data.replace(b"\n", b"\r"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "two byte order marks": lambda data: b"\xef\xbb\xbf" * 2 + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "blanks behind lines": lambda data: data.replace(b"\n", b" \t\n"),
    "blanks before BEGIN": lambda data: data.replace(b"-----BEGIN", b"  -----BEGIN"),
    "blanks before END": lambda data: data.replace(b"-----END", b" -----END"),
    "blanks before lines": lambda data: b"\n".join(
        line if line.startswith(b"-----") or not line else b"  " + line for line in _lines(data)
    ),
    "blank line in the body": lambda data: _in_body(data, b""),
    "blanks as a line in the body": lambda data: _in_body(data, b"   "),
    "header in the body": lambda data: _in_body(data, b"Proc-Type: 4"),
    "odd character in the body": lambda data: _in_body(data, b"!!"),
    "equals sign in the body": lambda data: _in_body(data, b"AA=="),
    "NUL in the body": lambda data: _in_body(data, b"\0"),
    "one line": _one_line,
    "no newline at the end": lambda data: data.rstrip(b"\n"),
    "blocks glued together": lambda data: data.replace(b"-----\n-----BEGIN", b"----------BEGIN"),
    "END missing": lambda data: data.rstrip(b"\n").rpartition(b"\n")[0] + b"\n",
    "four dashes": lambda data: data.replace(b"-----BEGIN", b"----BEGIN"),
    "lower case": lambda data: data.replace(b"BEGIN CERTIFICATE", b"begin certificate"),
    "labels differ": lambda data: data.replace(b"END CERTIFICATE", b"END X509 CERTIFICATE"),
    "old label": _relabelled(b"X509 CERTIFICATE"),
    "label TRUSTED": _relabelled(b"TRUSTED CERTIFICATE"),
    "label RSA": _relabelled(b"RSA PRIVATE KEY"),
    "label PKCS7": _relabelled(b"PKCS7"),
    "text around": lambda data: b"Bag Attributes\n    localKeyID: 01\n" + data + b"\nthe end\n",
    "broken block before": lambda data: _BROKEN + data,
    "broken block behind": lambda data: data + _BROKEN,
    "half a block behind": lambda data: data + data[: len(data) // 2],
    "CSR before": lambda data: pem("CERTIFICATE REQUEST", b"\x30\x00") + data,
    "CRL label behind": lambda data: data + pem("X509 CRL", b"\x30\x00"),
    "DER": _der,
    "empty": lambda _: b"",
    "blank": lambda _: b"\n\n",
    "cut": lambda data: data[: len(data) * 2 // 3],
    "twice": lambda data: data + data,
    "Latin-1 comment": lambda data: b"# f\xfcr uns\n" + data,
    "very long comment": lambda data: b"#" * 3000 + b"\n" + data,
    "very long line of blanks": lambda data: data.replace(b"\n", b" " * 300 + b"\n", 2),
}
TEXTS = {f"{which} file: {name}": rewrite(which, how) for which in ("ca", "crt", "key") for name, how in _TEXTS.items()}

_SHOWN = (
    ("client",),
    ("issuing", "client"),
    ("client", "issuing", "root"),
    ("client", "other"),
    ("client/expired", "client"),
    ("client", "client/expired"),
    ("client", "issuing/expired"),
    ("client", "issuing/expired", "issuing"),
    ("client", "issuing/fake"),
    ("client", "client"),
    ("server", "issuing"),
    (),
)
_LOCKED = make(CLIENT).key_pem(password=b"secret")
CLIENT_FILES: dict[str, Change] = {f"shows {shown}": set_fields(shown=shown) for shown in _SHOWN}
CLIENT_FILES |= {f"issued by {issuer}": set_fields(client_issuer=issuer) for issuer in ("root", "other", "self")}
CLIENT_FILES |= {
    "leaf alone, its issuer unknown to the beacon": set_fields(shown=("client",), intermediates=()),
    "leaf alone, its issuer trusted": set_fields(shown=("client",), intermediates=(), anchors=("root", "issuing")),
    "key of another": set_fields(key="server"),
    "key in its old form": set_fields(key_form="old"),
    "key with a password": rewrite("key", lambda _: _LOCKED),
    "key behind parameters": rewrite(
        "key", lambda data: pem("EC PARAMETERS", b"\x06\x08*\x86H\xce=\x03\x01\x07") + data
    ),
    "certificate before the key": rewrite("key", lambda data: make(CLIENT).pem + data),
    "key of another first": rewrite("key", lambda data: make(OTHER).key_pem() + data),
    "key of another behind": rewrite("key", lambda data: data + make(OTHER).key_pem()),
    "certificate and key in one file": together(
        rewrite("crt", lambda data: data + make(CLIENT).key_pem()),
        set_keys("preferences", SSLClientPrivateKeyFile="{root}/client/crt.pem"),
    ),
    "key and certificate in one file": together(
        rewrite("crt", lambda data: make(CLIENT).key_pem() + data),
        set_keys("preferences", SSLClientPrivateKeyFile="{root}/client/crt.pem"),
    ),
    "key behind a certificate": set_keys("preferences", SSLClientPrivateKeyFile="{root}/client/crt.pem"),
    "certificate missing": include("missing", "crt"),
    "key missing": include("missing", "key"),
    "key is a directory": set_keys("preferences", SSLClientPrivateKeyFile="{root}/client"),
    "no key named": set_keys("preferences", SSLClientPrivateKeyFile=""),
    "no certificate named": set_keys("preferences", SSLClientCertificateFile=""),
    "paths swapped": set_keys(
        "preferences",
        SSLClientCertificateFile="{root}/client/key.pem",
        SSLClientPrivateKeyFile="{root}/client/crt.pem",
    ),
    "variable in the path": set_keys("preferences", SSLClientCertificateFile="${HOME}/crt.pem"),
    "quotes around the path": set_keys("preferences", SSLClientCertificateFile='"{root}/client/crt.pem"'),
    "key for root alone, agent as nobody": together(
        include("private", "key"),
        set_keys("device", run_as="nobody"),
    ),
    "agent as nobody": set_keys("device", run_as="nobody"),
    "RSA client": change_recipe("client", key="rsa2048#client"),
    "RSA client, old form": together(
        change_recipe("client", key="rsa2048#client"),
        set_fields(key_form="old"),
    ),
}
