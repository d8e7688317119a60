"""What each check says of examples: settings of Windows, ciphers, stapling, the order of change; what is skipped."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from console.iis.snapshot import Binding, Schannel, Site
from console.readiness.all_checks import CHECKS
from console.readiness.model import PairInput, Status
from console.readiness.registry import Need
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import ROW, Make, ca, client, ini, on_beacon, plain_http, sends, server, unseen, usual

P, F, W, U, N = Status.PASS, Status.FAIL, Status.WARN, Status.UNKNOWN, Status.NOT_APPLICABLE
NOTHING = on_beacon(reached=False)
ACCEPTS = kit.access("Ssl", "SslNegotiateCert")
MUST_STAPLE = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
OCSP = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/"))]
)


def binding(**changes: object) -> Make:
    bound = replace(Binding(kit.SITE, "https", "*", 443, ""), **changes)  # type: ignore[arg-type]
    return on_beacon(sites=(Site(kit.SITE, 1, "Started", (bound, Binding(kit.SITE, "http", "*", 80, ""))),))


def ciphers(listed: str, version: str = "TLSv1.2") -> Make:
    def make() -> PairInput:
        stack = replace(kit.STACK, cipher_string=listed)
        return kit.pair(kit.device(tls=stack), kit.beacon(hellos=(kit.hello(versions=(version,)),)))

    return make


def suites(
    *listed_there: str, listed: str = "", version: str = "TLSv1.2", hello: bool = True, old: bool = False
) -> Make:
    """Cipher suites of the beacon's list, beside the device's own. `old`: a device at security level 0."""

    def make() -> PairInput:
        stack = replace(kit.STACK, cipher_string=listed, security_level=0 if old else kit.STACK.security_level)
        schannel = Schannel({"TLS 1.3": False}, cipher_suites=listed_there)
        hellos = (kit.hello(versions=(version,)),) if hello else ()
        return kit.pair(kit.device(tls=stack), kit.beacon(schannel=schannel, hellos=hellos))

    return make


def http_beside(*flags: str) -> Make:
    return lambda: replace(
        binding()(),
        beacon=replace(binding()().beacon, access=(kit.access(*flags),)),  # type: ignore[type-var]
    )


def stapled(wanted: str = "CRL,OCSPSTAPLING", *, responder: bool = True, off: bool = False) -> Make:
    def make() -> PairInput:
        more = [(OCSP, False)] if responder else []
        issuing = ca(crl="http://pki.example/root.crl")
        leaf = kit.issue(
            kit.HOST, issuing, names=[kit.HOST], usages=[kit.SERVER], crl="http://pki.example/i.crl", more=more
        )
        given = sends(leaf, issuing)()
        settings = {"CheckCertificateRevocation": "True", "PrioritizeRevocationChecks": wanted}
        beacon = given.beacon
        assert beacon is not None
        records = (replace(kit.record(leaf), disableocspstapling=off),)
        return replace(given, device=kit.device(ini=kit.config(settings)), beacon=replace(beacon, httpsys=records))

    return make


def must_staple(*, off: bool) -> PairInput:
    given = server(more=[MUST_STAPLE])()
    beacon = given.beacon
    assert beacon is not None
    return replace(
        given,
        beacon=replace(beacon, httpsys=tuple(replace(record, disableocspstapling=off) for record in beacon.httpsys)),
    )


def trusted_itself() -> PairInput:
    """The beacon's certificate is self-signed, and the device trusts it: nothing is below a root."""
    leaf = kit.issue(kit.HOST, None, names=[kit.HOST], usages=[kit.SERVER])
    settings = kit.config({"CheckCertificateRevocation": "True"})
    return replace(sends(leaf)(), device=kit.device(ca=leaf.pem, ini=settings))


def many_roots() -> tuple[object, ...]:
    long = "x" * 60
    roots = [kit.issue(f"{long} {number}", None, ca=True, identifiers=False) for number in range(4)]
    return tuple(kit.stored("ClientAuthIssuer", root) for root in roots for _ in range(60))


EXAMPLES: list[ROW] = [
    ("beacon.services", usual, P),
    ("beacon.services", on_beacon(services={"W3SVC": "Stopped", "WAS": "Running"}), W),
    ("beacon.services", on_beacon(services={"W3SVC": "", "WAS": ""}), W),
    ("beacon.services", on_beacon(services={}), U),
    ("beacon.weaker-location", usual, P),
    ("beacon.weaker-location", on_beacon(access=(kit.access(), kit.access("Ssl", location=f"{kit.SITE}/x"))), W),
    ("beacon.weaker-location", on_beacon(access=()), U),
    ("beacon.http-open", usual, P),
    ("beacon.http-open", http_beside("Ssl", "SslNegotiateCert"), P),
    ("beacon.http-open", http_beside("SslNegotiateCert"), W),
    ("beacon.http-open", http_beside("Ssl"), N),
    ("beacon.http-open", on_beacon(access=()), U),
    ("beacon.sni-without-host", usual, P),
    ("beacon.sni-without-host", binding(ssl_flags=1), W),
    ("beacon.sni-without-host", on_beacon(sites=()), U),
    ("beacon.other-record", usual, P),
    ("beacon.other-record", binding(thumbprint="00" * 20), W),
    (
        "beacon.other-record",
        on_beacon(httpsys=(replace(kit.record(), key="192.0.2.10:443"), kit.record(kit.client()))),
        W,
    ),
    ("beacon.other-record", on_beacon(httpsys=()), U),
    ("beacon.issuer-list", usual, P),
    ("beacon.issuer-list", on_beacon(schannel=Schannel(send_trusted_issuer_list=True)), P),
    (
        "beacon.issuer-list",
        lambda: kit.pair(
            "usual",
            kit.beacon(
                schannel=Schannel(send_trusted_issuer_list=True),
                certificates=(*kit.beacon().certificates, *many_roots()),
            ),
        ),
        W,
    ),
    ("beacon.issuer-list", NOTHING, U),
    ("beacon.certificate-mapping", usual, P),
    ("beacon.certificate-mapping", on_beacon(access=(kit.access("Ssl", "SslNegotiateCert", "SslMapCert"),)), U),
    ("beacon.certificate-mapping", on_beacon(httpsys=(kit.record(dsmapper=True),)), U),
    ("beacon.certificate-mapping", on_beacon(access=(kit.access("Ssl", "SslMapCert"),)), N),
    ("device.order-of-change", on_beacon(access=(ACCEPTS,)), P),
    (
        "device.order-of-change",
        lambda: kit.pair(
            kit.device(ini=kit.config({"AddClientCertificateAndKey": "False"})), kit.beacon(access=(ACCEPTS,))
        ),
        W,
    ),
    ("device.order-of-change", on_beacon(access=()), U),
    ("device.order-of-change", usual, N),
    ("device.config-oddities", usual, P),
    ("device.config-oddities", ini({"SSLCACertificateFile": f"{kit.CA_FILE}\r"}), W),
    ("device.config-oddities", unseen, U),
    ("pair.cipher", ciphers("DEFAULT@SECLEVEL=2"), P),
    ("pair.cipher", ciphers(""), P),
    ("pair.cipher", ciphers("ECDHE-RSA-AES256-GCM-SHA384"), F),
    ("pair.cipher", ciphers("nonsense"), U),
    ("pair.cipher", ciphers("ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.3"), N),
    ("pair.cipher", suites("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), P),
    ("pair.cipher", suites("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA_P256", listed="ECDHE-ECDSA-AES256-SHA"), P),
    ("pair.cipher", suites("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", listed="ECDHE-ECDSA-AES128-GCM-SHA256"), F),
    ("pair.cipher", suites("TLS_RSA_WITH_AES_256_CBC_SHA", hello=False), F),
    ("pair.cipher", suites("TLS_RSA_WITH_AES_256_CBC_SHA"), P),
    ("pair.cipher", suites("TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"), U),
    ("pair.cipher", suites("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", version="TLSv1.1", old=True), P),
    ("pair.client-key-kind", usual, P),
    ("pair.client-key-kind", client(kit.issue("d", kit.issuing(), kind="ed25519")), W),
    ("pair.client-key-kind", client(kit.issue("d", kit.issuing(), kind="p224")), F),
    ("pair.client-key-kind", client(kit.issue("d", kit.issuing(), kind="dsa")), F),
    ("pair.client-key-kind", unseen, U),
    ("pair.client-key-kind", ini({"AddClientCertificateAndKey": "False"}), N),
    ("device.revocation-stapling", stapled("CRL"), P),
    ("device.revocation-stapling", stapled(responder=False), U),
    ("device.revocation-stapling", stapled(off=True), U),
    ("device.revocation-stapling", stapled(), U),
    ("device.revocation-stapling", usual, N),
    ("beacon.must-staple", usual, P),
    ("beacon.must-staple", lambda: must_staple(off=False), P),
    ("beacon.must-staple", lambda: must_staple(off=True), W),
    ("beacon.must-staple", unseen, U),
    ("device.revocation-check", trusted_itself, P),
    ("beacon.name-mismatch", lambda: sends(kit.issue(kit.HOST, kit.issuing()), kit.issuing())(), W),
    ("beacon.server-certificate-use", server(key_usage=["key_encipherment"]), W),
]

SKIPPED: list[ROW] = [
    *((check.id, plain_http(), N) for check in CHECKS if Need.HTTPS in check.needs),
    *((check.id, ini({"CheckServerCertificate": "False"}), N) for check in CHECKS if Need.SERVER_CHECK in check.needs),
    *(
        (check.id, ini({"AddClientCertificateAndKey": "False"}), N)
        for check in CHECKS
        if Need.CLIENT_CERTIFICATE in check.needs
    ),
    *((check.id, unseen, U) for check in CHECKS if {Need.DEVICE, Need.BEACON, Need.HELLO} & {*check.needs}),
]
"""What a check says where it needs what isn't there, by its declared needs."""
