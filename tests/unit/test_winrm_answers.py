"""What a beacon answers, read strictly: lists in every shape of 5.1, http.sys's numbers, hostile values."""

from __future__ import annotations

import base64
import contextlib
import copy
import datetime
import unicodedata
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.winrm.answers import beacon_snapshot
from adapters.winrm.envelope import answer
from adapters.winrm.fields import FieldError, access_flags, items
from adapters.winrm.httpsys import httpsys_record
from adapters.winrm.remote_text import clean, error_text
from console.errors import CommandFailed
from console.fleet.model import Beacon, WinrmAddress, WinrmAuthentication
from console.iis.server import RequestLimit, ServerFacts

NOW = datetime.datetime(2026, 11, 24, 8, tzinfo=datetime.UTC)
HASH = "AB" * 20
IIS = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
WINRM = "{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}"
B1 = Beacon("b1", "b1.lab.test", WinrmAddress("https://b1.lab.test:5986/wsman", WinrmAuthentication.BASIC))

ROW: dict[str, object] = {
    "kind": "SslBindingInfo",
    "key": "0.0.0.0:443",
    "certHash": HASH.lower(),
    "storeName": "WebHosting",
    "appId": IIS.upper(),
    "flags": 2,
    "checkMode": 1,
    "freshnessTime": 0,
    "urlRetrievalTimeout": 15000,
    "ctlIdentifier": None,
    "ctlStoreName": "ClientAuthIssuer",
}
ANSWER: dict[str, object] = {
    "ok": True,
    "schema": 1,
    "utc": "2026-11-24T07:59:58.125Z",
    "computer": "BEACON1",
    "build": "20348",
    "powershell": "5.1.20348.2760",
    "elevated": True,
    "features": "Web-Server",
    "sites": {
        "name": "Default Web Site",
        "id": 1,
        "state": "Started",
        "bindings": [
            {"protocol": "http", "information": "*:80:", "sslFlags": 0, "thumbprint": "", "store": ""},
            {
                "protocol": "https",
                "information": "[fe80::1]:443:b1.lab.test",
                "sslFlags": 1,
                "thumbprint": HASH.lower(),
                "store": "WebHosting",
            },
            {"protocol": "net.tcp", "information": "808:*"},
        ],
    },
    "access": {
        "value": [{"location": "Default Web Site", "flags": "SslNegotiateCert,Ssl", "explicit": True}],
        "Count": 1,
    },
    "httpsys": [ROW],
    "certificates": {
        "store": "WebHosting",
        "thumbprint": HASH.lower(),
        "rawB64": base64.b64encode(b"DER").decode(),
        "hasKey": True,
        "friendlyName": "b1",
        "provider": "KSP",
        "exportable": None,
    },
    "schannel": {"protocols": {"TLS 1.0": False}, "sendTrustedIssuerList": 1, "clientAuthTrustMode": None},
    "uploadReadAheadSize": None,
    "configSha256": "AA" * 32,
    "services": {"W3SVC": "Running"},
    "sharedConfiguration": False,
    "unlocked": {"location": "Default Web Site", "mode": "Deny", "flags": None},
    "requestLimits": {"location": "Default Web Site", "bytes": 4294967295},
    "mappings": {"site": "Default Web Site", "enabled": False, "entries": 0, "activeDirectory": False},
    "freeBytes": 9_000_000_000_000,
    "renewalTools": [],
    "schannelErrors": {},
    "refusals": None,
    "errors": None,
}
SERVER = (
    *("sharedConfiguration", "unlocked", "requestLimits", "mappings"),
    *("freeBytes", "renewalTools", "schannelErrors", "refusals"),
)


def read(changes: Mapping[str, object] = {}) -> object:
    return beacon_snapshot(B1, NOW, copy.deepcopy(ANSWER) | dict(changes))


def test_a_snapshot_in_the_shapes_of_5_1() -> None:
    seen = beacon_snapshot(B1, NOW, ANSWER)
    assert (seen.beacon, seen.computer, seen.os_build, seen.elevated) == ("b1", "BEACON1", 20348, True)
    assert seen.clock == datetime.datetime(2026, 11, 24, 7, 59, 58, 125000, tzinfo=datetime.UTC)
    assert seen.features == ("Web-Server",)
    http, https = seen.sites[0].bindings
    assert (http.port, http.host, http.address) == (80, "", "*")
    assert (https.address, https.port, https.host, https.thumbprint) == ("[fe80::1]", 443, "b1.lab.test", HASH)
    assert (seen.access[0].flags, seen.access[0].explicit) == (("Ssl", "SslNegotiateCert"), True)
    assert (seen.certificates[0].der, seen.certificates[0].thumbprint) == (b"DER", HASH)
    assert seen.certificates[0].exportable is None
    assert seen.schannel.protocols == {"TLS 1.0": False}
    assert seen.schannel.send_trusted_issuer_list is True
    assert seen.upload_read_ahead == 49152
    assert seen.config_sha256 == "aa" * 32
    assert seen.notes == ()
    assert seen.sites[0].applications is None


def test_the_server_as_a_whole_in_the_shapes_of_5_1() -> None:
    seen = beacon_snapshot(B1, NOW, ANSWER).server
    assert (seen.shared_configuration, seen.unlocked, seen.web_config) == (False, (), ())
    assert seen.request_limits == (RequestLimit("Default Web Site", 2**32 - 1),)
    assert (seen.free_bytes, seen.renewal_tools, seen.schannel_errors) == (9_000_000_000_000, (), {})
    assert seen.refusals == ()


def test_what_the_server_does_not_say_is_not_observed() -> None:
    plain = {name: value for name, value in ANSWER.items() if name not in SERVER}
    assert beacon_snapshot(B1, NOW, plain).server == ServerFacts()


def test_folders_of_which_no_web_config_could_be_read_are_named() -> None:
    """PowerShell leaves out the rows that a broken web.config stops; the others stay."""
    here = "Default Web Site"
    told = [
        {"location": here, "mode": "Deny", "flags": None},
        {"location": f"{here}/ManageSoftDL", "mode": "Allow", "flags": None},
    ]
    seen = beacon_snapshot(B1, NOW, ANSWER | {"unlocked": told}).server
    assert seen.unlocked == (f"{here}/ManageSoftDL",)
    assert seen.web_config_unread == (f"{here}/ManageSoftDL", f"{here}/ManageSoftRL")
    assert [seen.may_differ(place) for place in (here, *seen.web_config_unread)] == [False, True, True]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"sharedConfiguration": "perhaps"}, "sharedConfiguration"),
        ({"unlocked": ["Default Web Site"]}, "unlocked"),
        ({"unlocked": [{"location": "x", "mode": "Allow", "flags": "Nope"}]}, "flags"),
        ({"requestLimits": [{"location": "x", "bytes": -(2**40)}]}, "bytes"),
        ({"mappings": [{"site": "x", "enabled": "yes"}]}, "enabled"),
        ({"freeBytes": 2**70}, "freeBytes"),
        ({"renewalTools": ["x"] * 30_000}, "renewalTools"),
        ({"schannelErrors": {"36874": "many"}}, "36874"),
        ({"refusals": [{"site": "x", "file": "u_ex.log", "counts": [1]}]}, "counts"),
    ],
)
def test_what_is_unreadable_of_the_server_loses_nothing_else(changes: dict[str, object], names: str) -> None:
    seen = beacon_snapshot(B1, NOW, ANSWER | changes)
    assert len(seen.sites) == 1
    (note,) = seen.notes
    assert note.startswith(f"the server as a whole: {names}")


def test_names_from_the_server_are_cleaned_and_bounded() -> None:
    seen = beacon_snapshot(B1, NOW, ANSWER | {"renewalTools": ["win-acme\x1b[2J" + "x" * 500] * 60}).server
    assert seen.renewal_tools is not None
    assert len(seen.renewal_tools) == 50
    assert {len(name) for name in seen.renewal_tools} == {200}
    assert "\x1b" not in "".join(seen.renewal_tools)


@pytest.mark.parametrize(
    ("flags", "mode", "expected"),
    [
        (0, 0, {}),
        (2, 0, {"clientcertnegotiation": True}),
        (1 | 8 | 0x10, 0, {"dsmapper": True, "reject": True, "disablehttp2": True}),
        (0x20 | 0x40 | 0x80, 0, {"disablequic": True, "disabletls13": True, "disableocspstapling": True}),
        (0x100 | 0x200 | 0x400, 0, {"enabletokenbinding": True, "logextendedevents": True, "disablelegacytls": True}),
        (0x800 | 0x1000 | 0x4000, 0, {"enablesessionticket": True, "disabletls12": True, "disablesessionid": True}),
        (4, 4, {}),
        (0, 1, {"verifyclientcertrevocation": False}),
        (0, 2, {"verifyrevocationwithcachedclientcertonly": True}),
        (0, 0x10000, {"usagecheck": False}),
    ],
)
def test_http_sys_numbers(flags: int, mode: int, expected: dict[str, bool]) -> None:
    plain = msgspec.to_builtins(httpsys_record(ROW | {"flags": 0, "checkMode": 0}))
    seen = msgspec.to_builtins(httpsys_record(ROW | {"flags": flags, "checkMode": mode}))
    assert {name: value for name, value in seen.items() if value != plain[name]} == expected
    assert (seen["kind"], seen["certhash"], seen["appid"], seen["ctlidentifier"]) == ("ipport", HASH, IIS, "")


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ({"appId": WINRM}, 0),
        ({"appId": WINRM, "key": "0.0.0.0:443"}, 0),
        ({"appId": "{00000000-0000-0000-0000-000000000000}", "key": "0.0.0.0:5986"}, 0),
        ({"key": "0.0.0.0:5986"}, 1),
        ({}, 1),
    ],
)
def test_winrms_own_record_is_left_out(row: dict[str, object], left: int) -> None:
    assert len(beacon_snapshot(B1, NOW, ANSWER | {"httpsys": [ROW | row]}).httpsys) == left


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"schema": 2}, "schema"),
        ({"utc": "yesterday"}, "utc"),
        ({"build": "12;rm"}, "build"),
        ({"build": 2**40}, "build"),
        ({"elevated": "yes"}, "elevated"),
        ({"sites": "Default Web Site"}, "sites"),
        ({"sites": [{"name": "x", "bindings": [{"protocol": "https", "information": "nonsense"}]}]}, "information"),
        ({"sites": [{"name": "x", "bindings": [{"protocol": "https", "information": "*:99999:"}]}]}, "information"),
        ({"access": [{"location": "x", "flags": "Ssl,SslWhatever"}]}, "flags"),
        ({"httpsys": [ROW | {"kind": "Nope"}]}, "kind"),
        ({"certificates": [{"store": "My", "thumbprint": "00", "rawB64": "!!"}]}, "rawB64"),
        ({"certificates": [{"store": "My", "thumbprint": "00", "rawB64": "A" * 200_000}]}, "rawB64"),
        ({"features": ["x"] * 30_000}, "features"),
        ({"schannel": [1]}, "schannel"),
        ({"computer": ["a", "b"]}, "computer"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, object], names: str) -> None:
    with pytest.raises(CommandFailed, match=f"b1: snapshot: the answer can't be read: {names}"):
        read(changes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([], []),
        ("a", ["a"]),
        (["a", None, "b"], ["a", "b"]),
        ({"value": ["a"], "Count": 1}, ["a"]),
        ({"value": [], "Count": 0}, []),
        ({"value": "a", "Count": 1}, ["a"]),
        ({"name": "a"}, [{"name": "a"}]),
    ],
)
def test_lists(value: object, expected: list[object]) -> None:
    assert items({"x": value}, "x") == expected


@pytest.mark.parametrize(
    ("value", "flags"),
    [(None, ()), ("", ()), ("None", ()), ("Ssl", ("Ssl",)), ("SslRequireCert, Ssl", ("Ssl", "SslRequireCert"))],
)
def test_access_flags(value: object, flags: tuple[str, ...]) -> None:
    assert access_flags(value) == flags


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)  # a busy machine is no fault
@given(st.dictionaries(st.sampled_from(sorted(ANSWER)), json_values, max_size=6))
def test_any_answer_is_a_snapshot_or_one_clear_error(changes: dict[str, object]) -> None:
    with contextlib.suppress(CommandFailed):
        read(changes)


@settings(deadline=None)  # a busy machine is no fault
@given(st.dictionaries(st.sampled_from(sorted(ROW)), json_values, max_size=4))
def test_any_row_is_a_record_or_one_clear_error(changes: dict[str, object]) -> None:
    try:
        record = httpsys_record(ROW | changes)
    except FieldError:
        return
    assert record.kind in ("ipport", "hostnameport", "ccs")


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(max_size=2000), st.integers(1, 300))
def test_cleaned_text_is_one_bounded_harmless_line(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs"}


PROGRESS = (
    '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    '<Obj S="progress" RefId="0"><MS><S N="Activity">Preparing modules for first use.</S></MS></Obj>{}</Objs>'
)


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf\r\n", ""),
        (PROGRESS.format("").encode(), ""),
        (PROGRESS.format('<S S="warning">careful</S><S S="verbose">much</S>').encode(), ""),
        (PROGRESS.format('<S S="Error">Access is denied._x000D__x000A_</S>').encode(), "Access is denied."),
        ((PROGRESS.format("") + PROGRESS.format('<S S="Error">late_x001B_[31m</S>')).encode(), "late [31m"),
        (b"#< CLIXML\r\n<Objs><S S='Error'>torn", "(unreadable CLIXML) torn"),
        (b"plain \x1b[2J\x07text\r\n", "plain [2J text"),
        (b"\xff\xfe\x80", "���"),
    ],
)
def test_stderr(stderr: bytes, expected: str) -> None:
    assert error_text(stderr) == expected


def test_an_xml_bomb_in_clixml_is_not_expanded() -> None:
    bomb = (
        b'#< CLIXML\r\n<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Objs><S S="Error">&b;</S></Objs>'
    )
    assert "aaaaaaaaaaaaaaaaaaaa" not in error_text(bomb)


def marked(text: bytes) -> bytes:
    return b"##B64##" + base64.b64encode(text) + b"##END##"


@pytest.mark.parametrize(
    ("stdout", "expected"),
    [
        (b"", None),
        (b"##B64##", None),
        (b"banner\r\n" + marked(b'{"ok":true}') + b"\r\n", {"ok": True}),
        (marked('{"ok":true,"x":"ü"}'.encode()).replace(b"IjoidH", b"Ijoi\r\ndH"), {"ok": True, "x": "ü"}),
    ],
)
def test_the_answer_between_markers(stdout: bytes, expected: object) -> None:
    assert answer(stdout, "b1", "snapshot") == expected


@pytest.mark.parametrize(
    "stdout", [marked(b"[1]"), marked(b"{"), marked(b"\xff"), b"##B64##%%%##END##", marked(b"[" * 100_000)]
)
def test_what_is_no_answer(stdout: bytes) -> None:
    with pytest.raises(CommandFailed, match="b1: snapshot"):
        answer(stdout, "b1", "snapshot")
