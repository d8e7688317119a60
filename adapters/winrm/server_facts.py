"""The part of snapshot.ps1's answer that is about the server as a whole, to ServerFacts. What is absent is None."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.winrm.fields import (
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
from console.iis.server import CertificateMapping, RecentRefusals, RequestLimit, ServerFacts, WebConfigAccess

_NAME_LIMIT = 200


def server_facts(answer: Mapping[str, object]) -> ServerFacts:
    """Raises FieldError."""
    unlocked = rows(answer, "unlocked")
    known = [row for row in unlocked if text(row, "mode") in ("Allow", "Deny")]
    return ServerFacts(
        shared_configuration=optional_boolean(answer, "sharedConfiguration"),
        unlocked=tuple(text(row, "location") for row in known if text(row, "mode") == "Allow") if known else None,
        web_config=tuple(_web_config(row) for row in known if row.get("flags") is not None),
        request_limits=tuple(
            RequestLimit(text(row, "location"), integer(row, "bytes")) for row in rows(answer, "requestLimits")
        ),
        mappings=tuple(_mapping(row) for row in rows(answer, "mappings")),
        free_bytes=optional_size(answer, "freeBytes"),
        renewal_tools=_names(answer, "renewalTools"),
        schannel_errors=None if answer.get("schannelErrors") is None else _counts(table(answer, "schannelErrors")),
        refusals=tuple(
            RecentRefusals(text(row, "site"), text(row, "file"), _counts(table(row, "counts")))
            for row in rows(answer, "refusals")
        ),
    )


def _web_config(row: Mapping[str, object]) -> WebConfigAccess:
    return WebConfigAccess(text(row, "location"), access_flags(row.get("flags")))


def _mapping(row: Mapping[str, object]) -> CertificateMapping:
    return CertificateMapping(
        site=text(row, "site"),
        enabled=boolean(row, "enabled"),
        entries=integer(row, "entries"),
        active_directory=boolean(row, "activeDirectory"),
    )


def _names(answer: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    if answer.get(name) is None:
        return None
    return tuple(clean(str(item), _NAME_LIMIT) for item in items(answer, name))


def _counts(counted: Mapping[str, object]) -> dict[str, int]:
    return {clean(name, 20): integer(counted, name) for name in counted}
