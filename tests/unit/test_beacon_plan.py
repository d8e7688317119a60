"""A beacon's settings in words, plans for them, what they lead to, and the way back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.changes.beacon_plan import plan_beacon_change
from console.changes.inverse import inverse_beacon_change
from console.changes.model import BeaconChange, Plan, TargetKind
from console.changes.plan_file import plan_from_json, plan_to_json
from console.changes.summary import beacon_summary
from console.changes.what_if import apply_to_snapshots, beacon_after
from console.errors import ChangeRefused, ConfigurationError, UsageError
from console.iis.settings import Ask, ClientCertificates, access_at, access_flags, site_settings
from console.iis.snapshot import (
    AccessSetting,
    BeaconSnapshot,
    Binding,
    Hello,
    HelloOutcome,
    HttpSysRecord,
    Schannel,
    Site,
)

SITE = "Default Web Site"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
PLAIN = Binding(SITE, "https", "*", 443, "", 0, "AA", "My")
SNI = Binding(SITE, "https", "*", 443, "b1.x", 1, "BB", "My")
HTTP = Binding(SITE, "http", "*", 80, "")
PLAIN_RECORD = HttpSysRecord("ipport", "0.0.0.0:443", "AA", usagecheck=False, revocationfreshnesstime=60)
SNI_RECORD = HttpSysRecord("hostnameport", "B1.x:443", "BB", disablehttp2=True)


def _snapshot(
    flags: tuple[str, ...] = (),
    *,
    explicit: bool = True,
    bindings: tuple[Binding, ...] = (HTTP, PLAIN),
    records: tuple[HttpSysRecord, ...] = (PLAIN_RECORD, SNI_RECORD),
    below: tuple[AccessSetting, ...] = (),
    sites: tuple[Site, ...] = (),
) -> BeaconSnapshot:
    return BeaconSnapshot(
        beacon="b1",
        taken_at=NOW,
        clock=NOW,
        computer="B1",
        os_build=20348,
        powershell="5.1",
        elevated=True,
        features=(),
        sites=(Site(SITE, 1, "Started", bindings), *sites),
        access=(AccessSetting(SITE, flags, explicit), *below),
        httpsys=records,
        certificates=(),
        schannel=Schannel(),
        upload_read_ahead=49152,
        config_sha256="c" * 64,
        hellos=(Hello("b1.x", 443, "127.0.0.1:443", NOW, HelloOutcome.TLS, asks_client_certificate=False),),
    )


def _sure(change: BeaconChange | None) -> BeaconChange:
    assert change is not None
    return change


@pytest.mark.parametrize(
    ("flags", "word", "ssl"),
    [
        ((), ClientCertificates.IGNORE, False),
        (("Ssl",), ClientCertificates.IGNORE, True),
        (("SslNegotiateCert",), ClientCertificates.ACCEPT, False),
        (("SslRequireCert", "Ssl", "SslNegotiateCert"), ClientCertificates.REQUIRE, True),
        (("SslRequireCert",), ClientCertificates.REQUIRE, False),
        (("SslMapCert",), ClientCertificates.IGNORE, False),
    ],
)
def test_settings_in_words(flags: tuple[str, ...], word: ClientCertificates, ssl: bool) -> None:
    found = site_settings(_snapshot(flags), SITE.upper())
    assert found is not None
    assert (found.client_certificates, found.require_ssl, found.ask) == (word, ssl, Ask.LATE)
    assert site_settings(_snapshot(), "Other") is None


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("Ssl, sslnegotiatecert", {"Ssl", "SslNegotiateCert"}),
        ("None", set()),
        ("", set()),
        (["SSLREQUIRECERT", "Ssl128", "New"], {"SslRequireCert", "Ssl128", "New"}),
    ],
)
def test_access_flags_are_a_set(text: str | list[str], flags: set[str]) -> None:
    assert access_flags(text) == flags


def test_locations_below_that_differ_are_told() -> None:
    below = (
        AccessSetting(f"{SITE}/ManageSoftDL", ("Ssl",), False),
        AccessSetting(f"{SITE}/ManageSoftRL", (), True),
    )
    found = site_settings(_snapshot(("Ssl",), below=below), SITE)
    assert found is not None
    assert [setting.location for setting in found.deviating] == [f"{SITE}/ManageSoftRL"]
    inherited = access_at(_snapshot(("Ssl",)), f"{SITE}/ManageSoftRL/x")
    assert inherited is not None
    assert inherited.flags == ("Ssl",)


def test_bindings_and_their_records() -> None:
    settings = site_settings(_snapshot(bindings=(HTTP, PLAIN, SNI, replace(PLAIN, port=444))), SITE)
    assert settings is not None
    assert [entry.record for entry in settings.bindings] == [PLAIN_RECORD, SNI_RECORD, None]


def test_require_keeps_other_flags_and_require_ssl() -> None:
    change = _sure(plan_beacon_change(_snapshot(("SslMapCert",)), SITE, {"client_certificates": "require"}))
    access, restart = change.steps
    assert access.operation == "set-access"
    assert access.parameters == {
        "site": SITE,
        "location": SITE,
        "before": ["SslMapCert"],
        "after": ["SslNegotiateCert", "SslRequireCert", "SslMapCert"],
        "configSha256": "c" * 64,
    }
    assert access.inverse is not None
    assert (access.inverse["before"], access.inverse["after"]) == (access.parameters["after"], ["SslMapCert"])
    assert (restart.operation, restart.parameters, restart.inverse) == ("restart-site", {"site": SITE}, None)
    assert [(edit.setting, edit.old, edit.new) for edit in change.edits] == [
        ("client_certificates", "ignore", "require")
    ]
    assert any("Require SSL is off" in warning for warning in change.warnings)
    assert any("late" in warning for warning in change.warnings)
    assert "+client_certificates = require" in change.diff
    assert beacon_summary(change) == f"{SITE}: client_certificates ignore → require"


def test_inherited_settings_come_back_as_inherited() -> None:
    change = _sure(plan_beacon_change(_snapshot((), explicit=False), SITE, {"require_ssl": "true"}))
    assert change.steps[0].parameters["before"] is None
    assert change.steps[0].inverse is not None
    assert change.steps[0].inverse["after"] is None


def test_asking_first_comes_before_demanding() -> None:
    snapshot = _snapshot(bindings=(PLAIN, SNI))
    change = _sure(plan_beacon_change(snapshot, SITE, {"client_certificates": "require", "ask": "first-handshake"}))
    assert [step.operation for step in change.steps] == ["set-httpsys", "set-httpsys", "set-access", "restart-site"]
    for step, record in zip(change.steps, (PLAIN_RECORD, SNI_RECORD), strict=False):
        assert step.parameters["before"] == asdict(record)
        assert step.parameters["after"] == asdict(replace(record, clientcertnegotiation=True)), "all else is kept"
    loosened = _sure(
        plan_beacon_change(beacon_after(change, snapshot), SITE, {"client_certificates": "ignore", "ask": "late"})
    )
    assert [step.operation for step in loosened.steps] == ["set-access", "set-httpsys", "set-httpsys", "restart-site"]


def test_bindings_of_one_record_need_one_step() -> None:
    bindings = (replace(PLAIN, host="a.x"), replace(PLAIN, host="b.x"))
    change = _sure(plan_beacon_change(_snapshot(bindings=bindings), SITE, {"ask": "first-handshake"}))
    assert [step.operation for step in change.steps] == ["set-httpsys", "restart-site"]


def test_what_is_already_so_is_no_change() -> None:
    ready = _snapshot(("Ssl", "SslNegotiateCert"), records=(replace(PLAIN_RECORD, clientcertnegotiation=True),))
    wanted = {"client_certificates": "accept", "require_ssl": "True", "ask": "first-handshake"}
    assert plan_beacon_change(ready, SITE, wanted) is None
    by_bit = _snapshot(bindings=(replace(PLAIN, ssl_flags=128),))
    assert plan_beacon_change(by_bit, SITE, {"ask": "first-handshake"}) is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"client_certificate": "require"}, "'client_certificates'"),
        ({"client_certificates": "demand"}, "ignore, accept, require"),
        ({"require_ssl": "yes"}, "true, false"),
        ({"ask": "mixed"}, "first-handshake, late"),
    ],
)
def test_unknown_words(settings: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_beacon_change(_snapshot(), SITE, settings)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("snapshot", "site", "settings", "told"),
    [
        (_snapshot(), "Other", {"require_ssl": "true"}, "no site 'Other'"),
        (replace(_snapshot(), access=()), SITE, {"require_ssl": "true"}, "couldn't be read"),
        (_snapshot(bindings=(HTTP,)), SITE, {"ask": "late"}, "no https binding"),
        (_snapshot(records=()), SITE, {"ask": "first-handshake"}, "no certificate bound"),
        (_snapshot(bindings=(replace(PLAIN, ssl_flags=128),)), SITE, {"ask": "late"}, "flag 128"),
    ],
)
def test_what_cannot_be_planned_is_refused(
    snapshot: BeaconSnapshot, site: str, settings: dict[str, str], told: str
) -> None:
    with pytest.raises(ChangeRefused) as caught:
        plan_beacon_change(snapshot, site, settings)
    assert told in str(caught.value)
    assert caught.value.target == "b1"


def test_shared_records_and_settings_below_are_warned_of() -> None:
    other = Site("Other", 2, "Started", (replace(PLAIN, site="Other", host="o.x"),))
    below = (AccessSetting(f"{SITE}/ManageSoftRL", ("Ssl",), True),)
    change = _sure(plan_beacon_change(_snapshot(sites=(other,), below=below), SITE, {"ask": "first-handshake"}))
    assert any("shared with Other" in warning for warning in change.warnings)
    assert any("ManageSoftRL" in warning for warning in change.warnings)


def test_what_if_follows_inheritance_and_the_hello() -> None:
    below = (
        AccessSetting(f"{SITE}/ManageSoftDL", (), False),
        AccessSetting(f"{SITE}/ManageSoftRL", ("Ssl",), True),
        AccessSetting(f"{SITE}/ManageSoftRL/inner", ("Ssl",), False),
    )
    snapshot = _snapshot(below=below)
    change = _sure(plan_beacon_change(snapshot, SITE, {"client_certificates": "accept", "ask": "first-handshake"}))
    plan = Plan("p", NOW, TargetKind.BEACON, "t", beacons=(change,))
    _, beacons = apply_to_snapshots(plan, {}, {"b1": snapshot})
    after = beacons["b1"]
    assert [(entry.flags, entry.explicit) for entry in after.access] == [
        (("SslNegotiateCert",), True),
        (("SslNegotiateCert",), False),
        (("Ssl",), True),
        (("Ssl",), False),
    ]
    assert after.hellos[0].asks_client_certificate is None, "seen before the change; now the record decides"
    assert after.httpsys[0] == replace(PLAIN_RECORD, clientcertnegotiation=True)
    assert after.httpsys[1] == SNI_RECORD, "another binding's record stays"
    assert plan_from_json(plan_to_json(plan), "p") == plan


@pytest.mark.parametrize("operation", ["set-access", "set-httpsys", "restart-site"])
@pytest.mark.parametrize("part", ["parameters", "inverse"])
@pytest.mark.parametrize("broken", [{}, {"site": 3}, {"after": None}, {"extra": "x"}])
def test_a_plan_file_with_broken_step_parameters_is_refused(
    operation: str, part: str, broken: dict[str, object]
) -> None:
    change = _sure(plan_beacon_change(_snapshot(), SITE, {"client_certificates": "accept", "ask": "first-handshake"}))
    plan = Plan("p", NOW, TargetKind.BEACON, "t", beacons=(change,))
    document = json.loads(plan_to_json(plan))
    steps = document["plan"]["beacons"][0]["steps"]
    number = next(n for n, one in enumerate(change.steps) if one.operation == operation)
    whole = steps[number]["parameters"]
    steps[number][part] = broken if not broken or "site" in broken else {**whole, **broken}
    if operation == "set-access" and broken == {"after": None}:
        plan_from_json(json.dumps(document).encode(), "my.plan")  # null: not set at that location
        return
    with pytest.raises(ConfigurationError, match=operation):
        plan_from_json(json.dumps(document).encode(), "my.plan")


def test_a_plan_file_names_every_field_of_a_record() -> None:
    change = _sure(plan_beacon_change(_snapshot(), SITE, {"ask": "first-handshake"}))
    document = json.loads(plan_to_json(Plan("p", NOW, TargetKind.BEACON, "t", beacons=(change,))))
    step = next(s for s in document["plan"]["beacons"][0]["steps"] if s["operation"] == "set-httpsys")
    del step["parameters"]["after"]["usagecheck"]
    with pytest.raises(ConfigurationError, match="every field"):
        plan_from_json(json.dumps(document).encode(), "my.plan")


def test_what_if_keeps_what_a_hello_saw_elsewhere() -> None:
    elsewhere = Hello("b1.x", 8443, "127.0.0.1:8443", NOW, HelloOutcome.TLS, asks_client_certificate=False)
    led_there = Hello("b1.x", 9443, "127.0.0.1:443", NOW, HelloOutcome.TLS, asks_client_certificate=False)
    snapshot = replace(_snapshot(), hellos=(elsewhere, led_there))
    asked = beacon_after(_sure(plan_beacon_change(snapshot, SITE, {"ask": "first-handshake"})), snapshot)
    assert [hello.asks_client_certificate for hello in asked.hellos] == [False, None]
    required = beacon_after(_sure(plan_beacon_change(snapshot, SITE, {"client_certificates": "require"})), snapshot)
    assert required.hellos == snapshot.hellos


_FLAGS = st.lists(st.sampled_from(["Ssl", "SslNegotiateCert", "SslRequireCert", "SslMapCert"]), unique=True).map(
    lambda flags: tuple(sorted(flags))
)
_SNAPSHOTS = st.builds(
    lambda flags, explicit, bindings, first, second: _snapshot(
        flags if explicit else (),
        explicit=explicit,
        bindings=bindings,
        records=(
            replace(PLAIN_RECORD, clientcertnegotiation=first),
            replace(SNI_RECORD, clientcertnegotiation=second),
        ),
    ),
    _FLAGS,
    st.booleans(),
    st.sampled_from([(PLAIN,), (SNI,), (PLAIN, SNI), (HTTP, PLAIN, SNI)]),
    st.booleans(),
    st.booleans(),
)
_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "client_certificates": st.sampled_from(["ignore", "accept", "require"]),
        "require_ssl": st.sampled_from(["true", "false"]),
        "ask": st.sampled_from(["first-handshake", "late"]),
    },
)


@given(_SNAPSHOTS, _SETTINGS)
def test_plan_leads_where_it_says_and_undo_restores(snapshot: BeaconSnapshot, settings: dict[str, str]) -> None:
    change = plan_beacon_change(snapshot, SITE, settings)
    if change is None:
        return
    after = beacon_after(change, snapshot)
    assert plan_beacon_change(after, SITE, settings) is None, "a second time there is nothing to do"
    undo = _sure(inverse_beacon_change(change, after))
    back = beacon_after(undo, after)
    assert (back.access, back.httpsys) == (snapshot.access, snapshot.httpsys)
    assert inverse_beacon_change(change, snapshot) is None, "nothing is left to undo"


@given(_SNAPSHOTS, _SETTINGS, st.integers(0, 3))
def test_undo_of_a_broken_off_change(snapshot: BeaconSnapshot, settings: dict[str, str], done: int) -> None:
    change = plan_beacon_change(snapshot, SITE, settings)
    if change is None:
        return
    partly = replace(change, steps=change.steps[:done])
    after = beacon_after(partly, snapshot)
    undo = inverse_beacon_change(change, after, steps_done=done)
    back = beacon_after(undo, after) if undo else after
    assert (back.access, back.httpsys) == (snapshot.access, snapshot.httpsys)


def test_undo_keeps_what_others_changed_since() -> None:
    snapshot = _snapshot()
    change = _sure(plan_beacon_change(snapshot, SITE, {"client_certificates": "require", "ask": "first-handshake"}))
    after = beacon_after(change, snapshot)
    since = replace(
        after,
        access=(AccessSetting(SITE, ("Ssl", "SslNegotiateCert", "SslRequireCert"), True),),
        httpsys=tuple(replace(record, certhash="NEW") for record in after.httpsys),
    )
    back = beacon_after(_sure(inverse_beacon_change(change, since)), since)
    assert back.access[0].flags == ("Ssl",)
    assert back.httpsys[0] == replace(PLAIN_RECORD, certhash="NEW")


def test_undo_where_the_record_is_gone_is_refused() -> None:
    change = _sure(plan_beacon_change(_snapshot(), SITE, {"ask": "first-handshake"}))
    with pytest.raises(ChangeRefused, match="gone"):
        inverse_beacon_change(change, _snapshot(records=()))
