"""The place on a machine that a remedy is about, in words: the binding that answers, files that config.ini names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.iis.bindings import record_of
from console.readiness.outcome import clean

if TYPE_CHECKING:
    from console.readiness.beacon_view import Endpoint
    from console.readiness.case import Case

_LONGEST = 200
FLAGS_RESET = "which resets its http.sys flags; this console's beacon editor puts them back"
"""Windows re-creates the record with default flags. [windows.md §0, 3]"""


def answering_binding(endpoint: Endpoint | None) -> str:
    """`“*:443:host” of the site “name”`: the binding whose http.sys record answers here; empty: not observed."""
    if endpoint is None or endpoint.record is None:
        return ""
    users = [
        (site, binding)
        for site, binding in endpoint.on_port
        if binding.protocol.lower() == "https" and record_of(endpoint.snapshot, binding) == endpoint.record
    ]
    if not users:
        return ""
    site, binding = endpoint.routed if endpoint.routed in users else users[0]
    return f"“{clean(binding.information, _LONGEST)}” of the site “{clean(site.name, 80)}”"


def binding_evidence(endpoint: Endpoint | None) -> dict[str, str]:
    """Where the certificate that is sent is bound."""
    return {"binding": answering_binding(endpoint)}


def bind_it(endpoint: Endpoint | None) -> str:
    """The last step with a new certificate of the beacon, without a full stop."""
    bound = answering_binding(endpoint)
    there = f"select it in the binding {bound}" if bound else "bind it to the site"
    return f"import it with its key (certlm.msc, Personal), and {there} (IIS Manager, {FLAGS_RESET})"


def client_certificate_path(case: Case) -> str:
    """The device's certificate file; `the certificate file` where it isn't known."""
    path = case.preferences.client_certificate if case.preferences is not None else ""
    return clean(path, _LONGEST) or "the certificate file"


def client_key_path(case: Case) -> str:
    path = case.preferences.client_key if case.preferences is not None else ""
    return clean(path, _LONGEST) or "the key file"
