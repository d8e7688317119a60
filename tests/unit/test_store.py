"""The store on real SQLite: what is saved comes back, private modes, versions, and a clear error for what is wrong."""

from __future__ import annotations

import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.store.locations import state_directory
from adapters.store.opening import FILE_NAME, open_store
from console.agent.snapshot import DeviceSnapshot, FileFact, FileState
from console.errors import StoreError
from console.iis.snapshot import BeaconSnapshot, Hello, HelloOutcome, Schannel, StoreCertificate
from console.readiness.model import LiveOutcome, LiveResult

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)

DEVICE = DeviceSnapshot(
    device="d1",
    taken_at=NOW,
    clock=NOW,
    system="Linux",
    release="6",
    hostname="d1",
    login="root",
    agent_user="root",
    agent_user_source="",
    agent_version="",
    config=FileFact("/x/config.ini", FileState.PRESENT, content=b"\xff\x00[a]\r\nb=c"),
)
BEACON = BeaconSnapshot(
    beacon="b1",
    taken_at=NOW,
    clock=None,
    computer="B1",
    os_build=20348,
    powershell="5.1",
    elevated=True,
    features=(),
    sites=(),
    access=(),
    httpsys=(),
    certificates=(StoreCertificate("My", "AB", b"\x30\x00"),),
    schannel=Schannel({"TLS 1.2": True}),
    upload_read_ahead=49152,
    config_sha256="00",
    hellos=(Hello("b1", 443, "127.0.0.1:1", NOW, HelloOutcome.TLS, chain=(b"\x30\x01",)),),
)


def test_snapshots_come_back_after_a_new_start(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.snapshots.save_device(DEVICE)
    store.snapshots.save_beacon(BEACON)
    store.snapshots.save_beacon(replace(BEACON, computer="B1b"))
    live = LiveResult(LiveOutcome.OK, tls="TLSv1.3", http_status=200, at=NOW)
    store.snapshots.save_live("d1", "b1", "b1", 443, "Uploader", live)
    store.close()
    again = open_store(tmp_path / "s")
    assert again.snapshots.devices() == {"d1": DEVICE}
    assert again.snapshots.beacons() == {"b1": replace(BEACON, computer="B1b")}
    assert again.snapshots.live() == {("d1", "b1", "b1", 443, "Uploader"): live}
    again.close()


def test_a_failure_stands_beside_the_last_snapshot_until_the_next_good_one(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.snapshots.save_device(DEVICE)
    store.snapshots.save_failure("d1", NOW, "refused")
    assert store.snapshots.failures() == {"d1": (NOW, "refused")}
    assert store.snapshots.devices() == {"d1": DEVICE}
    store.snapshots.save_device(DEVICE)
    assert store.snapshots.failures() == {}
    store.close()


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "s"
    directory.mkdir(mode=0o755)
    store = open_store(directory)
    store.snapshots.save_device(DEVICE)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}
    store.close()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path / "s").close()
    path = tmp_path / "s" / FILE_NAME
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"schema 99.*knows 1") as caught:
        open_store(tmp_path / "s")
    assert caught.value.target == str(path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    directory = tmp_path / "s"
    directory.mkdir()
    (directory / FILE_NAME).write_bytes(b"not a database, and long enough to look at" * 50)
    with pytest.raises(StoreError, match=FILE_NAME):
        open_store(directory)


def test_a_snapshot_of_another_shape_counts_as_not_observed(tmp_path: Path) -> None:
    open_store(tmp_path / "s").close()
    connection = sqlite3.connect(tmp_path / "s" / FILE_NAME)
    connection.execute("INSERT INTO device_snapshot VALUES ('d9', '', x'7b7d')")
    connection.commit()
    connection.close()
    store = open_store(tmp_path / "s")
    assert store.snapshots.devices() == {}
    store.close()


def test_each_fleet_file_has_a_directory_of_its_own(tmp_path: Path) -> None:
    assert state_directory(tmp_path / "a" / "fleet.toml") != state_directory(tmp_path / "b" / "fleet.toml")
    (tmp_path / "a").mkdir()
    assert state_directory(tmp_path / "a" / ".." / "a" / "f.toml") == state_directory(tmp_path / "a" / "f.toml")
