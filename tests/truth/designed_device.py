"""Designed pairs of what lies on a device: trust, client files, accounts, and what its surroundings decide."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.truth.designed import Designed
from tests.truth.odd_certificates import make, pem
from tests.truth.odd_edits import change_recipe, include, rewrite, set_fields, set_keys, together
from tests.truth.odd_files import CLIENT_FILES, TEXTS, TRUST
from tests.truth.odd_pair import CLIENT, Change, Draft


def _ok(change: Change) -> Designed:
    return Designed(change, "ok")


def _device(change: Change) -> Designed:
    return Designed(change, "device")


def _openssl(*words: str) -> Callable[[bytes], bytes]:
    def how(data: bytes) -> bytes:
        return subprocess.run(["openssl", *words], input=data, capture_output=True, check=True).stdout

    return how


def _settings(text: str) -> Change:
    """Lines behind those of config.ini."""
    return set_fields(config=lambda before: before + text)


def _replaced(old: str, new: str) -> Change:
    return set_fields(config=lambda before: before.replace(old, new))


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

_PASSWORD = ("-passout", "pass:secret")

CLIENTS: Mapping[str, Designed] = {
    "certificate of another key": _device(set_fields(shown=("server", "issuing"))),
    "key with a password, traditional": _device(
        together(
            change_recipe("client", key="rsa2048#client"),
            rewrite("key", _openssl("rsa", "-aes256", "-traditional", *_PASSWORD)),
        )
    ),
    "key with a password, PKCS#8": _device(rewrite("key", _openssl("pkcs8", "-topk8", *_PASSWORD))),
    "EC key in its own form": _ok(set_fields(key_form="old")),
    "RSA key in its own form": _ok(CLIENT_FILES["RSA client, old form"]),
    "key file empty": _device(rewrite("key", lambda _: b"")),
    "key in DER": _device(TEXTS["key file: DER"]),
    "key with a byte order mark": _ok(TEXTS["key file: byte order mark"]),
    "certificate with a byte order mark": _ok(TEXTS["crt file: byte order mark"]),
    "certificate and key in one file": _ok(CLIENT_FILES["certificate and key in one file"]),
    "chain in disorder, leaf last": _device(set_fields(shown=("issuing", "client"))),
    "request instead of a certificate": _device(TEXTS["crt file: label PKCS7"]),
    "request before the certificate": _ok(TEXTS["crt file: CSR before"]),
    "PKCS#12 as key": _device(rewrite("key", lambda data: b"\x30\x82" + data[:200])),
    "leaf alone, issuer known": _ok(set_fields(shown=("client",))),
    "leaf alone, issuer unknown": Designed(set_fields(shown=("client",), intermediates=()), "beacon 403"),
    "chain shown, issuer unknown": _ok(set_fields(intermediates=())),
    "expired": Designed(change_recipe("client", days=(-300, -1)), "beacon 403"),
    "not yet valid": Designed(change_recipe("client", days=(2, 300)), "beacon 403"),
    "not yet valid, minimal check": Designed(
        together(change_recipe("client", days=(2, 300)), set_keys("beacon", check_issuer=False)), "beacon 403"
    ),
    "both uses": _ok(change_recipe("client", uses=("server", "client"))),
    "e-mail use": Designed(change_recipe("client", uses=("email",)), "beacon 403"),
    "e-mail use, minimal check": _ok(
        together(change_recipe("client", uses=("email",)), set_keys("beacon", check_issuer=False))
    ),
    "server use, minimal check": _ok(
        together(change_recipe("client", uses=("server",)), set_keys("beacon", check_issuer=False))
    ),
    "unknown issuer": Designed(set_fields(client_issuer="other"), "beacon 403"),
    "unknown issuer, accepted": Designed(
        together(set_fields(client_issuer="other"), set_keys("beacon", client_certificates="accept")), "beacon 403"
    ),
    "unknown issuer, ignored": _ok(
        together(set_fields(client_issuer="other"), set_keys("beacon", client_certificates="ignore"))
    ),
    "self-signed, minimal check": _ok(
        together(set_fields(client_issuer="self"), set_keys("beacon", check_issuer=False))
    ),
    "off, accepted": _ok(
        together(
            set_keys("preferences", AddClientCertificateAndKey="False"),
            set_keys("beacon", client_certificates="accept"),
        )
    ),
    "off with broken files, ignored": _ok(
        together(
            include("missing", "crt"),
            include("missing", "key"),
            set_keys("preferences", AddClientCertificateAndKey="False"),
            set_keys("beacon", client_certificates="ignore"),
        )
    ),
    "off, required": Designed(set_keys("preferences", AddClientCertificateAndKey="False"), "beacon 403"),
    "on with a broken key, ignored": _device(
        together(rewrite("key", lambda _: b""), set_keys("beacon", client_certificates="ignore"))
    ),
    "on with a broken key, plain http": _ok(
        together(
            include("missing", "key"),
            set_keys("beacon", listener="http", require_ssl=False, client_certificates="ignore"),
            set_keys("use", protocol="http"),
        )
    ),
    "1024 bits at level 1": _ok(
        together(change_recipe("client", key="rsa1024#client"), set_keys("device", seclevel=1))
    ),
    "1024 bits": _device(change_recipe("client", key="rsa1024#client")),
    "P-384": _ok(change_recipe("client", key="p384#client")),
    "P-224": Designed(change_recipe("client", key="p224#client"), "beacon 403"),
    "P-224, TLS 1.2": Designed(
        together(change_recipe("client", key="p224#client"), set_keys("beacon", protocols=["TLSv1.2"])), "beacon"
    ),
    "P-224, ignored but asked for, TLS 1.2": Designed(
        together(
            change_recipe("client", key="p224#client"),
            set_keys("beacon", protocols=["TLSv1.2"], client_certificates="ignore"),
        ),
        "beacon",
    ),
    "P-224, late and ignored, TLS 1.2": _ok(
        together(
            change_recipe("client", key="p224#client"),
            set_keys("beacon", protocols=["TLSv1.2"], client_certificates="ignore", ask="late"),
        )
    ),
    "P-224, late, TLS 1.2": Designed(
        together(
            change_recipe("client", key="p224#client"),
            set_keys("beacon", protocols=["TLSv1.2"], ask="late"),
        ),
        "beacon",
    ),
    "P-224, accepted, TLS 1.3": _ok(
        together(change_recipe("client", key="p224#client"), set_keys("beacon", client_certificates="accept"))
    ),
    "Brainpool": Designed(change_recipe("client", key="brainpool#client"), "beacon 403"),
    "DSA": Designed(change_recipe("client", key="dsa2048#client"), "beacon 403"),
    "DSA, TLS 1.2": _ok(
        together(change_recipe("client", key="dsa2048#client"), set_keys("beacon", protocols=["TLSv1.2"]))
    ),
    "DSA, accepted": _ok(
        together(change_recipe("client", key="dsa2048#client"), set_keys("beacon", client_certificates="accept"))
    ),
    "Ed25519, TLS 1.2": _ok(
        together(change_recipe("client", key="ed25519#client"), set_keys("beacon", protocols=["TLSv1.2"]))
    ),
    "RSA 1536": _device(change_recipe("client", key="rsa1536#client")),
    "RSA 1962": _device(change_recipe("client", key="rsa1962#client")),
    "RSA 1963": _ok(change_recipe("client", key="rsa1963#client")),
    "P-521": _ok(change_recipe("client", key="p521#client")),
    "Ed448": _ok(change_recipe("client", key="ed448#client")),
    "RSA 4096": _ok(change_recipe("client", key="rsa4096#client")),
    "version 1": _ok(change_recipe("client", version=1)),
    "no subject": _ok(change_recipe("client", names=())),
    "two leaves, renewed first": _ok(set_fields(shown=("client", "client/expired", "issuing"))),
    "two leaves, expired first": Designed(set_fields(shown=("client/expired", "client", "issuing")), "beacon 403"),
    "root sent as well": _ok(set_fields(shown=("client", "issuing", "root"))),
    "SHA-1 root sent as well": _ok(
        together(change_recipe("root", digest="sha1"), set_fields(shown=("client", "issuing", "root")))
    ),
    "expired issuer sent, renewed known to the beacon": _ok(set_fields(shown=("client", "issuing/expired"))),
    "expired issuer sent alone": Designed(
        set_fields(shown=("client", "issuing/expired"), intermediates=()), "beacon 403"
    ),
    "issuer constrained to servers": _ok(
        together(change_recipe("issuing", uses=("server",)), set_keys("preferences", CheckServerCertificate="False"))
    ),
    "variable in the path": _device(CLIENT_FILES["variable in the path"]),
    "path with blanks": _ok(
        together(
            set_fields(rename={"crt.pem": "my device.crt"}),
            set_keys("preferences", SSLClientCertificateFile="{root}/client/my device.crt"),
        )
    ),
    "path with a colon": _ok(
        together(
            set_fields(rename={"crt.pem": "a:b.crt"}),
            set_keys("preferences", SSLClientCertificateFile="{root}/client/a:b.crt"),
        )
    ),
    "path by a symbolic link": _ok(
        together(
            set_fields(rename={"crt.pem": "link:current.crt"}),
            set_keys("preferences", SSLClientCertificateFile="{root}/client/current.crt"),
        )
    ),
    "path by a dangling link": _device(
        together(
            set_fields(rename={"gone.pem": "link:current.crt"}),
            set_keys("preferences", SSLClientCertificateFile="{root}/client/current.crt"),
        )
    ),
    "path with dots": _ok(set_keys("preferences", SSLClientPrivateKeyFile="{root}/client/../client/key.pem")),
    "blanks behind the path": _ok(set_keys("preferences", SSLClientPrivateKeyFile="{root}/client/key.pem   ")),
    "quotes around the key's path": _device(set_keys("preferences", SSLClientPrivateKeyFile='"{root}/client/key.pem"')),
    "Uploader off, Common on": Designed(
        set_keys("preferences", **{"Uploader.AddClientCertificateAndKey": "False"}), "beacon 403"
    ),
    "Uploader on, Common off": _ok(
        set_keys("preferences", AddClientCertificateAndKey="False", **{"Uploader.AddClientCertificateAndKey": "True"})
    ),
    "Uploader's own files, Common's broken": _ok(
        set_keys(
            "preferences",
            SSLClientPrivateKeyFile="/nonexistent",
            **{"Uploader.SSLClientPrivateKeyFile": "{root}/client/key.pem"},
        )
    ),
    "Uploader's own files broken": _device(
        set_keys("preferences", **{"Uploader.SSLClientPrivateKeyFile": "{root}/client/ca.pem"})
    ),
    "Launcher on alone": Designed(
        set_keys("preferences", AddClientCertificateAndKey="False", **{"Launcher.AddClientCertificateAndKey": "True"}),
        "beacon 403",
    ),
    "the preference in small letters": Designed(
        _replaced("AddClientCertificateAndKey=True", "addclientcertificateandkey=True"), "ok", undecided=True
    ),
    "the preference with blanks": Designed(
        _replaced("AddClientCertificateAndKey=True", "AddClientCertificateAndKey = True"), "ok", undecided=True
    ),
    "Common twice": Designed(
        _settings("\n[ManageSoft\\Common]\nSSLClientPrivateKeyFile={root}/client/ca.pem\n"), "device", undecided=True
    ),
}


def _as_nobody(*changes: Change) -> Change:
    return together(*changes, set_keys("device", run_as="nobody"))


def _rooted(change: Change, expected: str) -> Designed:
    return Designed(change, expected, needs_root=True)


ACCOUNTS: Mapping[str, Designed] = {
    "everything readable": _rooted(_as_nobody(), "ok"),
    "key for root alone": _rooted(_as_nobody(set_fields(modes={"key.pem": 0o600})), "device"),
    "key for root alone, agent is root": _ok(set_fields(modes={"key.pem": 0o600})),
    "key for nobody to read, agent is root": _rooted(set_fields(modes={"key.pem": 0o000}), "ok"),
    "certificate for root alone": _rooted(_as_nobody(set_fields(modes={"crt.pem": 0o600})), "device"),
    "CA file for root alone": _rooted(_as_nobody(set_fields(modes={"ca.pem": 0o640})), "device"),
    "CA file for root alone, server unchecked": _rooted(
        _as_nobody(
            set_fields(modes={"ca.pem": 0o640}),
            set_keys("preferences", CheckServerCertificate="False"),
        ),
        "ok",
    ),
    "folder of the files closed": _rooted(_as_nobody(set_fields(modes={".": 0o700})), "device"),
    "folder of the files can't be listed": _rooted(_as_nobody(set_fields(modes={".": 0o711})), "ok"),
    "folder of the files can be listed alone": _rooted(_as_nobody(set_fields(modes={".": 0o744})), "device"),
    "CA directory closed": _rooted(
        _as_nobody(_NOWHERE, set_fields(directory=_HASHED, modes={"certs": 0o700})), "device"
    ),
    "CA directory closed, CA file right": _rooted(
        _as_nobody(set_fields(directory=_HASHED, modes={"certs": 0o700})), "ok"
    ),
    "CA directory can't be listed": _rooted(
        _as_nobody(_NOWHERE, set_fields(directory=_HASHED, modes={"certs": 0o711})), "ok"
    ),
    "client certificate in a closed folder, off and ignored": _rooted(
        _as_nobody(
            set_fields(modes={"key.pem": 0o600}),
            set_keys("preferences", AddClientCertificateAndKey="False"),
            set_keys("beacon", client_certificates="ignore"),
        ),
        "ok",
    ),
    "key for root alone, login by password": _rooted(
        _as_nobody(set_fields(modes={"key.pem": 0o600}), set_keys("device", login="password")), "device"
    ),
}


def _clocked(device: str = "", beacon: str = "") -> Change:
    words = [set_keys("device", clock=device)] if device else []
    return together(*words, *([set_keys("beacon", clock=beacon)] if beacon else []))


def _in_shell(shell: object) -> Change:
    def change(draft: Draft) -> None:
        draft.device["shell"] = shell

    return change


_UNCHECKED = set_keys("preferences", CheckServerCertificate="False")

SURROUNDINGS: Mapping[str, Designed] = {
    "device far ahead": _device(_clocked("2031-06-01T00:00:00Z")),
    "device far ahead, server unchecked": _ok(together(_clocked("2031-06-01T00:00:00Z"), _UNCHECKED)),
    "device in 1970": _device(_clocked("1970-01-02T00:00:00Z")),
    "device in 1970, server unchecked": _ok(together(_clocked("1970-01-02T00:00:00Z"), _UNCHECKED)),
    "device an hour ahead": _ok(_clocked("+1h")),
    "device a day behind": _ok(_clocked("-1d")),
    "device behind the certificate's begin": _device(together(_clocked("-40d"))),
    "device's clock mends an expired server": _ok(together(change_recipe("server", days=(-300, -2)), _clocked("-10d"))),
    "device's clock mends an early server": _ok(together(change_recipe("server", days=(2, 300)), _clocked("+10d"))),
    "beacon far ahead": Designed(_clocked("", "+900d"), "beacon 403"),
    "beacon far behind": Designed(_clocked("", "-500d"), "beacon 403"),
    "beacon far ahead, off, accepted": _ok(
        together(
            _clocked("", "+900d"),
            set_keys("preferences", AddClientCertificateAndKey="False"),
            set_keys("beacon", client_certificates="accept"),
        )
    ),
    "beacon far ahead, ignored": _ok(together(_clocked("", "+900d"), set_keys("beacon", client_certificates="ignore"))),
    "beacon far ahead, minimal check": Designed(
        together(_clocked("", "+900d"), set_keys("beacon", check_issuer=False)), "beacon 403"
    ),
    "beacon's clock mends an expired client": _ok(
        together(change_recipe("client", days=(-300, -2)), _clocked("", "-10d"))
    ),
    "both far ahead": _device(_clocked("+900d", "+900d")),
    "both far ahead, server unchecked": Designed(together(_clocked("+900d", "+900d"), _UNCHECKED), "beacon 403"),
    "both in 1970, server unchecked": Designed(
        together(_clocked("1970-01-02T00:00:00Z", "1970-01-02T00:00:00Z"), _UNCHECKED), "beacon 403"
    ),
    "shell dash": _ok(_in_shell(["dash"])),
    "shell bash as sh": _ok(_in_shell("/bin/bash")),
    "shell bash in POSIX mode": _ok(_in_shell(["bash", "--posix"])),
    "login by password": _ok(set_keys("device", login="password")),
    "another login's name": _ok(set_keys("device", user="flxrasvc")),
    **{f"system {name}": _ok(set_keys("device", os=name)) for name in ("aix", "solaris", "hpux", "darwin")},
    **{
        f"system {name}, key missing": _device(together(set_keys("device", os=name), include("missing", "key")))
        for name in ("aix", "solaris", "hpux", "darwin")
    },
}


def _weakness(kind: str, who: str) -> Change:
    """`kind` on one member; what signs with SHA-1 or MD5 is RSA."""
    values = {"key": f"rsa1024#{who}"} if kind == "1024 bits" else {"digest": kind}
    weak = change_recipe(who, **values)
    if who == "client" and kind != "1024 bits":
        return together(change_recipe("client", key="rsa2048#client"), weak)
    return weak


def _strength_cases() -> dict[str, Designed]:
    """Level 1 needs 80 bits, level 2 needs 112: RSA 1024 has 80, SHA-1 63, MD5 39. A root's own signature is exempt."""
    cases = {}
    for kind in ("sha1", "md5", "1024 bits"):
        for who in ("server", "client", "issuing", "root"):
            for level in (None, 2, 1, 0):
                weak = {"1024 bits": 80}.get(kind, 0) < {None: 112, 2: 112, 1: 80, 0: 0}[level]
                exempt = who == "root" and kind != "1024 bits"
                change = _weakness(kind, who)
                if level is not None:
                    change = together(change, set_keys("device", seclevel=level))
                named = "no level" if level is None else f"level {level}"
                cases[f"{kind} of {who}, {named}"] = Designed(change, "device" if weak and not exempt else "ok")
    return cases


_BY_ROOT = set_fields(client_issuer="root", shown=("client",))

STRENGTH: Mapping[str, Designed] = {
    **_strength_cases(),
    "weak server, unchecked": _ok(together(_weakness("1024 bits", "server"), _UNCHECKED)),
    "SHA-1 server, unchecked": _ok(together(_weakness("sha1", "server"), _UNCHECKED)),
    "SHA-1 issuer that is trusted too": _ok(
        together(change_recipe("issuing", digest="sha1"), set_fields(anchors=("issuing",)), _BY_ROOT)
    ),
    "SHA-1 issuer trusted beside its root": _ok(
        together(
            change_recipe("issuing", digest="sha1"),
            set_fields(anchors=("root", "issuing"), sent=("server",)),
            _BY_ROOT,
        )
    ),
}


def _ranges() -> dict[str, Designed]:
    """The device's range against the beacon's, at each security level.

    TLS 1.0 and 1.1 sign with SHA-1 and MD5: OpenSSL 3.0 speaks them at level 0 alone.
    """
    versions = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    cases = {}
    for level in (None, 1, 0):
        for maximum in versions:
            for beacon in (("TLSv1", "TLSv1.1"), ("TLSv1.1", "TLSv1.2"), ("TLSv1.2", "TLSv1.3"), ("TLSv1.3",)):
                common = [name for name in beacon if versions.index(name) <= versions.index(maximum)]
                usable = [name for name in common if level == 0 or name not in versions[:2]]
                words: dict[str, object] = {"tls_max": maximum, "tls_min": "TLSv1"}
                if level is not None:
                    words["seclevel"] = level
                change = together(set_keys("device", **words), set_keys("beacon", protocols=list(beacon)))
                named = "no level" if level is None else f"level {level}"
                cases[f"device up to {maximum}, {named}, beacon {' '.join(beacon)}"] = Designed(
                    change, "ok" if usable else "pair"
                )
    return cases


RANGES: Mapping[str, Designed] = {
    **_ranges(),
    "device from TLS 1.3 on, beacon 1.2": Designed(
        together(set_keys("device", tls_min="TLSv1.3"), set_keys("beacon", protocols=["TLSv1.2"])), "pair"
    ),
    "device from TLS 1.3 on, both": _ok(set_keys("device", tls_min="TLSv1.3")),
    "device from TLS 1.2 on, beacon 1.0 and 1.1": Designed(
        together(set_keys("device", tls_min="TLSv1.2"), set_keys("beacon", protocols=["TLSv1", "TLSv1.1"])), "pair"
    ),
}
