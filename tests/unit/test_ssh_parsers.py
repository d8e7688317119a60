"""Everything that a device says is parsed strictly: records, ls, dates, openssl.cnf, resolvers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ssh.facts import Who, clock, directory_fact, file_fact, key_fact
from adapters.ssh.names import name_fact
from adapters.ssh.permissions import Account, listed, octal, prefixes, readable
from adapters.ssh.scripts import records, whole
from adapters.ssh.text import plain, quoted
from adapters.ssh.tls_stack import system_default, tls_stack
from console.errors import CommandFailed

NAME = st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True)
BEGIN, END = b"begin 0\n\n", b"end 0\n\n"
AGENT = Account("flxrasvc", 500, frozenset({500, 60}))
LOGIN = Account("admin", 1000, frozenset({1000}))


def framed(pairs: list[tuple[str, bytes]]) -> bytes:
    return BEGIN + b"".join(b"%s %d\n%s\n" % (n.encode(), len(v), v) for n, v in pairs) + END


@given(st.lists(st.tuples(NAME, st.binary(max_size=80)), max_size=8), st.binary(max_size=20))
def test_records_survive_any_bytes(pairs: list[tuple[str, bytes]], banner: bytes) -> None:
    expected: dict[str, bytes] = {"begin": b""}
    for name, value in [*pairs, ("end", b"")]:
        expected.setdefault(name, value)
    assert records(framed(pairs), "d1") == expected
    if b"begin" not in banner:
        assert records(banner + framed(pairs), "d1") == expected


@given(st.binary(max_size=300))
def test_any_other_answer_is_refused(answer: bytes) -> None:
    if b"end 0\n\n" not in answer:
        with pytest.raises(CommandFailed):
            records(answer, "d1")


@given(st.data())
def test_a_cut_answer_is_refused(data: st.DataObject) -> None:
    answer = framed([("a", b"one"), ("b", b"x\ny")])
    cut = data.draw(st.integers(0, len(answer) - 1))
    with pytest.raises(CommandFailed):
        records(answer[:cut], "d1")


def test_what_a_file_says_takes_no_other_records_place() -> None:
    evil = b"\nkey.spki 4\nEVIL\n"
    found = records(framed([("file.content", evil), ("key.spki", b"good")]), "d1")
    assert found["key.spki"] == b"good"
    with pytest.raises(CommandFailed):
        records(framed([("a", b"1")]).replace(b"a 1\n", b"a 9999999\n"), "d1")


def test_a_script_runs_only_as_a_whole() -> None:
    script = whole("f() { :; }", "f")
    assert script.endswith(b"\nmain #mtls-console-end")


@given(st.text(max_size=60))
def test_plain_text_is_one_bounded_line(text: str) -> None:
    shown = plain(text, 40)
    assert len(shown) <= 40
    assert shown.isprintable()


@given(st.text(st.characters(blacklist_characters="\0"), max_size=60))
def test_quoted_words_hold_no_open_quote(text: str) -> None:
    inner = quoted(text)
    assert inner[0] == inner[-1] == "'"
    assert inner[1:-1].replace("'\\''", "").count("'") == 0


def test_a_nul_is_no_word() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b")


@pytest.mark.parametrize(
    ("permissions", "mode"),
    [
        ("-rw-r-----", 0o640),
        ("drwxr-xr-x", 0o755),
        ("-rwsr-x--x", 0o4751),
        ("-rw-r-S---", 0o2640),
        ("drwxrwxrwt", 0o1777),
        ("drwxrwx--T", 0o1770),
    ],
)
def test_modes(permissions: str, mode: int) -> None:
    assert octal(permissions) == mode
    line = listed(f"{permissions} 1 0 0 12 Nov 1 2026 /x")
    assert line is not None
    assert (line.mode, line.size) == (mode, 12)


@pytest.mark.parametrize("line", ["", "total 0", "-rw-r----- 1 root root 5 x", "ls: no such file", "-rw-r 1 0 0 5"])
def test_other_lines_are_none(line: str) -> None:
    assert listed(line) is None


WAY = "drwxr-xr-x 2 0 0 1 /\ndrwx--x--- 2 0 60 1 /a\n-rw-r----- 1 500 0 1 /a/f"


@pytest.mark.parametrize(
    ("way", "account", "expected", "because"),
    [
        (WAY, AGENT, True, ""),
        (WAY, Account("root", 0), True, ""),
        (WAY, Account("x", 7, frozenset({7})), False, "/a drwx--x--- 0 60"),
        (WAY, Account("x", 7, frozenset({60})), False, "/a/f -rw-r----- 500 0"),
        (WAY.replace("-rw-r-----", "----r--r--"), AGENT, False, "/a/f ----r--r-- 500 0"),
        (WAY.replace("drwx--x--- ", "drwx--x---+ "), AGENT, None, "/a has an access control list"),
        (WAY.replace("drwx--x--- ", "drwx--x---. "), AGENT, True, ""),
        (WAY.rpartition("\n")[0], AGENT, None, "may not look into"),
        (WAY, Account("ghost"), None, "doesn't know the account"),
    ],
)
def test_readability(way: str, account: Account, expected: bool | None, because: str) -> None:
    found, why = readable(way, "/a/f", account, LOGIN, True)
    assert found is expected
    assert because in why


def test_the_login_itself_is_asked_where_it_is_the_agent() -> None:
    assert readable(WAY, "/a/f", AGENT, AGENT, False)[0] is False
    assert readable("", "", AGENT, AGENT, True) == (True, "")


def test_prefixes() -> None:
    assert prefixes("/a/b") == ["/", "/a", "/a/b"]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [("20261124080910", datetime(2026, 11, 24, 8, 9, 10, tzinfo=UTC)), ("%Y%m%d", None), ("20269999999999", None)],
)
def test_clock(stamp: str, expected: datetime | None) -> None:
    assert clock({"clock": stamp.encode()}) == expected


CNF = """
openssl_conf = default_conf   # comment
[default_conf]
ssl_conf = ssl_sect
[ssl_sect]
system_default = system_default_sect
[ system_default_sect ]
MinProtocol = TLSv1.2
CipherString = DEFAULT@SECLEVEL=1
[other]
CipherString = ALL@SECLEVEL=0
"""


def test_openssl_cnf_is_followed() -> None:
    assert system_default(CNF) == {"minprotocol": "TLSv1.2", "cipherstring": "DEFAULT@SECLEVEL=1"}
    assert system_default(CNF.replace("openssl_conf", "# ")) == {}


@pytest.mark.parametrize(
    ("version", "flags", "conf", "level"),
    [
        ("OpenSSL 3.0.19 27 Jan 2026", "-DOPENSSL_TLS_SECURITY_LEVEL=2", "", 2),
        ("OpenSSL 3.0.19 27 Jan 2026", "-DOPENSSL_TLS_SECURITY_LEVEL=2", CNF, 1),
        ("OpenSSL 3.0.7", "", "", 1),
        ("OpenSSL 3.2.0", "", "", 2),
        ("OpenSSL 4.0.3", "", "", 2),
        ("OpenSSL 1.1.1w", "", "", 1),
        ("OpenSSL 1.0.2k-fips", "", "", 0),
        ("OpenSSL 0.9.8o", "", "", 0),
        ("LibreSSL 3.9.2", "", "", None),
        ("", "", "", None),
    ],
)
def test_security_level(version: str, flags: str, conf: str, level: int | None) -> None:
    answer = {"openssl.version": version.encode(), "openssl.flags": flags.encode(), "openssl.conf": conf.encode()}
    stack = tls_stack(answer)
    assert stack.security_level == level
    assert bool(stack.security_level_source) == (level is not None)


@pytest.mark.parametrize(
    ("how", "out", "addresses"),
    [
        ("getent", "192.0.2.1       STREAM b1\n192.0.2.1 DGRAM\n2001:db8::1 STREAM\n", ("192.0.2.1", "2001:db8::1")),
        ("host", "b1.example has address 192.0.2.7\n", ("192.0.2.7",)),
        ("nslookup", "Server: 10.0.0.1\nAddress: 10.0.0.1#53\n\nName: b1\nAddress: 192.0.2.9\n", ("192.0.2.9",)),
        ("dscacheutil", "name: b1\nip_address: 192.0.2.3\n", ("192.0.2.3",)),
        ("getent", "", ()),
    ],
)
def test_resolvers(how: str, out: str, addresses: tuple[str, ...]) -> None:
    fact = name_fact({"n.how": how.encode(), "n.out": out.encode()}, "n", "b1")
    assert fact.addresses == addresses
    assert bool(fact.error) == (not addresses)


def test_a_resolver_that_did_not_answer() -> None:
    assert "in time" in name_fact({"n.how": b"getent"}, "n", "b1").error
    assert "no tool" in name_fact({"n.how": b"none"}, "n", "b1").error


FIELDS = [
    "state",
    "ls",
    "real",
    "way",
    "names",
    "readable",
    "size",
    "sha256",
    "head",
    "content",
    "spki",
    "labels",
    "ssh",
]


@given(st.dictionaries(st.sampled_from([f"f.{field}" for field in FIELDS]), st.binary(max_size=60)))
def test_hostile_records_make_facts_not_errors(answer: dict[str, bytes]) -> None:
    who = Who(AGENT, LOGIN)
    file_fact(answer, "f", "/x", who)
    key_fact({**answer, "f.state": b"present"}, "f", "/x", who)
    directory_fact({**answer, "f.state": b"directory", "f.entry.0.name": b"a.pem"}, "f", "/x", who)
    clock(answer)
    tls_stack(answer)


def test_the_hash_of_nothing_is_no_key() -> None:
    empty = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    fact = key_fact({"k.state": b"present", "k.spki": empty, "k.how": b"openssl pkey"}, "k", "/k", Who(AGENT, LOGIN))
    assert (fact.spki_sha256, fact.how) == ("", "")
    assert fact.why_unknown
