"""Designed pairs of bindings, acceptance, late requests, and of several faults at once."""

from __future__ import annotations

from collections.abc import Mapping

from tests.truth.designed import Designed
from tests.truth.odd_chains import NAMES
from tests.truth.odd_edits import change_recipe, rewrite, set_fields, set_keys, together
from tests.truth.odd_pair import Change, Draft
from tests.truth.odd_settings import SETTINGS


def _ok(change: Change) -> Designed:
    return Designed(change, "ok")


_LATE12 = set_keys("beacon", ask="late", protocols=["TLSv1.2"])


_OFF = set_keys("preferences", AddClientCertificateAndKey="False")


_ACCEPT = set_keys("beacon", client_certificates="accept")


_IGNORE = set_keys("beacon", client_certificates="ignore")


def _upload(size: int) -> Change:
    return set_keys("use", upload_bytes=size)


LATE: Mapping[str, Designed] = {
    "TLS 1.2, nothing uploaded": _ok(_LATE12),
    "TLS 1.2, accepted": _ok(together(_LATE12, _ACCEPT)),
    "TLS 1.2, accepted, off": _ok(together(_LATE12, _ACCEPT, _OFF)),
    "TLS 1.2, required, off": Designed(together(_LATE12, _OFF), "beacon 403"),
    "TLS 1.2, ignored": _ok(together(_LATE12, _IGNORE)),
    "TLS 1.2, expired": Designed(together(_LATE12, change_recipe("client", days=(-300, -1))), "beacon 403"),
    "TLS 1.2, unknown issuer": Designed(together(_LATE12, set_fields(client_issuer="other")), "beacon 403"),
    "TLS 1.2, fits exactly": _ok(together(_LATE12, _upload(49152))),
    "TLS 1.2, one byte more": Designed(together(_LATE12, _upload(49153)), "beacon"),
    "TLS 1.2, 200 KB": Designed(together(_LATE12, _upload(200_000)), "beacon"),
    "TLS 1.2, 5 MB": Designed(together(_LATE12, _upload(5_000_000)), "beacon"),
    "TLS 1.2, 200 KB, reads ahead enough": _ok(
        together(_LATE12, _upload(200_000), set_keys("beacon", upload_read_ahead=1_000_000))
    ),
    "TLS 1.2, 200 KB, reads ahead nothing": Designed(
        together(_LATE12, _upload(200_000), set_keys("beacon", upload_read_ahead=0)), "beacon"
    ),
    "TLS 1.2, 200 KB, accepted": Designed(together(_LATE12, _upload(200_000), _ACCEPT), "beacon"),
    "TLS 1.2, 200 KB, accepted, off": Designed(together(_LATE12, _upload(200_000), _ACCEPT, _OFF), "beacon"),
    "TLS 1.2, 200 KB, ignored": _ok(together(_LATE12, _upload(200_000), _IGNORE)),
    "TLS 1.2 by the device, 200 KB": Designed(
        together(set_keys("beacon", ask="late"), set_keys("device", tls_max="TLSv1.2"), _upload(200_000)), "beacon"
    ),
    "TLS 1.2 by the device": _ok(together(set_keys("beacon", ask="late"), set_keys("device", tls_max="TLSv1.2"))),
    "TLS 1.3": Designed(set_keys("beacon", ask="late"), "beacon"),
    "TLS 1.3, 200 KB": Designed(together(set_keys("beacon", ask="late"), _upload(200_000)), "beacon"),
    "TLS 1.3, accepted": Designed(together(set_keys("beacon", ask="late"), _ACCEPT), "beacon"),
    "TLS 1.3, accepted, off": Designed(together(set_keys("beacon", ask="late"), _ACCEPT, _OFF), "beacon"),
    "TLS 1.3, ignored": _ok(together(set_keys("beacon", ask="late"), _IGNORE)),
    "TLS 1.3, required, off": Designed(together(set_keys("beacon", ask="late"), _OFF), "beacon"),
    "TLS 1.3, Server 2025": Designed(set_keys("beacon", ask="late", os_build=26100), "beacon 500"),
    "TLS 1.3, Server 2025, ignored": _ok(together(set_keys("beacon", ask="late", os_build=26100), _IGNORE)),
    "TLS 1.3, Server 2025, TLS 1.2 by the device": _ok(
        together(set_keys("beacon", ask="late", os_build=26100), set_keys("device", tls_max="TLSv1.2"))
    ),
    "asked first, 5 MB": _ok(_upload(5_000_000)),
    "asked first, reads ahead nothing, 200 KB": _ok(
        together(_upload(200_000), set_keys("beacon", upload_read_ahead=0))
    ),
    "refused, 5 MB": Designed(together(_upload(5_000_000), _OFF), "beacon 403"),
    "late on TLS 1.2, server untrusted": Designed(together(_LATE12, set_fields(anchors=("other",))), "device"),
    "late on TLS 1.3, client key missing": Designed(
        together(set_keys("beacon", ask="late"), set_fields(missing={"key"})), "device"
    ),
}


_ANOTHER = ({"host": "else.example", "sni": True}, "server/elsewhere")


_PLAIN = set_keys("beacon", listener="http", require_ssl=False, client_certificates="ignore")


_HTTP = set_keys("use", protocol="http")


def _dot(draft: Draft) -> None:
    draft.use["host"] = f"{draft.host}."


def _short(draft: Draft) -> None:
    draft.use["host"] = draft.host.partition(".")[0]


def _upper(draft: Draft) -> None:
    draft.use["host"] = draft.host.upper()


_SNI = set_keys("binding", host="{host}", sni=True)


BOUND: Mapping[str, Designed] = {
    "SNI": _ok(_SNI),
    "SNI asked in upper case": _ok(together(_SNI, _upper)),
    "SNI of another host": Designed(SETTINGS["SNI of another host"], "network"),
    "SNI of another host, server unchecked": Designed(
        together(SETTINGS["SNI of another host"], set_keys("preferences", CheckServerCertificate="False")), "network"
    ),
    "SNI of another host, client key missing": Designed(
        together(SETTINGS["SNI of another host"], set_fields(missing={"key"})), "device"
    ),
    "SNI of another host, right default binding": _ok(set_fields(more_bindings=(_ANOTHER,))),
    "SNI with a dot": Designed(together(_SNI, _dot), "beacon 400"),
    "no host, with a dot": _ok(_dot),
    "SNI with a dot, server unchecked": Designed(
        together(_SNI, _dot, set_keys("preferences", CheckServerCertificate="False")), "beacon 400"
    ),
    "wrong certificate for this name, right on the default": Designed(
        SETTINGS["SNI binding with another certificate"], "device"
    ),
    "host without SNI": _ok(SETTINGS["host without SNI"]),
    "another host without SNI": Designed(SETTINGS["another host without SNI"], "beacon 400"),
    "another host without SNI, off": Designed(together(SETTINGS["another host without SNI"], _OFF), "beacon 400"),
    "another host without SNI, server untrusted": Designed(
        together(SETTINGS["another host without SNI"], set_fields(anchors=("other",))), "device"
    ),
    "host without SNI, asked by its short name": Designed(
        together(SETTINGS["host without SNI"], _short, set_keys("preferences", CheckServerCertificate="False")),
        "beacon 400",
    ),
    "closed": Designed(set_keys("beacon", listener="closed"), "network"),
    "closed, client key missing": Designed(
        together(set_keys("beacon", listener="closed"), set_fields(missing={"key"})), "network"
    ),
    "closed, plain http": Designed(together(set_keys("beacon", listener="closed"), _HTTP), "network"),
    "another port": Designed(set_keys("use", port=1), "network"),
    "another port, CA file missing": Designed(together(set_keys("use", port=1), set_fields(missing={"ca"})), "network"),
    "https to an http port": Designed(_PLAIN, "pair"),
    "https to an http port, TLS required": Designed(set_keys("beacon", listener="http"), "pair"),
    "https to an http port, client key missing": Designed(together(_PLAIN, set_fields(missing={"key"})), "device"),
    "https to an http port, server unchecked": Designed(
        together(_PLAIN, set_keys("preferences", CheckServerCertificate="False")), "pair"
    ),
    "http to an https port": Designed(_HTTP, "pair"),
    "http to an https port, TLS not required": Designed(together(_HTTP, set_keys("beacon", require_ssl=False)), "pair"),
    "http to an https port, everything broken": Designed(
        together(_HTTP, set_fields(missing={"key", "ca", "crt"})), "pair"
    ),
    "http to http": _ok(together(_PLAIN, _HTTP)),
    "http to http, everything broken": _ok(together(_PLAIN, _HTTP, set_fields(missing={"key", "ca", "crt"}))),
    "http to http, TLS required": Designed(together(set_keys("beacon", listener="http"), _HTTP), "beacon 403"),
    "http to http, certificate required": Designed(
        together(set_keys("beacon", listener="http", require_ssl=False), _HTTP), "beacon 403"
    ),
    "http to http, certificate accepted": _ok(
        together(set_keys("beacon", listener="http", require_ssl=False, client_certificates="accept"), _HTTP)
    ),
    "http to http of another host": Designed(
        together(_PLAIN, _HTTP, set_keys("binding", host="else.example")), "beacon 400"
    ),
    "http to http of this host": _ok(together(_PLAIN, _HTTP, set_keys("binding", host="{host}"))),
    "http to http with a dot": _ok(together(_PLAIN, _HTTP, _dot)),
    "http to http of this host, with a dot": Designed(
        together(_PLAIN, _HTTP, _dot, set_keys("binding", host="{host}")), "beacon 400"
    ),
    "http to http, in capitals": _ok(together(_PLAIN, _HTTP, _upper, set_keys("binding", host="{host}"))),
    "http to http, large upload": _ok(together(_PLAIN, _HTTP, _upload(200_000))),
    "http to http, clocks anywhere": _ok(
        together(_PLAIN, _HTTP, set_keys("beacon", clock="+900d"), set_keys("device", clock="1970-01-02T00:00:00Z"))
    ),
    "http to its own web server": _ok(together(set_keys("beacon", web_server="self-hosted"), _HTTP)),
    "https to its own web server": Designed(set_keys("beacon", web_server="self-hosted"), "pair"),
    "https without a web server": Designed(set_keys("beacon", web_server="none"), "network"),
    "no TLS version": Designed(set_keys("beacon", protocols=[]), "network"),
    "TLS not required, certificate required, off": Designed(
        together(set_keys("beacon", require_ssl=False), _OFF), "beacon 403"
    ),
}


_MINIMAL = set_keys("beacon", check_issuer=False)


ACCEPTED: Mapping[str, Designed] = {
    "no roots": Designed(set_fields(roots=()), "beacon 403"),
    "no roots, minimal check": _ok(together(_MINIMAL, set_fields(roots=()))),
    "no roots, ignored": _ok(together(_IGNORE, set_fields(roots=()))),
    "no roots, accepted": Designed(together(_ACCEPT, set_fields(roots=())), "beacon 403"),
    "no roots, accepted, off": _ok(together(_ACCEPT, _OFF, set_fields(roots=()))),
    "issuer as root alone": Designed(set_fields(roots=("issuing",)), "beacon 403"),
    "issuer as root beside the root": _ok(set_fields(roots=("root", "issuing"))),
    "expired root": Designed(set_fields(roots=("root/expired",)), "beacon 403"),
    "expired root beside the renewed": _ok(set_fields(roots=("root/expired", "root"))),
    "same-name root": Designed(set_fields(roots=("root/fake",)), "beacon 403"),
    "same-name root beside the right one": _ok(set_fields(roots=("root/fake", "root"))),
    "self-signed, in the root store": _ok(set_fields(client_issuer="self", roots=("client",))),
    "self-signed": Designed(set_fields(client_issuer="self"), "beacon 403"),
    "client itself among the roots": Designed(set_fields(roots=("client",)), "beacon 403"),
    "issuer from the intermediate store": _ok(set_fields(shown=("client",))),
    "issuer expired in the store, valid sent": _ok(set_fields(intermediates=("issuing/expired",))),
    "issuer expired in the store, not sent": Designed(
        set_fields(shown=("client",), intermediates=("issuing/expired",)), "beacon 403"
    ),
    "root sent by the device alone": Designed(
        set_fields(shown=("client", "issuing", "root"), roots=("other",)), "beacon 403"
    ),
    "by the other root": _ok(set_fields(client_issuer="other", roots=("root", "other"))),
    "critical extension": Designed(change_recipe("client", extra="critical"), "beacon 403"),
    "critical extension, minimal check": _ok(together(_MINIMAL, change_recipe("client", extra="critical"))),
    "is a CA": _ok(change_recipe("client", ca=True)),
    "usage for signing certificates alone": _ok(change_recipe("client", usage=("key_cert_sign",))),
    "expired and of an unknown issuer": Designed(
        together(change_recipe("client", days=(-300, -1)), set_fields(client_issuer="other")), "beacon 403"
    ),
    "expired and for servers": Designed(change_recipe("client", days=(-300, -1), uses=("server",)), "beacon 403"),
    "client on P-224, TLS 1.3": Designed(change_recipe("client", key="p224#client"), "beacon 403"),
}


_WRONG_NAME = set_keys("use", host="wrong.example")


_OLD_TLS = set_keys("beacon", protocols=["TLSv1", "TLSv1.1"])


SEVERAL: Mapping[str, Designed] = {
    "TLS 1.1 at most, root untrusted": Designed(together(_OLD_TLS, set_fields(anchors=("other",))), "device"),
    "TLS 1.1 at most, server expired": Designed(together(_OLD_TLS, change_recipe("server", days=(-300, -1))), "device"),
    "TLS 1.1 at most, server too weak": Designed(
        together(_OLD_TLS, change_recipe("server", key="rsa1024#server")), "device"
    ),
    "TLS 1.1 at most, wrong name": Designed(together(_OLD_TLS, _WRONG_NAME), "pair"),
    "TLS 1.1 at most, root untrusted, unchecked": Designed(
        together(_OLD_TLS, set_fields(anchors=("other",)), set_keys("preferences", CheckServerCertificate="False")),
        "pair",
    ),
    "TLS 1.1 at most, off": Designed(together(_OLD_TLS, _OFF), "pair"),
    "TLS 1.1 at most, 1.2 at least, root untrusted": Designed(
        together(_OLD_TLS, set_fields(anchors=("other",)), set_keys("device", tls_min="TLSv1.2")), "pair"
    ),
    "TLS 1.1 by the device, root untrusted": Designed(
        together(
            set_keys("beacon", protocols=["TLSv1.1", "TLSv1.2"]),
            set_keys("device", tls_max="TLSv1.1", tls_min="TLSv1"),
            set_fields(anchors=("other",)),
        ),
        "device",
    ),
    "TLS 1.1 at most, level 0, root untrusted": Designed(
        together(_OLD_TLS, set_fields(anchors=("other",)), set_keys("device", seclevel=0)), "device"
    ),
    "TLS 1.1 at most, RSA server": Designed(together(_OLD_TLS, change_recipe("server", key="rsa2048#server")), "pair"),
    "server expired, key missing": Designed(
        together(change_recipe("server", days=(-300, -1)), set_fields(missing={"key"})), "device"
    ),
    "server expired, client expired": Designed(
        together(change_recipe("server", days=(-300, -1)), change_recipe("client", days=(-300, -1))), "device"
    ),
    "wrong name, off": Designed(together(_WRONG_NAME, _OFF), "device"),
    "wrong name, unchecked": _ok(together(_WRONG_NAME, set_keys("preferences", CheckServerCertificate="False"))),
    "wrong name, unchecked, off": Designed(
        together(_WRONG_NAME, _OFF, set_keys("preferences", CheckServerCertificate="False")), "beacon 403"
    ),
    "CA file and key missing": Designed(set_fields(missing={"ca", "key"}), "device"),
    "everything about the server wrong, unchecked": _ok(
        together(
            change_recipe("server", days=(-300, -1), uses=("client",), key="rsa1024#server"),
            set_fields(sent=("server",), anchors=("other",)),
            set_keys("preferences", CheckServerCertificate="False"),
        )
    ),
    "revocation on, server unchecked": _ok(
        set_keys("preferences", CheckServerCertificate="False", CheckCertificateRevocation="True")
    ),
    "TLS 1.3 alone and 1.2 at most, key missing": Designed(
        together(
            set_keys("beacon", protocols=["TLSv1.3"]),
            set_keys("device", tls_max="TLSv1.2"),
            set_fields(missing={"key"}),
        ),
        "device",
    ),
    "TLS 1.3 alone and 1.2 at most, root untrusted": Designed(
        together(
            set_keys("beacon", protocols=["TLSv1.3"]),
            set_keys("device", tls_max="TLSv1.2"),
            set_fields(anchors=("other",)),
        ),
        "pair",
    ),
    "P-224 server, root untrusted": Designed(
        together(change_recipe("server", key="p224#server"), set_fields(anchors=("other",))), "pair"
    ),
    "P-224 server, key missing": Designed(
        together(change_recipe("server", key="p224#server"), set_fields(missing={"key"})), "device"
    ),
    "P-224 server, unchecked": Designed(
        together(change_recipe("server", key="p224#server"), set_keys("preferences", CheckServerCertificate="False")),
        "pair",
    ),
    "client unreadable, beacon accepts": Designed(together(rewrite("crt", lambda _: b"junk"), _ACCEPT), "device"),
    "wildcard common name, CR LF, EC client": _ok(
        together(NAMES["wildcard common name alone"], rewrite("ca", lambda data: data.replace(b"\n", b"\r\n")))
    ),
}
