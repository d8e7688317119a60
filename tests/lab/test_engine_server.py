"""What the engine's snapshot says of the server as a whole, each datum from the file that stands for it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fixtures.lab.files import write_atomically, write_json
from fixtures.lab.iis.drive import on_drive
from fixtures.lab.iis.engine import Answer, Engine
from fixtures.lab.iis_directory import CIPHER_SUITES, SCHANNEL, RegistryKey, RegistryValue, dword
from tests.lab.windows_place import SITE, Windows, make_windows

UPLOADS = f"{SITE}/ManageSoftRL"
HEAD = "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time c-ip sc-status sc-substatus\n"


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    return make_windows(tmp_path / "b1")


def snapshot(windows: Windows) -> Answer:
    return Engine(windows.path).run("snapshot", {})


def put(windows: Windows, path: str, text: str) -> Path:
    file = windows.path / "files" / "C" / path
    write_atomically(file, text.encode())
    return file


def configure(windows: Windows, added: str) -> None:
    """Put XML in front of the end of applicationHost.config."""
    file = windows.path / "applicationHost.config"
    write_atomically(file, file.read_bytes().replace(b"</configuration>", f"{added}</configuration>".encode()))


def in_location(path: str, security: str, attributes: str = "") -> str:
    inside = f"<system.webServer><security>{security}</security></system.webServer>"
    return f'<location path="{path}"{attributes}>{inside}</location>'


def web_config(security: str) -> str:
    return f"<configuration><system.webServer><security>{security}</security></system.webServer></configuration>"


def test_a_plain_server_has_iiss_defaults(windows: Windows) -> None:
    answer = snapshot(windows)
    folders = (SITE, f"{SITE}/ManageSoftDL", UPLOADS)
    assert answer["unlocked"] == [{"location": place, "mode": "Deny", "flags": None} for place in folders]
    assert answer["requestLimits"] == [{"location": place, "bytes": 30_000_000} for place in (SITE, UPLOADS)]
    assert answer["mappings"] == [{"site": SITE, "enabled": False, "entries": 0, "activeDirectory": False}]
    assert (answer["sharedConfiguration"], answer["refusals"], answer["renewalTools"]) == (False, [], [])
    assert (answer["schannelErrors"], answer["errors"]) == ({}, [])
    assert answer["freeBytes"] == windows.directory.machine().free_bytes > 0


def test_request_limits_are_those_of_the_nearest_place(windows: Windows) -> None:
    limits = '<requestFiltering><requestLimits maxAllowedContentLength="{}" /></requestFiltering>'
    configure(windows, in_location(SITE, limits.format(1000)))
    assert [row["bytes"] for row in rows(snapshot(windows), "requestLimits")] == [1000, 1000]
    put(windows, "inetpub/wwwroot/web.config", web_config(limits.format(2000)))
    assert [row["bytes"] for row in rows(snapshot(windows), "requestLimits")] == [2000, 2000]
    put(windows, "Flexera Software/ManageSoftRL/web.config", web_config(limits.format(3000)))
    assert [row["bytes"] for row in rows(snapshot(windows), "requestLimits")] == [2000, 3000]


def test_what_is_read_ahead_is_that_of_the_nearest_place(windows: Windows) -> None:
    configuration = windows.directory.configuration()
    configuration.set_upload_read_ahead(SITE, 1000)
    windows.directory.save_configuration(configuration)
    assert [row["bytes"] for row in rows(snapshot(windows), "readAhead")] == [1000, 1000]
    configuration = windows.directory.configuration()
    configuration.set_upload_read_ahead(UPLOADS, 2000)
    windows.directory.save_configuration(configuration)
    assert [row["bytes"] for row in rows(snapshot(windows), "readAhead")] == [1000, 2000]


def test_a_web_config_counts_only_where_the_section_is_unlocked(windows: Windows) -> None:
    put(
        windows,
        "Flexera Software/ManageSoftRL/web.config",
        web_config("<access />"),
    )
    put(windows, "inetpub/wwwroot/web.config", web_config('<access sslFlags="None" />'))
    assert {row["mode"] for row in rows(snapshot(windows), "unlocked")} == {"Deny"}
    configure(windows, in_location(SITE, "<access />", ' overrideMode="Allow"'))
    assert rows(snapshot(windows), "unlocked") == [
        {"location": place, "mode": "Allow", "flags": "None"} for place in (SITE, f"{SITE}/ManageSoftDL", UPLOADS)
    ]
    put(windows, "Flexera Software/ManageSoftRL/web.config", web_config('<access sslFlags="Ssl" />'))
    assert [row["flags"] for row in rows(snapshot(windows), "unlocked")] == ["None", "None", "Ssl"]


def test_a_broken_web_config_loses_nothing_else(windows: Windows) -> None:
    put(windows, "inetpub/wwwroot/web.config", "<configuration>")
    answer = snapshot(windows)
    assert answer["requestLimits"] == []
    assert answer["sites"]
    assert [error["at"] for error in rows(answer, "errors")] == [f"request limits of site {SITE}"]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<iisClientCertificateMappingAuthentication enabled="true" />', (True, 0, False)),
        (
            '<iisClientCertificateMappingAuthentication enabled="true"><oneToOneMappings><add userName="a" '
            'password="hidden" certificate="x" /><add userName="b" /></oneToOneMappings><manyToOneMappings><add '
            'name="c" /></manyToOneMappings></iisClientCertificateMappingAuthentication>',
            (True, 3, False),
        ),
        (
            '<iisClientCertificateMappingAuthentication enabled="true" manyToOneCertificateMappingsEnabled="false">'
            '<manyToOneMappings><add name="c" /></manyToOneMappings></iisClientCertificateMappingAuthentication>',
            (True, 0, False),
        ),
        ('<clientCertificateMappingAuthentication enabled="true" />', (False, 0, True)),
    ],
)
def test_mappings_are_counted_and_never_shown(windows: Windows, inside: str, expected: tuple[object, ...]) -> None:
    configure(windows, in_location(SITE, f"<authentication>{inside}</authentication>"))
    answer = snapshot(windows)
    (row,) = rows(answer, "mappings")
    assert (row["enabled"], row["entries"], row["activeDirectory"]) == expected
    assert "hidden" not in msgspec.json.encode(answer).decode()


def test_the_newest_log_is_counted_by_status(windows: Windows) -> None:
    old = put(windows, "inetpub/logs/LogFiles/W3SVC1/u_ex261122.log", HEAD + "2026-11-22 10:00:00 10.0.0.9 403 7\n")
    os.utime(old, (1, 1))
    lines = ["10.0.0.7 403 7", "10.0.0.8 403 16", "10.0.0.8 403 7", "10.0.0.8 200 0", "10.0.0.8 404 0", "torn"]
    text = HEAD + "".join(f"2026-11-24 10:00:00 {line}\n" for line in lines)
    put(windows, "inetpub/logs/LogFiles/W3SVC1/u_ex261124.log", text)
    answer = snapshot(windows)
    assert answer["refusals"] == [{"site": SITE, "file": "u_ex261124.log", "counts": {"403.7": 2, "403.16": 1}}]
    assert "10.0.0" not in msgspec.json.encode(answer).decode()


def test_only_the_last_lines_of_a_log_count(windows: Windows) -> None:
    text = HEAD + "d t c 403 7\n" * 10 + "d t c 403 13\n" * 2000
    put(windows, "inetpub/logs/LogFiles/W3SVC1/u_ex261124.log", text)
    assert rows(snapshot(windows), "refusals")[0]["counts"] == {"403.13": 2000}


def test_schannel_errors_of_a_day(windows: Windows) -> None:
    now = datetime.now(UTC)
    events = [
        {"id": 36874, "time": now - timedelta(hours=1)},
        {"id": 36874, "time": now - timedelta(hours=2)},
        {"id": 36870, "time": now - timedelta(days=2)},
        {"id": 36880, "time": now, "level": 4},
        {"id": 7036, "time": now, "provider": "Service Control Manager"},
    ]
    write_json(windows.path / "eventlog.json", events)
    assert snapshot(windows)["schannelErrors"] == {"36874": 2}


def test_tools_that_renew_certificates_are_named(windows: Windows) -> None:
    put(windows, "Windows/System32/Tasks/win-acme renew (acme-v02.api.letsencrypt.org)", "")
    put(windows, "Windows/System32/Tasks/Microsoft/Windows/Defrag/ScheduledDefrag", "")
    windows.directory.save_service_states({"Certify.Service": "Stopped", "Spooler": "Stopped"})
    assert snapshot(windows)["renewalTools"] == [
        "Certify.Service",
        "win-acme renew (acme-v02.api.letsencrypt.org)",
    ]


def redirect(windows: Windows, enabled: str) -> None:
    text = f'<configuration><configurationRedirection enabled="{enabled}" path="\\\\nas\\iis" /></configuration>'
    put(windows, "Windows/System32/inetsrv/config/redirection.config", text)


def test_a_shared_configuration_is_read_and_never_changed(windows: Windows) -> None:
    redirect(windows, "false")
    assert snapshot(windows)["sharedConfiguration"] is False
    redirect(windows, "true")
    answer = snapshot(windows)
    assert (answer["sharedConfiguration"], answer["configSha256"]) == (True, "")
    assert answer["access"] == [{"location": SITE, "flags": "Ssl", "explicit": False}]
    before = (windows.path / "applicationHost.config").read_bytes()
    change = {"site": SITE, "location": SITE, "before": ["Ssl"], "after": ["None"], "configSha256": ""}
    refused = Engine(windows.path).run("set-access", change)
    assert (refused["ok"], refused["refused"], refused["phase"]) == (False, True, "compare")
    assert "shared configuration" in str(refused["message"])
    assert (windows.path / "applicationHost.config").read_bytes() == before


def test_cipher_suites_of_the_policy_go_before_the_machines_own(windows: Windows) -> None:
    policy, own = CIPHER_SUITES
    store(windows, own, "Functions", RegistryValue("MultiString", ["TLS_AES_256_GCM_SHA384", "TLS_B"]))
    assert schannel(windows)["cipherSuites"] == ["TLS_AES_256_GCM_SHA384", "TLS_B"]
    store(windows, policy, "Functions", RegistryValue("String", "TLS_C, TLS_D"))
    assert schannel(windows)["cipherSuites"] == ["TLS_C", "TLS_D"]


def test_the_limit_of_a_clients_chain(windows: Windows) -> None:
    store(windows, SCHANNEL, "MessageLimitServerClientAuth", dword(0x4000))
    assert schannel(windows)["messageLimit"] == 0x4000


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (r"C:\INETPUB\wwwroot", "inetpub/wwwroot"),
        (r"%SystemDrive%\inetpub\wwwroot", "inetpub/wwwroot"),
        (r"%windir%\System32", "Windows/System32"),
        (r"C:\inetpub\..\Windows", None),
        (r"D:\inetpub", None),
        (r"\\nas\share", None),
        (r"C:\nothing", None),
    ],
)
def test_paths_of_the_drive(windows: Windows, path: str, found: str | None) -> None:
    drive = windows.path / "files" / "C"
    for folder in ("inetpub/wwwroot", "Windows/System32"):
        (drive / folder).mkdir(parents=True)
    assert on_drive(windows.directory, path) == (None if found is None else drive / found)


def rows(answer: Answer, name: str) -> list[dict[str, object]]:
    return msgspec.convert(answer[name], list[dict[str, object]])


def schannel(windows: Windows) -> dict[str, object]:
    return msgspec.convert(snapshot(windows)["schannel"], dict[str, object])


def store(windows: Windows, path: str, name: str, value: RegistryValue) -> None:
    """Put a value at a key of registry.json."""

    def within(key: RegistryKey, parts: list[str]) -> RegistryKey:
        if not parts:
            return RegistryKey(key.keys, key.values | {name: value})
        below = key.keys.get(parts[0], RegistryKey())
        return RegistryKey(key.keys | {parts[0]: within(below, parts[1:])}, key.values)

    windows.directory.save_registry(within(windows.directory.registry(), path.split("\\")))
