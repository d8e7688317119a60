"""config.ini, lossless: any byte sequence survives parse and write, and an edit touches only its own line.

What the agent itself does with odd input is not documented, so reading follows these stated rules:
lines end at LF (a CR before it belongs to the line end); sections and keys are case-insensitive; blanks round a
key, a value and a section name don't count; quotes do (measured: a quoted path isn't found); a section that
appears twice is one section; of a key that appears twice the last line counts. `oddities` lists what a person
should look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from console.agent.secrets import mask_secrets
from console.errors import ConfigurationError

__all__ = ["ConfigDocument", "Line", "LineKind", "Oddity", "mask_secrets"]

_BLANKS = b" \t\r\v\f"
_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"\[(.*?)\][ \t\r\v\f]*(?:[;#].*)?", re.DOTALL)
_SHARED_LENGTH = 300
"""Bytes of a line that is kept at most: nobody fills the memory with long ones."""
_UNSAFE_IN_LINE = re.compile(r"[\r\n\0]")


class LineKind(StrEnum):
    BLANK = "blank"
    COMMENT = "comment"
    SECTION = "section"
    VALUE = "value"
    ODD = "odd"
    """Neither of these; kept, and without meaning."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file; `body + end` are its bytes."""

    body: bytes
    end: bytes
    """LF, CR LF, or empty for a last line without a line end."""
    kind: LineKind
    section: str = ""
    """The section that the line opens or lies in, as its header writes it; empty before the first header."""
    key: str = ""
    value: str = ""
    """Of a value line, without the blanks round it."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something in the file that a reader may take in another way than the agent does."""

    line: int
    """From 1."""
    what: str


_Place = tuple[str, str]
"""Section and key, lower case."""
_Index = dict[_Place, tuple[int, ...]]
_Read = tuple[Line, _Place | None, bool]
"""A line; of a value line its place in the index; whether a person should look at it."""


@dataclass(frozen=True, slots=True)
class ConfigDocument:
    """An immutable config.ini. Edits return a new document."""

    lines: tuple[Line, ...] = ()
    _index: _Index = field(default_factory=dict, repr=False, compare=False)
    """To the lines that set it."""
    _suspects: tuple[int, ...] = field(default=(), repr=False, compare=False)
    """Lines, from 0, that may be odd in themselves."""

    @classmethod
    def parse(cls, data: bytes) -> ConfigDocument:
        """Never fails: what isn't understood is kept as it is."""
        return cls._of(data, _read)

    @classmethod
    def parse_masked(cls, data: bytes) -> ConfigDocument:
        """The same, for a file whose passwords are masked: its lines are kept, and shared with other documents.

        Thousands of devices have the same lines: read once, they cost neither time nor memory again.
        """
        return cls._of(data, _read_shared)

    @classmethod
    def _of(cls, data: bytes, read: Callable[[bytes, str, bool], _Read]) -> ConfigDocument:
        lines: list[Line] = []
        index: dict[_Place, tuple[int, ...]] = {}
        suspects: list[int] = []
        section = ""
        for number, raw in enumerate(_split(data)):
            line, place, odd = read(raw, section, number == 0)
            section = line.section
            lines.append(line)
            if odd:
                suspects.append(number)
            if place is not None:
                index[place] = (*index[place], number) if place in index else (number,)
        return cls(tuple(lines), index, tuple(suspects))

    def to_bytes(self) -> bytes:
        return b"".join(line.body + line.end for line in self.lines)

    def sections(self) -> tuple[str, ...]:
        """Section names in order of first appearance, each once, spelt as there."""
        found: dict[str, str] = {}
        for line in self.lines:
            if line.kind is LineKind.SECTION:
                found.setdefault(line.section.lower(), line.section)
        return tuple(found.values())

    def keys(self, section: str) -> tuple[str, ...]:
        """Keys of a section in order of first appearance, each once."""
        found: dict[str, str] = {}
        for line in self.lines:
            if line.kind is LineKind.VALUE and line.section.lower() == section.lower():
                found.setdefault(line.key.lower(), line.key)
        return tuple(found.values())

    def get(self, section: str, key: str) -> str | None:
        """The value as written, without the blanks round it. None: no such line; "": present but empty.

        Bytes that aren't UTF-8 come as surrogates (`surrogateescape`).
        """
        numbers = self._index.get((section.lower(), key.lower()))
        return self.lines[numbers[-1]].value if numbers else None

    def values(self, section: str, key: str) -> tuple[str, ...]:
        """Every value that the file gives for the key, the one that counts last."""
        return tuple(self.lines[number].value for number in self._index.get((section.lower(), key.lower()), ()))

    def values_at(self, places: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
        """`values` of many places, section and key in lower case."""
        index, lines = self._index, self.lines
        return tuple([tuple([lines[number].value for number in index.get(place, ())]) for place in places])

    def set(self, section: str, key: str, value: str) -> ConfigDocument:
        """Change the line that counts, or add one at the end of the section's last occurrence, or a section at the end.

        Raises ConfigurationError where section, key or value can't be written on one line and read back the same.
        """
        _require_writable(section, key, value)
        numbers = self._index.get((section.lower(), key.lower()))
        if numbers:
            number = numbers[-1]
            line = self.lines[number]
            body = line.body[: _value_start(line.body)] + _encode(value) + _trailing_blanks(line.body)
            changed = [*self.lines]
            changed[number] = Line(body, line.end, LineKind.VALUE, line.section, line.key, value)
            return ConfigDocument(tuple(changed), self._index, self._suspects)
        place, name = self._end_of(section)
        new = [_new_line(name or section, key, value)]
        if name is None:
            place = len(self.lines)
            new.insert(0, Line(b"[" + _encode(section) + b"]", b"", LineKind.SECTION, section))
        return self._insert(place, new)

    def remove(self, section: str, key: str) -> ConfigDocument:
        """Without the key's lines: all of them, so that no earlier one comes to count."""
        numbers = self._index.get((section.lower(), key.lower()))
        if not numbers:
            return self
        kept = [line for number, line in enumerate(self.lines) if number not in numbers]
        if kept and not self.lines[-1].end and len(self.lines) - 1 in numbers:
            # The file had no final line end; it has none afterwards either.
            kept[-1] = _with_end(kept[-1], b"")
        return ConfigDocument.parse(b"".join(line.body + line.end for line in kept))

    def oddities(self) -> tuple[Oddity, ...]:
        """What a person should look at: odd lines, double keys, a byte order mark, CR LF, NUL bytes."""
        return tuple(self._oddities())

    def _oddities(self) -> Iterator[Oddity]:
        if self.lines and self.lines[0].body.startswith(_BOM):
            yield Oddity(1, "a byte order mark before the first character")
        first_crlf = first_nul = 0
        odd: list[Oddity] = []
        for line, number in ((self.lines[place], place + 1) for place in self._suspects):
            if line.end == b"\r\n" and not first_crlf:
                first_crlf = number
            if b"\0" in line.body and not first_nul:
                first_nul = number
            if line.kind is LineKind.VALUE:
                if not line.section:
                    odd.append(Oddity(number, f"{line.key} stands before the first section"))
            elif line.kind is LineKind.ODD:
                odd.append(Oddity(number, "neither a section, nor KEY=VALUE, nor a comment"))
        if first_crlf:
            yield Oddity(first_crlf, "a line end of Windows (CR LF); the agent's files use LF alone")
        if first_nul:
            yield Oddity(first_nul, "NUL bytes (UTF-16?)")
        yield from odd
        for *earlier, last in self._index.values():
            for number in earlier:
                yield Oddity(number + 1, f"{self.lines[number].key} is set again in line {last + 1}, which counts")

    def _end_of(self, section: str) -> tuple[int, str | None]:
        """Where a new line of the section goes (after its last line that isn't blank), and its name as written."""
        wanted = section.lower()
        place, name, inside = 0, None, not wanted
        if inside:
            name = ""
        for number, line in enumerate(self.lines):
            if line.kind is LineKind.SECTION:
                inside = line.section.lower() == wanted
                if inside:
                    name = line.section
            if inside and line.kind is not LineKind.BLANK:
                place = number + 1
        return place, name

    def _insert(self, place: int, new: list[Line]) -> ConfigDocument:
        end = self._neighbours_end(place)
        before, after = [*self.lines[:place]], [*self.lines[place:]]
        inserted = [_with_end(line, end) for line in new]
        if before and not before[-1].end:
            # The file ends without a line end: it goes on ending so.
            before[-1] = _with_end(before[-1], end)
            inserted[-1] = _with_end(inserted[-1], b"")
        # Parsed anew: a last line that ended with a lone CR now ends with CR LF.
        return ConfigDocument.parse(b"".join(line.body + line.end for line in (*before, *inserted, *after)))

    def _neighbours_end(self, place: int) -> bytes:
        for line in (*reversed(self.lines[:place]), *self.lines[place:]):
            if line.end:
                return line.end
        return b"\n"


def _split(data: bytes) -> list[bytes]:
    """Lines with their LF; a last line may have none."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _read(raw: bytes, section: str, first: bool) -> _Read:
    line = _classify(raw, section, first=first)
    of_value = line.kind is LineKind.VALUE
    odd = line.kind is LineKind.ODD or line.end == b"\r\n" or b"\0" in line.body or (of_value and not line.section)
    return line, (line.section.lower(), line.key.lower()) if of_value else None, odd


_shared = lru_cache(maxsize=32_768)(_read)


def _read_shared(raw: bytes, section: str, first: bool) -> _Read:
    return _shared(raw, section, first) if len(raw) <= _SHARED_LENGTH else _read(raw, section, first)


def _classify(raw: bytes, section: str, *, first: bool) -> Line:
    body, end = raw, b""
    if raw.endswith(b"\r\n"):
        body, end = raw[:-2], b"\r\n"
    elif raw.endswith(b"\n"):
        body, end = raw[:-1], b"\n"
    text = (body.removeprefix(_BOM) if first else body).strip(_BLANKS)
    if not text:
        return Line(body, end, LineKind.BLANK, section)
    if text[:1] in (b";", b"#"):
        return Line(body, end, LineKind.COMMENT, section)
    if text[:1] == b"[":
        header = _HEADER.fullmatch(text)
        if header is None or not header[1].strip(_BLANKS):
            return Line(body, end, LineKind.ODD, section)
        return Line(body, end, LineKind.SECTION, _decode(header[1].strip(_BLANKS)))
    key, equals, value = text.partition(b"=")
    if not equals or not key.strip(_BLANKS):
        return Line(body, end, LineKind.ODD, section)
    return Line(body, end, LineKind.VALUE, section, _decode(key.strip(_BLANKS)), _decode(value.strip(_BLANKS)))


def _value_start(body: bytes) -> int:
    start = body.index(b"=") + 1
    value = body[start:]
    return start + len(value) - len(value.lstrip(_BLANKS)) if value.strip(_BLANKS) else start


def _trailing_blanks(body: bytes) -> bytes:
    value = body[body.index(b"=") + 1 :]
    return value[len(value.rstrip(_BLANKS)) :]


def _new_line(section: str, key: str, value: str) -> Line:
    return Line(_encode(f"{key}={value}"), b"", LineKind.VALUE, section, key, value)


def _with_end(line: Line, end: bytes) -> Line:
    return Line(line.body, end, line.kind, line.section, line.key, line.value)


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _require_writable(section: str, key: str, value: str) -> None:
    for what, text in (("section", section), ("key", key), ("value", value)):
        if _UNSAFE_IN_LINE.search(text):
            raise ConfigurationError(f"a {what} of config.ini can't hold a line break or a NUL")
        try:
            same = _decode(_encode(text)) == text
        except UnicodeEncodeError:
            same = False
        if not same:
            raise ConfigurationError(f"a {what} of config.ini must be text that UTF-8 can hold")
    line = _classify(_encode(f"{key}={value}"), section, first=False)
    if (line.kind, line.key, line.value) != (LineKind.VALUE, key, value):
        raise ConfigurationError(
            f"{key!r}={value!r} can't be written on a line of config.ini and read back the same",
            hint="No blanks at either end; a key holds no '=' and doesn't begin with '[', ';' or '#'.",
        )
    header = _classify(_encode(f"[{section}]"), "", first=False)
    if section and (header.kind, header.section) != (LineKind.SECTION, section):
        raise ConfigurationError(f"{section!r} can't be the name of a section of config.ini")
