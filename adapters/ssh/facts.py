"""Records of collect.sh to the facts of a snapshot. What a device says is bounded and made plain here."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

from adapters.ssh.permissions import Account, Listed, listed, readable
from adapters.ssh.text import plain
from console.agent.snapshot import DirectoryFact, FileFact, FileState, KeyFact

Records = Mapping[str, bytes]

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMES_BESIDE = 8
_LONGEST_NAME = 255
_SUM_LINE = re.compile(r"^\\?([0-9a-f]{64}) [ *]\./(.+)$")


@dataclass(frozen=True, slots=True)
class Who:
    """For whom readability is judged: the agent's account, and the login that looked."""

    agent: Account
    login: Account


def text(records: Records, name: str) -> str:
    """One plain line; empty where there is no such record."""
    return plain(records.get(name, b""))


def raw(records: Records, name: str) -> str:
    return records.get(name, b"").decode("utf-8", "surrogateescape")


def account(records: Records, prefix: str, name: str) -> Account:
    uid = text(records, f"{prefix}.uid")
    groups = [word for word in text(records, f"{prefix}.gids").split() if word.isdecimal()]
    return Account(name, int(uid) if uid.isdecimal() and len(uid) < 12 else None, frozenset(map(int, groups)))


def clock(records: Records) -> datetime | None:
    """`date -u +%Y%m%d%H%M%S`: POSIX, unlike +%s."""
    stamp = text(records, "clock")
    try:
        return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC) if len(stamp) == 14 else None
    except ValueError:
        return None


def file_fact(records: Records, name: str, path: str, who: Who) -> FileFact:
    state = _state(text(records, f"{name}.state"))
    if state in (FileState.MISSING, FileState.DANGLING):
        return FileFact(path, state, beside=_beside(records, name))
    # The way's last line is the file itself, links resolved.
    line = listed(raw(records, f"{name}.ls") or raw(records, f"{name}.way").rpartition("\n")[2])
    owner, group = _owner(records, name, line)
    may = {"yes": True, "no": False}.get(text(records, f"{name}.readable"))
    by_agent, because = readable(raw(records, f"{name}.way"), raw(records, f"{name}.real"), who.agent, who.login, may)
    size = text(records, f"{name}.size")
    content = records.get(f"{name}.content")
    return FileFact(
        path=path,
        state=FileState.TOO_LARGE if f"{name}.too-large" in records else state,
        mode=line.mode if line else None,
        owner=owner,
        group=group,
        size=int(size) if size.isdecimal() else (line.size if line else None),
        sha256=_sha256(records, name, content),
        content=content,
        head=_head(text(records, f"{name}.head")),
        readable_by_agent=by_agent,
        unreadable_because=because,
        loads={"yes": True, "no": False}.get(text(records, f"{name}.loads")),
    )


def _beside(records: Records, name: str) -> tuple[str, ...]:
    lines = [plain(line)[:_LONGEST_NAME] for line in raw(records, f"{name}.beside").split("\n")]
    return tuple(filter(None, lines))[:_NAMES_BESIDE]


def _sha256(records: Records, name: str, content: bytes | None) -> str:
    said = text(records, f"{name}.sha256")
    if _SHA256.fullmatch(said):
        return said
    whole = content is not None and f"{name}.redacted" not in records
    return hashlib.sha256(content or b"").hexdigest() if whole else ""


def _state(word: str) -> FileState:
    try:
        return FileState(word)
    except ValueError:
        return FileState.UNREADABLE


def _owner(records: Records, name: str, line: Listed | None) -> tuple[str, str]:
    """Names where `ls -l` gives them, else numbers."""
    words = plain(records.get(f"{name}.names", b"")).split()
    if len(words) > 4 and listed(raw(records, f"{name}.names")) is None:
        return words[2], words[3]
    return (str(line.uid), str(line.gid)) if line else ("", "")


def _head(shown: str) -> bytes:
    words = shown.split()[:4]
    return bytes.fromhex("".join(words)) if all(re.fullmatch("[0-9a-f]{2}", word) for word in words) else b""


def directory_fact(records: Records, name: str, path: str, who: Who) -> DirectoryFact:
    state = _state(text(records, f"{name}.state"))
    if state is not FileState.DIRECTORY:
        return DirectoryFact(path, FileState.SPECIAL if state is FileState.PRESENT else state, complete=True)
    if f"{name}.unlisted" in records:
        return DirectoryFact(path, FileState.UNREADABLE, complete=False)
    contents = _contents(records, name)
    sums = {match[2]: match[1] for line in raw(records, f"{name}.sums").split("\n") if (match := _SUM_LINE.match(line))}
    lines = raw(records, f"{name}.list").split("\n")
    entries: list[FileFact] = []
    complete = f"{name}.more" not in records
    way, real = raw(records, f"{name}.way"), raw(records, f"{name}.real")
    while (entry := raw(records, f"{name}.entry.{len(entries)}.name")) and len(entries) < 10_000:
        est = _state(text(records, f"{name}.entry.{len(entries)}.state"))
        found = next((line for line in lines if line.endswith(f" ./{entry}")), "")
        line = listed(found)
        may: tuple[bool | None, str] = (None, "")
        if line is not None:
            may = readable(f"{way}\n{found}", f"{real.rstrip('/')}/{entry}", who.agent, who.login, None)
        entries.append(
            FileFact(
                path=entry,
                state=est,
                mode=line.mode if line else None,
                owner=str(line.uid) if line else "",
                group=str(line.gid) if line else "",
                size=line.size if line else None,
                sha256=sums.get(entry, ""),
                content=contents.get(entry),
                head=contents.get(entry, b"")[:4],
                readable_by_agent=may[0],
                unreadable_because=may[1],
            )
        )
        complete = complete and (est is not FileState.PRESENT or line is not None)
    return DirectoryFact(path, FileState.DIRECTORY, tuple(entries), complete)


def _contents(records: Records, name: str) -> dict[str, bytes]:
    """Entry name to content; awk numbers the pairs."""
    found: dict[str, bytes] = {}
    number = 0
    while f"{name}.pem.{number}" in records:
        entry = raw(records, f"{name}.pem.{number}").removeprefix("./")
        found[entry] = records.get(f"{name}.content.{number}", b"")
        number += 1
    return found


def key_fact(records: Records, name: str, path: str, who: Who) -> KeyFact:
    file = replace(file_fact(records, name, path, who), content=None)
    if file.state is not FileState.PRESENT:
        return KeyFact(file, why_unknown=f"the file is {file.state.value}")
    labels = tuple(plain(line) for line in raw(records, f"{name}.labels").split("\n") if line)
    encrypted: bool | None = None
    spki, how, why = text(records, f"{name}.spki"), text(records, f"{name}.how"), ""
    if not _SHA256.fullmatch(spki) or spki == EMPTY_SHA256:
        spki, how = _spki_from_ssh(records.get(f"{name}.ssh", b"")), "ssh-keygen"
    if text(records, f"{name}.encrypted"):
        encrypted = True
    elif spki or any("PRIVATE KEY" in label and not label.startswith("OPENSSH") for label in labels):
        encrypted = False
    if not spki:
        how = ""
        why = {
            "none": "the device has neither openssl nor ssh-keygen",
            "ssh-keygen": "the device has no openssl, and its ssh-keygen can't load the key",
        }.get(text(records, f"{name}.tools"), "the device's openssl can't load the key")
    return KeyFact(file, labels, encrypted, spki, how, why)


def _spki_from_ssh(line: bytes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo of what `ssh-keygen -y` printed; empty where that isn't a public key."""
    words = line.split()[:2]
    if len(words) != 2:
        return ""
    try:
        base64.b64decode(words[1], validate=True)
        key = load_ssh_public_key(b" ".join(words))
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
