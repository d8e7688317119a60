"""Findings that no rule of the judge makes: what a proof says against the data, and what is of no pair alone.

Listed so that docs/checks.md names every id that a finding can carry.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.readiness.model import Side
from console.readiness.own_openssl import OPENSSL_DISAGREES

LIVE_DISAGREES = "pair.live-disagrees"
LIVE_TLS_VERSION = "pair.live-tls-version"
LIVE_UPLOAD = "pair.live-late-upload"
JUDGE_FAILED = "console.judge-failed"
UNUSED = "beacon.unused"
NO_WAY = "device.no-way"


@dataclass(frozen=True, slots=True)
class BesideFinding:
    id: str
    side: Side
    rule: str
    """One sentence."""
    remedy: str
    source: str
    where: str
    """Where it is shown."""


BESIDE: tuple[BesideFinding, ...] = (
    BesideFinding(
        LIVE_DISAGREES,
        Side.PAIR,
        "A live handshake from the device, newer than the data, ended otherwise than the verdict predicts (ready and "
        "at-risk: through; blocked: not; unknown predicts nothing). The verdict stays what the data say.",
        "Check both sides again; where they still disagree, a rule of this program is wrong: report it.",
        "DESIGN.md (check --format json)",
        "check --live in every format, the Fleet (≠ live), the pair report, the Overview",
    ),
    BesideFinding(
        LIVE_TLS_VERSION,
        Side.PAIR,
        "A live probe from the device tries each TLS version that both sides may speak by itself; one works, another "
        "fails. The verdict and `live` are of the natural handshake.",
        "See what the failing version meets: a certificate that is asked for late can't be on TLS 1.3 (set "
        "ask=first-handshake on the beacon), or a version is switched off on one side.",
        "handshake.md P-TLS-01, B-NEG-02; issue: TLS 1.2 and 1.3 apart",
        "check --live in every format, the pair report",
    ),
    BesideFinding(
        LIVE_UPLOAD,
        Side.BEACON,
        "Where the certificate is asked for late and the fleet file names no size, a live probe also uploads 200 KiB "
        "of zeros, made on the device; the request gets through, the upload doesn't (413, or the connection breaks).",
        "Set ask=first-handshake on the beacon, or raise uploadReadAheadSize above the largest inventory.",
        "handshake.md B-NEG-03 (413 above uploadReadAheadSize)",
        "check --live in every format, the pair report",
    ),
    BesideFinding(
        OPENSSL_DISAGREES,
        Side.PAIR,
        "The device's own `openssl verify` accepts a chain that the data refuse, or refuses one that they accept; "
        "names are left out, for libcurl compares them itself. The verdict stays what the data say.",
        "Check both sides again, then make a live handshake; where they still disagree, a rule of this program is "
        "wrong, or the agent's TLS library isn't the openssl on the device's PATH: report it.",
        "handshake.md §4.1 item 2; names measured (T021, T027, T031)",
        "the Fleet (≠ openssl), the pair report, the Overview, once `o` asked the device",
    ),
    BesideFinding(
        UNUSED,
        Side.BEACON,
        "No pair of the fleet file and no failover list that was read leads to this beacon (warn; unknown while a "
        "device's failover lists aren't read).",
        "Compare the beacon's host in the fleet file with the hosts in the devices' failover lists, or take the beacon "
        "out.",
        "issue: every path the agent may take",
        "check on stderr, show, the Fleet, the Overview",
    ),
    BesideFinding(
        NO_WAY,
        Side.DEVICE,
        "The fleet file pairs this device with no beacon, and its failover lists hold no entry that can be used: it "
        "has no pair, and no verdict (warn; unknown while its config.ini isn't read).",
        "Correct the entries of its failover lists (Protocol, Host and Port are mandatory), or add a pair to the fleet "
        "file.",
        "issue: every path the agent may take; flexnet.md §1.3",
        "check on stderr, show",
    ),
    BesideFinding(
        JUDGE_FAILED,
        Side.PAIR,
        "A rule of this program raised an error on this pair, which is therefore unknown; all other pairs are judged.",
        "Report it, with the trace that console.log in the state directory holds.",
        "docs/architecture.md",
        "instead of every other finding of the pair",
    ),
)
