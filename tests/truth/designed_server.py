"""Designed pairs of a beacon whose server bounds, maps, unlocks or lists something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fixtures.lab.files import write_atomically
from fixtures.lab.iis_directory import CIPHER_SUITES, IisDirectory, RegistryKey, RegistryValue
from tests.truth.designed import Designed
from tests.truth.odd_edits import set_fields, set_keys, together

_SITE = "Default Web Site"
_UPLOADS = f"{_SITE}/ManageSoftRL"
_MAPPING = "iisClientCertificateMappingAuthentication"
Edit = Callable[[IisDirectory], None]


def _located(location: str, security: str, attributes: str = "") -> Edit:
    """A `<location>` more in applicationHost.config."""
    inside = f"<system.webServer><security>{security}</security></system.webServer>"
    added = f'<location path="{location}"{attributes}>{inside}</location></configuration>'

    def edit(beacon: IisDirectory) -> None:
        file = beacon.configuration_file
        write_atomically(file, file.read_bytes().replace(b"</configuration>", added.encode()))

    return edit


def _web_config(folder: str, security: str) -> Edit:
    text = f"<configuration><system.webServer><security>{security}</security></system.webServer></configuration>"
    return lambda beacon: write_atomically(beacon.path / "files" / "C" / folder / "web.config", text.encode())


def _limit(size: int) -> str:
    return f'<requestFiltering><requestLimits maxAllowedContentLength="{size}" /></requestFiltering>'


def _mapping(inside: str = "", enabled: str = "true") -> Edit:
    return _located(_SITE, f'<authentication><{_MAPPING} enabled="{enabled}">{inside}</{_MAPPING}></authentication>')


def _suites(*suites: str) -> Edit:
    """The policy's list, beside what the registry holds."""

    def edit(beacon: IisDirectory) -> None:
        key = RegistryKey(values={"Functions": RegistryValue("String", ",".join(suites))})
        first, *rest = CIPHER_SUITES[0].split("\\")
        for part in reversed(rest):
            key = RegistryKey({part: key})
        beacon.save_registry(RegistryKey(beacon.registry().keys | {first: key}))

    return edit


def _then(expected: str, *edits: Edit, upload: int = 0, beacon: Mapping[str, object] | None = None) -> Designed:
    changes = [set_fields(settings=edits), set_keys("use", upload_bytes=upload)]
    return Designed(together(*changes, set_keys("beacon", **(beacon or {}))), expected)


_OLD = {"protocols": ["TLSv1.2"]}
_RSA_GCM, _ECDSA_GCM = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
_WEAKER = _web_config("Flexera Software/ManageSoftRL", '<access sslFlags="Ssl" />')
_STRICTER = _web_config("Flexera Software/ManageSoftRL", '<access sslFlags="Ssl, SslNegotiateCert, SslRequireCert" />')
_UNLOCKED = _located(_UPLOADS, "<access />", ' overrideMode="Allow"')
_SILENT = set_keys("preferences", AddClientCertificateAndKey="False")

SERVERS: Mapping[str, Designed] = {
    "an upload as large as the limit": _then("ok", _located(_UPLOADS, _limit(1000)), upload=1000),
    "an upload above the limit": _then("beacon 404", _located(_UPLOADS, _limit(1000)), upload=1001),
    "a limit of the site holds below it": _then("beacon 404", _located(_SITE, _limit(1000)), upload=1001),
    "a web.config raises the limit": _then(
        "ok", _located(_SITE, _limit(1000)), _web_config("Flexera Software/ManageSoftRL", _limit(5000)), upload=1001
    ),
    "a web.config lowers the limit": _then(
        "beacon 404", _web_config("Flexera Software/ManageSoftRL", _limit(1000)), upload=1001
    ),
    "the site's web.config lowers the limit": _then(
        "beacon 404", _web_config("inetpub/wwwroot", _limit(1000)), upload=1001
    ),
    "a limit elsewhere": _then("ok", _located(f"{_SITE}/ManageSoftDL", _limit(10)), upload=1001),
    "mapping without entries": _then("beacon 403", _mapping()),
    "mapping that is off": _then("ok", _mapping(enabled="false")),
    "a weaker web.config where it is locked": Designed(
        together(set_fields(settings=(_WEAKER,)), _SILENT), "beacon 403"
    ),
    "a weaker web.config where it is unlocked": Designed(
        together(set_fields(settings=(_WEAKER, _UNLOCKED)), _SILENT), "ok"
    ),
    "a stricter web.config where it is unlocked": Designed(
        together(
            set_fields(settings=(_STRICTER, _UNLOCKED)), _SILENT, set_keys("beacon", client_certificates="ignore")
        ),
        "beacon 403",
    ),
    "a stricter web.config where it is locked": Designed(
        together(set_fields(settings=(_STRICTER,)), _SILENT, set_keys("beacon", client_certificates="ignore")), "ok"
    ),
    "suites for another kind of key": _then("pair", _suites(_RSA_GCM), beacon=_OLD),
    "suites for its kind of key": _then("ok", _suites(_RSA_GCM, _ECDSA_GCM), beacon=_OLD),
    "suites for another kind of key and TLS 1.3": _then("ok", _suites(_RSA_GCM, "TLS_AES_256_GCM_SHA384")),
}
