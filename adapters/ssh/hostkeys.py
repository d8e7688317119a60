"""known_hosts, read once and indexed: paramiko's own lookup is linear in the file, quadratic over a fleet."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from adapters.ssh.descriptors import none_left
from console.errors import HostKeyError, SshError

MARKERS = ("@revoked", "@cert-authority")


@dataclass(frozen=True, slots=True)
class HostKeyLine:
    """One key of one known_hosts file."""

    key_type: str
    blob: bytes
    file: Path
    line: int


@dataclass(slots=True)
class KnownHosts:
    """The keys of one or more files by host name. `add` fills it; afterwards it is only read, by any thread."""

    plain: dict[str, list[HostKeyLine]] = field(default_factory=dict)
    hashed: list[tuple[bytes, bytes, HostKeyLine]] = field(default_factory=list)
    """Salt, HMAC-SHA1 of the name, key: one HMAC a line, so only asked where no plain name answers."""
    patterns: list[tuple[tuple[str, ...], HostKeyLine]] = field(default_factory=list)
    revoked: dict[bytes, HostKeyLine] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    def add(self, path: Path) -> None:
        """Read one file; a missing one holds no keys. Raises SshError where it can't be read."""
        self.files.append(path)
        try:
            content = path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return
        except OSError as exc:
            if (ours := none_left(exc, "", "host key")) is not None:
                raise ours from exc
            raise SshError(f"can't read {path}: {exc.strerror}", phase="host key") from exc
        for number, line in enumerate(content.splitlines(), 1):
            self._add_line(line.strip(), path, number)

    def _add_line(self, line: str, path: Path, number: int) -> None:
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            return
        marker = fields.pop(0) if fields[0] in MARKERS else ""
        if len(fields) < 3:
            return
        try:
            blob = base64.b64decode(fields[2], validate=True)
        except ValueError:  # also what text with characters beyond ASCII raises; binascii.Error is one
            return
        key = HostKeyLine(fields[1], blob, path, number)
        if marker == "@revoked":
            self.revoked[blob] = key
        elif not marker:  # a CA's line speaks of certificates, which paramiko doesn't ask for
            self._add_names(fields[0], key)

    def _add_names(self, names: str, key: HostKeyLine) -> None:
        if names.startswith("|1|"):
            parts = names.split("|")
            try:
                self.hashed.append((base64.b64decode(parts[2]), base64.b64decode(parts[3]), key))
            except (IndexError, ValueError):
                return
            return
        listed = tuple(name.lower() for name in names.split(",") if name)
        if any(set(name) & set("*?!") for name in listed):
            self.patterns.append((listed, key))
            return
        for name in listed:
            self.plain.setdefault(name, []).append(key)

    def keys_for(self, name: str) -> list[HostKeyLine]:
        """All keys of `host` or `[host]:port`, in the order of the files."""
        lowered = name.lower()
        found = list(self.plain.get(lowered, ()))
        found += [key for listed, key in self.patterns if _matches(listed, lowered)]
        return found or self._hashed_for(lowered)

    def _hashed_for(self, lowered: str) -> list[HostKeyLine]:
        """Slow, so asked only where nothing else answers, and before a key is called changed."""
        wanted = lowered.encode()
        return [
            key
            for salt, digest, key in self.hashed
            if hmac.compare_digest(hmac.new(salt, wanted, hashlib.sha1).digest(), digest)
        ]

    def check(self, target: str, name: str, key_type: str, blob: bytes) -> None:
        """Raises HostKeyError where the key is revoked, unknown, or not the one on file."""
        shown = f"{key_type} {fingerprint(blob)}"
        if blob in self.revoked:
            line = self.revoked[blob]
            raise HostKeyError(
                f"revoked host key: {name} shows {shown}, which {line.file}:{line.line} revokes",
                target=target,
                phase="host key",
                hint="Don't log in; find out why the key was revoked.",
            )
        known = self.keys_for(name)
        if any(hmac.compare_digest(key.blob, blob) for key in known):
            return
        if any(hmac.compare_digest(key.blob, blob) for key in self._hashed_for(name.lower())):
            return
        same_type = [key for key in known if key.key_type == key_type] or known
        if same_type:
            line = same_type[0]
            raise HostKeyError(
                f"changed host key: {name} shows {shown}, but {line.file}:{line.line} has "
                f"{line.key_type} {fingerprint(line.blob)}",
                target=target,
                phase="host key",
                hint="Someone may be listening in, or the device was reinstalled. Compare the fingerprint on the "
                f"device itself, then: ssh-keygen -R '{name}' -f {line.file}",
            )
        raise HostKeyError(
            f"unknown host key: {name} shows {shown}, which isn't in {self.described}",
            target=target,
            phase="host key",
            hint="Compare the fingerprint on the device (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add "
            f"the line to {self.files[0] if self.files else 'known_hosts'}: ssh-keyscan prints it.",
        )

    @property
    def described(self) -> str:
        return " or ".join(str(path) for path in self.files) or "any known_hosts"


def fingerprint(blob: bytes) -> str:
    """As `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def host_key_name(host: str, port: int) -> str:
    """What OpenSSH calls a host in known_hosts."""
    return host if port == 22 else f"[{host}]:{port}"


def _matches(listed: tuple[str, ...], name: str) -> bool:
    """OpenSSH's rule: a matching negation refuses whatever else matches."""
    if any(fnmatch.fnmatchcase(name, _glob(p[1:])) for p in listed if p.startswith("!")):
        return False
    return any(fnmatch.fnmatchcase(name, _glob(p)) for p in listed if not p.startswith("!"))


def _glob(pattern: str) -> str:
    """Brackets are literal in known_hosts (`[host]:port`), a set in fnmatch."""
    return pattern.replace("[", "[[]")
