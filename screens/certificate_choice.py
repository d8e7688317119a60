"""Which certificates a binding may show: names, days left, thumbprint, and whether they stand for the host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from console.changes.binding_plan import bindable
from console.iis.snapshot import BeaconSnapshot, Binding
from console.pki.certificates import Certificate, certificate
from console.pki.names import describe_names, libcurl_accepts
from screens.text import days_left, plain


@dataclass(frozen=True, slots=True)
class CertificateChoice:
    option: str
    """Short, and different from every other one of its binding."""
    thumbprint: str
    words: str
    """Everything that helps to choose."""


def choices(snapshot: BeaconSnapshot, binding: Binding, host: str, now: datetime) -> tuple[CertificateChoice, ...]:
    """Those that are not bound now. `host`: the name that devices use where the binding has none of its own."""
    return tuple(
        _choice(certificate(one.der), one.thumbprint.upper(), binding.host or host, now)
        for one in bindable(snapshot)
        if one.thumbprint.upper() != binding.thumbprint.upper()
    )


def bound_label(snapshot: BeaconSnapshot, binding: Binding, now: datetime) -> str:
    for one in snapshot.certificates:
        if one.thumbprint.upper() == binding.thumbprint.upper():
            return f"{certificate(one.der).label}, {_left(certificate(one.der), now)}, {binding.thumbprint[:12]}"
    return f"{binding.thumbprint[:12] or 'none'}, not in the stores"


def _choice(facts: Certificate, thumbprint: str, host: str, now: datetime) -> CertificateChoice:
    label = plain(facts.label, limit=12)
    fits = libcurl_accepts(facts, host)
    words = f"{thumbprint[:12]}…: {describe_names(facts)}, {_left(facts, now)}"
    if not fits:
        words += f", ✘ not for {host}"
    return CertificateChoice(f"{'' if fits else '✘ '}{label} {thumbprint[:8]}", thumbprint, plain(words))


def _left(facts: Certificate, now: datetime) -> str:
    return f"{days_left(facts.not_after, now)} days left" if facts.not_after is not None else "no known end"
