"""Plans for config.ini, their inverse, their files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.agent.document import ConfigDocument
from console.agent.profile import AgentProfile
from console.changes.device_plan import (
    apply_edits,
    content_after,
    notes_on_unchanged,
    plan_device_change,
    resolve_edits,
    sha256_of,
)
from console.changes.diff import MAX_LINES, file_diff, visible
from console.changes.inverse import inverse_device_change, is_newest, require_undoable
from console.changes.model import DeviceChange, EntryState, JournalEntry, Plan, TargetKind
from console.changes.plan_file import plan_from_json, plan_to_json
from console.changes.summary import device_summary
from console.errors import ChangeFailed, ChangeRefused, ConfigurationError

PROFILE = AgentProfile.load()
COMMON = PROFILE.common_section
UPLOADER = PROFILE.component("Uploader").section
PATH = "/var/opt/managesoft/etc/config.ini"
SAMPLE = (
    b"; by hand\r\n[ManageSoft\\Common]\r\nAddClientCertificateAndKey = False\r\nOther=1\r\nPassword=hunter2\r\n\r\n"
    b"[ManageSoft\\Uploader\\CurrentVersion]\r\nAddClientCertificateAndKey=False\r\nx=\xff"
)


def _plan(content: bytes, edits: dict[str, str | None]) -> DeviceChange | None:
    return plan_device_change("d1", PATH, content, sha256_of(content), edits, PROFILE)


def _sure(change: DeviceChange | None) -> DeviceChange:
    assert change is not None
    return change


@pytest.mark.parametrize(
    ("word", "section"),
    [
        ("AddClientCertificateAndKey", COMMON),
        ("addclientcertificateandkey", COMMON),
        ("Uploader.AddClientCertificateAndKey", UPLOADER),
        ("uploader.AddClientCertificateAndKey", UPLOADER),
    ],
)
def test_words_name_their_section(word: str, section: str) -> None:
    (wanted,) = resolve_edits({word: "true"}, PROFILE)
    assert (wanted.section, wanted.preference.name, wanted.value) == (section, "AddClientCertificateAndKey", "True")


def test_some_preferences_have_a_place_of_their_own() -> None:
    (selector,) = resolve_edits({"SelectorAlgorithm": "MgsPing"}, PROFILE)
    assert selector.section == r"ManageSoft\NetSelector\CurrentVersion"
    (rule,) = resolve_edits({"UploadRule": "Log"}, PROFILE)
    assert rule.section == UPLOADER


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ({"AddClientCertificate": "True"}, "'AddClientCertificateAndKey'"),
        ({"Uploder.AddClientCertificateAndKey": "True"}, "'Uploader'"),
        ({"Launcher.UploadRule": "Log"}, "can't stand"),
        ({"Uploader.SelectorAlgorithm": "x"}, "can't stand"),
        ({"AddClientCertificateAndKey": "maybe"}, "True or False"),
        ({"AddClientCertificateAndKey": ""}, "True or False"),
        ({"SSLCRLCacheLifetime": "-1"}, "whole number"),
        ({"SSLClientPrivateKeyFile": "key.pem"}, "absolute"),
        ({"SSLClientPrivateKeyFile": "/a\nb"}, "line break"),
        ({"SelectorAlgorithm": " x"}, "read back the same"),
        ({"SelectorAlgorithm": "http://me:hunter2@x"}, "passwords"),
        ({"CheckServerCertificate": "True", "checkservercertificate": "False"}, "twice"),
    ],
)
def test_mistakes_are_found_before_anything_is_contacted(edits: dict[str, str | None], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve_edits(edits, PROFILE)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_plan_touches_its_lines_alone() -> None:
    change = _sure(_plan(SAMPLE, {"AddClientCertificateAndKey": "True", "SSLClientCertificateFile": "/c.pem"}))
    after = content_after(change, SAMPLE)
    assert after == SAMPLE.replace(b"= False", b"= True").replace(
        b"Password=hunter2\r\n", b"Password=hunter2\r\nSSLClientCertificateFile=/c.pem\r\n"
    )
    assert sha256_of(after) == change.after_sha256
    assert [(edit.old, edit.new) for edit in change.edits] == [("False", "True"), (None, "/c.pem")]
    assert "hunter2" not in change.diff
    assert "-AddClientCertificateAndKey = False" in change.diff
    assert "+SSLClientCertificateFile=/c.pem" in change.diff
    assert any("Uploader's own line" in warning for warning in change.warnings)
    assert any("assumed" in warning for warning in change.warnings)
    assert device_summary(change) == (
        "AddClientCertificateAndKey False → True (Common), SSLClientCertificateFile (none) → /c.pem (Common)"
    )


def test_what_is_already_so_is_no_change() -> None:
    assert _plan(SAMPLE, {"AddClientCertificateAndKey": "False", "CheckServerCertificate": None}) is None


def test_utf16_is_refused() -> None:
    with pytest.raises(ChangeRefused, match="NUL"):
        _plan("[ManageSoft\\Common]\n".encode("utf-16"), {"CheckServerCertificate": "True"})


def test_a_file_that_changed_since_is_refused() -> None:
    change = _sure(_plan(SAMPLE, {"CheckServerCertificate": "True"}))
    with pytest.raises(ChangeRefused, match="changed since"):
        content_after(change, SAMPLE + b"y=2")


def test_a_plan_changed_by_hand_is_refused() -> None:
    change = _sure(_plan(SAMPLE, {"CheckServerCertificate": "True"}))
    forged = DeviceChange("d1", PATH, change.before_sha256, "0" * 64, change.edits)
    with pytest.raises(ChangeFailed, match="nothing was written"):
        content_after(forged, SAMPLE)


_LINES = st.sampled_from(
    [
        b"[ManageSoft\\Common]",
        b"[managesoft\\common]",
        b"[ManageSoft\\Uploader\\CurrentVersion]",
        b"AddClientCertificateAndKey=False",
        b"addclientcertificateandkey = True",
        b"SSLClientCertificateFile=/old.pem",
        b"CheckServerCertificate=",
        b"; comment",
        b"odd",
        b"",
    ]
)
_CONTENT = st.builds(
    lambda lines, end, last: end.join(lines) + last,
    st.lists(_LINES, max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from([b"", b"\n"]),
)
_EDITS = st.dictionaries(
    st.sampled_from(["AddClientCertificateAndKey", "Uploader.AddClientCertificateAndKey", "CheckServerCertificate"]),
    st.sampled_from(["True", "False", None]),
    min_size=1,
)


@given(_CONTENT, _EDITS)
def test_undo_of_the_newest_edit_is_the_backup(content: bytes, edits: dict[str, str | None]) -> None:
    change = _plan(content, edits)
    if change is None:
        return
    after = content_after(change, content)
    undo = _sure(inverse_device_change(change, after, newest=True))
    assert undo.restore_backup
    assert (undo.before_sha256, undo.after_sha256) == (change.after_sha256, change.before_sha256)
    assert inverse_device_change(change, content, newest=True) is None, "nothing is left to undo"


@given(_CONTENT, _EDITS)
def test_an_inverse_edit_restores_every_value(content: bytes, edits: dict[str, str | None]) -> None:
    change = _plan(content, edits)
    if change is None:
        return
    after = content_after(change, content)
    undo = _sure(inverse_device_change(change, after, newest=False))
    assert not undo.restore_backup
    back = content_after(undo, after)
    assert sha256_of(back) == undo.after_sha256
    before, restored = ConfigDocument.parse(content), ConfigDocument.parse(back)
    for edit in change.edits:
        assert restored.get(edit.section, edit.key) == before.get(edit.section, edit.key)
    known = {name.lower() for name in before.sections()}
    if all(edit.old and edit.new for edit in change.edits):
        assert back == content, "values that were replaced come back byte for byte"
    elif all(edit.old is None and edit.section.lower() in known for edit in change.edits):
        assert back == content, "lines that were added go again"


def test_an_older_edit_leaves_what_came_later() -> None:
    first = _sure(_plan(SAMPLE, {"AddClientCertificateAndKey": "True"}))
    middle = content_after(first, SAMPLE)
    second = _sure(_plan(middle, {"CheckServerCertificate": "False"}))
    now = content_after(second, middle)
    undo = _sure(inverse_device_change(first, now, newest=False))
    back = ConfigDocument.parse(content_after(undo, now))
    assert back.get(COMMON, "AddClientCertificateAndKey") == "False"
    assert back.get(COMMON, "CheckServerCertificate") == "False"


def test_a_value_changed_since_is_told() -> None:
    change = _sure(_plan(SAMPLE, {"SSLClientCertificateFile": "/a.pem"}))
    now = apply_edits(content_after(change, SAMPLE), ()).replace(b"/a.pem", b"/b.pem")
    undo = _sure(inverse_device_change(change, now, newest=True))
    assert not undo.restore_backup
    assert "changed since, to '/b.pem'" in undo.warnings[0]


@pytest.mark.parametrize("value", [b"https://u:hunter2@h/x", b"http://someone:hunter2@proxy:3128"])
@pytest.mark.parametrize("newest", [True, False])
def test_an_undo_never_holds_a_password_that_was_put_there_since(value: bytes, newest: bool) -> None:
    change = _sure(_plan(SAMPLE, {"SSLClientCertificateFile": "/a.pem"}))
    now = content_after(change, SAMPLE).replace(b"/a.pem", value)
    with pytest.raises(ChangeRefused, match="holds a password") as refused:
        inverse_device_change(change, now, newest=newest)
    assert "hunter2" not in str(refused.value)


def test_a_warning_never_shows_a_password_of_a_components_section() -> None:
    content = SAMPLE + b"\r\nSSLClientCertificateFile=https://u:hunter2@h/x\r\n"
    change = _sure(_plan(content, {"SSLClientCertificateFile": "/a.pem"}))
    assert any("SSLClientCertificateFile" in warning for warning in change.warnings)
    assert "hunter2" not in repr(change.warnings)
    assert b"hunter2" not in plan_to_json(replace(_whole_plan(), devices=(change,)))


def test_undo_of_an_undo_does_the_edit_again() -> None:
    change = _sure(_plan(SAMPLE, {"AddClientCertificateAndKey": "True"}))
    after = content_after(change, SAMPLE)
    undo = _sure(inverse_device_change(change, after, newest=True))
    redo = _sure(inverse_device_change(undo, SAMPLE, newest=True))
    assert not redo.restore_backup
    assert content_after(redo, SAMPLE) == after


def _entry(name: str, target: str = "d1", state: EntryState = EntryState.DONE) -> JournalEntry:
    return JournalEntry(name, datetime.now(UTC), "p", TargetKind.DEVICE, target, state, "")


def test_newest_is_the_last_entry_of_its_target() -> None:
    entries = [_entry("3", "d2"), _entry("2"), _entry("1")]
    assert [is_newest(entry, entries) for entry in entries] == [True, True, False]
    with pytest.raises(ConfigurationError, match="already"):
        require_undoable(_entry("1", state=EntryState.UNDONE))


def _whole_plan() -> Plan:
    change = _sure(_plan(SAMPLE, {"AddClientCertificateAndKey": "True"}))
    return Plan("p1", datetime(2026, 11, 24, tzinfo=UTC), TargetKind.DEVICE, "title", devices=(change,))


def test_plan_files_read_back_the_same() -> None:
    plan = _whole_plan()
    data = plan_to_json(plan)
    assert plan_from_json(data, "p.json") == plan
    assert b"hunter2" not in data
    assert data.endswith(b"}\n")


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("schema",), 2, "schema"),
        (("extra",), 2, "schema and plan"),
        (("plan", "kind"), "server", "kind"),
        (("plan", "titel"), "x", "plan.titel"),
        (("plan", "devices", 0, "edits", 0, "neww"), "x", "plan.devices[0].edits[0].neww"),
        (("plan", "devices", 0, "after_sha256"), "zz", "SHA-256"),
        (("plan", "devices", 0, "path"), "etc", "absolute"),
        (("plan", "devices"), 3, "devices"),
        (("plan", "kind"), "beacon", "others too"),
        (("plan", "created_at"), "2026-11-24T00:00:00", "time zone"),
    ],
)
def test_broken_plan_files(place: tuple[str | int, ...], value: object, told: str) -> None:
    document = json.loads(plan_to_json(_whole_plan()))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(ConfigurationError) as caught:
        plan_from_json(json.dumps(document).encode(), "my.plan")
    assert "my.plan" in str(caught.value)
    assert told in str(caught.value)


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError):
        plan_from_json(data, "x")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        plan_from_json(b"[" * 100_000, "x")


@given(st.binary())
def test_diffs_show_nothing_that_a_terminal_obeys(data: bytes) -> None:
    shown = file_diff(b"a\n" + data, b"b\n" + data, "\x1b[31mname")
    assert all(character.isprintable() or character in "\n\t" for character in shown)


def test_diffs_are_bounded_and_masked() -> None:
    before = b"\n".join(b"Password=a%d" % number for number in range(2000))
    after = b"\n".join(b"x=%s" % (b"y" * 2000) for _ in range(2000))
    shown = file_diff(before, after, "config.ini")
    assert len(shown.splitlines()) == MAX_LINES + 1
    assert max(map(len, shown.splitlines())) < 500
    assert "a1" not in shown
    assert visible("\x1b]0;x\x07") == "\\x1b]0;x\\x07"


def test_a_diff_names_the_lines_of_the_file() -> None:
    many = b"".join(b"k%d=1\n" % number for number in range(1, 1001))
    shown = file_diff(many, many.replace(b"k500=1", b"k500=2"), "x")
    assert "@@ -497,7 +497,7 @@" in shown
    assert "-k500=1\n+k500=2" in shown
    assert file_diff(many, many, "x") == ""
    assert "+new=1" in file_diff(many, many + b"new=1\n", "x")
    assert "-k1=1" in file_diff(many, many.removeprefix(b"k1=1\n"), "x")


def test_large_files_are_compared_quickly() -> None:
    data = b"\n".join(b"x%d" % (number % 150) for number in range(100_000))
    assert "not compared" in file_diff(data + b"=1\n" + data, b"y\n" + data + b"=2\n" + data, "x")
    assert "+z=2" in file_diff(data + b"\nz=1\n" + data, data + b"\nz=2\n" + data, "x")


def test_a_file_that_is_as_asked_tells_of_the_component_that_isnt() -> None:
    """A newcomer set Common, was told "already so", and the Uploader stayed locked out."""
    content = (
        b"[ManageSoft\\Common]\nAddClientCertificateAndKey=True\n"
        b"[ManageSoft\\Uploader\\CurrentVersion]\nAddClientCertificateAndKey=False\n"
    )
    edits: dict[str, str | None] = {"AddClientCertificateAndKey": "True"}
    assert plan_device_change("d1", "config.ini", content, sha256_of(content), edits, PROFILE) is None
    (note,) = notes_on_unchanged(content, edits, PROFILE)
    # The editor and the pair report say the same: the component's own line counts first, and is to be removed.
    assert "Uploader's own line AddClientCertificateAndKey=False counts before Common's: remove it" in note
    assert "--unset Uploader.AddClientCertificateAndKey" in note
    preference = PROFILE.preference("AddClientCertificateAndKey")
    assert "A component's own line counts before Common's: remove it" in preference.help
