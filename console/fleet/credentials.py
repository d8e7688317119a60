"""Credentials in the fleet file: references alone. A secret in plain text is refused and never repeated."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from console.errors import ConfigurationError
from console.fleet.model import SecretReference
from console.strict_toml import StrictTable

REFERENCES = ("password_file", "password_environment", "password_keyring", "password_prompt")
_FORMS = (
    'Name where it is instead: password_file = "FILE" (mode 0600), password_environment = "VARIABLE", '
    'password_keyring = "SERVICE/USER" or password_prompt = true.'
)
_SECRET_KEY = re.compile(
    r"(^|_)pass(_|$)|passw|passphrase|pwd|secret|token|credential|api_?key|private_?key", re.IGNORECASE
)
_NAMED_BY_THE_USER = ("resolve", "group")
"""Tables whose keys are names, not settings."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def refuse_plain_secrets(table: StrictTable) -> None:
    """Raises ConfigurationError for any key, at any depth, that looks as if it held a secret itself."""
    _refuse(table.source, table.values, "")


def _refuse(source: str, values: Mapping[str, object], where: str) -> None:
    for key, value in values.items():
        if not where and key in _NAMED_BY_THE_USER and isinstance(value, dict):
            continue
        if _SECRET_KEY.search(key) and key not in REFERENCES:
            raise ConfigurationError(
                f"{key}{where}: a fleet file holds no secret in plain text", target=source, hint=_FORMS
            )
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict):
                name = item.get("name")
                inner = f' in {key} "{name}"' if isinstance(name, str) and name.isprintable() else f" in {key}"
                _refuse(source, item, inner)
            elif isinstance(item, str) and "PRIVATE KEY-----" in item:
                raise ConfigurationError(
                    f"{key}{where}: holds a private key; name its file instead", target=source, hint=_FORMS
                )


def secret_reference(table: StrictTable, base: Path) -> SecretReference | None:
    """The table's one reference; None where it has none. Raises ConfigurationError."""
    given = [key for key in REFERENCES if table.has(key)]
    if len(given) > 1:
        raise table.fail(given[1], f"only one of {', '.join(REFERENCES)} can be given")
    if not given:
        return None
    key = given[0]
    if key == "password_prompt":
        return SecretReference(prompt=True) if table.flag(key, False) else None
    value = table.required_text(key)
    if key == "password_file":
        return SecretReference(file=_private_file(table, key, base))
    if key == "password_environment":
        # The value isn't repeated: somebody may have written the secret itself.
        if not _VARIABLE.fullmatch(value):
            raise table.fail(key, "expected the name of an environment variable")
        return SecretReference(environment=value)
    service, slash, user = value.rpartition("/")
    if not (service and slash and user):
        raise table.fail(key, "expected SERVICE/USER of a keyring entry")
    return SecretReference(keyring=value)


def existing_file(table: StrictTable, key: str, base: Path) -> Path | None:
    """A file that the table names, relative to the fleet file. Raises ConfigurationError where it is missing."""
    if not table.has(key):
        return None
    value = table.required_text(key)
    try:
        path = Path(value).expanduser()
    except RuntimeError as exc:
        raise table.fail(key, f"{value}: no such home directory") from exc
    path = path if path.is_absolute() else base / path
    if path.is_dir():
        raise table.fail(key, f"{path} is a directory, expected a file")
    if not path.exists():
        raise table.fail(key, f"no such file: {path}")
    return path


def _private_file(table: StrictTable, key: str, base: Path) -> Path | None:
    path = existing_file(table, key, base)
    if path is None:
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise table.fail(key, f"{path} has mode {mode:04o}; others may read it (chmod 600 {path})")
    return path
