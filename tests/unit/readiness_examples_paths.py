"""What each check of the agent's ways says of examples."""

from __future__ import annotations

from console.readiness.model import Status
from tests.unit import readiness_kit as kit
from tests.unit.readiness_makers import ROW, Make, on_device, unseen, usual

P, W, U, N = Status.PASS, Status.WARN, Status.UNKNOWN, Status.NOT_APPLICABLE
DOWNLOAD, UPLOAD = "DownloadSettings", "UploadSettings"
BOTH = (DOWNLOAD, UPLOAD)


def entry(kind: str, id_: str, host: str = kit.HOST, **values: str) -> str:
    settings = {"Protocol": "https", "Host": host, "Port": "443", **values}
    lines = [f"[ManageSoft\\Common\\{kind}\\{id_}]", *(f"{name}={value}" for name, value in settings.items())]
    return "\n".join([*lines, ""])


def lists(*entries: str, selector: str = "") -> Make:
    chosen = f"[ManageSoft\\NetSelector\\CurrentVersion]\nSelectorAlgorithm={selector}\n" if selector else ""
    return on_device(ini=kit.config() + ("".join(entries) + chosen).encode())


def in_both(**values: str) -> Make:
    return lists(*(entry(kind, "{A}", **values) for kind in BOTH))


EXAMPLES: list[ROW] = [
    ("network.proxy", in_both(), P),
    ("network.proxy", in_both(Proxy=""), P),
    ("network.proxy", in_both(Proxy="http://proxy.corp.example:3128"), U),
    ("network.proxy", lists(entry(DOWNLOAD, "{A}"), entry(UPLOAD, "{A}", Proxy="proxy.corp.example:3128")), U),
    ("network.proxy", lists(*(entry(kind, "{A}", "other.example", Proxy="p:1") for kind in BOTH)), N),
    ("network.proxy", usual, N),
    ("network.proxy", unseen, U),
    ("device.beacon-choice", in_both(), P),
    ("device.beacon-choice", lists(entry(UPLOAD, "{A}")), W),
    ("device.beacon-choice", in_both(AutoPriority="False", Priority="invalid"), W),
    ("device.beacon-choice", usual, N),
    ("device.beacon-choice", unseen, U),
    ("device.failover-entry", in_both(), P),
    ("device.failover-entry", in_both(Port=""), W),
    ("device.failover-entry", in_both(Protocol="ftp"), W),
    ("device.failover-entry", lists(*(entry(kind, id_) for kind in BOTH for id_ in ("{A}", "{B}"))), W),
    ("device.failover-entry", lists(entry(DOWNLOAD, "{A}")), W),
    ("device.failover-entry", usual, N),
    ("device.failover-entry", unseen, U),
]
