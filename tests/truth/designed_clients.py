"""Designed pairs of client certificates, keys, and the preferences that name them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping

from tests.truth.designed import Designed
from tests.truth.odd_edits import change_recipe, include, rewrite, set_fields, set_keys, together
from tests.truth.odd_files import CLIENT_FILES, TEXTS
from tests.truth.odd_pair import Change


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


def _called(name: str, which: str = "crt", preference: str = "SSLClientCertificateFile") -> Change:
    return together(
        set_fields(rename={f"{which}.pem": name}), set_keys("preferences", **{preference: f"{{root}}/client/{name}"})
    )


def _ca_path(value: str) -> Change:
    return set_keys("preferences", SSLCACertificatePath=value)


_ODD_FILES = (
    "a'b.pem", 'a"b.pem', "a$b.pem", "a;b.pem", "a*b.pem", "-a.pem", "a%b.pem", "a&b.pem", "a\\b.pem", "a(b).pem",
    "ä.pem", "a#b.pem", "a=b.pem", "a[b].pem", "a~b.pem", "a`b.pem", "a!b.pem", "a|b.pem", "a<b.pem", "deep/er/a.pem",
)  # fmt: skip
_IN_DIRECTORY = set_fields(anchors=("other",), directory=(("{hash}.0", "root"),))

PATHS: Mapping[str, Designed] = {
    **{f"certificate in {name}": _ok(_called(name)) for name in _ODD_FILES},
    **{f"key in {name}": _ok(_called(name, "key", "SSLClientPrivateKeyFile")) for name in _ODD_FILES},
    **{f"CA file in {name}": _ok(_called(name, "ca", "SSLCACertificateFile")) for name in _ODD_FILES},
    "CA directory is a file": _ok(_ca_path("{root}/client/ca.pem")),
    "CA directory with a slash behind": _ok(together(_IN_DIRECTORY, _ca_path("{root}/client/certs/"))),
    "CA directory with slashes within": _ok(together(_IN_DIRECTORY, _ca_path("{root}//client//certs"))),
    "CA directory with dots": _ok(together(_IN_DIRECTORY, _ca_path("{root}/client/./certs"))),
    "two CA directories": Designed(
        together(_IN_DIRECTORY, _ca_path("{root}/client/none:{root}/client/certs")), "ok", undecided=True
    ),
    "two CA directories, CA file right": _ok(_ca_path("{root}/client/none:{root}/client/certs")),
    "CA directory by a link": _ok(
        together(
            _IN_DIRECTORY,
            set_fields(rename={"certs": "link:current"}),
            _ca_path("{root}/client/current"),
        )
    ),
    "CA file with a slash behind": _device(set_keys("preferences", SSLCACertificateFile="{root}/client/ca.pem/")),
    "CA file below a file": _device(set_keys("preferences", SSLCACertificateFile="{root}/client/ca.pem/x")),
    "CA file is /dev/null": _device(set_keys("preferences", SSLCACertificateFile="/dev/null")),
    "certificate is /dev/null": _device(set_keys("preferences", SSLClientCertificateFile="/dev/null")),
    "key is /dev/null": _device(set_keys("preferences", SSLClientPrivateKeyFile="/dev/null")),
    "CA file by a link": _ok(
        together(
            set_fields(rename={"ca.pem": "link:current.pem"}),
            set_keys("preferences", SSLCACertificateFile="{root}/client/current.pem"),
        )
    ),
    "CA file by a link to itself": _device(
        together(
            set_fields(rename={"loop.pem": "link:loop.pem"}),
            set_keys("preferences", SSLCACertificateFile="{root}/client/loop.pem"),
        )
    ),
}
