"""Another certificate for a binding: the flags that Windows drops come back, and undo gives all of it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from console.changes.beacon_plan import plan_beacon_change
from console.changes.inverse import inverse_beacon_change
from console.changes.model import BeaconChange
from console.changes.what_if import after_steps, beacon_after
from console.errors import ChangeRefused, UsageError
from console.iis.snapshot import (
    AccessSetting,
    BeaconSnapshot,
    Binding,
    Hello,
    HelloOutcome,
    HttpSysRecord,
    Schannel,
    Site,
    StoreCertificate,
)

SITE = "Default Web Site"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _stored(name: str, *, has_key: bool = True) -> StoreCertificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return StoreCertificate(
        "My",
        made.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303 - how Windows names certificates
        made.public_bytes(Encoding.DER),
        has_key,
    )


OLD, NEW, OTHER, KEYLESS = _stored("b1.x"), _stored("b1.x"), _stored("else.x"), _stored("b1.x", has_key=False)


def _snapshot(*sites: Site) -> BeaconSnapshot:
    plain = Binding(SITE, "https", "*", 443, "", 0, OLD.thumbprint, "My")
    named = Binding(SITE, "https", "*", 443, "b1.x", 1, OLD.thumbprint, "My")
    return BeaconSnapshot(
        beacon="b1",
        taken_at=NOW,
        clock=NOW,
        computer="B1",
        os_build=20348,
        powershell="5.1",
        elevated=True,
        features=(),
        sites=(Site(SITE, 1, "Started", (plain, named)), *sites),
        access=(AccessSetting(SITE, ("Ssl",), explicit=True),),
        httpsys=(
            HttpSysRecord("ipport", "0.0.0.0:443", OLD.thumbprint, clientcertnegotiation=True, usagecheck=False),
            HttpSysRecord("hostnameport", "b1.x:443", OLD.thumbprint),
        ),
        certificates=(OLD, NEW, OTHER, KEYLESS),
        schannel=Schannel(),
        upload_read_ahead=49152,
        config_sha256="c" * 64,
        hellos=(Hello("b1.y", 443, "127.0.0.1:443", NOW, HelloOutcome.TLS, chain=(OLD.der,)),),
    )


def _sure(change: BeaconChange | None) -> BeaconChange:
    assert change is not None
    return change


def _plan(snapshot: BeaconSnapshot, **wanted: str) -> BeaconChange:
    return _sure(plan_beacon_change(snapshot, SITE, wanted))


PLAIN, NAMED = "certificate:*:443:", "certificate:*:443:b1.x"


def test_flags_are_put_back_and_the_what_if_shows_the_other_certificate() -> None:
    before = _snapshot()
    change = _plan(before, **{PLAIN: NEW.thumbprint})
    assert [step.operation for step in change.steps] == ["set-binding", "set-httpsys", "restart-site"]
    after = beacon_after(change, before)
    record = next(one for one in after.httpsys if one.kind == "ipport")
    assert record == replace(before.httpsys[0], certhash=NEW.thumbprint, certstorename="My")
    assert after.hellos[0].chain == (NEW.der,)
    assert change.edits[0].setting == "certificate of *:443:"
    undo = _sure(inverse_beacon_change(change, after))
    restored = beacon_after(undo, after)
    assert set(restored.httpsys) == set(before.httpsys)
    assert restored.hellos == before.hellos


def test_undo_of_a_change_that_broke_off_before_the_flags_came_back() -> None:
    before = _snapshot()
    change = _plan(before, **{PLAIN: NEW.thumbprint})
    broken = after_steps(before, change.steps[:1])
    undo = _sure(inverse_beacon_change(change, broken))
    assert set(beacon_after(undo, broken).httpsys) == set(before.httpsys)


def test_a_default_record_needs_no_second_step() -> None:
    change = _plan(_snapshot(), **{NAMED: OTHER.thumbprint})
    assert [step.operation for step in change.steps] == ["set-binding", "restart-site"]
    assert any("doesn't stand for b1.x" in warning for warning in change.warnings)


def test_other_sites_on_the_record_are_warned_of() -> None:
    other = Binding("Other", "https", "*", 443, "", 0, OLD.thumbprint, "My")
    change = _plan(_snapshot(Site("Other", 2, "Started", (other,))), **{PLAIN: NEW.thumbprint})
    assert "The certificate of 0.0.0.0:443 changes for Other too." in change.warnings


@pytest.mark.parametrize(
    ("setting", "word", "error", "told"),
    [
        (PLAIN, "xyz", UsageError, "thumbprint"),
        (PLAIN, KEYLESS.thumbprint, ChangeRefused, "with a key"),
        ("certificate:*:444:", NEW.thumbprint, ChangeRefused, "no https binding"),
    ],
    ids=["no thumbprint", "without a key", "no binding"],
)
def test_what_cannot_be_bound(setting: str, word: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        plan_beacon_change(_snapshot(), SITE, {setting: word})


def test_the_same_certificate_is_no_change() -> None:
    assert plan_beacon_change(_snapshot(), SITE, {PLAIN: OLD.thumbprint}) is None
