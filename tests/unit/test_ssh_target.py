"""A device's fleet entry completed from ~/.ssh/config."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from adapters.ssh.target import SYSTEM_KNOWN_HOSTS, Target, TargetResolver
from console.errors import ConfigurationError
from console.fleet.model import Device, Fleet

CONFIG = """
Host web*
  HostName 192.0.2.5
  User operator
  Port 2222
  IdentityFile ~/.ssh/estate
  IdentitiesOnly yes
  ProxyJump admin@gate:2200,[2001:db8::1]:22
Host gate
  HostName gate.example
  HostKeyAlias the-gate
"""


def resolve(home: Path, device: Device, *others: Device, config: str = CONFIG) -> Target:
    (home / ".ssh").mkdir()
    (home / ".ssh" / "config").write_text(config)
    return TargetResolver(Fleet(home / "fleet.toml", devices=(device, *others)), home).resolve(device)


def test_what_the_fleet_file_leaves_open_comes_from_ssh_config(tmp_path: Path) -> None:
    target = resolve(tmp_path, Device("web01", "web01", port_from_ssh_config=True))
    assert (target.host, target.port, target.user) == ("192.0.2.5", 2222, "operator")
    assert target.key_files == (Path("~/.ssh/estate").expanduser(),)
    assert not target.use_agent
    assert target.host_key_name == "[192.0.2.5]:2222"
    assert target.known_hosts == (tmp_path / ".ssh" / "known_hosts", SYSTEM_KNOWN_HOSTS)
    gate, second = target.jumps
    assert (gate.host, gate.port, gate.user, gate.host_key_name) == ("gate.example", 2200, "admin", "the-gate")
    assert (second.host, second.port) == ("2001:db8::1", 22)


def test_a_port_that_the_fleet_file_names_stands(tmp_path: Path) -> None:
    assert resolve(tmp_path, Device("web01", "web01", port=22)).port == 22


def test_the_fleet_file_wins(tmp_path: Path) -> None:
    device = Device("web01", "web01", 22022, "root", Path("/k"), known_hosts=Path("/h"), jump="none")
    target = resolve(tmp_path, device)
    assert (target.port, target.user, target.key_files, target.jumps) == (22022, "root", (Path("/k"),), ())
    assert target.known_hosts == (Path("/h"),)


def test_a_jump_host_may_be_a_device_of_the_fleet(tmp_path: Path) -> None:
    hop = Device("bastion", "192.0.2.9", 2200, "ops", known_hosts=Path("/h2"))
    target = resolve(tmp_path, Device("db", "db", jump="bastion"), hop)
    assert [(j.host, j.port, j.user) for j in target.jumps] == [("192.0.2.9", 2200, "ops")]


def test_a_jump_host_keeps_its_own_jump_hosts(tmp_path: Path) -> None:
    inner = Device("inner", "192.0.2.8", jump="outer")
    outer = Device("outer", "192.0.2.9", jump="ops@edge.example:2200")
    target = resolve(tmp_path, Device("db", "db", jump="inner,192.0.2.7"), inner, outer)
    assert [jump.host for jump in target.jumps] == ["edge.example", "192.0.2.9", "192.0.2.8", "192.0.2.7"]
    assert [jump.jumps for jump in target.jumps] == [()] * 4


def test_a_jump_host_of_ssh_config_keeps_its_own(tmp_path: Path) -> None:
    config = "Host db\n  ProxyJump inner\nHost inner\n  ProxyJump outer\n"
    assert [jump.host for jump in resolve(tmp_path, Device("d", "db"), config=config).jumps] == ["outer", "inner"]


def test_a_jump_host_for_every_host_is_not_its_own(tmp_path: Path) -> None:
    config = "Host *\n  ProxyJump gate\n"
    assert [jump.host for jump in resolve(tmp_path, Device("d", "db"), config=config).jumps] == ["gate"]


def test_jump_hosts_in_a_circle_are_a_wrong_configuration(tmp_path: Path) -> None:
    inner, outer = Device("inner", "a", jump="outer"), Device("outer", "b", jump="inner")
    with pytest.raises(ConfigurationError, match="in a circle: db → inner → outer → inner"):
        resolve(tmp_path, Device("db", "db", jump="inner"), inner, outer)


def test_without_ssh_config_the_defaults_stand(tmp_path: Path) -> None:
    target = TargetResolver(Fleet(tmp_path / "f"), tmp_path).resolve(Device("d", "h"))
    assert (target.host, target.port, target.user) == ("h", 22, getpass.getuser())
    assert target.default_keys[0] == tmp_path / ".ssh" / "id_ed25519"


@pytest.mark.parametrize("jump", ["d", "gate:notaport", "gate:70000"])
def test_a_wrong_jump_is_a_wrong_configuration(tmp_path: Path, jump: str) -> None:
    with pytest.raises(ConfigurationError):
        resolve(tmp_path, Device("d", "h", jump=jump))


def test_an_unreadable_ssh_config_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't read"):
        resolve(tmp_path, Device("d", "h"), config="Host a\n  nonsense line without = or\nPort\n")
