"""Edits of config.ini that a dropped connection, a full disk or another editor can't turn into a broken file."""

from __future__ import annotations

import hashlib

from adapters.ssh.facts import Records, raw, text
from adapters.ssh.scripts import bootstrap, library, records, whole
from adapters.ssh.session import DeviceSession, Output
from adapters.ssh.text import plain, quoted
from console.errors import ChangeFailed, ChangeRefused, CommandFailed, MtlsConsoleError, SshError
from console.ports import ConfigFile

EDIT_SECONDS = 60.0
CONFIG_LIMIT = 4_000_000
BACKUP_SUFFIX = ".mtls-console.bak"


def read_config(session: DeviceSession) -> ConfigFile:
    """The file as it is, passwords included. Raises SshError, CommandFailed."""
    path = session.device.config_ini
    for _ in range(2):  # a file that changed while it was read is read again, once
        answer = records(_run(session, f"read_config {quoted(path)} {CONFIG_LIMIT}").stdout, session.device.name)
        result = text(answer, "result")
        if result != "done":
            raise CommandFailed(_cant_read(path, result), target=session.device.name, phase="read")
        content = answer.get("content", b"")
        digest = hashlib.sha256(content).hexdigest()
        if text(answer, "sha256") in ("", digest):
            return ConfigFile(path, content, digest)
    raise CommandFailed(f"{plain(path)} keeps changing while it is read", target=session.device.name, phase="read")


def replace_config(session: DeviceSession, before: str, content: bytes) -> None:
    """Raises ChangeRefused (nothing was written), ChangeFailed (it says what state the file is in), SshError."""
    after = hashlib.sha256(content).hexdigest()
    path = quoted(session.device.config_ini)
    with session.editing:
        staged = _stage(session, f"stage {path} {quoted(before)} {after} {len(content)}", content)
        _commit(session, before, after, staged, "backup")


def restore_config(session: DeviceSession, before: str, backup: str) -> None:
    """Raises as replace_config does. The backup stays."""
    path = quoted(session.device.config_ini)
    with session.editing:
        staged = _stage(session, f"stage_backup {path} {quoted(before)} {quoted(backup)}", b"")
        _commit(session, before, backup, staged, "none")


def _stage(session: DeviceSession, main: str, content: bytes) -> str:
    """Path of the checked temporary file, as the device names it."""
    output = _run(session, main, content)
    if output.lost or output.timed_out:
        raise ChangeFailed(
            "the connection was lost before the new file was whole"
            if output.lost
            else "the device didn't answer in time",
            target=session.device.name,
            phase="write",
            hint=f"{plain(session.device.config_ini)} is unchanged. Apply the plan again.",
        )
    answer = records(output.stdout, session.device.name)
    if text(answer, "result") != "staged":
        raise _refusal(session, answer)
    return raw(answer, "staged")


def _commit(session: DeviceSession, before: str, after: str, staged: str, keep: str) -> None:
    path = session.device.config_ini
    main = f"commit {quoted(path)} {quoted(before)} {quoted(after)} {quoted(staged)} {keep}"
    try:
        output = _run(session, main)
    except SshError as exc:
        raise ChangeFailed(
            f"the connection was lost before the new file was put in place: {exc.message}",
            target=session.device.name,
            phase="write",
            hint=f"{plain(path)} is unchanged. Apply the plan again.",
        ) from exc
    if output.lost or output.timed_out:
        _settle(session, before, after)
        return
    answer = records(output.stdout, session.device.name)
    if text(answer, "result") != "done":
        raise _refusal(session, answer)
    if text(answer, "after") != after:
        raise ChangeFailed(
            f"{plain(path)} was put in place, but reads back as {text(answer, 'after')[:12] or 'nothing'}, "
            f"not as {after[:12]}: something else changed it at once",
            target=session.device.name,
            phase="read back",
        )


def _settle(session: DeviceSession, before: str, after: str) -> None:
    """The connection was lost around the rename: look which file is there, and let no half-done edit finish later."""
    path = plain(session.device.config_ini)
    try:
        answer = records(_run(session, f"discard {quoted(session.device.config_ini)}").stdout, session.device.name)
    except MtlsConsoleError as exc:
        raise ChangeFailed(
            "the connection was lost while the new file was put in place, and the device can't be asked any more",
            target=session.device.name,
            phase="write",
            hint=f"{path} is either the old or the new file, whole; sweep the device to see which.",
        ) from exc
    current = text(answer, "current")
    if current == after:
        return
    raise ChangeFailed(
        "the connection was lost while the new file was put in place",
        target=session.device.name,
        phase="write",
        hint=f"{path} is unchanged. Apply the plan again."
        if current == before
        else f"{path} is neither the old nor the new file: someone else changed it.",
    )


def _run(session: DeviceSession, main: str, content: bytes = b"") -> Output:
    script = whole(library("common.sh"), library("edit.sh"), main)
    return session.run(bootstrap(script), script + content, EDIT_SECONDS)


def _refusal(session: DeviceSession, answer: Records) -> MtlsConsoleError:
    """What stopped an edit before the rename. In every case the old file is still there, whole."""
    path, name = plain(session.device.config_ini), session.device.name
    result, error = text(answer, "result"), text(answer, "error")
    directory = text(answer, "directory") or path.rpartition("/")[0]
    unchanged = f"{path} is unchanged."
    match result:
        case "changed":
            return ChangeRefused(
                f"{path} has changed since the plan was made",
                target=name,
                phase="write",
                hint="Nothing was written. Make the plan again from what is there now.",
            )
        case "missing" | "unreadable" | "unresolved":
            return ChangeRefused(_cant_read(path, result), target=name, phase="write", hint="Nothing was written.")
        case "no-backup" | "other-backup":
            what = "there is no backup" if result == "no-backup" else "the backup isn't of the edit to undo"
            return ChangeRefused(
                f"{what} ({path}{BACKUP_SUFFIX})",
                target=name,
                phase="write",
                hint="Nothing was written. Undo by an inverse edit of the keys.",
            )
        case "no-sha":
            return ChangeRefused(
                "the device has no tool for SHA-256 (sha256sum, shasum, openssl, digest)",
                target=name,
                phase="write",
                hint=f"Without one a write can't be checked. {unchanged}",
            )
        case "owner" | "mode" | "context":
            kept = {"owner": f"owner {text(answer, 'owner')}", "mode": "mode", "context": "SELinux context"}[result]
            return ChangeRefused(
                f"the login can't keep the {kept} of {path}",
                target=name,
                phase="write",
                hint=f"{unchanged} Log in as root, or as the file's owner.",
            )
        case "short" | "garbled" | "gone":
            what = {
                "short": f"only {error or 'some'} bytes of the new file arrived",
                "garbled": "the new file arrived with another checksum",
                "gone": "the new file was removed before it could be put in place (another console?)",
            }[result]
            return ChangeFailed(what, target=name, phase="write", hint=f"{unchanged} Apply the plan again.")
    return ChangeFailed(_failure(directory, error), target=name, phase="write", hint=unchanged)


def _failure(directory: str, error: str) -> str:
    lowered = error.lower()
    if "no space left" in lowered or "disk full" in lowered or "not enough space" in lowered:
        return f"the disk that holds {directory} is full"
    if "quota" in lowered:
        return f"the quota of the disk that holds {directory} is used up"
    if "read-only" in lowered:
        return f"the file system that holds {directory} is read-only"
    if "permission denied" in lowered or "not permitted" in lowered:
        return f"the login may not write in {directory}"
    return f"writing in {directory} failed" + (f": {error}" if error else "")


def _cant_read(path: str, result: str) -> str:
    shown = plain(path)
    return {
        "missing": f"{shown} doesn't exist or isn't a file",
        "unreadable": f"the login may not read {shown}",
        "unresolved": f"{shown} is a symbolic link that the device can't resolve",
        "too-large": f"{shown} is larger than {CONFIG_LIMIT} bytes",
    }.get(result, f"{shown} can't be read")
