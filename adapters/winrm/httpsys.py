"""http.sys's numbers, as the registry holds them, to a record with names (never the other way: netsh writes).

Source: reference, "One-round-trip read-back": DefaultFlags and DefaultSslCertCheckMode. They are not the `sslFlags` of
an IIS binding. A value that is absent in the registry is the default, 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.winrm.fields import FieldError, integer, text
from console.iis.snapshot import HttpSysRecord

KINDS = {"SslBindingInfo": "ipport", "SslSniBindingInfo": "hostnameport", "SslCcsBindingInfo": "ccs"}
IIS_APPLICATION = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
WINRM_APPLICATION = "{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}"
_WINRM_HTTPS_PORT = 5986

DEFAULT_FLAGS = {
    "dsmapper": 0x1,
    "clientcertnegotiation": 0x2,
    "reject": 0x8,
    "disablehttp2": 0x10,
    "disablequic": 0x20,
    "disabletls13": 0x40,
    "disableocspstapling": 0x80,
    "enabletokenbinding": 0x100,
    "logextendedevents": 0x200,
    "disablelegacytls": 0x400,
    "enablesessionticket": 0x800,
    "disabletls12": 0x1000,
    "disablesessionid": 0x4000,
}
_REVOCATION_OFF, _CACHED_ONLY, _USAGE_OFF = 0x1, 0x2, 0x10000


def httpsys_record(row: Mapping[str, object]) -> HttpSysRecord:
    """One entry of snapshot's `httpsys`, or set-httpsys's `record`. Raises FieldError."""
    kind = text(row, "kind")
    if kind not in KINDS:
        raise FieldError(f"kind: {kind[:40]!r} is none of {', '.join(KINDS)}")
    flags, mode = integer(row, "flags"), integer(row, "checkMode")
    return HttpSysRecord(
        kind=KINDS[kind],
        key=text(row, "key"),
        certhash=text(row, "certHash").upper(),
        appid=text(row, "appId").lower(),
        certstorename=text(row, "storeName") or "MY",
        verifyclientcertrevocation=not mode & _REVOCATION_OFF,
        verifyrevocationwithcachedclientcertonly=bool(mode & _CACHED_ONLY),
        usagecheck=not mode & _USAGE_OFF,
        revocationfreshnesstime=integer(row, "freshnessTime"),
        urlretrievaltimeout=integer(row, "urlRetrievalTimeout"),
        ctlidentifier=text(row, "ctlIdentifier"),
        ctlstorename=text(row, "ctlStoreName"),
        **{name: bool(flags & bit) for name, bit in DEFAULT_FLAGS.items()},
    )


def is_winrms_own(record: HttpSysRecord, winrm_port: int | None) -> bool:
    """The record of the listener that we talk through: no endpoint of the beacon, and not ours to change.

    The port decides only where IIS doesn't own the record: WinRM can share 443 with IIS.
    """
    if record.appid == WINRM_APPLICATION:
        return True
    port = record.key.rpartition(":")[2]
    return record.appid != IIS_APPLICATION and port in {str(_WINRM_HTTPS_PORT), str(winrm_port)}
