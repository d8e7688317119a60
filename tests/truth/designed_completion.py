"""Designed pairs of a client file that holds the leaf alone: OpenSSL completes it from what the device trusts."""

from __future__ import annotations

from collections.abc import Mapping

from tests.truth.designed import Designed
from tests.truth.odd_edits import change_recipe, set_fields, set_keys, together
from tests.truth.odd_pair import Change

_LEAF_ALONE = set_fields(shown=("client",), intermediates=())
_UNCHECKED = set_keys("preferences", CheckServerCertificate="False")
_IN_FILE = set_fields(anchors=("root", "issuing"))


def _alone(*changes: Change) -> Change:
    return together(_LEAF_ALONE, *changes)


def _ok(*changes: Change) -> Designed:
    return Designed(_alone(*changes), "ok")


def _refused(*changes: Change) -> Designed:
    return Designed(_alone(*changes), "beacon 403")


def _device(*changes: Change) -> Designed:
    return Designed(_alone(*changes), "device")


_SHA1 = change_recipe("issuing", digest="sha1")
_BY_ROOT = together(set_fields(anchors=("root", "issuing"), sent=("server/root",)))
"""The beacon's own chain doesn't need the issuing CA."""

COMPLETED: Mapping[str, Designed] = {
    "issuer in the CA file": _ok(_IN_FILE),
    "issuer alone in the CA file": _ok(set_fields(anchors=("issuing",))),
    "issuer in the CA directory": _ok(set_fields(directory=(("{hash}.0", "issuing"),))),
    "issuer in the CA directory, no root": _ok(set_fields(anchors=("other",), directory=(("{hash}.0", "issuing"),))),
    "issuer in the CA directory under a wrong name": _refused(set_fields(directory=(("issuing.pem", "issuing"),))),
    "issuer nowhere": _refused(),
    "issuer in the CA file, server unchecked": _refused(_IN_FILE, _UNCHECKED),
    "expired issuer in the CA file": _refused(set_fields(anchors=("root", "issuing/expired"), sent=("server/root",))),
    "expired issuer in the CA file, renewed beside it": _ok(set_fields(anchors=("issuing/expired", "issuing", "root"))),
    "another of the issuer's name in the CA file": _refused(
        set_fields(anchors=("root", "issuing/fake"), sent=("server/root",))
    ),
    "a file with another certificate behind the leaf": _refused(_IN_FILE, set_fields(shown=("client", "other"))),
    "a file with the leaf twice": _refused(_IN_FILE, set_fields(shown=("client", "client"))),
    "SHA-1 issuer in the CA file": _device(_SHA1, _BY_ROOT),
    "SHA-1 issuer in the CA file, ignored but asked for": _device(
        _SHA1, _BY_ROOT, set_keys("beacon", client_certificates="ignore")
    ),
    "SHA-1 issuer in the CA file, accepted": _device(_SHA1, _BY_ROOT, set_keys("beacon", client_certificates="accept")),
    "SHA-1 issuer in the CA file, late on TLS 1.2": _device(
        _SHA1, _BY_ROOT, set_keys("beacon", ask="late", protocols=["TLSv1.2"])
    ),
    "SHA-1 issuer in the CA file, TLS 1.2": _device(_SHA1, _BY_ROOT, set_keys("beacon", protocols=["TLSv1.2"])),
    "SHA-1 issuer in the CA file, level 0": _ok(_SHA1, _BY_ROOT, set_keys("device", seclevel=0)),
    "SHA-1 issuer in the CA file, server unchecked": _refused(_SHA1, _BY_ROOT, _UNCHECKED),
    "SHA-1 issuer in the CA file, known to the beacon": _device(
        _SHA1, _BY_ROOT, set_fields(intermediates=("issuing",))
    ),
    "SHA-1 issuer known to the beacon alone": _ok(_SHA1, set_fields(sent=("server/root",), intermediates=("issuing",))),
    "weak issuer in the CA file": _device(change_recipe("issuing", key="rsa1024#weak"), _BY_ROOT),
    "SHA-1 root in the CA file": _ok(change_recipe("root", digest="sha1"), _IN_FILE),
    "weak self-signed client, in the CA file": Designed(
        together(
            set_fields(client_issuer="self", shown=("client",), anchors=("root", "client"), roots=("client",)),
        ),
        "ok",
    ),
    "client of a weak root in the CA file": Designed(
        together(
            change_recipe("root", key="rsa1024#weakroot"),
            set_fields(client_issuer="root", shown=("client",), anchors=("root", "server/self"), sent=("server/self",)),
        ),
        "device",
    ),
    "client of a SHA-1 root in the CA file": Designed(
        together(
            change_recipe("root", digest="sha1"),
            set_fields(client_issuer="root", shown=("client",), anchors=("root", "server/self"), sent=("server/self",)),
        ),
        "ok",
    ),
}
