"""`show`, and the ends of a fleet that don't meet, over fakes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from console.fleet.model import Device
from console.readiness.model import (
    COMPONENTS,
    Finding,
    PairUse,
    PairVerdict,
    Side,
    Status,
    Step,
    Verdict,
)
from console.services.estate import Estate
from tests.fakes import beacon_snapshot
from tests.unit.cli_shell import Shell, demand_certificates
from tests.world import CONFIG

# --- beacons that nobody uses


def test_a_beacon_that_no_device_uses_is_told(shell: Shell) -> None:
    lonely = replace(shell.world.fleet.beacons[0], name="b3", host="b3.test")
    shell.world.fleet = replace(shell.world.fleet, beacons=(*shell.world.fleet.beacons, lonely))
    shell.world.beacons.snapshots["b3"] = beacon_snapshot("b3")
    assert shell("check") == 0
    assert "beacon.unused: No device uses b3" in shell.err
    assert "weren't read" not in shell.err
    assert shell("check", "d1") == 0
    assert "b3" not in shell.err
    assert shell("check", "b3") == 1
    assert "beacon.unused: No device uses b3" in shell.err
    assert "No pair to judge" in shell.err
    assert shell("show", "b3") == 0
    assert "beacon.unused: No device uses b3" in shell.out
    assert shell("show", "b3", "--format", "json") == 0
    assert "b3.test" in json.loads(shell.out)["unused"]
    assert shell("show", "b1", "--format", "json") == 0
    assert json.loads(shell.out)["unused"] is None


def test_a_device_that_has_no_way_is_told(shell: Shell) -> None:
    shell.world.fleet = replace(shell.world.fleet, devices=(*shell.world.fleet.devices, Device("d3", "d3")))
    shell.world.devices.files["d3"] = b"[x]\n"
    assert shell("check") == 0
    assert "device.no-way: d3 has no way to a beacon" in shell.err
    assert shell("check", "d1") == 0
    assert "d3" not in shell.err
    assert shell("show", "d3") == 0
    assert "device.no-way: d3 has no way to a beacon" in shell.out


def test_a_device_that_was_not_read_may_use_it(shell: Shell) -> None:
    assert shell("check", "--cached") == 1
    assert "beacon.unused: No device uses b2" in shell.err
    assert "weren't read" in shell.err


def test_an_endpoint_that_no_beacon_answers_to_is_told(shell: Shell) -> None:
    lost = CONFIG + b"[ManageSoft\\Common\\UploadSettings\\x]\nHost=old.test\nPort=443\nProtocol=https\n"
    shell.world.devices.files["d1"] = lost
    assert shell("check") == 1
    assert "network.no-beacon: No beacon of the fleet answers to old.test:443; 1 device uses it (d1)." in shell.err
    assert "(none)" in shell.out
    assert shell("show", "d1") == 0
    assert "? (none) old.test:443 unknown" in shell.out
    assert shell("check", "d2") == 0
    assert "old.test" not in shell.err


# --- show


def test_show_looks_at_what_was_never_observed(shell: Shell) -> None:
    assert shell("show", "d2") == 0
    assert shell.world.devices.collected == ["d2"]
    assert "AddClientCertificateAndKey=True (common, documented)" in shell.out
    assert "observed 0 s ago" in shell.out
    assert shell("show", "d2", "--format", "json") == 0
    assert shell.world.devices.collected == ["d2"]
    values = json.loads(shell.out)
    assert (values["schema"], values["kind"], values["snapshot"]["device"]) == (1, "device", "d2")
    assert {pair["beacon"] for pair in values["pairs"]} == {"b1", "b2"}


def test_show_of_a_beacon_and_of_what_cannot_be_reached(shell: Shell) -> None:
    assert shell("show", "b1") == 0
    assert "os_build: 20348" in shell.out
    shell.world.devices.down.add("d1")
    assert shell("show", "d1") == 3
    assert "connection refused" in shell.out


def test_show_says_what_to_do_on_which_machine(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell("check")
    assert "fix:" not in shell.out
    demand_certificates(shell)
    shell("check")
    assert "fix: `show NAME` says on which machine what has to be done." in shell.out
    off = Finding(
        "device.client-certificate-off", Step.ACCEPTED, Side.DEVICE, Status.FAIL, "off", remedy="On d1: switch it on."
    )
    use = PairUse("d1", "b1", "b1.test", 443)
    blocked = PairVerdict(use, Verdict.BLOCKED, dict.fromkeys(COMPONENTS, Verdict.BLOCKED), (off,))
    monkeypatch.setattr(Estate, "verdicts_of_device", lambda _self, _name: (blocked,))
    assert shell("show", "d1") == 0
    assert "blocked device.client-certificate-off: off\n    fix: On d1: switch it on.\n" in shell.out
    shell("show", "d1", "--format", "json")
    (pair,) = json.loads(shell.out)["pairs"]
    assert pair["remedy"] == "On d1: switch it on."


def test_show_lets_nothing_steer_the_terminal(shell: Shell) -> None:
    shell.world.devices.files["d1"] += b"[ManageSoft\\Common]\nSSLCACertificateFile=/\x1b[2J\x9b\xff\n"
    assert shell("show", "d1") == 0
    assert not any(ord(char) < 32 and char != "\n" for char in shell.out)
