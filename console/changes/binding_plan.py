"""Another certificate for an https binding: bind it, then put back the http.sys flags that Windows drops. Pure.

Windows makes the http.sys record anew when a certificate is bound, with default flags: what was set there (when the
client certificate is asked for, revocation) is captured before and written again. [reference: windows.md §1.4, §1.7]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from console.changes.model import BeaconStep
from console.errors import ChangeRefused, UsageError
from console.iis.bindings import CENTRAL_STORE, https_bindings, record_of, sites_sharing
from console.iis.snapshot import BeaconSnapshot, Binding, HttpSysRecord, StoreCertificate
from console.pki.certificates import certificate
from console.pki.names import libcurl_accepts

PREFIX = "certificate:"
"""Of a setting's name: `certificate:*:443:host` is the certificate of that binding."""
_HEX = frozenset("0123456789ABCDEF")
_STORES = ("My", "WebHosting")


def check_thumbprint(setting: str, word: str) -> str:
    """In upper case, without blanks. Raises UsageError."""
    thumbprint = word.replace(" ", "").upper()
    if len(thumbprint) != 40 or not set(thumbprint) <= _HEX:
        raise UsageError(f"{setting}={word!r:.60}: expected the 40 hexadecimal digits of a thumbprint")
    return thumbprint


def bindable(snapshot: BeaconSnapshot) -> tuple[StoreCertificate, ...]:
    """Certificates that can be bound: of My and WebHosting, with a key. Each thumbprint once."""
    found: dict[str, StoreCertificate] = {}
    for one in snapshot.certificates:
        if one.has_key and one.store.casefold() in {store.casefold() for store in _STORES}:
            found.setdefault(one.thumbprint.upper(), one)
    return tuple(found.values())


def binding_steps(
    snapshot: BeaconSnapshot, site: str, wanted: Mapping[str, str], config_sha256: str
) -> list[BeaconStep]:
    """`wanted`: binding information to thumbprint. Raises ChangeRefused for what can't be bound.

    `config_sha256`: precondition of the first step; the file is another one for the steps after it.
    """
    steps: list[BeaconStep] = []
    done: dict[str, str] = {}
    for information, thumbprint in wanted.items():
        binding = _binding(snapshot, site, information)
        record = _record(snapshot, binding)
        chosen = _chosen(snapshot, thumbprint)
        again = record.key.lower() in done
        if done.setdefault(record.key.lower(), thumbprint) != thumbprint:
            raise ChangeRefused(
                f"bindings that share the http.sys record {record.key} can't have different certificates",
                target=snapshot.beacon,
                phase="plan",
            )
        if not again and record.certhash.upper() != thumbprint:
            steps += rebind(site, binding, record, thumbprint, chosen.store, "" if steps else config_sha256)
    return steps


def rebind(
    site: str, binding: Binding, record: HttpSysRecord, thumbprint: str, store: str, config_sha256: str
) -> list[BeaconStep]:
    """Bind, then put the flags of `record` back where they aren't Windows' defaults."""
    before: dict[str, object] = {
        "thumbprint": record.certhash.upper(),
        "store": record.certstorename,
        "sslFlags": binding.ssl_flags,
    }
    after = {**before, "thumbprint": thumbprint, "store": store}
    parameters: dict[str, object] = {
        "site": site,
        "information": binding.information,
        "before": before,
        "after": after,
        "configSha256": config_sha256,
    }
    inverse = {**parameters, "before": after, "after": before, "configSha256": ""}
    steps = [
        BeaconStep(
            "set-binding",
            parameters,
            inverse,
            f"Bind certificate {_short(thumbprint)} to {binding.information} (was {_short(record.certhash)})",
        )
    ]
    made_anew = fresh_record(binding, record, thumbprint, store)
    kept = replace(record, certhash=thumbprint, certstorename=store)
    if kept != made_anew:
        steps.append(
            BeaconStep(
                "set-httpsys",
                {"kind": record.kind, "key": record.key, "before": asdict(made_anew), "after": asdict(kept)},
                # Undo binds the old certificate, which makes the record anew again: it plans this step afresh.
                None,
                f"{record.key}: put back the flags that binding a certificate drops",
            )
        )
    return steps


def fresh_record(binding: Binding, record: HttpSysRecord, thumbprint: str, store: str) -> HttpSysRecord:
    """As Windows makes it: nothing but what the binding's own flags say."""
    flags = binding.ssl_flags
    return HttpSysRecord(
        record.kind,
        record.key,
        certhash=thumbprint,
        certstorename=store,
        disablehttp2=bool(flags & 4),
        disableocspstapling=bool(flags & 8),
        disablequic=bool(flags & 16),
        disabletls13=bool(flags & 32),
        disablelegacytls=bool(flags & 64),
        clientcertnegotiation=bool(flags & 128),
    )


def binding_warnings(snapshot: BeaconSnapshot, site: str, steps: list[BeaconStep]) -> tuple[str, ...]:
    found: list[str] = []
    for step in steps:
        if step.operation != "set-binding":
            continue
        binding = _binding(snapshot, site, str(step.parameters["information"]))
        record = _record(snapshot, binding)
        after = step.parameters["after"]
        thumbprint = str(after["thumbprint"]) if isinstance(after, Mapping) else ""
        chosen = certificate(_chosen(snapshot, thumbprint).der)
        if binding.host and not libcurl_accepts(chosen, binding.host):
            found.append(f"The new certificate doesn't stand for {binding.host}: devices will refuse it.")
        if not chosen.valid_at(snapshot.clock or snapshot.taken_at):
            found.append(f"The new certificate isn't valid now (until {chosen.not_after:%Y-%m-%d}).")
        others = [name for name in sites_sharing(snapshot, record) if name.lower() != site.lower()]
        if others:
            found.append(f"The certificate of {record.key} changes for {', '.join(others)} too.")
    return tuple(found)


def _binding(snapshot: BeaconSnapshot, site: str, information: str) -> Binding:
    for binding in https_bindings(snapshot, site):
        if binding.information.lower() == information.lower():
            return binding
    known = ", ".join(one.information for one in https_bindings(snapshot, site)) or "none"
    raise ChangeRefused(
        f"site {site!r} has no https binding {information!r} (found: {known})", target=snapshot.beacon, phase="plan"
    )


def _record(snapshot: BeaconSnapshot, binding: Binding) -> HttpSysRecord:
    record = record_of(snapshot, binding)
    if binding.ssl_flags & CENTRAL_STORE or record is None or not record.certhash:
        what = "uses the central certificate store" if binding.ssl_flags & CENTRAL_STORE else "has no certificate yet"
        raise ChangeRefused(
            f"binding {binding.information} {what}; this version can't bind another",
            target=snapshot.beacon,
            phase="plan",
            hint="Bind a certificate in IIS Manager first.",
        )
    return record


def _chosen(snapshot: BeaconSnapshot, thumbprint: str) -> StoreCertificate:
    for one in bindable(snapshot):
        if one.thumbprint.upper() == thumbprint:
            return one
    raise ChangeRefused(
        f"no certificate {thumbprint} with a key is in {' or '.join(_STORES)}",
        target=snapshot.beacon,
        phase="plan",
        hint="Import it with its private key on the beacon first.",
    )


def _short(thumbprint: str) -> str:
    return f"{thumbprint[:8]}…"
