"""Every road from a remote machine to a terminal, tried with every category of Unicode."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable

import pytest

from adapters.ssh.text import plain as from_device
from adapters.winrm.remote_text import clean as from_beacon
from console.changes.diff import visible
from console.command.text import harmless
from console.command.text import one_line as command_line
from console.readiness.outcome import clean as in_findings
from console.safe_text import clipped, one_line, substituted
from screens.text import plain as on_screen
from screens.text import plain_lines

Road = Callable[[str], str]
ROADS: dict[str, Road] = {
    "device": from_device,
    "beacon": from_beacon,
    "findings": in_findings,
    "command": harmless,
    "command line": command_line,
    "screen": on_screen,
    "plan": lambda text: visible(text).replace("\t", ""),
}


def _one_of_each_category() -> dict[str, list[str]]:
    """The first and the last character of every general category."""
    found: dict[str, list[str]] = {}
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        seen = found.setdefault(unicodedata.category(char), [])
        seen[1:] = [char]
    for point in range(sys.maxunicode, -1, -1):
        char = chr(point)
        found[unicodedata.category(char)][0:1] = [char]
    return found


CATEGORIES = _one_of_each_category()
DANGEROUS = [
    "\x1b[31m",
    "\x9b31m",
    "\x07",
    "\r",
    "\n",
    "\x00",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\ud800",
    "\x7f",
]


def test_every_category_is_tried() -> None:
    assert {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Lu", "So"} <= set(CATEGORIES)


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_nothing_harmful_passes(road: Road) -> None:
    for char in [*DANGEROUS, *(char for chars in CATEGORIES.values() for char in chars)]:
        shown = road(f"a{char}b")
        assert shown.isprintable(), (char, shown)
        assert shown.startswith("a")
        assert shown.endswith("b")


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
def test_what_people_write_stays(road: Road) -> None:
    assert road("Zürich 東京 ✔ C:\\x [a] 'b'") == "Zürich 東京 ✔ C:\\x [a] 'b'"


def test_marks() -> None:
    assert substituted("a\x1bb", "?") == "a?b"
    assert substituted("a\x1b\tb", lambda char: f"<{ord(char)}>", kept="\t") == "a<27>\tb"
    assert (visible("\x1b"), harmless("\x1b"), on_screen("\x1b\n"), in_findings("\x1b")) == ("\\x1b", "�", "� ", "?")
    assert plain_lines("a\x1b\nb") == ["a�", "b"]


def test_bounds() -> None:
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abcd", 4) == "abcd"
    assert one_line("a\n\n  b\tc", 10) == "a b c"
    assert one_line("ä".encode() * 10**6, 5) == "ääää…"
    assert one_line(b"\xff" + b"a" * 3, 9) == "�aaa"
