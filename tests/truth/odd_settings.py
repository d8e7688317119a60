"""Odd settings of both sides of the random raw pairs, and the whole vocabulary by topic."""

from __future__ import annotations

from collections.abc import Mapping

from tests.truth.odd_chains import CERTIFICATES, NAMES, SENT
from tests.truth.odd_edits import set_fields, set_keys, together
from tests.truth.odd_files import CLIENT_FILES, TEXTS, TRUST
from tests.truth.odd_pair import Change

SETTINGS: dict[str, Change] = {
    "accept": set_keys("beacon", client_certificates="accept"),
    "ignore": set_keys("beacon", client_certificates="ignore"),
    "late": set_keys("beacon", ask="late"),
    "late, TLS 1.2": set_keys("beacon", ask="late", protocols=["TLSv1.2"]),
    "late, TLS 1.3 alone": set_keys("beacon", ask="late", protocols=["TLSv1.3"]),
    "late, accept, TLS 1.2": set_keys("beacon", ask="late", client_certificates="accept", protocols=["TLSv1.2"]),
    "late, ignore": set_keys("beacon", ask="late", client_certificates="ignore"),
    "2025, late": set_keys("beacon", ask="late", os_build=26100),
    "2012 R2": set_keys("beacon", os_build=9600, protocols=["TLSv1.2"]),
    "2012 R2, mixed roots": together(
        set_keys("beacon", os_build=9600, protocols=["TLSv1.2"]),
        set_fields(roots=("root", "issuing")),
    ),
    "minimal check": set_keys("beacon", check_issuer=False),
    "revocation checked": set_keys("beacon", check_revocation=True),
    "TLS 1.3 alone": set_keys("beacon", protocols=["TLSv1.3"]),
    "TLS 1.2 alone": set_keys("beacon", protocols=["TLSv1.2"]),
    "TLS 1.1 at most": set_keys("beacon", protocols=["TLSv1", "TLSv1.1"]),
    "TLS 1.0 to 1.2": set_keys("beacon", protocols=["TLSv1", "TLSv1.1", "TLSv1.2"]),
    "no TLS": set_keys("beacon", protocols=[]),
    "beacon's clock ahead": set_keys("beacon", clock="+900d"),
    "beacon's clock behind": set_keys("beacon", clock="-500d"),
    "closed": set_keys("beacon", listener="closed"),
    "http on the port": set_keys("beacon", listener="http"),
    "http on the port, no TLS wanted": set_keys("beacon", listener="http", require_ssl=False),
    "http everywhere": together(
        set_keys("beacon", listener="http", require_ssl=False, client_certificates="ignore"),
        set_keys("use", protocol="http"),
    ),
    "http used": set_keys("use", protocol="http"),
    "TLS not required": set_keys("beacon", require_ssl=False),
    "no roots": set_fields(roots=()),
    "other roots": set_fields(roots=("other",)),
    "both roots": set_fields(roots=("root", "other")),
    "client among the roots": set_fields(roots=("root", "client")),
    "issuer as root alone": set_fields(roots=("issuing",)),
    "fake root": set_fields(roots=("root/fake",)),
    "expired root": set_fields(roots=("root/expired",)),
    "no intermediates": set_fields(intermediates=()),
    "expired intermediate": set_fields(intermediates=("issuing/expired",)),
    "client in the intermediate store": set_fields(intermediates=("issuing", "client")),
    "SNI": set_keys("binding", host="{host}", sni=True),
    "SNI of another host": set_keys("binding", host="else.example", sni=True),
    "host without SNI": set_keys("binding", host="{host}"),
    "another host without SNI": set_keys("binding", host="else.example"),
    "SNI of another, default binding right": set_fields(
        more_bindings=(({"host": "else.example", "sni": True}, "server/elsewhere"),)
    ),
    "SNI binding with another certificate": set_fields(
        more_bindings=(({"host": "{host}", "sni": True}, "server/elsewhere"),)
    ),
    "default with another certificate, SNI right": together(
        set_keys("binding", host="{host}", sni=True), set_fields(more_bindings=(({}, "server/elsewhere"),))
    ),
    "small upload": set_keys("use", upload_bytes=1000),
    "upload late": together(
        set_keys("use", upload_bytes=60_000),
        set_keys("beacon", ask="late", protocols=["TLSv1.2"]),
    ),
    "upload late, read ahead enough": together(
        set_keys("use", upload_bytes=60_000),
        set_keys("beacon", ask="late", protocols=["TLSv1.2"], upload_read_ahead=60_000),
    ),
    "wrong port": set_keys("use", port=1),
    "no web server": set_keys("beacon", web_server="none"),
    "its own web server": set_keys("beacon", web_server="self-hosted"),
    "by http and https": set_fields(more_uses=({"protocol": "http"},)),
    "by another name too": set_fields(more_uses=({"host": "else.example"}, {"host": "192.0.2.77"})),
    "by a closed port too": set_fields(more_uses=({"port": 1},)),
    "level 0": set_keys("device", seclevel=0),
    "level 1": set_keys("device", seclevel=1),
    "level 3": set_keys("device", seclevel=3),
    "level 0, TLS 1.1 at most": together(
        set_keys("device", seclevel=0), set_keys("beacon", protocols=["TLSv1", "TLSv1.1"])
    ),
    "TLS 1.2 at most": set_keys("device", tls_max="TLSv1.2"),
    "TLS 1.0 at most": set_keys("device", tls_max="TLSv1"),
    "TLS 1.3 at least": set_keys("device", tls_min="TLSv1.3"),
    "device's clock ahead": set_keys("device", clock="+900d"),
    "device's clock behind": set_keys("device", clock="-500d"),
    "device in 1970": set_keys("device", clock="1970-01-02T00:00:00Z"),
    "server unchecked": set_keys("preferences", CheckServerCertificate="False"),
    "server check misspelt": set_keys("preferences", CheckServerCertificate="false"),
    "no client certificate": set_keys("preferences", AddClientCertificateAndKey="False"),
    "no client certificate for Uploader": set_keys("preferences", **{"Uploader.AddClientCertificateAndKey": "False"}),
    "client certificate for Launcher alone": set_keys(
        "preferences", AddClientCertificateAndKey="False", **{"Launcher.AddClientCertificateAndKey": "True"}
    ),
    "Tracker unchecked": set_keys("preferences", **{"Tracker.CheckServerCertificate": "False"}),
    "another CA file for Uploader": set_keys(
        "preferences", **{"Uploader.SSLCACertificateFile": "{root}/client/crt.pem"}
    ),
}

VOCABULARY: Mapping[str, Mapping[str, Change]] = {
    "names": NAMES,
    "certificates": CERTIFICATES,
    "sent": SENT,
    "trust": TRUST,
    "texts": TEXTS,
    "client files": CLIENT_FILES,
    "settings": SETTINGS,
}
