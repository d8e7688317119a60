"""The fleet file: what it means, and one clear error for each mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.agent.document import ConfigDocument
from console.agent.failover import failover_uses
from console.agent.profile import AgentProfile
from console.errors import ConfigurationError, ExitStatus
from console.fleet.loading import load_fleet
from console.fleet.model import Beacon, BeaconClientCheck, Device, ExplicitPair, Fleet, WinrmAuthentication
from console.fleet.pairing import match_beacon, pair_uses

FLEET = """
[policy]
soon_days = 14
beacon_client_check = "documented"

[resolve]
"b1.example:443" = "127.0.0.1:44301"
"[fd00::1]:443" = "[::1]:44302"

[[beacon]]
name = "b1"
host = "b1.example"
tags = ["lan"]
[beacon.winrm]
url = "https://127.0.0.1:5986/wsman"
authentication = "basic"
user = "admin"
password_file = "secrets/b1.password"
ca_file = "ca.pem"

[[beacon]]
name = "b2"
host = "b2.example"
beacon_client_check = "observed"

[[device]]
name = "d1"
[[device]]
name = "d2"
host = "10.0.0.2"
port = 2222
user = "root"
agent = false
password_environment = "D2_PASSWORD"
production = true

[[pair]]
device = "d1"
beacon = "b1"
upload_bytes = 60000

[group]
lan = ["d*", "b1"]
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "secrets").mkdir()
    password = tmp_path / "secrets" / "b1.password"
    password.write_text("hunter2\n")
    password.chmod(0o600)
    (tmp_path / "ca.pem").write_text("")

    def _write(text: str, name: str = "fleet.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return _write


def test_a_whole_fleet(write: Write, tmp_path: Path) -> None:
    fleet = load_fleet(write(FLEET))
    first, second = fleet.beacons
    assert first.winrm is not None
    assert first.winrm.password is not None
    assert first.winrm.password.file == tmp_path / "secrets" / "b1.password"
    assert first.winrm.authentication is WinrmAuthentication.BASIC
    assert (first.client_check, second.client_check) == (BeaconClientCheck.DOCUMENTED, BeaconClientCheck.OBSERVED)
    d1, d2 = fleet.devices
    assert (d1.host, d1.port, d1.port_from_ssh_config) == ("d1", 22, True)
    assert (d2.host, d2.port, d2.port_from_ssh_config, d2.use_agent) == ("10.0.0.2", 2222, False, False)
    assert d2.production
    assert fleet.pairs == (ExplicitPair("d1", "b1", "b1.example", 443, "https", 60000),)
    assert fleet.resolve == {("b1.example", 443): ("127.0.0.1", 44301), ("fd00::1", 443): ("::1", 44302)}
    assert fleet.groups == {"lan": ("d*", "b1")}
    assert (fleet.policy.soon_days, fleet.policy.skew_warn_seconds) == (14, 300)


def test_additions_are_merged(write: Write) -> None:
    path = write(FLEET)
    write('[[device]]\nname = "d3"\n[[pair]]\ndevice = "d3"\nbeacon = "b2"\n', "fleet.d/more.toml")
    fleet = load_fleet(path)
    assert [device.name for device in fleet.devices] == ["d1", "d2", "d3"]
    assert fleet.pairs[-1].host == "b2.example"
    write('[[device]]\nname = "d1"\n', "fleet.d/again.toml")
    with pytest.raises(ConfigurationError, match=r'again\.toml.*|"d1" is named twice'):
        load_fleet(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[devise]]\nname = "d"', ("devise", "device")),
        ('[[device]]\nname = "d"\nprot = 22', ("prot", "port", 'device "d"')),
        ('[[beacon]]\nname = "b"\nsitte = "x"', ("sitte", "site")),
        ('[[device]]\nname = "d"\n[[device]]\nname = "d"', ('device "d"', "twice")),
        ('[[beacon]]\nname = "d"\n[[beacon]]\nname = "d"', ('beacon "d"', "twice")),
        ('[[device]]\nname = "d"\nport = "22"', ("port", "whole number", "a string")),
        ('[[device]]\nname = "d"\nport = 0', ("port", "1 to 65535")),
        ('[[device]]\nname = "d"\nagent = "yes"', ("agent", "true or false")),
        ('[[device]]\nname = "d"\ntags = "x"', ("tags", "list of strings")),
        ("[[device]]\nhost = 'd'", ("name", "missing")),
        ('[[device]]\nname = "a b"', ("name", "letters")),
        ('[device]\nname = "d"', ("device", "[[device]]")),
        ('[[device]]\nname = "d"\nkey_file = "absent"', ("key_file", "no such file", "absent")),
        ('[[device]]\nname = "d"\nknown_hosts = "secrets"', ("known_hosts", "directory")),
        ('[[device]]\nname = "d"\nconfig_ini = "config.ini"', ("config_ini", "absolute")),
        ('[[device]]\nname = "d"\nhost = "-oProxyCommand=x"', ("host", "host name")),
        ('[[device]]\nname = "d"\njump = "d"', ("jump",)),
        ('[[device]]\nname = "d"\nuser = "a\\nb"', ("user", "control")),
        ('[[pair]]\ndevice = "d"\nbeacon = "b"', ("device", "'d'")),
        ('[[device]]\nname = "d1"\n[[beacon]]\nname = "b1"\n[[pair]]\ndevice = "d1"\nbeacon = "b"', ("'b'", "'b1'")),
        ('[resolve]\n"b1" = "127.0.0.1:1"', ("HOST:PORT",)),
        ('[resolve]\n"b1:443" = "127.0.0.1"', ("HOST:PORT",)),
        ('[group]\nx = ["nobody"]', ("'x'", "'nobody'")),
        ('[policy]\nbeacon_client_check = "observe"', ("beacon_client_check", "observed")),
        ('[policy]\nagent_profile = "absent.toml"', ("agent_profile", "absent.toml")),
        ("name = \n", ("TOML",)),
        ('[[beacon]]\nname = "b"\n[beacon.winrm]\nurl = "ftp://x"', ("url", "https://HOST:5986/wsman")),
        (
            '[[beacon]]\nname = "b"\n[beacon.winrm]\nauthentication = "basic"\nuser = "u"\nurl = "http://x:5985/wsman"',
            ("url", "https"),
        ),
        ('[[beacon]]\nname = "b"\n[beacon.winrm]\nuser = "u"', ("password_file", "missing")),
        ('[[beacon]]\nname = "b"\n[beacon.winrm]\npassword_prompt = true', ("user", "missing")),
        ('[[beacon]]\nname = "b"\n[beacon.winrm]\nauthentication = "certificate"', ("certificate_file", "missing")),
        (
            '[[device]]\nname = "d"\npassword_prompt = true\npassword_environment = "X"',
            ("password_prompt", "only one"),
        ),
    ],
)
def test_mistakes(write: Write, text: str, told: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_fleet(write(text))
    message = str(caught.value)
    for part in ("fleet.toml", *told):
        assert part in message
    assert caught.value.exit_status is ExitStatus.USAGE
    assert len(message.splitlines()) <= 4


@pytest.mark.parametrize(
    "text",
    [
        '[[device]]\nname = "d"\npassword = "hunter2"',
        '[[device]]\nname = "d"\npasswd = "hunter2"',
        '[[device]]\nname = "d"\nkey_passphrase = "hunter2"',
        '[[beacon]]\nname = "b"\n[beacon.winrm]\npassword = "hunter2"',
        '[[beacon]]\nname = "b"\n[beacon.winrm]\nuser = "u"\nsecret = "hunter2"',
        '[[beacon]]\nname = "b"\n[beacon.winrm]\nurl = "https://u:hunter2@b:5986/wsman"',
        '[[device]]\nname = "d"\nkey_file = "-----BEGIN PRIVATE KEY-----\\nhunter2"',
        '[[device]]\nname = "d"\npassword_environment = "hunter2!"',
        '[[device]]\nname = "d"\npassword_keyring = "hunter2"',
        'password = "hunter2"',
    ],
)
def test_a_plain_secret_is_refused_and_never_repeated(write: Write, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_fleet(write(text))
    assert "hunter2" not in str(caught.value)


def test_the_refusal_names_the_forms(write: Write) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_fleet(write('[[device]]\nname = "d"\npassword = "hunter2"'))
    for form in ("password_file", "password_environment", "password_keyring", "password_prompt", 'device "d"'):
        assert form in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o660])
def test_a_password_file_that_others_read_is_refused(write: Write, tmp_path: Path, mode: int) -> None:
    path = write(FLEET)
    (tmp_path / "secrets" / "b1.password").chmod(mode)
    with pytest.raises(ConfigurationError, match=f"mode {mode:04o}"):
        load_fleet(path)


def test_names_that_a_person_chose_are_no_secrets(write: Write) -> None:
    fleet = load_fleet(
        write('[[device]]\nname = "d"\n[group]\nbypass = ["d"]\ntokens = ["d"]\n[resolve]\n"pass:1"="x:2"')
    )
    assert set(fleet.groups) == {"bypass", "tokens"}


_KEYS = st.sampled_from(
    ["name", "host", "port", "winrm", "url", "tags", "password", "password_file", "password_prompt", "x", "device"]
)
_LEAVES = st.one_of(
    st.text(max_size=8),
    st.integers(-5, 70000),
    st.booleans(),
    st.just("hunter2"),
    st.lists(st.text(max_size=3), max_size=2),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.dictionaries(_KEYS, inner, max_size=4), st.lists(inner, max_size=3)),
    max_leaves=12,
)
_TABLES = st.sampled_from(["policy", "resolve", "beacon", "device", "pair", "group", "other"])


def _told(path: Path) -> str:
    """The error; empty where the file loads."""
    try:
        load_fleet(path)
    except ConfigurationError as error:
        return str(error)
    return ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_TABLES, st.one_of(_TREES, st.lists(st.dictionaries(_KEYS, _TREES, max_size=5), max_size=3))))
def test_whatever_is_written_loads_or_is_told(write: Write, tree: dict[str, object]) -> None:
    path = write(tomli_w.dumps(tree))
    told = _told(path)
    assert not told or "fleet.toml" in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80))
def test_bytes_load_or_are_told(write: Write, data: bytes) -> None:
    path = write("")
    path.write_bytes(data)
    told = _told(path)
    assert not told or "fleet.toml" in told


def test_a_missing_fleet_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"fleet\.toml"):
        load_fleet(tmp_path / "fleet.toml")


SHARED = """
[[beacon]]
name = "b1"
host = "shared.example"
[[beacon]]
name = "b2"
host = "shared.example"
[[beacon]]
name = "b3"
host = "own.example"
[[device]]
name = "d1"
[[device]]
name = "d2"
[[pair]]
device = "d1"
beacon = "b1"
port = 1001
[[pair]]
device = "d1"
beacon = "b2"
port = 1002
upload_bytes = 7
[resolve]
"shared.example:1002" = "127.0.0.1:44302"
"""


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("shared.example", 1001, "b1"),
        ("SHARED.example.", 1002, "b2"),
        ("shared.example", 443, None),
        ("own.example", 9, "b3"),
        ("else.example", 443, None),
    ],
)
def test_a_use_matches_by_host_and_port(write: Write, host: str, port: int, expected: str | None) -> None:
    assert match_beacon(load_fleet(write(SHARED)), host, port) == expected


def test_bindings_tell_beacons_of_one_host_apart(write: Write) -> None:
    fleet = load_fleet(write(SHARED))
    assert match_beacon(fleet, "shared.example", 443, ports={"b1": {443}, "b2": {444}}) == "b1"


def test_uses_are_explicit_pairs_and_failover_entries(write: Write) -> None:
    fleet = load_fleet(write(SHARED))
    document = ConfigDocument.parse(
        b"[ManageSoft\\Common\\DownloadSettings\\a]\nProtocol=https\nHost=shared.example\nPort=1002\n"
        b"[ManageSoft\\Common\\UploadSettings\\b]\nProtocol=https\nHost=own.example\nPort=443\n"
        b"[ManageSoft\\Common\\UploadSettings\\c]\nProtocol=https\nHost=stranger.example\nPort=443\n"
        b"[ManageSoft\\Common\\UploadSettings\\d]\nProtocol=https\nHost=noport.example\n"
    )
    uses = pair_uses(fleet, "d1", failover_uses(document, AgentProfile.load()))
    assert [(use.beacon, use.host, use.port, use.upload_bytes, use.address) for use in uses] == [
        ("b1", "shared.example", 1001, None, ""),
        ("b2", "shared.example", 1002, 7, "127.0.0.1:44302"),
        ("b3", "own.example", 443, None, ""),
        ("", "stranger.example", 443, None, ""),
    ]
    assert pair_uses(fleet, "d2", ()) == ()


def test_targets_are_found_by_name_in_their_own_fleet() -> None:
    one = Fleet(Path("/f"), devices=(Device("d1", "h1"),), beacons=(Beacon("b1", "b1.test", None),))
    other = replace(one, devices=(Device("d1", "h2"), Device("d2", "h3")))
    assert [one.device("d1").host, other.device("d1").host, other.device("d2").host] == ["h1", "h2", "h3"]
    assert one.beacon("b1") is other.beacon("b1")
    for name, look_up in (("d2", one.device), ("d1", one.beacon), ("b1", other.device)):
        with pytest.raises(KeyError):
            look_up(name)
