"""What each check says of examples: the server beside its handshake, its logs, and the sizes that it bounds."""

from __future__ import annotations

from dataclasses import replace

from console.iis.server import CertificateMapping, RecentRefusals, RequestLimit, ServerFacts, WebConfigAccess
from console.iis.snapshot import HelloOutcome, Schannel
from console.readiness.model import Status
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import ROW, Make, client, on_beacon, plain_http, unseen

P, F, W, U, N = Status.PASS, Status.FAIL, Status.WARN, Status.UNKNOWN, Status.NOT_APPLICABLE
UPLOADS = f"{kit.SITE}/ManageSoftRL"
IGNORES = (kit.access("Ssl"),)
NOTHING_SEEN = on_beacon(server=ServerFacts())
MAPPED = CertificateMapping(kit.SITE, enabled=True, entries=0, active_directory=False)


def says(**facts: object) -> Make:
    return on_beacon(server=replace(kit.SERVER_READ, **facts))  # type: ignore[arg-type]


def applications(*paths: str, **changes: object) -> Make:
    site = replace(kit.beacon().sites[0], applications=("/", "/ManageSoftDL", "/managesoftrl", *paths))
    return on_beacon(sites=(site,), **changes)


def uploads(size: int | None, *limits: int, places: tuple[str, ...] = (kit.SITE, UPLOADS)) -> Make:
    seen = tuple(RequestLimit(*pair) for pair in zip(places, limits, strict=False))
    server = replace(kit.SERVER_READ, request_limits=seen)
    return lambda: kit.pair("usual", kit.beacon(server=server), upload_bytes=size)


def mapping(flags: tuple[str, ...] = (), **changes: object) -> Make:
    server = replace(kit.SERVER_READ, mappings=(replace(MAPPED, **changes),))  # type: ignore[arg-type]
    return on_beacon(server=server, access=(kit.access("Ssl", "SslNegotiateCert", "SslRequireCert", *flags),))


def log(**counts: int) -> Make:
    """Counts by status; `_` stands for its dot: `s403_7`."""
    found = {name.removeprefix("s").replace("_", "."): count for name, count in counts.items()}
    return says(refusals=(RecentRefusals(kit.SITE.upper(), "u_ex261124.log", found),))


def unanswered(**facts: object) -> Make:
    """No hello has proved that the key opens."""
    silent = kit.hello(outcome=HelloOutcome.TIMEOUT, chain=(), versions=(), asks_client_certificate=None)
    return on_beacon(hellos=(silent,), server=replace(kit.SERVER_READ, **facts))  # type: ignore[arg-type]


def below(*flags: str, above: tuple[str, ...] = ()) -> Make:
    """A folder below the one for uploads with settings of its own."""
    return on_beacon(access=(kit.access(*above), kit.access(*flags, location=f"{UPLOADS}/Inventories")))


def web_config(**facts: object) -> Make:
    return says(unlocked=(UPLOADS,), **facts)


TALKATIVE = ServerFacts(
    shared_configuration=True,
    unlocked=(UPLOADS,),
    web_config=(WebConfigAccess(UPLOADS, ("Ssl", "SslNegotiateCert", "SslRequireCert")),),
    request_limits=(RequestLimit(kit.SITE, 30_000_000), RequestLimit(UPLOADS, 2000)),
    mappings=(CertificateMapping(kit.SITE, enabled=True, entries=2, active_directory=False),),
    free_bytes=100,
    renewal_tools=("win-acme renew",),
    schannel_errors={"36870": 1, "36874": 2},
    refusals=(RecentRefusals(kit.SITE, "u_ex261124.log", {"403.7": 2}),),
)
"""A server with something to say of everything."""
WEAK_BY_FILE = WebConfigAccess(UPLOADS, ("Ssl",))

EXAMPLES: list[ROW] = [
    ("beacon.access-unlocked", says(unlocked=()), P),
    ("beacon.access-unlocked", says(unlocked=("Other site",)), P),
    ("beacon.access-unlocked", web_config(), W),
    ("beacon.access-unlocked", NOTHING_SEEN, W),
    ("beacon.access-unlocked", says(web_config_unread=(UPLOADS,)), W),
    ("beacon.access-unlocked", on_beacon(sites=()), U),
    ("beacon.access-unlocked", on_beacon(access=(), server=ServerFacts()), U),
    ("beacon.access-unlocked", plain_http(), N),
    ("beacon.weaker-location", web_config(web_config=(WEAK_BY_FILE,)), W),
    ("beacon.stricter-location", on_beacon(), P),
    ("beacon.stricter-location", below("Ssl", "SslNegotiateCert", "SslRequireCert"), P),
    ("beacon.stricter-location", below("Ssl", "SslNegotiateCert", "SslRequireCert", above=("Ssl",)), W),
    ("beacon.stricter-location", on_beacon(access=()), U),
    ("beacon.ssl-128", on_beacon(), P),
    ("beacon.ssl-128", on_beacon(access=(kit.access("Ssl", "Ssl128"),)), W),
    ("beacon.ssl-128", on_beacon(access=()), U),
    ("beacon.ssl-128", plain_http(), N),
    ("beacon.other-applications", applications(), P),
    ("beacon.other-applications", applications("/Reports"), W),
    (
        "beacon.other-applications",
        applications("/Reports", access=(kit.access(), kit.access("Ssl", location=f"{kit.SITE}/Reports"))),
        P,
    ),
    ("beacon.other-applications", applications("/Reports", access=IGNORES), N),
    ("beacon.other-applications", NOTHING_SEEN, U),
    ("beacon.shared-configuration", says(shared_configuration=False), P),
    ("beacon.shared-configuration", says(shared_configuration=True), W),
    ("beacon.shared-configuration", NOTHING_SEEN, U),
    ("beacon.disk-space", says(free_bytes=40 * 1024**3), P),
    ("beacon.disk-space", says(free_bytes=100 * 1024**2), W),
    ("beacon.disk-space", NOTHING_SEEN, U),
    ("beacon.renewal-tool", says(renewal_tools=()), P),
    ("beacon.renewal-tool", says(renewal_tools=("win-acme renew (acme-v02.api.letsencrypt.org)",)), W),
    ("beacon.renewal-tool", NOTHING_SEEN, U),
    ("beacon.schannel-errors", says(schannel_errors={}), P),
    ("beacon.schannel-errors", says(schannel_errors={"36874": 2, "36888": 1, "36871": 1}), W),
    ("beacon.schannel-errors", NOTHING_SEEN, U),
    ("beacon.recent-refusals", log(), P),
    ("beacon.recent-refusals", log(s200_0=7), P),
    ("beacon.recent-refusals", log(s403_16=7), W),
    ("beacon.recent-refusals", NOTHING_SEEN, N),
    ("beacon.recent-refusals", on_beacon(sites=()), U),
    ("beacon.upload-limit", uploads(1000, 1000, 1000), P),
    ("beacon.upload-limit", uploads(1001, 5000, 1000), F),
    ("beacon.upload-limit", uploads(1001, 5000, places=(kit.SITE,)), U),
    ("beacon.upload-limit", uploads(None, 30_000_000, 30_000_000), P),
    ("beacon.upload-limit", uploads(None, 1000, 1000), W),
    ("beacon.upload-limit", uploads(200_000), U),
    ("beacon.upload-limit", uploads(None), W),
    ("beacon.upload-limit", uploads(40_000_000), U),
    ("beacon.upload-limit", uploads(0, 1, 1), N),
    ("beacon.client-chain-size", on_beacon(), P),
    ("beacon.client-chain-size", on_beacon(schannel=Schannel(message_limit=500)), W),
    ("beacon.client-chain-size", client(kit.client(), *[kit.issuing()] * 100), W),
    ("beacon.client-chain-size", on_beacon(access=IGNORES), N),
    ("beacon.client-chain-size", unseen, U),
    ("beacon.certificate-mapping", mapping(enabled=False), P),
    ("beacon.certificate-mapping", says(mappings=()), U),
    ("beacon.certificate-mapping", says(mappings=(replace(MAPPED, site="Other site", enabled=False),)), U),
    ("beacon.certificate-mapping", on_beacon(server=ServerFacts(), access=IGNORES), N),
    ("beacon.certificate-mapping", mapping(), F),
    ("beacon.certificate-mapping", mapping(("SslMapCert",)), F),
    ("beacon.certificate-mapping", mapping(entries=3), U),
    ("beacon.certificate-mapping", mapping(active_directory=True), U),
    ("beacon.certificate-mapping", mapping(("SslMapCert",), enabled=False), U),
]

RISKS: list[tuple[str, Make, bool]] = [
    ("beacon.schannel-errors", says(schannel_errors={"36870": 3}), False),
    ("beacon.schannel-errors", unanswered(schannel_errors={"36874": 3}), False),
    ("beacon.schannel-errors", unanswered(schannel_errors={"36870": 3}), True),
    ("beacon.client-chain-size", on_beacon(schannel=Schannel(message_limit=500)), True),
    ("beacon.stricter-location", below("SslRequireCert", above=("Ssl",)), True),
    ("beacon.upload-limit", uploads(None, 1000, 1000), False),
    ("beacon.access-unlocked", NOTHING_SEEN, True),
    ("beacon.access-unlocked", web_config(), True),
    ("beacon.access-unlocked", web_config(web_config=(WEAK_BY_FILE,)), False),
    ("beacon.access-unlocked", says(web_config_unread=(UPLOADS,)), True),
    ("beacon.access-unlocked", says(web_config_unread=("Other site",)), False),
    ("beacon.disk-space", says(free_bytes=0), False),
    ("beacon.renewal-tool", says(renewal_tools=("Certify.Service",)), False),
]
"""Whether a warning makes a pair at-risk."""
