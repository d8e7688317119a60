"""The server as a whole on the facts screen: what was observed, in words, and nothing else."""

from __future__ import annotations

from console.iis.server import CertificateMapping, RecentRefusals, RequestLimit, ServerFacts, WebConfigAccess
from screens.server_lines import server_lines


def test_nothing_observed_is_nothing_said() -> None:
    assert list(server_lines(ServerFacts())) == []


def test_a_plain_server() -> None:
    seen = ServerFacts(
        shared_configuration=False,
        unlocked=(),
        request_limits=(RequestLimit("Site", 30_000_000),),
        mappings=(CertificateMapping("Site", enabled=False, entries=0, active_directory=False),),
        free_bytes=5 * 1024 * 1024 + 1,
        renewal_tools=(),
        schannel_errors={},
    )
    assert list(server_lines(seen)) == [
        "IIS's configuration is this server's own",
        "a web.config may change the SSL settings: nowhere",
        "Site: requests of up to 30000000 bytes",
        "Site: certificates are mapped to accounts nowhere",
        "5 MB of the system drive are free",
        "renews certificates by itself: nothing known",
        "Schannel's errors of the last 24 hours, by event: none",
    ]


def test_a_server_with_much_to_tell_and_hostile_names() -> None:
    seen = ServerFacts(
        shared_configuration=True,
        unlocked=("Site/ManageSoftRL",),
        web_config=(WebConfigAccess("Site/ManageSoftRL", ()),),
        mappings=(CertificateMapping("Site", enabled=True, entries=2, active_directory=True),),
        renewal_tools=("win-acme\x1b[2J",),
        schannel_errors={"36874": 2, "36870": 1},
        refusals=(RecentRefusals("Site", "u_ex261124.log", {"403.7": 3}),),
    )
    lines = list(server_lines(seen))
    assert lines[:4] == [
        "IIS's configuration is shared with other servers (redirection.config)",
        "a web.config may change the SSL settings: Site/ManageSoftRL",
        "Site/ManageSoftRL with web.config: none",
        "Site: certificates are mapped to accounts by IIS, 2 mappings and by Active Directory",
    ]
    assert lines[5:] == [
        "Schannel's errors of the last 24 hours, by event: 36870 1 times, 36874 2 times",
        "Site, last lines of u_ex261124.log: 403.7 3 times",
    ]
    assert "\x1b" not in lines[4]
