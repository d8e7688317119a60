"""A device without curl and openssl: the console's handshake through the device's SSH server, on a real listener."""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.ssh.scripts import library
from console.pki.certificates import subject_hash
from console.ports import ProbeRequest, TrustContent
from console.readiness.model import LiveOutcome, PairUse, Side
from fixtures.lab.ssh.device import SshFaults
from tests.contract.ssh_places import place
from tests.contract.test_ssh_probe import HOST, Listener, Scene, make_pki

CLIENT = {"client_certificate": "/etc/agent/client.crt", "client_key": "/etc/agent/client.key"}


@pytest.fixture(params=["asyncssh", "sshd"])
def bare(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The script looks for its tools by name, and finds neither."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        "adapters.ssh.probe.library",
        lambda name: library(name).replace("has() {", "has() {\ncase $1 in curl | openssl) return 1 ;; esac"),
    )
    with tempfile.TemporaryDirectory() as folder, place(request.param, tmp_path) as served:
        pki = make_pki(Path(folder) / "pki")
        listener = Listener(pki)
        use = PairUse("d1", "b1", HOST, 443, address=f"127.0.0.1:{listener.port}", upload_bytes=70_000)
        asked = ProbeRequest(
            use=use,
            component="Launcher",
            directory="ManageSoftDL",
            upload=False,
            check_server=True,
            check_revocation=False,
            ca_file="/etc/agent/cert.pem",
            ca_directory="",
            client_certificate="",
            client_key="",
            trust=TrustContent(ca_file=pki.ca.read_bytes()),
        )
        yield Scene(served, listener, pki, asked, "tunnel")
        listener.close()


def test_a_whole_handshake_where_no_certificate_is_sent(bare: Scene) -> None:
    result = bare.run(versions=("TLSv1.2", "TLSv1.3"))
    assert (result.outcome, result.origin, result.tool, result.tls) == (LiveOutcome.OK, "console", "tunnel", "TLSv1.3")
    assert result.http_status == 200
    assert "through the device's SSH server" in result.unproved
    assert [(trial.tls, trial.outcome) for trial in result.trials] == [
        ("TLSv1.2", LiveOutcome.OK),
        ("TLSv1.3", LiveOutcome.OK),
    ]
    assert bare.run(directory="ManageSoftRL", upload=True).outcome is LiveOutcome.OK
    assert bare.listener.requests.pop() == ("PUT /ManageSoftRL/mtls-console-probe.tmp HTTP/1.1", 70_000)


def test_no_upload_is_larger_than_the_limit_whatever_the_fleet_file_says(
    bare: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ssh.probe_commands.UPLOAD_LIMIT", 50_000)
    assert bare.run(directory="ManageSoftRL", upload=True).outcome is LiveOutcome.OK
    assert bare.listener.requests.pop() == ("PUT /ManageSoftRL/mtls-console-probe.tmp HTTP/1.1", 50_000)


def test_all_but_the_client_key_is_proved_and_never_called_ok(bare: Scene) -> None:
    """Neither a success without the certificate nor a refusal for its lack is the pair's outcome."""
    open_ = bare.run(**CLIENT)
    assert (open_.outcome, open_.http_status, open_.failed_side) == (LiveOutcome.NOT_RUN, None, None)
    assert "asks for none in the first handshake" in (open_.error or "")
    bare.listener.context.verify_mode = ssl.CERT_REQUIRED
    for highest in ("TLSv1.2", "TLSv1.3"):
        asked = bare.run(**CLIENT, tls_max=highest)
        assert asked.outcome is LiveOutcome.NOT_RUN
        assert (asked.error or "").startswith("all but the client key is proved")
        assert "asks for a client certificate" in (asked.error or "")
    refused = bare.run()
    assert (refused.outcome, refused.failed_side) == (LiveOutcome.FAILED, Side.BEACON)
    assert refused.check == "device.client-certificate-off"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("other-ca", "device.beacon-untrusted"),
        ("name", "beacon.name-mismatch"),
        ("empty-ca-file", "device.ca-file"),
    ],
)
def test_what_fails_before_the_key_matters_fails(bare: Scene, change: str, check: str) -> None:
    changes: dict[str, dict[str, object]] = {
        "other-ca": {"trust": TrustContent(bare.pki.other_ca.read_bytes())},
        "name": {"use": replace(bare.request.use, host="b2.lab.test")},
        "empty-ca-file": {"trust": TrustContent(b"no certificate\n")},
    }
    result = bare.run(**CLIENT, **changes[change])
    assert (result.outcome, result.failed_side, result.check) == (LiveOutcome.FAILED, Side.DEVICE, check), result
    assert not any(line for line, _ in bare.listener.requests), "no request is sent"


def test_the_hashed_directory_counts_as_openssl_reads_it(bare: Scene) -> None:
    content = bare.pki.ca.read_bytes()
    name = subject_hash(ssl.PEM_cert_to_DER_cert(content.decode()))
    good = TrustContent(None, ((f"{name}.0", content),))
    assert bare.run(trust=good, ca_file="").outcome is LiveOutcome.OK
    unseen = TrustContent(None, (("ca.pem", content), ("../../ca.0", content)))
    assert bare.run(trust=unseen, ca_file="").check == "device.beacon-untrusted"
    assert bare.run(trust=unseen, check_server=False).outcome is LiveOutcome.OK


def test_trust_that_was_not_read_proves_nothing(bare: Scene) -> None:
    result = bare.run(trust=TrustContent(missing="/etc/agent/cert.pem"))
    assert result.outcome is LiveOutcome.NOT_RUN
    assert "wasn't read" in (result.error or "")


def test_endings_after_the_handshake_and_before_it(bare: Scene) -> None:
    bare.listener.status = "403 Forbidden"
    assert bare.run().http_status == 403
    bare.listener.reset_after = True
    assert bare.run().failed_side is Side.BEACON
    bare.listener.reset_after, bare.listener.reset_before = False, True
    assert (bare.run().failed_side, bare.run(**CLIENT).outcome) == (Side.NETWORK, LiveOutcome.FAILED)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    closed = bare.run(**CLIENT, use=replace(bare.request.use, address=f"127.0.0.1:{port}"))
    assert (closed.outcome, closed.failed_side) == (LiveOutcome.FAILED, Side.NETWORK)


def test_a_mute_port_ends_in_time(bare: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        use = replace(bare.request.use, address=f"127.0.0.1:{mute.getsockname()[1]}")
        result = bare.run(use=use, timeout_seconds=2)
    assert (result.outcome, result.failed_side, result.error) == (
        LiveOutcome.FAILED,
        Side.NETWORK,
        "no answer in time",
    )


def test_a_server_that_forwards_nothing_cannot_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(
        "adapters.ssh.probe.library",
        lambda name: library(name).replace("has() {", "has() {\ncase $1 in curl | openssl) return 1 ;; esac"),
    )
    monkeypatch.setattr("fixtures.lab.ssh.server.SshFaults", lambda: SshFaults(no_forwarding=True))
    with place("asyncssh", tmp_path) as served:
        use = PairUse("d1", "b1", HOST, 443, address="127.0.0.1:9")
        request = ProbeRequest(
            use, "Launcher", "ManageSoftDL", False, True, False, "", "", "", "", trust=TrustContent()
        )
        result = served.gateway().probe(served.device, request)
    assert result.outcome is LiveOutcome.NOT_RUN
    assert "AllowTcpForwarding" in (result.error or "")
