"""Reading a script's JSON answer strictly: each field has a type and a bound, and an error names the field.

Windows PowerShell 5.1 writes a one-element list as the element, an empty one as null, and a list that came through a
PSObject as `{"value": [...], "Count": n}`; all of them are the same list here. [reference: read-back rules]
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.winrm.remote_text import clean

LIST_LIMIT = 20_000
TEXT_LIMIT = 4096


class FieldError(ValueError):
    """A field isn't what the operation promises. The message names the field."""


def items(row: Mapping[str, object], name: str) -> list[object]:
    value = row.get(name)
    if isinstance(value, dict) and set(value) == {"value", "Count"}:
        value = value["value"]
    if value is None:
        return []
    found = [item for item in value if item is not None] if isinstance(value, list) else [value]
    if len(found) > LIST_LIMIT:
        raise FieldError(f"{name}: {len(found)} entries, at most {LIST_LIMIT} are read")
    return found


def rows(row: Mapping[str, object], name: str) -> list[dict[str, object]]:
    found = items(row, name)
    tables = [item for item in found if isinstance(item, dict)]
    if len(tables) != len(found):
        raise FieldError(f"{name}: expected objects")
    return tables


def table(row: Mapping[str, object], name: str) -> dict[str, object]:
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FieldError(f"{name}: expected an object, got {type(value).__name__}")
    return value


def text(row: Mapping[str, object], name: str) -> str:
    """Cleaned of control characters; empty for null."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FieldError(f"{name}: expected text, got {type(value).__name__}")
    return clean(str(value), TEXT_LIMIT)


def long_text(row: Mapping[str, object], name: str, limit: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise FieldError(f"{name}: expected text of at most {limit} characters")
    return value


def integer(row: Mapping[str, object], name: str, default: int = 0, *, below: int = 2**32) -> int:
    """A number, or digits in quotes; `default` for null. http.sys's numbers are unsigned 32 bits."""
    value = row.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < below:
        raise FieldError(f"{name}: expected a number, got {clean(str(value), 40)!r}")
    return value


def optional_integer(row: Mapping[str, object], name: str) -> int | None:
    return None if row.get(name) is None else integer(row, name)


def optional_size(row: Mapping[str, object], name: str) -> int | None:
    """Bytes of a disk: up to 63 bits."""
    return None if row.get(name) is None else integer(row, name, below=2**63)


def optional_boolean(row: Mapping[str, object], name: str) -> bool | None:
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise FieldError(f"{name}: expected true or false, got {clean(str(value), 40)!r}")


def boolean(row: Mapping[str, object], name: str) -> bool:
    return optional_boolean(row, name) or False


def access_flags(value: object) -> tuple[str, ...]:
    """`Ssl,SslNegotiateCert` or a list of such names: sorted, without `None`. Raises FieldError."""
    words = value.split(",") if isinstance(value, str) else items({"flags": value}, "flags")
    names = {clean(word.strip(), 40) for word in words if isinstance(word, str)} - {"", "None"}
    unknown = names - {"Ssl", "SslNegotiateCert", "SslRequireCert", "SslMapCert", "Ssl128"}
    if unknown:
        raise FieldError(f"flags: {sorted(unknown)[0]!r} is no access flag")
    return tuple(sorted(names))
