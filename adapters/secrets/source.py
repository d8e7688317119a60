"""Passwords by reference: a private file, an environment variable, the keyring, or a question in a terminal."""

from __future__ import annotations

import getpass
import os
import stat
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from console.errors import CredentialError
from console.fleet.model import SecretReference

_LONGEST = 4096
"""Bytes of a password file that are read; nobody's password is longer."""


_Question = tuple[SecretReference, str]


class SecretResolver:
    """A SecretSource. Keeps answers in memory alone, so that a question is asked once. Thread-safe.

    After `ask_ahead` the terminal belongs to screens: a `prompt` that wasn't answered by then is an error.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._may_ask = True
        self._answers: dict[_Question, str] = {}
        self._being_asked: dict[_Question, threading.Lock] = {}
        self._lock = threading.Lock()
        """Held for look-ups alone: a person who is slow to answer holds nobody else up."""
        self._terminal = threading.Lock()

    def password(self, reference: SecretReference, purpose: str) -> str:
        """The password. `purpose` names the account in the question and in errors, e.g. `root@d1`.

        Raises CredentialError, which names the reference and never the secret.
        """
        if reference.file is not None:
            return _from_file(reference.file, purpose)
        if reference.environment is not None:
            return self._from_environment(reference.environment, purpose)
        question = (reference, purpose)
        with self._lock:
            asking = self._being_asked.setdefault(question, threading.Lock())
        with asking:
            with self._lock:
                known = self._answers.get(question)
            if known is not None:
                return known
            answer = self._found_out(reference, purpose)
            with self._lock:
                self._answers[question] = answer
            return answer

    def _found_out(self, reference: SecretReference, purpose: str) -> str:
        if reference.keyring is not None:
            return _from_keyring(reference.keyring, purpose)
        if reference.prompt:
            with self._terminal:
                return self._ask(purpose)
        raise _error("no password is referenced", purpose, "Name a password_file, or another source.")

    def ask_ahead(self, questions: Iterable[tuple[SecretReference, str]]) -> None:
        """Ask now, while the terminal is free, and never again. Raises CredentialError without a terminal."""
        for reference, purpose in questions:
            self.password(reference, purpose)
        self._may_ask = False

    def _from_environment(self, name: str, purpose: str) -> str:
        value = self._environment.get(name)
        if not value:
            raise _error(f"the environment variable {name} is not set", purpose, "Set it for this process.")
        return value

    def _ask(self, purpose: str) -> str:
        if not self._may_ask or not sys.stdin.isatty():
            raise _error(
                "its password has to be asked for, and there is no terminal to ask in",
                purpose,
                "Use password_file, password_environment or password_keyring, or run this in a terminal.",
            )
        return getpass.getpass(f"Password ({purpose}): ", stream=sys.stderr)


def _from_file(path: Path, purpose: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _error(f"password file {path}: {error.strerror}", purpose, "Make it, with mode 0600.") from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise _error(f"password file {path} is not a regular file", purpose, "Name a file with mode 0600.")
        if facts.st_mode & 0o077:
            mode = stat.S_IMODE(facts.st_mode)
            raise _error(f"password file {path} has mode {mode:04o}", purpose, f"Close it: chmod 600 {path}")
        content = os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
    line = content.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise _error(f"password file {path} has an empty first line", purpose, "Write the password on it.")
    try:
        return line.decode()
    except UnicodeDecodeError:
        # The cause would quote the bytes: it stays out of the chain.
        raise _error(f"password file {path} is not UTF-8", purpose, "Write it as UTF-8.") from None


def _from_keyring(entry: str, purpose: str) -> str:
    import keyring  # its backends take a tenth of a second to load, and few fleets use it
    import keyring.errors

    service, _, user = entry.rpartition("/")
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError as error:
        raise _error(
            f"keyring entry {entry}: this machine has no keyring",
            purpose,
            "Use password_file, password_environment or password_prompt.",
        ) from error
    except keyring.errors.KeyringError as error:
        # The library's own words name packages to install; they stay in the cause.
        raise _error(
            f"keyring entry {entry} can't be read ({type(error).__name__})",
            purpose,
            "Unlock the keyring, or use password_file.",
        ) from error
    if not found:
        raise _error(f"the keyring has no entry {entry}", purpose, f"Make it: keyring set {service} {user}")
    return found


def _error(message: str, purpose: str, hint: str) -> CredentialError:
    return CredentialError(message, target=purpose, phase="credential", hint=hint)
