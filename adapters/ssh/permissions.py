"""May an account read a path? From `ls -ldn` of everything on the way and the account's numeric ids alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.ssh.text import plain

_PERMISSIONS = re.compile(r"[-bcdlpsDC][-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT](.?)")


@dataclass(frozen=True, slots=True)
class Account:
    """The agent's account on the device; uid None: the device doesn't know it."""

    name: str
    uid: int | None = None
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `ls -ldn`."""

    permissions: str
    uid: int
    gid: int
    size: int | None

    @property
    def has_acl(self) -> bool:
        return self.permissions[10:11] == "+"

    @property
    def mode(self) -> int:
        return octal(self.permissions)

    def allows(self, account: Account, what: str) -> bool:
        """`what`: r or x. The first class that fits decides, as in the kernel."""
        if account.uid == self.uid:
            shown = self.permissions[1:4]
        elif self.gid in account.groups:
            shown = self.permissions[4:7]
        else:
            shown = self.permissions[7:10]
        return any(letter in shown for letter in {"r": "r", "x": "xst"}[what])


def listed(line: str) -> Listed | None:
    """None where the line isn't one of `ls -ldn`."""
    words = line.split(None, 5)
    if len(words) < 4 or not _PERMISSIONS.fullmatch(words[0]) or not (words[2].isdecimal() and words[3].isdecimal()):
        return None
    size = int(words[4]) if len(words) > 4 and words[4].isdecimal() and len(words[4]) < 20 else None
    return Listed(words[0], int(words[2]), int(words[3]), size)


def octal(permissions: str) -> int:
    """The bits of `rwxr-xr-x`, set-id and sticky included."""
    mode = special = 0
    for place, letter in enumerate(permissions[1:10]):
        mode = mode << 1 | (letter in "rwxst")
        if letter in "sStT":
            special |= 0o1000 << (2 - place // 3)
    return special | mode


def readable(way: str, real: str, account: Account, login: Account, login_may: bool | None) -> tuple[bool | None, str]:
    """Whether the account may read `real`, and the path that closes the way, or why it isn't known.

    `way`: lines of `ls -ldn` for "/" and each part of `real`; `login_may`: what the login itself may.
    """
    if account.uid is None:
        return None, f"the device doesn't know the account {plain(account.name) or '(none)'}"
    if account.uid == 0:
        return True, ""  # root reads all
    if account.uid == login.uid and login_may is not None:
        return login_may, "" if login_may else _closed(way, real, account)
    lines = [listed(line) for line in way.splitlines()]
    paths = prefixes(real)
    if not real or len(lines) != len(paths) or None in lines:
        return None, "the login may not look into every directory on the way" if real else "the link can't be resolved"
    for path, step in zip(paths, lines, strict=True):
        if step is None:
            return None, "ls printed what can't be read"
        last = path == real
        if step.has_acl:
            return None, f"{plain(path)} has an access control list"
        if not step.allows(account, "r" if last else "x"):
            return False, f"{plain(path)} {step.permissions[:10]} {step.uid} {step.gid}"
    return True, ""


def _closed(way: str, real: str, account: Account) -> str:
    for path, line in zip(prefixes(real), way.splitlines(), strict=False):
        step = listed(line)
        if step is not None and not step.allows(account, "r" if path == real else "x"):
            return f"{plain(path)} {step.permissions[:10]} {step.uid} {step.gid}"
    return f"{plain(account.name)} may not read it"


def prefixes(real: str) -> list[str]:
    parts = [part for part in real.split("/") if part]
    return ["/"] + ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]
