"""Designed pairs of a beacon whose settings, records, stores or registry are changed while its lab runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from console.iis.snapshot import HttpSysRecord
from fixtures.lab.applicationhost import ApplicationHost, SiteBinding, SiteDefinition
from fixtures.lab.certificate_store import StoredCertificate
from fixtures.lab.iis_directory import SCHANNEL, IisDirectory, RegistryKey, dword
from tests.truth.designed import Designed
from tests.truth.odd_certificates import make
from tests.truth.odd_edits import change_recipe, set_fields, set_keys, together
from tests.truth.odd_pair import ISSUING, ROOT, Change

_SITE = "Default Web Site"
Edit = Callable[[IisDirectory], None]


def _then(*edits: Edit) -> Change:
    return set_fields(settings=edits)


def _record(**changes: object) -> Edit:
    def edit(beacon: IisDirectory) -> None:
        beacon.save_httpsys([replace(record, **changes) for record in beacon.httpsys()])  # type: ignore[arg-type]

    return edit


def _more_record(kind: str, key: str, **changes: object) -> Edit:
    """Another record on the same port; `{port}` in its key."""

    def edit(beacon: IisDirectory) -> None:
        records = beacon.httpsys()
        port = records[0].key.rpartition(":")[2]
        more: HttpSysRecord = replace(records[0], kind=kind, key=key.replace("{port}", port), **changes)  # type: ignore[arg-type]
        beacon.save_httpsys([*records, more])

    return edit


def _configured(change: Callable[[ApplicationHost], None]) -> Edit:
    def edit(beacon: IisDirectory) -> None:
        configuration = beacon.configuration()
        change(configuration)
        beacon.save_configuration(configuration)

    return edit


def _access(location: str, *flags: str) -> Edit:
    return _configured(lambda configuration: configuration.set_access(location, flags))


def _reads_ahead(location: str, size: int) -> Edit:
    return _configured(lambda configuration: configuration.set_upload_read_ahead(location, size))


def _flags(flags: int) -> Edit:
    """Of every binding."""

    def change(configuration: ApplicationHost) -> None:
        bindings = configuration.site(_SITE).bindings
        configuration.replace_bindings(_SITE, [replace(binding, ssl_flags=flags) for binding in bindings])

    return _configured(change)


def _host(host: str) -> Edit:
    def change(configuration: ApplicationHost) -> None:
        bindings = configuration.site(_SITE).bindings
        named = [replace(binding, information=f"*:{binding.port}:{host}") for binding in bindings]
        configuration.replace_bindings(_SITE, named)

    return _configured(change)


def _second_site(beacon: IisDirectory) -> None:
    """On the same port, for another host, with weaker settings."""
    configuration = beacon.configuration()
    port = configuration.site(_SITE).bindings[0].port
    configuration.add_site(SiteDefinition("Other", 2, (SiteBinding("https", f"*:{port}:else.example"),)))
    configuration.set_access("Other", ())
    beacon.save_configuration(configuration)


def _schannel(path: str, name: str, value: int) -> Edit:
    def edit(beacon: IisDirectory) -> None:
        key = RegistryKey(values={name: dword(value)})
        for part in reversed([*SCHANNEL.split("\\"), *filter(None, path.split("\\"))]):
            key = RegistryKey({part: key})
        beacon.save_registry(_merged(beacon.registry(), key))

    return edit


def _merged(one: RegistryKey, other: RegistryKey) -> RegistryKey:
    keys = dict(one.keys)
    for name, key in other.keys.items():
        keys[name] = _merged(keys[name], key) if name in keys else key
    return RegistryKey(keys, {**one.values, **other.values})


def _states(**services: str) -> Edit:
    return lambda beacon: beacon.save_service_states(services)


def _site_stopped(beacon: IisDirectory) -> None:
    beacon.save_site_states({_SITE: "Stopped"})


def _certificate_gone(beacon: IisDirectory) -> None:
    record = beacon.httpsys()[0]
    beacon.stores.remove(record.certstorename, record.certhash)


def _key_gone(beacon: IisDirectory) -> None:
    record = beacon.httpsys()[0]
    entry = beacon.stores.find(record.certstorename, record.certhash)
    assert entry is not None
    beacon.stores.remove(record.certstorename, record.certhash)
    beacon.stores.add(replace(entry, key=None))


def _stored(store: str, word: str) -> Edit:
    def edit(beacon: IisDirectory) -> None:
        root = make(ROOT)
        made = root if word == "root" else make(ISSUING, root)
        beacon.stores.add(StoredCertificate(store, made.certificate))

    return edit


def _emptied(store: str) -> Edit:
    def edit(beacon: IisDirectory) -> None:
        for entry in beacon.stores.store(store):
            beacon.stores.remove(store, entry.thumbprint)

    return edit


def _clock(seconds: float) -> Edit:
    return lambda beacon: beacon.save_machine(msgspec.structs.replace(beacon.machine(), clock=seconds))


def _ends(expected: str, *edits: Edit, before: tuple[Change, ...] = ()) -> Designed:
    return Designed(together(*before, _then(*edits)), expected)


_LATE = (set_keys("beacon", ask="late"),)
_LATE12 = (set_keys("beacon", ask="late", protocols=["TLSv1.2"]),)
_OFF = (set_keys("preferences", AddClientCertificateAndKey="False"),)
_SERVER_USE = (change_recipe("client", uses=("server",)),)
_UPLOAD = (*_LATE12, set_keys("use", upload_bytes=60_000))
_2025 = set_keys("beacon", os_build=26100)
_DAY = 86_400

SETTINGS_CHANGED: Mapping[str, Designed] = {
    "usage isn't checked": _ends("ok", _record(usagecheck=False), before=_SERVER_USE),
    "negotiation switched off": _ends("beacon", _record(clientcertnegotiation=False)),
    "negotiation switched on": _ends("ok", _record(clientcertnegotiation=True), before=_LATE),
    "connections rejected": _ends("network", _record(reject=True)),
    "TLS 1.3 off on the record, late": _ends("ok", _record(disabletls13=True), before=_LATE),
    "TLS 1.2 off on the record, old device": _ends(
        "pair", _record(disabletls12=True), before=(set_keys("device", tls_max="TLSv1.2"),)
    ),
    "both off on the record": _ends("network", _record(disabletls12=True, disabletls13=True)),
    "another store on the record": _ends("network", _record(certstorename="WebHosting")),
    "certificate of the record gone": _ends("network", _certificate_gone),
    "key of the record gone": _ends("network", _key_gone),
    "no records": _ends("network", lambda beacon: beacon.save_httpsys([])),
    "record of this address goes first": _ends(
        "ok",
        _more_record("ipport", "127.0.0.1:{port}", clientcertnegotiation=True),
        before=_LATE,
    ),
    "record of this address asks late": _ends(
        "beacon", _more_record("ipport", "127.0.0.1:{port}", clientcertnegotiation=False)
    ),
    "record of another host": _ends("ok", _more_record("hostnameport", "else.example:{port}", reject=True)),
    "revocation checked, no list": _ends("beacon 403", _record(verifyclientcertrevocation=True)),
    "revocation checked by the cache, no list": _ends(
        "beacon 403", _record(verifyclientcertrevocation=True, verifyrevocationwithcachedclientcertonly=True)
    ),
    "trust limited, store empty": _ends("beacon 403", _schannel("", "ClientAuthTrustMode", 1)),
    "trust limited, root in the store": _ends(
        "ok", _schannel("", "ClientAuthTrustMode", 1), _stored("ClientAuthIssuer", "root")
    ),
    "trust limited, issuer in the store": _ends(
        "beacon 403", _schannel("", "ClientAuthTrustMode", 1), _stored("ClientAuthIssuer", "issuing")
    ),
    "trust by issuer, issuer in the store": _ends(
        "ok", _schannel("", "ClientAuthTrustMode", 2), _stored("ClientAuthIssuer", "issuing"), _emptied("Root")
    ),
    "trust by issuer, store empty": _ends("beacon 403", _schannel("", "ClientAuthTrustMode", 2)),
    "issuer list sent": _ends("ok", _schannel("", "SendTrustedIssuerList", 1)),
    "TLS 1.3 off in the registry, late": _ends(
        "ok", _schannel(r"Protocols\TLS 1.3\Server", "Enabled", 0), before=_LATE
    ),
    "TLS 1.2 off by default in the registry, old device": _ends(
        "pair",
        _schannel(r"Protocols\TLS 1.2\Server", "DisabledByDefault", 1),
        before=(set_keys("device", tls_max="TLSv1.2"),),
    ),
    "site stopped": _ends("network", _site_stopped),
    "W3SVC stopped": _ends("network", _states(W3SVC="Stopped")),
    "WAS stopped": _ends("network", _states(WAS="Stopped")),
    "upload folder ignores, off": _ends("ok", _access(f"{_SITE}/ManageSoftRL", "Ssl"), before=_OFF),
    "download folder alone requires, off": _ends(
        "ok",
        _access(f"{_SITE}/ManageSoftDL", "Ssl", "SslNegotiateCert", "SslRequireCert"),
        _access(_SITE, "Ssl"),
        before=_OFF,
    ),
    "upload folder alone requires, off": _ends(
        "beacon 403",
        _access(f"{_SITE}/ManageSoftRL", "Ssl", "SslNegotiateCert", "SslRequireCert"),
        _access(_SITE, "Ssl"),
        before=_OFF,
    ),
    "upload folder accepts, off": _ends("ok", _access(f"{_SITE}/ManageSoftRL", "Ssl", "SslNegotiateCert"), before=_OFF),
    "upload folder ignores, unknown issuer": _ends(
        "ok", _access(f"{_SITE}/ManageSoftRL", "Ssl"), before=(set_fields(client_issuer="other"),)
    ),
    "upload folder ignores, late on TLS 1.3": _ends("ok", _access(f"{_SITE}/ManageSoftRL", "Ssl"), before=_LATE),
    "requires without negotiating, late": _ends("beacon 403", _access(_SITE, "Ssl", "SslRequireCert"), before=_LATE12),
    "requires without negotiating, late on TLS 1.3": _ends(
        "beacon 403", _access(_SITE, "Ssl", "SslRequireCert"), before=_LATE
    ),
    "requires without negotiating, asked first": _ends("ok", _access(_SITE, "Ssl", "SslRequireCert")),
    "requires 128 bits": _ends("ok", _access(_SITE, "Ssl", "Ssl128", "SslNegotiateCert", "SslRequireCert")),
    "no flags at all": _ends("ok", _access(_SITE), before=_OFF),
    "reads ahead enough at the site": _ends("ok", _reads_ahead(_SITE, 100_000), before=_UPLOAD),
    "reads ahead enough at the upload folder": _ends(
        "ok", _reads_ahead(f"{_SITE}/ManageSoftRL", 100_000), before=_UPLOAD
    ),
    "reads ahead enough at the download folder alone": _ends(
        "beacon", _reads_ahead(f"{_SITE}/ManageSoftDL", 100_000), before=_UPLOAD
    ),
    "reads ahead less at the upload folder": _ends(
        "beacon",
        _reads_ahead(f"{_SITE}/ManageSoftRL", 1000),
        _reads_ahead(_SITE, 100_000),
        before=_UPLOAD,
    ),
    "TLS 1.3 off by the binding, late": _ends("ok", _flags(32), before=_LATE),
    "negotiation by the binding, Server 2025": _ends("ok", _flags(128), before=(*_LATE, _2025)),
    "negotiation by the binding, Server 2022": _ends("beacon", _flags(128), before=_LATE),
    "binding of another host": _ends("beacon 400", _host("else.example")),
    "another site on the port": _ends("ok", _second_site),
    "another site for this host ignores, off": _ends("beacon 403", _second_site, before=_OFF),
    "intermediate store emptied": _ends("device", _emptied("CA")),
    "intermediate store emptied, leaf shown, server unchecked": _ends(
        "beacon 403",
        _emptied("CA"),
        before=(set_fields(shown=("client",)), set_keys("preferences", CheckServerCertificate="False")),
    ),
    "root store emptied": _ends("beacon 403", _emptied("Root")),
    "root imported": _ends("ok", _stored("Root", "root"), before=(set_fields(roots=()),)),
    "clock moved far ahead": _ends("beacon 403", _clock(900 * _DAY)),
    "clock moved an hour": _ends("ok", _clock(3600)),
}
