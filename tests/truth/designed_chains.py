"""Designed pairs of names and of the beacon's certificates."""

from __future__ import annotations

from collections.abc import Mapping

from tests.truth.designed import Designed
from tests.truth.odd_chains import CERTIFICATES, NAMES
from tests.truth.odd_edits import change_recipe, set_keys, together
from tests.truth.odd_pair import Change


def _ok(change: Change) -> Designed:
    return Designed(change, "ok")


def _named(words: Mapping[str, str], source: Mapping[str, Change]) -> dict[str, Designed]:
    """Expected endings of changes of the random pairs' vocabulary."""
    return {name: Designed(source[name], expected) for name, expected in words.items()}


NAMED = _named(
    {
        "wildcard for one label": "ok",
        "wildcard for the bare domain": "device",
        "partial wildcard": "device",
        "wildcard in the second label": "device",
        "wildcard with too few dots": "device",
        "double wildcard": "device",
        "dot at the end of the SAN": "ok",
        "common name alone": "ok",
        "wildcard common name alone": "ok",
        "two common names, the first is right": "device",
        "two common names, the last is right": "ok",
        "SAN of another host, right common name": "device",
        "only a URI in the SAN, right common name": "ok",
        "only a mail address in the SAN": "ok",
        "address in the SAN, right common name": "device",
        "no subject": "ok",
        "no name at all": "device",
        "common name of an organisation": "device",
        "many names": "ok",
        "short name asked": "device",
        "upper case asked": "ok",
        "dot at the end asked": "ok",
        "address asked": "device",
        "name below asked": "device",
        "address with its SAN": "ok",
        "address as DNS name": "device",
        "address with another SAN": "device",
        "IPv6 with its SAN": "ok",
        "IPv6 with a name": "device",
        "IPv6 in long form": "ok",
        "address as common name": "ok",
        "A-label": "ok",
        "A-label by wildcard": "ok",
        "A-label as first label by wildcard": "ok",
        "U-label": "ok",
        "underscore": "ok",
        "single label": "ok",
        "single label by wildcard": "device",
    },
    NAMES,
)


CHAINED = _named(
    {
        "server: expired": "device",
        "server: not yet valid": "device",
        "server: critical extension": "device",
        "server: harmless extension": "ok",
        "server: is a CA": "ok",
        "server: no basic constraints": "ok",
        "server: version 1": "ok",
        "server: must staple": "ok",
        "server: uses ('client',)": "device",
        "server: uses ('any',)": "device",
        "server: uses ('any', 'server')": "ok",
        "server: uses ('email',)": "device",
        "server: usage None": "ok",
        "server: usage ('key_encipherment',)": "ok",
        "server: usage ('key_agreement',)": "ok",
        "server: usage ('data_encipherment',)": "device",
        "server: usage ('key_cert_sign',)": "device",
        "server: key p224": "pair",
        "server: key k256": "pair",
        "server: key p384": "ok",
        "server: key p521": "ok",
        "server: key ed25519": "ok",
        "server: key ed448": "ok",
        "server: digest pss": "ok",
        "server: digest sha224": "ok",
        "issuing: version 1": "device",
        "issuing: not a CA": "device",
        "issuing: no basic constraints": "device",
        "issuing: no basic constraints, no usage": "device",
        "issuing: usage without signing": "device",
        "issuing: no usage": "ok",
        "issuing: uses client": "device",
        "issuing: uses any": "device",
        "issuing: uses server": "ok",
        "issuing: critical extension": "device",
        "issuing: excludes the host": "device",
        "issuing: permits the host": "ok",
        "issuing: permits another domain": "device",
        "issuing: excludes another domain": "ok",
        "root: excludes the host": "device",
        "root: version 1": "ok",
        "root: no basic constraints": "ok",
        "root: no basic constraints, no usage": "device",
        "root: usage without signing": "device",
        "root: not a CA": "device",
        "root: expired": "device",
        "root: path length 0": "device",
        "root: path length 1": "ok",
        "root: critical extension": "device",
    },
    CERTIFICATES,
)


CHAINED |= {
    "server: DSA key": Designed(change_recipe("server", key="dsa2048#server"), "pair"),
    "server: DSA key, TLS 1.2": Designed(
        together(change_recipe("server", key="dsa2048#server"), set_keys("beacon", protocols=["TLSv1.2"])), "pair"
    ),
    "server: Brainpool key": Designed(change_recipe("server", key="brainpool#server"), "pair"),
    "server: Ed25519 key, TLS 1.2": _ok(
        together(change_recipe("server", key="ed25519#server"), set_keys("beacon", protocols=["TLSv1.2"]))
    ),
    "server: RSA 1536": Designed(change_recipe("server", key="rsa1536#server"), "device"),
    "server: RSA 1536, level 1": _ok(
        together(change_recipe("server", key="rsa1536#server"), set_keys("device", seclevel=1))
    ),
    "server: RSA 1962": Designed(change_recipe("server", key="rsa1962#server"), "device"),
    "server: RSA 1963": _ok(change_recipe("server", key="rsa1963#server")),
    "server: usage for key encipherment alone, TLS 1.2": Designed(
        together(change_recipe("server", usage=("key_encipherment",)), set_keys("beacon", protocols=["TLSv1.2"])),
        "pair",
        undecided=True,
    ),
    "server: RSA usage for key encipherment alone, TLS 1.2": _ok(
        together(
            change_recipe("server", usage=("key_encipherment",), key="rsa2048#server"),
            set_keys("beacon", protocols=["TLSv1.2"]),
        )
    ),
    "server: valid to the end of the calendar": _ok(change_recipe("server", days=(-30, 2_900_000))),
    "server: since before the epoch": _ok(change_recipe("server", days=(-25_000, 700))),
}
