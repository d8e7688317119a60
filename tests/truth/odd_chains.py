"""Odd names, certificates and chains of the random raw pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.truth.odd_edits import change_recipe, set_fields
from tests.truth.odd_pair import Change, Draft


def _names(*san: str, names: tuple[str, ...] = ("beacon",)) -> Change:
    """`@` stands for the host, `~` for what follows its first label."""

    def change(draft: Draft) -> None:
        def fill(text: str) -> str:
            return text.replace("@", draft.host).replace("~", draft.host.partition(".")[2])

        own = tuple(fill(name) for name in san) or None
        draft.server = replace(draft.server, names=tuple(fill(name) for name in names), san=own)

    return change


def _host(host: str, *san: str) -> Change:
    def change(draft: Draft) -> None:
        draft.host = host
        draft.server = replace(draft.server, names=("beacon",), san=san or (f"dns:{host}",))

    return change


def _asked(make: Callable[[str], str]) -> Change:
    """The device asks for it otherwise than the beacon's certificate has it."""

    def change(draft: Draft) -> None:
        if draft.server.san is None and not draft.server.names:
            draft.server = replace(draft.server, names=("beacon",), san=(f"dns:{draft.host}",))
        draft.use["host"] = make(draft.host)

    return change


NAMES: Mapping[str, Change] = {
    "SAN in upper case": _names("dns:B-1.EXAMPLE", "dns:@"),
    "wildcard for one label": _names("dns:*.~"),
    "wildcard for the bare domain": _names("dns:*.@"),
    "partial wildcard": _names("dns:b*.~"),
    "wildcard in the second label": _names("dns:b.*.example"),
    "wildcard with too few dots": _names("dns:*.example"),
    "double wildcard": _names("dns:*.*.example"),
    "dot at the end of the SAN": _names("dns:@."),
    "common name alone": _names(names=("@",)),
    "wildcard common name alone": _names(names=("*.~",)),
    "two common names, the first is right": _names(names=("@", "else.example")),
    "two common names, the last is right": _names(names=("else.example", "@")),
    "SAN of another host, right common name": _names("dns:else.example", names=("@",)),
    "only a URI in the SAN, right common name": _names("uri:https://@/", names=("@",)),
    "only a mail address in the SAN": _names("mail:a@x.example", names=("@",)),
    "address in the SAN, right common name": _names("ip:192.0.2.9", names=("@",)),
    "no subject": _names("dns:@", names=()),
    "no name at all": _names(names=(" ",)),
    "common name of an organisation": _names(names=("Corp Ltd",)),
    "many names": _names(*(f"dns:n{number}.example" for number in range(200)), "dns:@"),
    "short name asked": _asked(lambda host: host.partition(".")[0]),
    "upper case asked": _asked(str.upper),
    "dot at the end asked": _asked(lambda host: f"{host}."),
    "address asked": _asked(lambda _: "192.0.2.10"),
    "name below asked": _asked(lambda host: f"x.{host}"),
    "address with its SAN": _host("192.0.2.10", "ip:192.0.2.10"),
    "address as DNS name": _host("192.0.2.10", "dns:192.0.2.10"),
    "address with another SAN": _host("192.0.2.10", "ip:192.0.2.11"),
    "IPv6 with its SAN": _host("2001:db8::10", "ip:2001:db8::10"),
    "IPv6 with a name": _host("2001:db8::10", "dns:b.example"),
    "IPv6 in long form": _host("2001:0db8:0:0::10", "ip:2001:db8::10"),
    "A-label": _host("b.xn--bcher-kva.example"),
    "A-label by wildcard": _host("b.xn--bcher-kva.example", "dns:*.xn--bcher-kva.example"),
    "A-label as first label by wildcard": _host("xn--bcher-kva.corp.example", "dns:*.corp.example"),
    "U-label": _host("b.b\u00fccher.example", "dns:b.xn--bcher-kva.example"),
    "numbers that are no address": _host("192.0.2.300"),
    "underscore": _host("b_1.corp.example"),
    "single label": _host("beacon"),
    "single label by wildcard": _host("beacon", "dns:*"),
}


def _address_common_name(draft: Draft) -> None:
    draft.host = "192.0.2.10"
    draft.server = replace(draft.server, names=("192.0.2.10",), san=None)


NAMES = {**NAMES, "address as common name": _address_common_name}

_KEYS = (
    *("rsa1024", "rsa1963", "rsa2048", "rsa3072", "dsa2048"),
    *("p224", "p384", "p521", "k256", "brainpool", "ed25519", "ed448"),
)
_USES = ((), ("server",), ("client",), ("any",), ("email",), ("server", "client"), ("any", "server"))
_USAGES = (
    None,
    ("key_encipherment",),
    ("key_agreement",),
    ("data_encipherment",),
    ("key_cert_sign",),
    ("digital_signature", "key_encipherment"),
)


def _leaf(who: str) -> dict[str, Change]:
    made = {f"key {key}": change_recipe(who, key=f"{key}#{who}") for key in _KEYS}
    made |= {f"uses {uses}": change_recipe(who, uses=uses or None) for uses in _USES}
    made |= {f"usage {usage}": change_recipe(who, usage=usage) for usage in _USAGES}
    made |= {
        f"digest {digest}": change_recipe(who, digest=digest) for digest in ("sha1", "md5", "sha384", "pss", "sha224")
    }
    made |= {
        "no basic constraints": change_recipe(who, ca=None),
        "is a CA": change_recipe(who, ca=True),
        "expired": change_recipe(who, days=(-300, -1)),
        "not yet valid": change_recipe(who, days=(1, 300)),
        "long expired": change_recipe(who, days=(-3000, -600)),
        "critical extension": change_recipe(who, extra="critical"),
        "harmless extension": change_recipe(who, extra="harmless"),
        "must staple": change_recipe(who, extra="staple"),
        "no identifiers": change_recipe(who, identifiers=False),
        "version 1": change_recipe(who, version=1),
    }
    return {f"{who}: {name}": change for name, change in made.items()}


def _authority(who: str) -> dict[str, Change]:
    made: dict[str, Change] = {
        "no basic constraints": change_recipe(who, ca=None),
        "no basic constraints, no usage": change_recipe(who, ca=None, usage=None),
        "not a CA": change_recipe(who, ca=False),
        "no usage": change_recipe(who, usage=None),
        "usage without signing": change_recipe(who, usage=("digital_signature",)),
        "uses server": change_recipe(who, uses=("server",)),
        "uses client": change_recipe(who, uses=("client",)),
        "uses any": change_recipe(who, uses=("any",)),
        "expired": change_recipe(who, days=(-900, -3)),
        "not yet valid": change_recipe(who, days=(2, 900)),
        "sha1": change_recipe(who, digest="sha1"),
        "md5": change_recipe(who, digest="md5"),
        "weak key": change_recipe(who, key=f"rsa1024#{who}"),
        "EC key": change_recipe(who, key=f"p384#{who}"),
        "ed25519": change_recipe(who, key=f"ed25519#{who}"),
        "critical extension": change_recipe(who, extra="critical"),
        "no identifiers": change_recipe(who, identifiers=False),
        "version 1": change_recipe(who, version=1),
        "permits the host": lambda draft: _constrain(draft, who, permitted=True, matching=True),
        "permits another domain": lambda draft: _constrain(draft, who, permitted=True, matching=False),
        "excludes the host": lambda draft: _constrain(draft, who, permitted=False, matching=True),
        "excludes another domain": lambda draft: _constrain(draft, who, permitted=False, matching=False),
        "permits addresses": change_recipe(who, permitted=("ip:10.0.0.0/8",)),
        "path length 0": change_recipe(who, path_length=0),
        "path length 1": change_recipe(who, path_length=1),
    }
    return {f"{who}: {name}": change for name, change in made.items()}


def _constrain(draft: Draft, who: str, *, permitted: bool, matching: bool) -> None:
    domain = f"dns:{draft.host}" if matching else "dns:elsewhere.example"
    field = {"permitted": (domain,)} if permitted else {"excluded": (domain,)}
    setattr(draft, who, replace(getattr(draft, who), **field))


CERTIFICATES = {**_leaf("server"), **_leaf("client"), **_authority("issuing"), **_authority("root")}

SENT: Mapping[str, Change] = {
    f"sent {sent}": set_fields(sent=sent)
    for sent in (
        ("server",),
        ("server", "issuing", "root"),
        ("server", "root", "issuing"),
        ("server", "issuing", "issuing"),
        ("server", "other", "issuing"),
        ("server", "issuing/expired"),
        ("server", "issuing/expired", "issuing/renewed"),
        ("server", "issuing/fake"),
        ("server", "issuing/fake", "issuing"),
        ("server", "issuing", "cross"),
        ("server", "issuing", "cross/expired"),
        ("server/self",),
        ("server/root",),
        ("leaf-of-subca", "subca", "issuing"),
        ("leaf-of-subca", "subca"),
        ("server/elsewhere", "issuing"),
    )
}
