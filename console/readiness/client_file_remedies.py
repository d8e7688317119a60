"""What to do about a client certificate or key that isn't where config.ini says, or that the agent can't read."""

from __future__ import annotations

from pathlib import PurePosixPath

from console.agent.preferences import CLIENT_KEY
from console.agent.snapshot import FileFact
from console.readiness.case import Case
from console.readiness.device_view import FileProblem
from console.readiness.outcome import clean

_NOT_THERE = ("missing", "directory", "dangling", "special")
_ENDINGS_OF_KEYS = ((".key",), (".pem",))
_ENDINGS_OF_CERTIFICATES = ((".crt", ".cer"), (".pem",))
"""Those that tell first."""


def file_remedy(case: Case, preference: str, problem: FileProblem, fact: FileFact | None) -> str:
    """Of the one file that `preference` names; empty: nothing better is known than the check's own remedy."""
    if case.device is None or case.preferences is None:
        return ""
    value = case.preferences.value(preference)
    path, is_key = clean(value.value or "", 200), preference == CLIENT_KEY
    alone = " alone" if is_key else ""
    if problem.kind == "closed":
        account = clean(case.device.snapshot.agent_user, 60)
        who = f"the agent's account ({account})" if account else "the agent's account"
        return f"Let {who}{alone} read {path}: correct owner and mode of what closes the way."
    if problem.kind not in _NOT_THERE:
        return ""
    what = "the private key" if is_key else "the client certificate"
    section = clean(value.section or case.device.profile.common_section, 100)
    near = _meant(case, fact, _ENDINGS_OF_KEYS if is_key else _ENDINGS_OF_CERTIFICATES)
    lies = "lies" if len(near) == 1 else "lie"
    beside = f" ({', '.join(clean(name, 80) for name in near)} {lies} beside it)" if near else ""
    return (
        f"Put {what} at {path}, readable for the agent's account{alone}. Or, where another file is meant{beside}, "
        f"write its path as {value.preference.name} in [{section}] of config.ini."
    )


def _meant(case: Case, fact: FileFact | None, endings: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Names in the same directory that no other preference uses, by the ending that tells most."""
    preferences = case.preferences
    if fact is None or preferences is None:
        return ()
    paths = (preferences.ca_file, preferences.client_certificate, preferences.client_key)
    used = {PurePosixPath(path) for path in paths if path}
    here = PurePosixPath(fact.path).parent
    free = [name for name in fact.beside if here / name not in used]
    for some in endings:
        found = tuple(name for name in free if name.lower().endswith(some))
        if found:
            return found[:3]
    return ()
