"""TOML that a person wrote, read strictly: every error names the file, the key, and what was expected.

Values that might be secrets are never repeated in a message.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from console.errors import ConfigurationError
from console.nearest import did_you_mean

MAX_BYTES = 64 * 1024 * 1024
_T = TypeVar("_T")


def read_toml(path: Path, what: str) -> StrictTable:
    """Parse a file. Raises ConfigurationError where it is missing, unreadable, too large or not TOML."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(f"larger than {MAX_BYTES} bytes", target=str(path))
        data = path.read_bytes()
    except FileNotFoundError as exc:
        raise ConfigurationError(f"no such file ({what})", target=str(path)) from exc
    except OSError as exc:
        raise ConfigurationError(f"can't be read: {exc.strerror}", target=str(path)) from exc
    return parse_toml(data, str(path))


def parse_toml(data: bytes, source: str) -> StrictTable:
    try:
        return StrictTable(source, "", tomllib.loads(data.decode("utf-8")))
    except UnicodeDecodeError as exc:
        raise ConfigurationError(f"isn't UTF-8 (byte {exc.start})", target=source) from None
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        # The text of a TOML error tells the place; it may also repeat one character, never a value.
        raise ConfigurationError(f"isn't valid TOML: {exc}", target=source) from exc


@dataclass(frozen=True, slots=True)
class StrictTable:
    """One table of a file, and where it stands in it."""

    source: str
    where: str
    """`device "d1"` or `policy`; empty for the top."""
    values: Mapping[str, object]

    def allow(self, keys: Iterable[str]) -> None:
        """Raises ConfigurationError for the first key that isn't known."""
        known = tuple(keys)
        for key in self.values:
            if key not in known:
                raise ConfigurationError(
                    f"unknown key {key!r}{self._in()}", target=self.source, hint=did_you_mean(key, known)
                )

    def fail(self, key: str, expected: str) -> ConfigurationError:
        return ConfigurationError(f"{key}{self._in()}: {expected}", target=self.source)

    def named(self, where: str) -> StrictTable:
        return StrictTable(self.source, where, self.values)

    def has(self, key: str) -> bool:
        return key in self.values

    def text(self, key: str, default: _T) -> str | _T:
        """A string, or the default where the key is absent."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.fail(key, f"expected a string, found {_kind(value)}")
        if any(character < " " or character == "\x7f" for character in value):
            raise self.fail(key, "control characters aren't allowed")
        return value

    def required_text(self, key: str) -> str:
        value = self.text(key, "")
        if not value.strip():
            raise self.fail(key, "is missing" if not self.has(key) else "is empty")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, f"expected true or false, found {_kind(value)}")
        return value

    def number(self, key: str, default: _T, low: int, high: int) -> int | _T:
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail(key, f"expected a whole number, found {_kind(value)}")
        if not low <= value <= high:
            raise self.fail(key, f"expected {low} to {high}, found {value}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(key, "expected a list of strings")
        return tuple(value)

    def choice(self, key: str, default: str, choices: Iterable[str]) -> str:
        known = tuple(choices)
        value = self.text(key, default)
        if value not in known:
            near = did_you_mean(value, known)
            raise ConfigurationError(
                f"{key}{self._in()}: expected one of {', '.join(known)}", target=self.source, hint=near
            )
        return value

    def table(self, key: str, where: str = "") -> StrictTable | None:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.fail(key, f"expected a table, found {_kind(value)}")
        return StrictTable(self.source, where or key, value)

    def tables(self, key: str) -> tuple[StrictTable, ...]:
        """An array of tables: `[[key]]`."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(key, f"expected an array of tables, written [[{key}]]")
        return tuple(
            StrictTable(self.source, f"{key} number {number}", item) for number, item in enumerate(value, start=1)
        )

    def _in(self) -> str:
        return f" in {self.where}" if self.where else ""


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")
