"""Every check that an error is said to belong to is one of the catalogue, and its rule is about that."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from adapters.ssh.outcomes import Run, ending
from console.readiness.all_checks import CHECKS

IDS = {check.id for check in CHECKS}
_PROBLEM = "SSL certificate problem: "
_ALERT = "OpenSSL SSL_read: error:0A000415:SSL routines::"


def test_no_other_id_is_named() -> None:
    source = resources.files("adapters.ssh").joinpath("outcomes.py").read_text("utf-8")
    named = set(re.findall(r'"((?:device|beacon|pair|network)\.[a-z0-9-]+)"', source))
    assert len(named) > 25
    assert named <= IDS


@pytest.mark.parametrize(
    ("run", "check"),
    [
        (Run(6, "Could not resolve host: b1"), "network.name-unresolved"),
        (Run(7, "Connection refused"), "network.unreachable-from-device"),
        (Run(28, "Connection timed out after 10001 milliseconds"), "network.unreachable-from-device"),
        (Run(28, "Operation timed out", server_hello=True), ""),
        (Run(58, "unable to set private key file: 'k' type PEM"), "device.client-key-unusable"),
        (Run(58, "could not load PEM client certificate from x, No such file"), "device.client-certificate-file"),
        (Run(58, "could not load PEM client certificate, ee key too small"), "device.client-certificate-weak"),
        (Run(77, "error setting certificate file: x"), "device.ca-file"),
        (Run(60, _PROBLEM + "certificate has expired"), "beacon.server-certificate-dates"),
        (Run(60, _PROBLEM + "certificate is not yet valid"), "beacon.server-certificate-dates"),
        (Run(60, _PROBLEM + "unable to get local issuer certificate"), "device.beacon-untrusted"),
        (Run(60, _PROBLEM + "self-signed certificate in certificate chain"), "device.beacon-untrusted"),
        (Run(60, _PROBLEM + "CA signature digest algorithm too weak"), "beacon.chain-weak"),
        (Run(60, _PROBLEM + "EE certificate key too weak"), "beacon.server-certificate-weak"),
        (Run(60, _PROBLEM + "unsuitable certificate purpose"), "beacon.server-certificate-use"),
        (Run(60, _PROBLEM + "path length constraint exceeded"), "beacon.chain-constraint"),
        (Run(60, _PROBLEM + "invalid CA certificate"), "beacon.not-a-ca"),
        (Run(60, _PROBLEM + "something new"), ""),
        (Run(35, "error:0A00010B:SSL routines::wrong version number"), "pair.scheme"),
        (Run(35, "legacy sigalg disallowed or unsupported"), "pair.old-tls-signatures"),
        (Run(35, "Recv failure: Connection reset by peer"), "network.no-binding"),
        (Run(56, _ALERT + "sslv3 alert certificate expired"), "device.client-certificate-dates"),
        (Run(56, _ALERT + "tlsv13 alert certificate required"), "device.client-certificate-off"),
        (Run(56, "Recv failure: Connection reset by peer", tls="TLSv1.3"), "beacon.late-request-tls13"),
        (Run(56, "Recv failure: Connection reset by peer", tls="TLSv1.2"), ""),
        (Run(0, "", 500, tls="TLSv1.3"), "beacon.late-request-tls13"),
        (Run(0, "", 500, tls="TLSv1.2"), ""),
        (Run(0, "", 403, plain_http=True), "beacon.ssl-required"),
        (Run(0, "", 403, shows_certificate=False), "device.client-certificate-off"),
        (Run(0, "", 403), ""),
    ],
)
def test_an_error_belongs_to_a_check(run: Run, check: str) -> None:
    found = ending(run)
    assert found is not None
    assert found.check == check
