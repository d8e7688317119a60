"""The engine's snapshot: sites, settings, certificates; a part that fails loses nothing else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509

from fixtures.lab.iis.engine import Answer, Engine
from fixtures.lab.iis.registry_form import row_of
from tests.lab.windows_place import ALL_INFORMATION, SITE, SNI_INFORMATION, Windows, configuration, make_windows


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    return make_windows(tmp_path / "b1")


def run(windows: Windows) -> Answer:
    return Engine(windows.path).run("snapshot", {})


def test_a_snapshot_shows_everything(windows: Windows) -> None:
    answer = run(windows)
    assert {name: answer[name] for name in ("ok", "schema", "computer", "build", "elevated", "errors")} == {
        "ok": True,
        "schema": 1,
        "computer": "B1",
        "build": 20348,
        "elevated": True,
        "errors": [],
    }
    assert answer["sites"] == [
        {
            "name": SITE,
            "id": 1,
            "state": "Started",
            "bindings": [
                {
                    "protocol": "https",
                    "information": SNI_INFORMATION,
                    "sslFlags": 1,
                    "thumbprint": windows.bound,
                    "store": "WebHosting",
                },
                {
                    "protocol": "https",
                    "information": ALL_INFORMATION,
                    "sslFlags": 0,
                    "thumbprint": windows.bound,
                    "store": "WebHosting",
                },
                {"protocol": "http", "information": "*:80:", "sslFlags": 0, "thumbprint": "", "store": ""},
            ],
            "applications": ["/", "/ManageSoftRL"],
        }
    ]
    assert answer["access"] == [{"location": SITE, "flags": "Ssl", "explicit": True}]
    assert answer["uploadReadAheadSize"] == 49152
    assert answer["configSha256"] == configuration(windows).sha256
    assert answer["services"] == {"W3SVC": "Running", "WAS": "Running"}
    assert answer["schannel"] == {
        "protocols": {"TLS 1.0": False, "TLS 1.2": True},
        "sendTrustedIssuerList": 1,
        "clientAuthTrustMode": None,
        "messageLimit": None,
        "cipherSuites": [],
    }
    assert answer["httpsys"] == [row_of(record) for record in windows.directory.httpsys()]


def test_a_snapshot_shows_certificates_and_never_a_key(windows: Windows) -> None:
    rows = run(windows)["certificates"]
    assert isinstance(rows, list)
    shown = {row["thumbprint"]: (row["store"], row["hasKey"], row["friendlyName"], row["exportable"]) for row in rows}
    assert shown == {
        windows.bound: ("WebHosting", True, "bound", True),
        windows.other: ("My", True, "other", True),
        windows.keyless: ("My", False, "keyless", None),
    }
    for row in rows:
        x509.load_der_x509_certificate(base64.b64decode(row["rawB64"]))
        assert set(row) == {
            *("store", "thumbprint", "rawB64", "hasKey", "friendlyName", "provider", "exportable"),
        }


def test_a_snapshot_shows_folders_of_devices_that_differ(windows: Windows) -> None:
    document = configuration(windows)
    document.set_access(f"{SITE}/ManageSoftRL", [])
    document.set_access(f"{SITE}/Reports", ["Ssl"])
    document.set_access("Another site/ManageSoftRL", [])
    windows.directory.save_configuration(document)
    assert run(windows)["access"] == [
        {"location": SITE, "flags": "Ssl", "explicit": True},
        {"location": f"{SITE}/ManageSoftRL", "flags": "None", "explicit": True},
        {"location": f"{SITE}/Reports", "flags": "Ssl", "explicit": True},
    ]


@pytest.mark.parametrize(
    ("damage", "lost", "message"),
    [
        ("config", "sites", "not well-formed XML"),
        ("missing", "sites", "Microsoft.Web.Administration"),
        ("service", "sites", "Microsoft.Web.Administration"),
        ("module", "sites", "module 'WebAdministration' was not loaded"),
        ("rights", "sites", "insufficient permissions"),
        ("httpsys", "httpsys", "Expected `array`"),
    ],
)
def test_a_section_that_fails_loses_nothing_else(windows: Windows, damage: str, lost: str, message: str) -> None:
    file = windows.path / "applicationHost.config"
    match damage:
        case "config":
            file.write_bytes(b"<configuration>")
        case "missing":
            file.unlink()
        case "service":
            windows.directory.save_service_states({"W3SVC": "Missing"})
        case "module":
            (windows.path / "faults").mkdir()
            (windows.path / "faults" / "module-WebAdministration").touch()
        case "rights":
            windows.machine(elevated=False)
        case "httpsys":
            (windows.path / "httpsys.json").write_text("{}")
    answer = run(windows)
    assert answer["ok"] is True
    assert answer[lost] == []
    assert isinstance(answer["errors"], list)
    assert message in answer["errors"][0]["message"]
    assert len(answer["certificates"]) == 3  # type: ignore[arg-type]
