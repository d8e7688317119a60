"""config.ini: every byte survives, and an edit touches its own line alone."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.agent.document import ConfigDocument
from console.agent.secrets import MASK, mask_secrets
from console.errors import ConfigurationError

COMMON = r"ManageSoft\Common"
SAMPLE = rb"""; written by hand
[ManageSoft\Common]
CheckServerCertificate = True
SSLCACertificateFile="/etc/ca.pem"
Empty=

[ManageSoft\Uploader\CurrentVersion]
AddClientCertificateAndKey=False
odd line

[managesoft\common]
checkservercertificate=False

"""

_blanks = st.sampled_from([b"", b" ", b"\t", b"  "])
_word = st.sampled_from([b"A", b"b", b"Key", b"key", b"Other", b"\xff", "Schlüssel".encode()])
_section_line = st.builds(lambda n: b"[" + n + b"]", st.sampled_from([b"S", b"s", b"T\\U", b"T"]))
_value_line = st.builds(
    lambda b1, k, b2, b3, v, b4: b1 + k + b2 + b"=" + b3 + v + b4,
    *(_blanks, _word, _blanks, _blanks, st.sampled_from([b"", b"1", b"a=b", b'"q"', b"\xfe"]), _blanks),
)
_odd_line = st.sampled_from([b"", b" ", b"; c", b"#c=1", b"[open", b"[]", b"=v", b"plain", b"\r", b"[S] ; see [1]"])
_line = st.one_of(_section_line, _value_line, _odd_line)
_files = st.builds(
    lambda lines, ends, last: b"".join(
        line + (last if n == len(lines) - 1 else ends[n % len(ends)]) for n, line in enumerate(lines)
    ),
    st.lists(_line, max_size=14),
    st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=1, max_size=3),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
_sections = st.sampled_from(["S", "t\\u", "New", "T"])
_keys = st.sampled_from(["key", "A", "Fresh", "OTHER"])
_values = st.sampled_from(["", "x", "a b", "True", "ünïcode", '"q"'])


@given(st.binary())
def test_any_bytes_survive(data: bytes) -> None:
    assert ConfigDocument.parse(data).to_bytes() == data


@given(_files)
def test_files_survive(data: bytes) -> None:
    assert ConfigDocument.parse(data).to_bytes() == data


@given(_files, _sections, _keys, _values)
def test_set_reads_back_and_touches_one_line(data: bytes, section: str, key: str, value: str) -> None:
    before = ConfigDocument.parse(data)
    after = before.set(section, key, value)
    assert after.get(section, key) == value
    again = ConfigDocument.parse(after.to_bytes())
    assert again == after
    old, new = _bodies(before), _bodies(after)
    if before.get(section, key) is not None:
        assert len(old) == len(new)
        assert sum(a != b for a, b in zip(old, new, strict=True)) <= 1
        assert before.set(section, key, before.get(section, key) or "").to_bytes() == data
    else:
        known = section.lower() in (name.lower() for name in before.sections())
        assert len(new) == len(old) + (1 if known else 2)
        added = iter(new)
        assert all(any(line == candidate for candidate in added) for line in old), "the old lines, in their order"
    for place in _places(before):
        if place != (section.lower(), key.lower()):
            assert after.get(*place) == before.get(*place)


@given(_files, st.sampled_from(["S", "t\\u"]), _values)
def test_remove_takes_back_what_set_added(data: bytes, section: str, value: str) -> None:
    assume(not data.endswith(b"\r"))  # a lone CR at the end becomes half of a line end
    before = ConfigDocument.parse(b"[s]\n[T\\U]\n" + data)
    assert before.set(section, "Absent", value).remove(section, "Absent").to_bytes() == before.to_bytes()


@given(_files, _values, st.data())
def test_set_takes_back_set(data: bytes, value: str, draw: st.DataObject) -> None:
    before = ConfigDocument.parse(b"[S]\nA = 1\n" + data)
    section, key = draw.draw(st.sampled_from(_places(before)))
    old = before.get(section, key) or ""
    after = before.set(section, key, value).set(section, key, old)
    assert after.get(section, key) == old
    if old and value:
        assert after.to_bytes() == before.to_bytes()


@given(_files, _sections, _keys)
def test_remove_leaves_the_others(data: bytes, section: str, key: str) -> None:
    before = ConfigDocument.parse(data)
    after = before.remove(section, key)
    assert after.get(section, key) is None
    assert ConfigDocument.parse(after.to_bytes()) == after
    assert after.to_bytes().endswith(b"\n") or not data.endswith(b"\n") or not after.to_bytes()
    for place in _places(before):
        if place != (section.lower(), key.lower()):
            assert after.get(*place) == before.get(*place)


def test_reading_follows_the_stated_rules() -> None:
    document = ConfigDocument.parse(SAMPLE)
    assert document.sections() == (COMMON, r"ManageSoft\Uploader\CurrentVersion")
    assert document.get(COMMON.upper(), "CHECKSERVERCERTIFICATE") == "False", "the last line counts"
    assert document.values(COMMON, "CheckServerCertificate") == ("True", "False")
    assert document.get(COMMON, "SSLCACertificateFile") == '"/etc/ca.pem"', "quotes are part of the value"
    assert document.get(COMMON, "Empty") == ""
    assert document.get(COMMON, "Absent") is None
    assert [oddity.line for oddity in document.oddities()] == [9, 3]


def test_editing_keeps_blanks_and_places() -> None:
    document = ConfigDocument.parse(b"[A]\r\nx  =  1  \r\n\r\n[B]\r\ny=2")
    assert document.set("a", "X", "9").to_bytes() == b"[A]\r\nx  =  9  \r\n\r\n[B]\r\ny=2"
    assert document.set("A", "z", "3").to_bytes() == b"[A]\r\nx  =  1  \r\nz=3\r\n\r\n[B]\r\ny=2"
    assert document.set("B", "z", "3").to_bytes() == b"[A]\r\nx  =  1  \r\n\r\n[B]\r\ny=2\r\nz=3"
    assert document.set("C", "z", "3").to_bytes() == b"[A]\r\nx  =  1  \r\n\r\n[B]\r\ny=2\r\n[C]\r\nz=3"
    assert ConfigDocument.parse(b"").set("C", "z", "3").to_bytes() == b"[C]\nz=3\n"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("S", "k", "a\nb"),
        ("S", "k", "a\rb"),
        ("S", "k\n[X]", "v"),
        ("S]\n[T", "k", "v"),
        ("S", "k", " v"),
        ("S", "k=", "v"),
        ("S", "", "v"),
        ("S", "[k", "v"),
        ("S", ";k", "v"),
        ("S", "k", "\ud800"),
        ("S", "k", "a\0"),
    ],
)
def test_what_cannot_be_read_back_is_refused(section: str, key: str, value: str) -> None:
    with pytest.raises(ConfigurationError):
        ConfigDocument.parse(SAMPLE).set(section, key, value)


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (b"Password=hunter2\n", b"Password=********\n"),
        (b"password = hunter2 \r\nUser=x", b"password = ******** \r\nUser=x"),
        (b";Password=hunter2", b";Password=********"),
        (b"Password=\nUser=a", b"Password=\nUser=a"),
        (b"ProxyPwd=a=b", b"ProxyPwd=********"),
        (b"Proxy=http://me:hunter2@proxy:3128", b"Proxy=http://me:********@proxy:3128"),
        (b"\xffPassword=\xfe\xfd\n", b"\xffPassword=********\n"),
        (b"Host=beacon:443", b"Host=beacon:443"),
        ("Password=hunter2".encode("utf-16-le"), b"P\0a\0s\0s\0w\0o\0r\0d\0=" + MASK),
    ],
)
def test_secrets_are_masked(data: bytes, masked: bytes) -> None:
    assert mask_secrets(data) == masked
    assert mask_secrets(masked) == masked


@given(_files)
def test_masking_keeps_the_number_of_lines(data: bytes) -> None:
    assert mask_secrets(data).count(b"\n") == data.count(b"\n")


def _bodies(document: ConfigDocument) -> list[bytes]:
    """Without a CR at the end: alone at the end of a file, it becomes half of a line end when a line is added."""
    return [line.body.rstrip(b"\r") for line in document.lines]


def _places(document: ConfigDocument) -> list[tuple[str, str]]:
    return [(line.section.lower(), line.key.lower()) for line in document.lines if line.key]


@pytest.mark.parametrize("line", [b"Password=" + b" " * 400_000, b"passw" * 80_000, b"://a:" + b"b" * 400_000])
def test_hostile_lines_take_no_time(line: bytes) -> None:
    assert mask_secrets(line) == line
    assert ConfigDocument.parse(line).to_bytes() == line


def test_an_at_sign_in_a_password_is_masked_too() -> None:
    assert mask_secrets(b"Proxy=http://me:p@ss@proxy:3128/x@y") == b"Proxy=http://me:********@proxy:3128/x@y"
