"""What we make of lists and answers, held against the openssl program: every combination of a few good and bad ones."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from console.pki.revocation import read_response
from console.pki.revocation_facts import RevocationMethod, RevocationState, dated
from console.pki.revocation_list import RevocationList
from tests.unit import readiness_kit as kit
from tests.unit.test_pki_revocation import DAY, NOW, responder, response, revocation_list

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl isn't installed")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert OPENSSL is not None
    command = [OPENSSL, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def lists(issuer: kit.Issued, subject: kit.Issued) -> dict[str, Callable[[], bytes]]:
    """Named lists at the address of a certificate, in PEM."""

    def made(*revoked: kit.Issued, by: kit.Issued = issuer, **more: object) -> bytes:
        return revocation_list(by, *revoked, **more).public_bytes(Encoding.PEM)  # type: ignore[arg-type]

    return {
        "good": made,
        "others-revoked": lambda: made(kit.client()),
        "revoked": lambda: made(subject),
        "expired": lambda: made(begin=-3 * DAY, end=-DAY),
        "early": lambda: made(begin=DAY, end=3 * DAY),
        "of-another-ca": lambda: made(by=kit.other_root()),
        "forged": lambda: made(
            by=kit.other_root(), name=issuer.certificate.subject.rfc4514_string().removeprefix("CN=")
        ),
        "none": lambda: b"",
    }


LEAF_LISTS, ISSUING_LISTS = lists(kit.issuing(), kit.server()), lists(kit.root(), kit.issuing())


@pytest.mark.parametrize(("leaf", "issuing"), [*product(LEAF_LISTS, ISSUING_LISTS)])
def test_lists(tmp_path: Path, leaf: str, issuing: str) -> None:
    of_leaf, of_issuing = LEAF_LISTS[leaf](), ISSUING_LISTS[issuing]()
    for name, content in (
        ("root.pem", kit.root().pem),
        ("issuing.pem", kit.issuing().pem),
        ("leaf.pem", kit.server().pem),
        ("lists.pem", of_leaf + of_issuing),
    ):
        (tmp_path / name).write_bytes(content)
    wanted = ["-crl_check_all", "-CRLfile", tmp_path / "lists.pem"] if of_leaf + of_issuing else ["-crl_check_all"]
    said = run(
        "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", tmp_path / "root.pem",
        "-untrusted", tmp_path / "issuing.pem", *wanted, tmp_path / "leaf.pem",
    )  # fmt: skip
    ours = [
        dated(RevocationList(content).says_of(subject.der, issuer.der), RevocationMethod.CRL, NOW).state
        for content, subject, issuer in (
            (of_leaf, kit.server(), kit.issuing()),
            (of_issuing, kit.issuing(), kit.root()),
        )
    ]
    assert (said.returncode == 0) is (set(ours) == {RevocationState.GOOD}), (ours, said.stderr)


RESPONSES: dict[str, Callable[[], bytes]] = {
    "by-the-issuer": lambda: response(kit.issuing()),
    "by-its-responder": lambda: response(responder(kit.issuing())),
    "by-another": lambda: response(responder(kit.other_root())),
    "by-a-server": lambda: response(kit.server()),
    "revoked": lambda: response(kit.issuing(), ocsp.OCSPCertStatus.REVOKED),
    "unknown": lambda: response(kit.issuing(), ocsp.OCSPCertStatus.UNKNOWN),
    "of-another": lambda: response(kit.issuing(), about=kit.client()),
    "expired": lambda: response(kit.issuing(), begin=-3 * DAY, end=-DAY),
    "early": lambda: response(kit.issuing(), begin=DAY, end=3 * DAY),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_responses(tmp_path: Path, name: str) -> None:
    """openssl has no clock of ours for answers: what is dated wrong is compared by what it says alone."""
    content = RESPONSES[name]()
    for file, data in (
        ("root.pem", kit.root().pem),
        ("issuing.pem", kit.issuing().pem),
        ("leaf.pem", kit.server().pem),
        ("answer.der", content),
    ):
        (tmp_path / file).write_bytes(data)
    said = run(
        "ocsp", "-sha256", "-respin", tmp_path / "answer.der", "-issuer", tmp_path / "issuing.pem",
        "-cert", tmp_path / "leaf.pem",
        "-CAfile", tmp_path / "root.pem", "-verify_other", tmp_path / "issuing.pem",
        "-attime", str(int(NOW.timestamp())),
    )  # fmt: skip
    told = said.stdout + said.stderr
    ours = read_response(content, kit.server().der, kit.issuing().der).state
    word = re.search(r"^(?:.*: )?(good|revoked|unknown)$", told, re.MULTILINE)
    theirs = word[1] if word and "Response verify OK" in told else ""
    expected = {RevocationState.GOOD: "good", RevocationState.REVOKED: "revoked", RevocationState.UNKNOWN: "unknown"}
    assert theirs == expected.get(ours, ""), (ours, told)
