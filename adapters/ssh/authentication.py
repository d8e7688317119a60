"""Logging in: named key file, agent, default keys, password, in this order, and one message when nothing lets us in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import paramiko

from adapters.ssh.descriptors import none_left
from adapters.ssh.target import Target
from adapters.ssh.text import plain
from console.errors import CredentialError, SshError
from console.ports import SecretSource

AGENT_KEYS = 5
"""sshd gives up after six attempts (MaxAuthTries), one of which the password may need."""


def log_in(transport: paramiko.Transport, target: Target, secrets: SecretSource) -> None:
    """Raises SshError (refused, lost), CredentialError (a key file or password reference can't be used)."""
    tried: list[str] = []
    offered = ""
    try:
        with contextlib.ExitStack() as stack:
            for described, key in _keys(target, stack):
                tried.append(described)
                try:
                    if not transport.auth_publickey(target.user, key):
                        return
                except paramiko.BadAuthenticationType as exc:
                    offered = ", ".join(exc.allowed_types)
                    break
                except paramiko.AuthenticationException:
                    if not transport.is_active():
                        raise
        if target.password is not None:
            tried.append("password")
            password = secrets.password(target.password, f"SSH password of {target.user}@{target.name}")
            try:
                if not transport.auth_password(target.user, password):
                    return
            except paramiko.BadAuthenticationType as exc:
                offered = ", ".join(exc.allowed_types)
            except paramiko.AuthenticationException:
                if not transport.is_active():
                    raise
    except (paramiko.SSHException, EOFError, OSError) as exc:
        raise SshError(
            f"login as {target.user} broke off: {plain(str(exc)) or 'the connection was closed'}",
            target=target.name,
            phase="login",
            hint=f"Tried: {', '.join(tried) or 'nothing'}.",
        ) from exc
    raise SshError(
        f"login as {target.user} was refused",
        target=target.name,
        phase="login",
        hint=(f"Tried: {', '.join(tried)}." if tried else "There is no key, no agent and no password to log in with.")
        + (f" The device accepts: {plain(offered)}." if offered else ""),
    )


def _keys(target: Target, stack: contextlib.ExitStack) -> Iterator[tuple[str, paramiko.PKey]]:
    for path in target.key_files:
        yield f"key {path}", load_key(path, target.name)
    if target.use_agent:
        try:
            agent = paramiko.Agent()
        except (paramiko.SSHException, OSError):
            agent = None  # a dead SSH_AUTH_SOCK: the other ways stand
        if agent is not None:
            stack.callback(agent.close)
            for key in agent.get_keys()[:AGENT_KEYS]:
                yield f"agent key {key.fingerprint}", key
    for path in target.default_keys:
        if path.is_file():
            yield f"key {path}", load_key(path, target.name)


def load_key(path: Path, target: str) -> paramiko.PKey:
    """Raises CredentialError, which names the file and what is wrong with it; SshError where no file can be opened."""
    try:
        return paramiko.PKey.from_path(path)
    except FileNotFoundError as exc:
        raise CredentialError(f"key file {path} doesn't exist", target=target, phase="login") from exc
    except OSError as exc:
        if (ours := none_left(exc, target, "login")) is not None:
            raise ours from exc
        raise CredentialError(f"can't read key file {path}: {exc.strerror}", target=target, phase="login") from exc
    except (paramiko.PasswordRequiredException, TypeError) as exc:
        raise CredentialError(
            f"key file {path} is encrypted",
            target=target,
            phase="login",
            hint=f"Load it into the agent: ssh-add {path}",
        ) from exc
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError) as exc:
        raise CredentialError(
            f"key file {path} isn't a private key that can be used",
            target=target,
            phase="login",
            hint="Expected: an OpenSSH or PEM private key of type RSA, ECDSA or Ed25519.",
        ) from exc
