"""`python -m console.readiness.catalogue`: docs/checks.md, made from the registry. A test fails when it drifts."""

from __future__ import annotations

import sys

from console.readiness.all_checks import CHECKS
from console.readiness.beside import BESIDE, BesideFinding
from console.readiness.model import Step
from console.readiness.not_checked import NOT_CHECKED
from console.readiness.registry import Check, Need

_STEPS = {
    Step.CONNECT: "Connect",
    Step.CLIENT_FILES: "The device's certificate and key",
    Step.TRUST_FILES: "The device's trust files",
    Step.HELLO: "Hello: binding, versions",
    Step.SERVER_CERTIFICATE: "The beacon's certificate",
    Step.TRUSTED: "Is the chain trusted",
    Step.NAME: "The name",
    Step.CLIENT_CERTIFICATE: "The request for a client certificate",
    Step.ACCEPTED: "Is the client certificate accepted",
    Step.HTTP: "HTTP",
}
_HEAD = """# Readiness checks

Made by `python -m console.readiness.catalogue`; don't edit. Ids are stable.

A pair (device, beacon, host, port) is judged per component (Launcher, Tracker, Uploader) by every check below, in the
order of the handshake. The verdict is *blocked* where a check fails, else *unknown* where a blocking check lacks a
fact that decides, else *at-risk* where a warning names a cause that can make the handshake fail, else *ready*.

*Side* is who has to change something, *refused by* the end at which the handshake stops. "measured" with a T number is
a case of the corpus of real handshakes (docs/truth.md); rules about IIS come from Microsoft's documentation and were
never tried on Windows here. handshake.md, windows.md, flexnet.md and DESIGN.md are the project's reference notes.
"""

_BESIDE_HEAD = """## Beside the rules: proofs, and what is of no pair

No rule of the judge makes these findings, and none of them changes a verdict (but `console.judge-failed`, which stands
for one). A verdict's proof is *data* (worked out by the console) < *openssl* (the device's own `openssl verify` agrees)
< *partial* (a handshake got through as predicted, and left revocation or the agent's account unproved)
< *live* (a handshake from the device ended as predicted); `≠` marks a proof that says otherwise.
"""


def render() -> str:
    """The whole page."""
    parts = [_HEAD]
    for step, title in _STEPS.items():
        parts.append(f"## {int(step)}. {title}\n")
        parts += [_entry(check) for check in CHECKS if check.step is step]
    parts.append(_BESIDE_HEAD)
    parts += [_beside(finding) for finding in BESIDE]
    parts.append("## Not checked, and why\n")
    parts.append("\n".join(f"- {item.what} ({item.reference}): {item.why}." for item in NOT_CHECKED) + "\n")
    return "\n".join(parts)


def _entry(check: Check) -> str:
    needs = [need.value for need in check.needs if need not in (Need.HTTPS,)]
    refused = f", refused by {check.refused_by.value}" if check.refused_by else ""
    lines = [
        f"### {check.id}\n",
        f"{check.rule}\n",
        f"- side: {check.side.value}{refused}; severity: {check.severity.value}",
        f"- remedy: {check.remedy}",
        f"- source: {check.source}",
    ]
    if needs:
        lines.append(f"- needs: {', '.join(needs)}")
    return "\n".join(lines) + "\n"


def _beside(finding: BesideFinding) -> str:
    lines = [
        f"### {finding.id}\n",
        f"{finding.rule}\n",
        f"- side: {finding.side.value}",
        f"- remedy: {finding.remedy}",
        f"- source: {finding.source}",
        f"- shown in: {finding.where}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
