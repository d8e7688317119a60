"""What `show` tells of the ways that a device may take."""

from __future__ import annotations

from tests.unit.cli_shell import Shell

LISTS = rb"""[ManageSoft\Common\DownloadSettings\{A}]
Protocol=https
Host=b2.test
Port=443
Proxy=user:hunter2@proxy.test:3128
[ManageSoft\Common\UploadSettings\{A}]
Protocol=https
Host=b2.test
Port=443
AutoPriority=False
Priority=10
[ManageSoft\Common\UploadSettings\{B}]
Protocol=https
Host=b1.test
Port=443
AutoPriority=False
Priority=5
[ManageSoft\Common\UploadSettings\{C}]
Protocol=https
Host=b1.test
"""


def test_show_tells_the_likely_order_and_what_cannot_be_used(shell: Shell) -> None:
    shell.world.devices.files["d1"] = LISTS
    assert shell("show", "d1") == 0
    lines = [line.strip() for line in shell.out.splitlines()]
    start = lines.index("failover lists (downloads and uploads; any entry may be used):")
    assert lines[start + 1 : start + 5] == [
        "download https://b2.test:443 through the proxy proxy.test:3128: the only choice (no other usable entry in "
        "this list)",
        "upload https://b2.test:443: fallback (Priority=10, fixed; the first choice has 5)",
        "upload https://b1.test:443: first choice (Priority=5, fixed and the smallest)",
        "upload https://b1.test:?: can't be used; Port is missing; it has no default",
    ]
