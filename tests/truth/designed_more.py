"""Designed pairs of names that are written oddly, of shells and of what a chain's members may be called."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.truth.designed import Designed
from tests.truth.odd_edits import change_recipe, set_fields, set_keys, together
from tests.truth.odd_pair import Change, Draft

Named = Callable[[str], str]


def _certified(*san: str, names: tuple[str, ...] = ("beacon",)) -> Change:
    """`@` stands for the host, `~` for what follows its first label."""

    def change(draft: Draft) -> None:
        def fill(text: str) -> str:
            return text.replace("@", draft.host).replace("~", draft.host.partition(".")[2])

        own = tuple(fill(name) for name in san) or None
        draft.server = replace(draft.server, names=tuple(fill(name) for name in names), san=own)

    return change


def _hosted(host: str, *san: str, names: tuple[str, ...] = ("beacon",)) -> Change:
    def change(draft: Draft) -> None:
        draft.host = host
        draft.server = replace(draft.server, names=names, san=san or None)

    return change


def _asked(make: Named) -> Change:
    def change(draft: Draft) -> None:
        draft.server = replace(draft.server, names=("beacon",), san=(f"dns:{draft.host}",))
        draft.use["host"] = make(draft.host)

    return change


def _ok(change: Change) -> Designed:
    return Designed(change, "ok")


def _device(change: Change) -> Designed:
    return Designed(change, "device")


ODD_NAMES: Mapping[str, Designed] = {
    "common name with a dot at the end": _ok(_certified(names=("@.",))),
    "common name and more behind it": _device(_certified(names=("@ (beacon)",))),
    "common name with a blank behind": _device(_certified(names=("@ ",))),
    "common name is a URL": _device(_certified(names=("https://@",))),
    "SAN begins with a dot": _device(_certified("dns:.~")),
    "SAN with a blank behind": _device(_certified("dns:@ ")),
    "SAN of the address as text": _device(_hosted("192.0.2.10", "dns:192.0.2.10", names=("192.0.2.10",))),
    "wildcard for an address": _device(_hosted("192.0.2.10", "dns:*.0.2.10")),
    "wildcard common name for an address": _device(_hosted("192.0.2.10", names=("*.0.2.10",))),
    "two wildcards, one fits": _ok(_certified("dns:*.else.example", "dns:*.~")),
    "wildcard in capitals": _ok(together(_certified("dns:*.CORP.EXAMPLE"))),
    "wildcard with a dot at the end": _ok(_certified("dns:*.~.")),
    "wildcard and a dot asked": _ok(
        together(_certified("dns:*.~"), lambda draft: draft.use.update(host=f"{draft.host}."))
    ),
    "wildcard behind letters": _device(_certified("dns:b-*.~")),
    "wildcard before letters": _device(_certified("dns:*-1.~")),
    "wildcard alone": _device(_certified("dns:*")),
    "wildcard of a top level": _device(_hosted("beacon.example", "dns:*.example")),
    "IPv6 in capitals": _ok(_hosted("2001:DB8::10", "ip:2001:db8::10")),
    "IPv6 of another form of the same": _ok(_hosted("2001:db8:0:0:0:0:0:10", "ip:2001:db8::10")),
    "IPv6 with another SAN": _device(_hosted("2001:db8::10", "ip:2001:db8::11")),
    "IPv4 in an IPv6 SAN": _device(_hosted("192.0.2.10", "ip:::ffff:192.0.2.10")),
    "two addresses, the second fits": _ok(_hosted("192.0.2.10", "ip:192.0.2.9", "ip:192.0.2.10")),
    "address and name, the name asked": _ok(_certified("ip:192.0.2.9", "dns:@")),
    "localhost": _device(_certified("dns:localhost", names=("localhost",))),
    "a digit first": _ok(_hosted("1beacon.corp.example", "dns:1beacon.corp.example")),
    "digits alone as a label": _ok(_hosted("10.corp.example", "dns:10.corp.example")),
    "very long": _ok(_hosted(f"{'a' * 63}.{'b' * 63}.corp.example", f"dns:{'a' * 63}.{'b' * 63}.corp.example")),
    "U-label in capitals": _ok(_hosted("b.B\u00dcCHER.example", "dns:b.xn--bcher-kva.example")),
    "U-label by wildcard": _ok(_hosted("b\u00fccher.corp.example", "dns:*.corp.example")),
    "U-label with another A-label": _device(_hosted("b.b\u00fccher.example", "dns:b.xn--bcher-kvb.example")),
    "A-label in capitals": _ok(_hosted("B.XN--BCHER-KVA.example", "dns:b.xn--bcher-kva.example")),
    "German sharp s": _ok(_hosted("stra\u00dfe.example", "dns:xn--strae-oqa.example")),
    "asked with two dots at the end": Designed(_asked(lambda host: f"{host}.."), "device", undecided=True),
}


def _shell(words: list[str]) -> Change:
    def change(draft: Draft) -> None:
        draft.device["shell"] = words

    return change


_SHELLS = {
    "busybox": ["busybox", "sh"],
    "ksh": ["ksh"],
    "mksh": ["mksh"],
    "posh": ["posh"],
    "dash": ["dash"],
    "bash": ["bash", "--posix"],
    "zsh": ["zsh", "--emulate", "sh"],
    "yash": ["yash"],
}
"""What is installed of them is tried."""

SHELLS: Mapping[str, Designed] = {
    f"{program}, {what}": Designed(together(_shell(words), change), expected)
    for program, words in _SHELLS.items()
    if shutil.which(program)
    for what, (change, expected) in {
        "good": (set_fields(), "ok"),
        "key missing": (set_fields(missing={"key"}), "device"),
        "directory alone": (set_fields(anchors=("other",), directory=(("{hash}.0", "root"),)), "ok"),
        "level 1, weak": (
            together(change_recipe("client", key="rsa1024#client"), set_keys("device", seclevel=1)),
            "ok",
        ),
        "upload": (set_keys("use", upload_bytes=100_001), "ok"),
    }.items()
}

LARGE: Mapping[str, Designed] = {
    "29 MB": _ok(set_keys("use", upload_bytes=29_000_000)),
    "31 MB": Designed(set_keys("use", upload_bytes=31_000_000), "beacon 404"),
    "31 MB, off": Designed(
        together(set_keys("use", upload_bytes=31_000_000), set_keys("preferences", AddClientCertificateAndKey="False")),
        "beacon",
    ),
    "one byte": _ok(set_keys("use", upload_bytes=1)),
    "one byte, late, reads ahead nothing": Designed(
        together(
            set_keys("use", upload_bytes=1),
            set_keys("beacon", ask="late", protocols=["TLSv1.2"], upload_read_ahead=0),
        ),
        "beacon",
    ),
}
