"""Credential references: each kind resolves or fails with one message that names it, never the secret."""

from __future__ import annotations

import threading
from pathlib import Path

import keyring
import keyring.errors
import pytest

from adapters.secrets.source import SecretResolver
from console.errors import CredentialError
from console.fleet.model import SecretReference

SECRET = "correct horse battery"


def private(path: Path, content: bytes, mode: int = 0o600) -> SecretReference:
    path.write_bytes(content)
    path.chmod(mode)
    return SecretReference(file=path)


@pytest.mark.parametrize("content", [SECRET.encode(), f"{SECRET}\n".encode(), f"{SECRET}\r\nsecond\n".encode()])
def test_the_first_line_of_a_private_file(tmp_path: Path, content: bytes) -> None:
    reference = private(tmp_path / "x.password", content)
    assert SecretResolver({}).password(reference, "root@d1") == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o602])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    reference = private(tmp_path / "x.password", SECRET.encode(), mode)
    with pytest.raises(CredentialError, match=f"x.password has mode {mode:04o}") as caught:
        SecretResolver({}).password(reference, "root@d1")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("content", "words"), [(b"", "empty"), (b"\nx", "empty"), (b"\xff\xfe", "UTF-8")])
def test_a_file_without_a_password_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(CredentialError, match=words):
        SecretResolver({}).password(private(tmp_path / "x.password", content), "root@d1")


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CredentialError, match=str(path)):
            SecretResolver({}).password(SecretReference(file=path), "root@d1")


def test_the_environment() -> None:
    reference = SecretReference(environment="B1_PASSWORD")
    assert SecretResolver({"B1_PASSWORD": SECRET}).password(reference, "x") == SECRET
    with pytest.raises(CredentialError, match="B1_PASSWORD is not set"):
        SecretResolver({}).password(reference, "x")


def test_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {("mtls/corp", "admin"): SECRET}
    monkeypatch.setattr(keyring, "get_password", lambda service, user: held.get((service, user)))
    assert SecretResolver({}).password(SecretReference(keyring="mtls/corp/admin"), "x") == SECRET
    with pytest.raises(CredentialError, match="no entry mtls/other"):
        SecretResolver({}).password(SecretReference(keyring="mtls/other"), "x")


@pytest.mark.parametrize(
    ("raised", "says", "hint"),
    [
        (keyring.errors.NoKeyringError("Install keyrings.alt"), "this machine has no keyring", "password_prompt"),
        (keyring.errors.KeyringLocked("dismissed: keyrings.alt"), "can't be read (KeyringLocked)", "Unlock"),
    ],
)
def test_the_keyrings_own_prose_is_not_ours(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, says: str, hint: str
) -> None:
    def get(service: str, user: str) -> str:
        raise raised

    monkeypatch.setattr(keyring, "get_password", get)
    with pytest.raises(CredentialError) as caught:
        SecretResolver({}).password(SecretReference(keyring="mtls/corp/admin"), "x")
    assert says in str(caught.value.sentence)
    assert hint in str(caught.value.hint)
    assert "keyrings.alt" not in str(caught.value.sentence)


def test_nobody_is_asked_without_a_terminal() -> None:
    with pytest.raises(CredentialError, match="no terminal"):
        SecretResolver({}).password(SecretReference(prompt=True), "admin@b1")


def test_a_question_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(question: str, stream: object = None) -> str:
        asked.append(question)
        return SECRET

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", answer)
    resolver = SecretResolver({})
    for _ in range(2):
        assert resolver.password(SecretReference(prompt=True), "admin@b1") == SECRET
    assert asked == ["Password (admin@b1): "]
    resolver.ask_ahead([(SecretReference(prompt=True), "root@d1")])
    assert resolver.password(SecretReference(prompt=True), "root@d1") == SECRET
    with pytest.raises(CredentialError, match="no terminal"):
        resolver.password(SecretReference(prompt=True), "root@d2")


def test_a_person_who_is_slow_to_answer_holds_nobody_else_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked, answered = threading.Event(), threading.Event()
    questions: list[str] = []

    def answer(question: str, stream: object = None) -> str:
        questions.append(question)
        asked.set()
        assert answered.wait(20)
        return SECRET

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", answer)

    def get(service: str, user: str) -> str:
        return f"{service} of {user}"

    monkeypatch.setattr(keyring, "get_password", get)
    private = tmp_path / "p"
    private.write_text("from the file")
    private.chmod(0o600)
    resolver = SecretResolver({"PW": "from the environment"})
    prompt, got = SecretReference(prompt=True), []
    people = [
        threading.Thread(target=lambda: got.append(resolver.password(prompt, "admin@b1")), daemon=True) for _ in "ab"
    ]
    for person in people:
        person.start()
    assert asked.wait(20)
    others: list[str] = []

    def ask_others() -> None:
        others.append(resolver.password(SecretReference(file=private), "d1"))
        others.append(resolver.password(SecretReference(environment="PW"), "d2"))
        others.append(resolver.password(SecretReference(keyring="mtls/x"), "d3"))

    other = threading.Thread(target=ask_others, daemon=True)
    other.start()
    other.join(10)
    assert others == ["from the file", "from the environment", "mtls of x"]
    answered.set()
    for person in people:
        person.join(10)
    assert got == [SECRET, SECRET]
    assert questions == ["Password (admin@b1): "]  # asked once, though two wanted it
