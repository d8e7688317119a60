"""The part of snapshot.ps1's answer that is about the server as a whole, to ServerFacts.

None of it is worth losing a snapshot for: what can't be read is left out, with a note that names the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from adapters.winrm.fields import (
    FieldError,
    access_flags,
    boolean,
    integer,
    items,
    optional_boolean,
    optional_size,
    rows,
    table,
    text,
)
from adapters.winrm.remote_text import clean
from console.iis.server import CertificateMapping, ReadAhead, RecentRefusals, RequestLimit, ServerFacts, WebConfigAccess

_NAME_LIMIT = 200
_MOST_NAMES = 50
_FOLDERS = ("", "/ManageSoftDL", "/ManageSoftRL")
"""As Get-UnlockedRows in snapshot.ps1 looks at them."""
T = TypeVar("T")
Answer = Mapping[str, object]


def server_facts(answer: Answer) -> tuple[ServerFacts, tuple[str, ...]]:
    """The facts, and notes of those that can't be read. Absent is None, or empty where there is a list of rows."""
    notes: list[str] = []

    def part(read: Callable[[Answer], T], otherwise: T) -> T:
        try:
            return read(answer)
        except FieldError as exc:
            notes.append(clean(f"the server as a whole: {exc}"))
            return otherwise

    return (
        ServerFacts(
            shared_configuration=part(lambda said: optional_boolean(said, "sharedConfiguration"), None),
            unlocked=part(_unlocked, None),
            web_config=part(_web_config, ()),
            web_config_unread=part(_web_config_unread, ()),
            request_limits=part(_request_limits, ()),
            read_ahead=part(_read_ahead, ()),
            mappings=part(_mappings, ()),
            free_bytes=part(lambda said: optional_size(said, "freeBytes"), None),
            renewal_tools=part(_renewal_tools, None),
            schannel_errors=part(lambda said: _counts(said, "schannelErrors"), None),
            refusals=part(_refusals, ()),
        ),
        tuple(dict.fromkeys(notes)),
    )


def _unlocked(answer: Answer) -> tuple[str, ...] | None:
    """None where no location says whether it is."""
    modes = {text(row, "location"): text(row, "mode") for row in rows(answer, "unlocked")}
    if not {"Allow", "Deny"} & {*modes.values()}:
        return None
    return tuple(location for location, mode in modes.items() if mode == "Allow")


def _web_config(answer: Answer) -> tuple[WebConfigAccess, ...]:
    return tuple(
        WebConfigAccess(text(row, "location"), access_flags(row["flags"]))
        for row in rows(answer, "unlocked")
        if text(row, "mode") == "Allow" and row.get("flags") is not None
    )


def _web_config_unread(answer: Answer) -> tuple[str, ...]:
    """Of every site and its folders for devices: those without a row, or whose web.config wasn't read."""
    if _unlocked(answer) is None:
        return ()
    sites = [text(row, "name") for row in rows(answer, "sites")]
    read = {
        text(row, "location").lower()
        for row in rows(answer, "unlocked")
        if text(row, "mode") == "Deny" or (text(row, "mode") == "Allow" and row.get("flags") is not None)
    }
    places = [f"{site}{folder}" for site in sites for folder in _FOLDERS]
    return tuple(place for place in places if place.lower() not in read)


def _request_limits(answer: Answer) -> tuple[RequestLimit, ...]:
    return tuple(RequestLimit(text(row, "location"), integer(row, "bytes")) for row in rows(answer, "requestLimits"))


def _read_ahead(answer: Answer) -> tuple[ReadAhead, ...]:
    return tuple(ReadAhead(text(row, "location"), integer(row, "bytes")) for row in rows(answer, "readAhead"))


def _mappings(answer: Answer) -> tuple[CertificateMapping, ...]:
    return tuple(
        CertificateMapping(
            site=text(row, "site"),
            enabled=boolean(row, "enabled"),
            entries=integer(row, "entries"),
            active_directory=boolean(row, "activeDirectory"),
        )
        for row in rows(answer, "mappings")
    )


def _renewal_tools(answer: Answer) -> tuple[str, ...] | None:
    if answer.get("renewalTools") is None:
        return None
    return tuple(clean(str(item), _NAME_LIMIT) for item in items(answer, "renewalTools")[:_MOST_NAMES])


def _refusals(answer: Answer) -> tuple[RecentRefusals, ...]:
    return tuple(
        RecentRefusals(text(row, "site"), text(row, "file"), _counts(row, "counts") or {})
        for row in rows(answer, "refusals")
    )


def _counts(row: Answer, name: str) -> dict[str, int] | None:
    if row.get(name) is None:
        return None
    counted = table(row, name)
    return {clean(kind, 20): integer(counted, kind) for kind in list(counted)[:_MOST_NAMES]}
