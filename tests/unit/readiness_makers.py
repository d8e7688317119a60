"""Pairs with one thing changed, for the examples of every check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from console.agent.snapshot import FileState, TlsStack
from console.iis.snapshot import Binding, HelloOutcome, Site
from console.readiness.model import PairInput, Status
from tests.unit import readiness_kit as kit

Make = Callable[[], PairInput]


def on_device(**changes: object) -> Make:
    return lambda: kit.pair(kit.device(**changes))


def on_beacon(**changes: object) -> Make:
    return lambda: kit.pair("usual", kit.beacon(**changes))


def ini(common: dict[str, str] | None = None, **components: dict[str, str]) -> Make:
    return on_device(ini=kit.config(common, **components))


def sends(*chain: kit.Issued) -> Make:
    """The beacon sends this chain, the first certificate bound."""
    return on_beacon(
        hellos=(kit.hello(*chain),), httpsys=(kit.record(chain[0]),), certificates=(*kit.beacon().certificates,)
    )


def server(**changes: object) -> Make:
    def make() -> PairInput:
        settings = {"names": [kit.HOST], "usages": [kit.SERVER], **changes}
        leaf = kit.issue(kit.HOST, kit.issuing(), **settings)  # type: ignore[arg-type]
        return sends(leaf, kit.issuing())()

    return make


def client(*chain: kit.Issued) -> Make:
    pems = b"".join(issued.pem for issued in chain)
    return on_device(chain=pems, keys=(kit.key_fact(chain[0]),))


def server_issuer() -> Make:
    """The device's certificate comes of a CA for servers."""
    issuer = kit.issue("Server Issuing", kit.root(), ca=True, usages=[kit.SERVER])
    return client(kit.issue("device01", issuer, usages=[kit.CLIENT]), issuer)


def key_in_ca_file(**changes: object) -> Make:
    """A private key behind the root in the CA file, its body left out by the collector."""
    key = b"-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n"
    certificate = kit.device().files[1]
    return on_device(files=(kit.file(kit.CA_FILE, kit.root().pem + key, **changes), certificate))


def leaf_alone(**changes: object) -> Make:
    """The device's file holds the leaf alone, and the beacon doesn't know its issuer."""
    return lambda: kit.pair(
        kit.device(chain=kit.client().pem, **changes), kit.beacon(certificates=(kit.stored("Root", kit.root()),))
    )


def weak_issuer_trusted(**changes: object) -> Make:
    """The leaf alone, of a CA with a 1024-bit key that the device trusts."""

    def make() -> PairInput:
        weak = kit.issue("Old Issuing", kit.root(), ca=True, kind="rsa1024")
        leaf = kit.issue("device01", weak, usages=[kit.CLIENT])
        ca = kit.root().pem + weak.pem
        return kit.pair(kit.device(chain=leaf.pem, ca=ca, keys=(kit.key_fact(leaf),), **changes))

    return make


def late(**changes: object) -> Make:
    """The certificate is asked for after the request."""
    settings = {"versions": ("TLSv1.2",), **changes}
    upload = settings.pop("upload_bytes", 0)

    def make() -> PairInput:
        said = kit.hello(asks_client_certificate=False, **settings)
        silent = kit.record(clientcertnegotiation=False)
        return kit.pair("usual", kit.beacon(hellos=(said,), httpsys=(silent,)), upload_bytes=upload)

    return make


def said(outcome: HelloOutcome) -> Make:
    return on_beacon(hellos=(kit.hello(outcome=outcome, chain=(), versions=(), asks_client_certificate=None),))


def ca(**changes: object) -> kit.Issued:
    settings = {"ca": True, "days": (-1000, 3000), **changes}
    return kit.issue("Corp Issuing", kit.root(), **settings)  # type: ignore[arg-type]


def from_ca(issuing: kit.Issued, **changes: object) -> Make:
    settings = {"names": [kit.HOST], "usages": [kit.SERVER], **changes}
    return sends(kit.issue(kit.HOST, issuing, **settings), issuing)  # type: ignore[arg-type]


def unseen() -> PairInput:
    return kit.pair(None, None)


def plain_http(*flags: str) -> Make:
    site = Site(kit.SITE, 1, "Started", (Binding(kit.SITE, "http", "*", 80, ""),))
    return lambda: kit.pair(
        "usual",
        kit.beacon(sites=(site,), access=(kit.access(*(flags or ("none",))),), hellos=()),
        protocol="http",
        port=80,
    )


def own_web_server(**changes: object) -> Make:
    """No IIS there: the beacon answers plain http by itself."""
    missing = {"W3SVC": "", "WAS": ""}
    bare = {"sites": (), "access": (), "httpsys": (), "hellos": (), "services": missing, **changes}
    return lambda: kit.pair("usual", kit.beacon(**bare), protocol="http", port=80)


def closed_key(**changes: object) -> Make:
    return on_device(keys=(kit.key_fact(file=kit.file(kit.CLIENT_KEY, None, mode=0o600, **changes)),))


def stale_in_file() -> PairInput:
    old = kit.issue("Corp Root", None, ca=True, days=(-2000, -5))
    return kit.pair(kit.device(ca=old.pem, directories=(kit.hashed(kit.root()),)))


def weakly_signed() -> PairInput:
    leaf = kit.issue(kit.HOST, kit.rsa_issuing(), names=[kit.HOST], usages=[kit.SERVER])
    return sends(kit.signed_with_sha1(leaf, kit.rsa_issuing()), kit.rsa_issuing())()


def nothing_trusted() -> PairInput:
    default = kit.file("/var/opt/managesoft/etc/ssl/cert.pem", None, state=FileState.MISSING)
    device = kit.device(ini=kit.config({"SSLCACertificateFile": "-"}))
    return kit.pair(replace(device, files=(default, device.files[1])))


def issuer_of_the_device_expired() -> PairInput:
    expired = ca(days=(-1000, -1))
    given = client(kit.issue("d", expired), expired)()
    return replace(given, beacon=kit.beacon(certificates=(kit.stored("Root", kit.root()),)))


def same_name_other_key() -> PairInput:
    other = kit.issue("Corp Root", None, ca=True, days=(-1000, 3000), identifiers=False)
    issuing = kit.issue("Issuing", kit.root(), ca=True, days=(-1000, 3000), identifiers=False)
    leaf = kit.issue(kit.HOST, issuing, names=[kit.HOST], usages=[kit.SERVER])
    return replace(sends(leaf, issuing)(), device=kit.device(ca=other.pem))


def not_ascii() -> PairInput:
    host = "bücher.corp.example"
    leaf = kit.issue("x", kit.issuing(), names=["xn--bcher-kva.corp.example"], usages=[kit.SERVER])
    beacon = kit.beacon(hellos=(kit.hello(leaf, kit.issuing(), host=host),))
    return kit.pair("usual", beacon, host=host)


def with_revocation_list(**preferences: str) -> Make:
    def make() -> PairInput:
        issuing = ca(crl="http://pki.example/root.crl")
        leaf = kit.issue(kit.HOST, issuing, names=[kit.HOST], usages=[kit.SERVER], crl="http://pki.example/i.crl")
        settings = {"CheckCertificateRevocation": "True", **preferences}
        return replace(sends(leaf, issuing)(), device=kit.device(ini=kit.config(settings)))

    return make


def with_responder(**preferences: str) -> Make:
    """Certificates that name an OCSP responder and no list."""

    def make() -> PairInput:
        place = x509.UniformResourceIdentifier("http://ocsp.example/")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        more: list[tuple[x509.ExtensionType, bool]] = [(x509.AuthorityInformationAccess([access]), False)]
        issuing = ca(more=more)
        leaf = kit.issue(kit.HOST, issuing, names=[kit.HOST], usages=[kit.SERVER], more=more)
        settings = {"CheckCertificateRevocation": "True", **preferences}
        return replace(sends(leaf, issuing)(), device=kit.device(ini=kit.config(settings)))

    return make


def usual() -> PairInput:
    return kit.pair()


OLD_STACK = replace(kit.STACK, openssl="OpenSSL 1.1.1w  11 Sep 2023", curl="curl 7.64.0 libcurl/7.64.0")
AT_MOST_TLS11 = replace(kit.STACK, tls_max="TLSv1.1")
NO_STACK = TlsStack()
UNKNOWN_CRITICAL = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
BOM = b"\xef\xbb\xbf"
ROW = tuple[str, Make, Status]
