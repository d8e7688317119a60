"""Designed pairs of what a device trusts, and of files with more in them than is meant to be."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.truth.designed import Designed
from tests.truth.odd_certificates import make, pem
from tests.truth.odd_edits import change_recipe, include, rewrite, set_fields, set_keys, together
from tests.truth.odd_files import TEXTS, TRUST
from tests.truth.odd_pair import CLIENT, Change


def _ok(change: Change) -> Designed:
    return Designed(change, "ok")


def _device(change: Change) -> Designed:
    return Designed(change, "device")


def _openssl(*words: str) -> Callable[[bytes], bytes]:
    def how(data: bytes) -> bytes:
        return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout

    return how


_HASHED = (("{hash}.0", "root"),)


_BARE = together(
    change_recipe("issuing", identifiers=False),
    change_recipe("root", identifiers=False),
)
"""No key identifiers: same-name CAs can't be told apart."""


_NOWHERE = set_fields(anchors=("other",))


TRUSTED: Mapping[str, Designed] = {
    "unhashed directory alone": _device(together(_NOWHERE, set_fields(directory=(("root.pem", "root"),)))),
    "directory from .1 on": _device(together(_NOWHERE, set_fields(directory=(("{hash}.1", "root"),)))),
    "directory in upper case": _device(together(_NOWHERE, set_fields(directory=(("{HASH}.0", "root"),)))),
    "directory in DER": _device(together(_NOWHERE, set_fields(directory=(("{hash}.0.der", "root"),)))),
    "directory with the intermediate, leaf sent": _ok(
        together(_NOWHERE, set_fields(directory=(("{hash}.0", "issuing"),), sent=("server",)))
    ),
    "directory with the intermediate, chain sent": _ok(
        together(_NOWHERE, set_fields(directory=(("{hash}.0", "issuing"),)))
    ),
    "right file, wrong directory": _ok(set_fields(directory=(("{hash}.0", "root/fake"),))),
    "right file, no directory": _ok(set_fields()),
    "file missing, directory right": _device(together(include("missing", "ca"), set_fields(directory=_HASHED))),
    "file empty, directory right": _device(together(rewrite("ca", lambda _: b""), set_fields(directory=_HASHED))),
    "file missing, server unchecked": _ok(
        together(include("missing", "ca"), set_keys("preferences", CheckServerCertificate="False"))
    ),
    "file in DER": _device(TEXTS["ca file: DER"]),
    "file with CR alone": _device(TEXTS["ca file: CR"]),
    "file with blanks before BEGIN": _device(TEXTS["ca file: blanks before BEGIN"]),
    "file on one line": _ok(TEXTS["ca file: one line"]),
    "file with blocks glued together": _device(
        together(set_fields(anchors=("other", "root")), TEXTS["ca file: blocks glued together"])
    ),
    "file without END": _device(TEXTS["ca file: END missing"]),
    "file with a broken block behind": _device(TEXTS["ca file: broken block behind"]),
    "file with half a block behind": _device(TEXTS["ca file: half a block behind"]),
    "file with bag attributes": _ok(TEXTS["ca file: text around"]),
    "file with a byte order mark, UTF-16 no": _ok(TEXTS["ca file: byte order mark"]),
    "trusted certificate": _ok(rewrite("ca", _openssl("x509", "-trustout"))),
    "trusted certificate for servers": _ok(rewrite("ca", _openssl("x509", "-addtrust", "serverAuth"))),
    "trusted certificate for clients": _device(rewrite("ca", _openssl("x509", "-addtrust", "clientAuth"))),
    "trusted certificate rejecting servers": _device(rewrite("ca", _openssl("x509", "-addreject", "serverAuth"))),
    "trusted certificate rejecting clients": _ok(rewrite("ca", _openssl("x509", "-addreject", "clientAuth"))),
    "trusted certificate for any use": _ok(rewrite("ca", _openssl("x509", "-addtrust", "anyExtendedKeyUsage"))),
    "PKCS#7 alone": _device(rewrite("ca", _openssl("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin"))),
    "the beacon's own certificate alone": _ok(set_fields(anchors=("server",))),
    "the beacon's own certificate, leaf sent": _ok(set_fields(anchors=("server",), sent=("server",))),
    "issuing alone": _ok(set_fields(anchors=("issuing",))),
    "issuing alone, leaf sent": _ok(set_fields(anchors=("issuing",), sent=("server",))),
    "same-name root alone": _device(TRUST["CA file ('root/fake',)"]),
    "same-name root first": _ok(TRUST["CA file ('root/fake', 'root')"]),
    "same-name root first, nothing to tell by": _device(
        together(_BARE, set_fields(anchors=("root/fake-bare", "root")))
    ),
    "same-name root last, nothing to tell by": _ok(together(_BARE, set_fields(anchors=("root", "root/fake-bare")))),
    "same-name issuer in the file, right one in the directory": _device(
        set_fields(anchors=("root", "issuing/fake-bare"), directory=(("{hash}.0", "issuing"),), sent=("server",))
    ),
    "expired root first, renewed second": _ok(set_fields(anchors=("root/expired", "root"))),
    "root of tomorrow": _device(set_fields(anchors=("root/future",))),
    "expired root in the file, valid in the directory": _device(
        set_fields(anchors=("root/expired",), directory=_HASHED)
    ),
    "expired issuer in the file, valid one sent": _device(set_fields(anchors=("root", "issuing/expired"))),
    "expired issuer sent, renewed sent too": _ok(set_fields(sent=("server", "issuing/expired", "issuing"))),
    "expired issuer sent": _device(set_fields(sent=("server", "issuing/expired"))),
    "expired issuer sent, valid in the directory": _ok(
        set_fields(sent=("server", "issuing/expired"), directory=(("{hash}.0", "issuing"),))
    ),
    "leaf sent alone": _device(set_fields(sent=("server",))),
    "leaf sent alone, issuer in the directory": _ok(set_fields(sent=("server",), directory=(("{hash}.0", "issuing"),))),
    "cross-certificate sent, other root trusted": _ok(
        set_fields(anchors=("other",), sent=("server", "issuing", "cross"))
    ),
    "cross-certificate in the CA file, other root trusted": _ok(set_fields(anchors=("other", "cross"))),
    "expired cross-certificate sent, other root trusted": _device(
        set_fields(anchors=("other",), sent=("server", "issuing", "cross/expired"))
    ),
    "self-signed server, trusted": _ok(set_fields(sent=("server/self",), anchors=("server/self",))),
    "self-signed server, untrusted": _device(set_fields(sent=("server/self",))),
    "self-signed server, unchecked": _ok(
        together(set_fields(sent=("server/self",)), set_keys("preferences", CheckServerCertificate="False"))
    ),
}


def _key_made(old: bool = False, password: bytes = b"") -> bytes:
    made = make(replace(CLIENT, key="rsa2048#client"))
    if old and password:
        return subprocess.run(
            ["openssl", "rsa", "-aes256", "-traditional", "-passout", f"pass:{password.decode()}"],
            input=made.key_pem(),
            capture_output=True,
            check=True,
        ).stdout
    return made.key_pem("old" if old else "pkcs8", password)


def _broken_body(data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([lines[0], b"AAAA" + lines[1][4:], *lines[2:]])


_KEYS = {
    "key": _key_made(),
    "RSA key": _key_made(old=True),
    "EC key": make(CLIENT).key_pem("old"),
    "encrypted key": _key_made(password=b"secret"),
    "encrypted RSA key": _key_made(old=True, password=b"secret"),
    "broken RSA key": _broken_body(_key_made(old=True)),
    "broken key": _broken_body(_key_made()),
    "EC parameters": pem("EC PARAMETERS", b"\x06\x08*\x86H\xce=\x03\x01\x07"),
    "public key": pem("PUBLIC KEY", b"\x30\x00"),
    "request": pem("CERTIFICATE REQUEST", b"\x30\x00"),
    "unknown block": pem("SOMETHING ELSE", b"\x30\x00"),
}


_FIRST_KEY_COUNTS = {"encrypted key", "encrypted RSA key", "key", "RSA key"}


def _with(which: str, block: bytes, *, before: bool) -> Change:
    return rewrite(which, (lambda data: block + data) if before else (lambda data: data + block))


def _mixed() -> dict[str, Designed]:
    """Other blocks in the three files, before and behind what is meant to be there."""
    cases = {}
    for name, block in _KEYS.items():
        for which in ("ca", "crt", "key"):
            for before in (True, False):
                broken = which == "ca" and name.startswith("broken")
                other_key = which == "key" and before and name in _FIRST_KEY_COUNTS
                expected = "device" if broken or other_key else "ok"
                place = "before" if before else "behind"
                cases[f"{which}: {name} {place}"] = Designed(_with(which, block, before=before), expected)
    return cases


MIXED: Mapping[str, Designed] = _mixed()
