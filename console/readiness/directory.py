"""A hashed CA directory as OpenSSL looks it up (crypto/x509/by_dir.c): HASH.0, HASH.1 … until the first one missing.

A certificate in the CA *file* with the same subject hides the directory's (measured: T141, T142, T295), and a file
that can't be loaded ends the row of numbers.
"""

from __future__ import annotations

import re

from console.agent.snapshot import DirectoryFact, FileFact, FileState
from console.pki.certificates import subject_hash
from console.pki.loading import Anchor, load_directory_entry

_HASH_NAME = re.compile(r"([0-9a-f]{8})\.(0|[1-9][0-9]{0,3})")
_ABSENT = (FileState.MISSING, FileState.DANGLING)
_THERE = (FileState.DIRECTORY, FileState.PRESENT)


def read_directory(
    directory: DirectoryFact | None, from_file: tuple[Anchor, ...], *, skips_bom: bool, old_hash: bool
) -> tuple[tuple[Anchor, ...], tuple[bytes, ...]]:
    """The certificates that can be found there, and those that the CA file hides."""
    if directory is None or directory.state not in _THERE:
        return (), ()
    in_file = {subject_hash(anchor.der, old=old_hash) for anchor in from_file}
    found: list[Anchor] = []
    shadowed: list[bytes] = []
    for name, rows in _rows(directory).items():
        for entry in rows:
            loaded = _load(entry, skips_bom)
            for anchor in loaded[0]:
                if subject_hash(anchor.der, old=old_hash) != name:
                    continue
                if name in in_file:
                    shadowed.append(anchor.der)
                else:
                    found.append(anchor)
            if not loaded[1]:
                break
    return tuple(found), tuple(shadowed)


def is_there(directory: DirectoryFact | None) -> bool:
    """It was found to be a directory."""
    return directory is not None and directory.state in _THERE


def invisible_entries(directory: DirectoryFact) -> tuple[str, ...]:
    """Files that a person put there as CA certificates and OpenSSL never looks at."""
    seen = {entry.path for rows in _rows(directory).values() for entry in rows}
    return tuple(
        _base(entry) for entry in directory.entries if entry.path not in seen and entry.state is FileState.PRESENT
    )


def _rows(directory: DirectoryFact) -> dict[str, list[FileFact]]:
    numbered: dict[str, dict[int, FileFact]] = {}
    for entry in directory.entries:
        name = _HASH_NAME.fullmatch(_base(entry))
        if name is not None and entry.state not in _ABSENT:
            numbered.setdefault(name[1], {})[int(name[2])] = entry
    rows: dict[str, list[FileFact]] = {}
    for hashed, entries in sorted(numbered.items()):
        number = 0
        while number in entries:
            rows.setdefault(hashed, []).append(entries[number])
            number += 1
    return rows


def _load(entry: FileFact, skips_bom: bool) -> tuple[tuple[Anchor, ...], bool]:
    """The certificates, and whether OpenSSL goes on to the next number."""
    if entry.state is not FileState.PRESENT or entry.readable_by_agent is False or entry.content is None:
        return (), False
    loaded = load_directory_entry(entry.content, skips_bom=skips_bom)
    return loaded.certificates, not loaded.error


def _base(entry: FileFact) -> str:
    return entry.path.rpartition("/")[2]
