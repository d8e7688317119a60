"""The engine: each operation's answer, what it leaves in the files, and what Windows refuses."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.iis.snapshot import HttpSysRecord
from fixtures.lab.applicationhost import ACCESS_FLAGS, SiteBinding, SiteDefinition
from fixtures.lab.iis.engine import Answer, Engine, UnknownOperation
from fixtures.lab.iis.outcome import OperationRefused
from fixtures.lab.iis.reading import commit
from fixtures.lab.iis.registry_form import DEFAULT_FLAGS, check_mode_of, flags_of, row_of
from tests.lab.windows_place import (
    ALL_INFORMATION,
    ALL_KEY,
    SITE,
    SNI_INFORMATION,
    SNI_KEY,
    Windows,
    configuration,
    make_windows,
)

REQUIRE = ["Ssl", "SslNegotiateCert", "SslRequireCert"]


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    return make_windows(tmp_path / "b1")


def run(windows: Windows, operation: str, **parameters: object) -> Answer:
    return Engine(windows.path).run(operation, parameters)


def sha(windows: Windows) -> str:
    return configuration(windows).sha256


def bind(windows: Windows, information: str, after: dict[str, object], **changes: object) -> Answer:
    flags = 1 if information == SNI_INFORMATION else 0
    before = {"thumbprint": windows.bound, "store": "WebHosting", "sslFlags": flags}
    given_after = {"thumbprint": windows.other, "store": "My", "sslFlags": flags} | after
    parameters = {"site": SITE, "information": information, "before": before, "after": given_after}
    return run(windows, "set-binding", **(parameters | {"configSha256": sha(windows)} | changes))


def update(windows: Windows, after: dict[str, object], **changes: object) -> Answer:
    before = asdict(windows.record())
    parameters = {"kind": "hostnameport", "key": SNI_KEY, "before": before, "after": after}
    return run(windows, "set-httpsys", **(parameters | changes))


# set-access


@pytest.mark.parametrize(
    ("location", "before", "after", "effective"),
    [
        (SITE, ["Ssl"], REQUIRE, REQUIRE),
        (SITE, ["Ssl"], [], []),
        (SITE, ["Ssl"], None, []),
        (f"{SITE}/ManageSoftRL", None, ["SslRequireCert", "Ssl"], ["Ssl", "SslRequireCert"]),
        (f"{SITE}/ManageSoftRL", None, None, ["Ssl"]),
    ],
)
def test_access_is_set_and_taken_back(
    windows: Windows, location: str, before: list[str] | None, after: list[str] | None, effective: list[str]
) -> None:
    original = (windows.path / "applicationHost.config").read_bytes()
    answer = run(
        windows, "set-access", site=SITE, location=location, before=before, after=after, configSha256=sha(windows)
    )
    stored = None if after is None else [flag for flag in ACCESS_FLAGS if flag in after]
    assert answer == {"ok": True, "flags": stored, "configSha256": sha(windows)}
    assert list(configuration(windows).effective_access(location)) == effective
    back = run(windows, "set-access", site=SITE, location=location, before=after, after=before, configSha256="")
    assert back["ok"] is True
    assert (windows.path / "applicationHost.config").read_bytes() == original


@pytest.mark.parametrize(
    ("changes", "phase", "message"),
    [
        ({"before": None}, "compare", "expected not set"),
        ({"before": ["Ssl", "SslRequireCert"]}, "compare", "is Ssl, expected Ssl,SslRequireCert"),
        ({"configSha256": "00" * 32}, "compare", "has changed since"),
        ({"site": "Nowhere", "location": "Nowhere"}, "open", "no site named 'Nowhere'"),
        ({"location": "Other Site"}, "read parameters", "not in site"),
        ({"after": ["Ssl", "SslWhatever"]}, "read parameters", "Enum must be one or more of"),
        ({"after": "Ssl"}, "read parameters", "Cannot bind"),
    ],
)
def test_access_is_refused(windows: Windows, changes: dict[str, object], phase: str, message: str) -> None:
    original = (windows.path / "applicationHost.config").read_bytes()
    parameters = {"site": SITE, "location": SITE, "before": ["Ssl"], "after": REQUIRE, "configSha256": sha(windows)}
    answer = run(windows, "set-access", **(parameters | changes))
    assert (answer["ok"], answer["refused"], answer["phase"]) == (False, True, phase)
    assert message in str(answer["message"])
    assert (windows.path / "applicationHost.config").read_bytes() == original


def test_a_commit_is_refused_when_the_file_has_changed_meanwhile(windows: Windows) -> None:
    """Two that read the same file: the second to write is refused, in ServerManager's words."""
    first, second = configuration(windows), configuration(windows)
    first.set_access(SITE, [])
    windows.directory.save_configuration(first)
    second.set_access(SITE, REQUIRE)
    with pytest.raises(OperationRefused, match="changed on disk"):
        commit(windows.directory, second)
    assert configuration(windows).access(SITE) == ()


# set-httpsys


def test_netsh_changes_what_is_named(windows: Windows) -> None:
    after = replace(windows.record(), clientcertnegotiation=False, disablehttp2=True, ctlstorename="ClientAuthIssuer")
    answer = update(windows, asdict(after))
    assert answer == {"ok": True, "record": row_of(after)}
    assert windows.record() == after
    assert windows.record("ipport", ALL_KEY).clientcertnegotiation is True


def test_netsh_sets_what_is_not_named_to_its_default(windows: Windows) -> None:
    answer = update(windows, {"certhash": windows.bound, "certstorename": "WebHosting"})
    assert answer["ok"] is True
    assert windows.record() == HttpSysRecord(
        "hostnameport", SNI_KEY, certhash=windows.bound, certstorename="WebHosting"
    )


@pytest.mark.parametrize(
    ("after", "changes", "refused", "message"),
    [
        ({}, {"before": {"certhash": "00" * 20}}, True, "certhash, certstorename"),
        ({}, {"key": "nobody.test:443"}, True, "another kind or key"),
        ({"key": "nobody.test:443"}, {"key": "nobody.test:443", "before": {}}, True, "no record"),
        ({}, {"kind": "ccs"}, True, "neither ipport nor hostnameport"),
        ({"certhash": "AB" * 20}, {}, False, "Error: 1312"),
        ({"certhash": "keyless", "certstorename": "MY"}, {}, False, "Error: 1312"),
        ({"clientcertnegotiation": "yes"}, {}, True, "syntax"),
    ],
)
def test_netsh_fails(
    windows: Windows, after: dict[str, object], changes: dict[str, object], refused: bool, message: str
) -> None:
    before = windows.directory.httpsys()
    named = {name: windows.keyless if value == "keyless" else value for name, value in after.items()}
    answer = update(windows, asdict(windows.record()) | named, **changes)
    assert (answer["ok"], answer["refused"]) == (False, refused)
    assert message in str(answer["message"])
    assert windows.directory.httpsys() == before


def test_an_old_netsh_does_not_know_newer_switches(windows: Windows) -> None:
    windows.machine(build=9600)
    answer = update(windows, asdict(replace(windows.record(), disabletls13=True)))
    assert "disabletls13 is not a valid argument" in str(answer["message"])
    assert update(windows, asdict(replace(windows.record(), clientcertnegotiation=False)))["ok"] is True


# set-binding


def test_another_certificate_makes_the_record_anew_with_default_flags(windows: Windows) -> None:
    answer = bind(windows, SNI_INFORMATION, {})
    assert answer == {
        "ok": True,
        "binding": {"thumbprint": windows.other, "store": "My", "sslFlags": 1},
        "configSha256": sha(windows),
    }
    assert windows.record() == HttpSysRecord("hostnameport", SNI_KEY, certhash=windows.other, certstorename="My")
    assert windows.record("ipport", ALL_KEY).clientcertnegotiation is True


def test_the_same_certificate_leaves_the_record_alone(windows: Windows) -> None:
    before = windows.directory.httpsys()
    answer = bind(windows, SNI_INFORMATION, {"thumbprint": windows.bound.lower(), "store": "webhosting"})
    assert answer["ok"] is True
    assert windows.directory.httpsys() == before


@pytest.mark.parametrize(
    ("build", "flags", "set_flags"),
    [
        (26100, 128, {"clientcertnegotiation"}),
        (20348, 4 | 32, {"disablehttp2", "disabletls13"}),
        (17763, 8 | 64, {"disableocspstapling", "disablelegacytls"}),
    ],
)
def test_binding_flags_reach_the_record(windows: Windows, build: int, flags: int, set_flags: set[str]) -> None:
    windows.machine(build=build)
    assert bind(windows, ALL_INFORMATION, {"sslFlags": flags})["ok"] is True
    record = windows.record("ipport", ALL_KEY)
    assert {name for name in DEFAULT_FLAGS if getattr(record, name)} == set_flags
    assert configuration(windows).site(SITE).bindings[1].ssl_flags == flags


def test_without_sni_a_binding_moves_to_the_address_and_drops_its_own_record(windows: Windows) -> None:
    assert bind(windows, SNI_INFORMATION, {"sslFlags": 0})["ok"] is True
    assert {(one.kind, one.key) for one in windows.directory.httpsys()} == {
        ("ipport", ALL_KEY),
        ("ipport", "0.0.0.0:443"),
    }


@pytest.mark.parametrize(
    ("information", "after", "changes", "refused", "message"),
    [
        (SNI_INFORMATION, {"thumbprint": "keyless"}, {}, False, "0x80070520"),
        (SNI_INFORMATION, {"thumbprint": "AB" * 20}, {}, True, "no certificate"),
        (SNI_INFORMATION, {"thumbprint": ""}, {}, True, "not a thumbprint"),
        (SNI_INFORMATION, {"store": "Root"}, {}, True, "My or WebHosting"),
        (SNI_INFORMATION, {"sslFlags": 129}, {}, False, "0x80070057"),
        (ALL_INFORMATION, {"sslFlags": 1}, {}, True, "SNI needs a host name"),
        ("*:444:", {}, {}, True, "no https binding"),
        ("*:80:", {}, {}, True, "no https binding"),
        (SNI_INFORMATION, {}, {"before": {"thumbprint": "", "store": "", "sslFlags": 1}}, True, "expected"),
        (SNI_INFORMATION, {}, {"configSha256": "11" * 32}, True, "has changed since"),
        (SNI_INFORMATION, {}, {"site": "Nowhere"}, True, "no site"),
    ],
)
def test_a_binding_is_refused(
    windows: Windows,
    information: str,
    after: dict[str, object],
    changes: dict[str, object],
    refused: bool,
    message: str,
) -> None:
    before = (sha(windows), windows.directory.httpsys())
    named = {name: windows.keyless if value == "keyless" else value for name, value in after.items()}
    answer = bind(windows, information, named, **changes)
    assert (answer["ok"], answer["refused"]) == (False, refused)
    assert message in str(answer["message"])
    assert (sha(windows), windows.directory.httpsys()) == before


# restart-site


def test_a_restart_starts_a_stopped_site(windows: Windows) -> None:
    windows.directory.save_site_states({SITE: "Stopped"})
    assert run(windows, "restart-site", site=SITE) == {"ok": True, "state": "Started"}
    assert windows.directory.site_states() == {}


def test_a_start_that_fails_leaves_the_site_stopped(windows: Windows) -> None:
    (windows.path / "faults").mkdir()
    (windows.path / "faults" / f"start-{SITE}").touch()
    answer = run(windows, "restart-site", site=SITE)
    assert (answer["ok"], answer["refused"], answer["phase"]) == (False, False, "start")
    assert "0x800700B7" in str(answer["message"])
    assert windows.directory.site_states() == {SITE: "Stopped"}


def test_two_sites_with_one_binding_can_not_both_start(windows: Windows) -> None:
    document = configuration(windows)
    document.add_site(SiteDefinition("Twin", 2, (SiteBinding("http", "*:80:"),)))
    windows.directory.save_configuration(document)
    assert "0x800700B7" in str(run(windows, "restart-site", site=SITE)["message"])
    windows.directory.save_site_states({"Twin": "Stopped"})
    assert run(windows, "restart-site", site=SITE)["ok"] is True


def test_a_restart_needs_the_service(windows: Windows) -> None:
    windows.directory.save_service_states({"W3SVC": "Stopped"})
    assert "0x80070426" in str(run(windows, "restart-site", site=SITE)["message"])


# all


@pytest.mark.parametrize("operation", ["set-access", "set-binding", "set-httpsys", "restart-site"])
def test_who_is_not_elevated_changes_nothing(windows: Windows, operation: str) -> None:
    windows.machine(elevated=False)
    before = (sha(windows), windows.directory.httpsys(), windows.directory.site_states())
    match operation:
        case "set-access":
            answer = run(windows, operation, site=SITE, location=SITE, before=["Ssl"], after=[])
        case "set-binding":
            answer = bind(windows, SNI_INFORMATION, {})
        case "set-httpsys":
            answer = update(windows, asdict(windows.record()))
        case _:
            answer = run(windows, operation, site=SITE)
    assert (answer["ok"], answer["refused"]) == (False, False)
    assert "denied" in str(answer["message"]) or "requires elevation" in str(answer["message"])
    assert (sha(windows), windows.directory.httpsys(), windows.directory.site_states()) == before


@pytest.mark.parametrize("operation", ["", "Snapshot", "format-disk", "../snapshot"])
def test_an_unknown_operation_is_unknown(windows: Windows, operation: str) -> None:
    with pytest.raises(UnknownOperation):
        run(windows, operation)


def test_every_operation_is_in_the_log(windows: Windows) -> None:
    run(windows, "snapshot")
    run(windows, "restart-site", site=SITE)
    run(windows, "restart-site", site="evil\r\n2026 forged")
    events = windows.events()
    assert len(events) == 3
    assert [" snapshot -> done" in events[0], "restart-site" in events[1], "refused" in events[2]] == [True] * 3


@given(st.builds(HttpSysRecord, kind=st.just("ipport"), key=st.just(ALL_KEY)))
def test_registry_numbers_lose_nothing(record: HttpSysRecord) -> None:
    flags, mode = flags_of(record), check_mode_of(record)
    assert {name for name, bit in DEFAULT_FLAGS.items() if flags & bit} == {
        name for name in DEFAULT_FLAGS if getattr(record, name)
    }
    assert (not mode & 1, bool(mode & 2), not mode & 0x10000) == (
        record.verifyclientcertrevocation,
        record.verifyrevocationwithcachedclientcertonly,
        record.usagecheck,
    )
    assert bool(mode & 4) == bool(record.revocationfreshnesstime)
