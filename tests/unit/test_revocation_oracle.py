"""What we make of lists and answers, held against the openssl program: every combination of a few good and bad ones."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from console.pki.revocation import read_response
from console.pki.revocation_facts import RevocationMethod, RevocationState, dated
from console.pki.revocation_list import RevocationList
from tests.unit import readiness_kit as kit
from tests.unit.test_pki_revocation import DAY, NOW, responder, response, revocation_list

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl isn't installed")

UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
WORDS = {RevocationState.GOOD: "good", RevocationState.REVOKED: "revoked", RevocationState.UNKNOWN: "unknown"}


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


def place(name: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(f"http://ca.test/{name}.crl")]


RELATIVE = x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "part")])
SOME_REASONS = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise})
EVERY_REASON = frozenset(x509.ReasonFlags) - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
BY_OTHERS: list[x509.GeneralName] = [x509.DirectoryName(kit.other_root().certificate.subject)]
BY_ITS_CA: list[x509.GeneralName] = [x509.DirectoryName(kit.issuing().certificate.subject)]
POINTS: dict[str, Sequence[x509.DistributionPoint]] = {
    "no-point": (),
    "a": [x509.DistributionPoint(place("a"), None, None, None)],
    "b-and-a": [x509.DistributionPoint(place(name), None, None, None) for name in "ba"],
    "relative": [x509.DistributionPoint(None, RELATIVE, None, None)],
    "some-reasons": [x509.DistributionPoint(place("a"), None, SOME_REASONS, None)],
    "every-reason": [x509.DistributionPoint(place("a"), None, EVERY_REASON, None)],
    "of-others": [x509.DistributionPoint(place("a"), None, None, BY_OTHERS)],
    "of-its-ca-by-name": [x509.DistributionPoint(place("a"), None, None, BY_ITS_CA)],
    "no-name": [x509.DistributionPoint(None, None, None, BY_ITS_CA)],
}
"""What a certificate names."""


def scope(
    full: list[x509.GeneralName] | None = None,
    *,
    relative: x509.RelativeDistinguishedName | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    **only: bool,
) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full,
        relative,
        only_contains_user_certs=only.get("users", False),
        only_contains_ca_certs=only.get("authorities", False),
        only_some_reasons=reasons,
        indirect_crl=only.get("indirect", False),
        only_contains_attribute_certs=only.get("attributes", False),
    )


OTHER_KEY = x509.SubjectKeyIdentifier.from_public_key(kit.other_root().certificate.public_key()).digest
OWN_KEY = x509.SubjectKeyIdentifier.from_public_key(kit.issuing().certificate.public_key()).digest
SERIAL, UPWARDS = kit.issuing().certificate.serial_number, [x509.DirectoryName(kit.root().certificate.subject)]
EXTENSIONS: dict[str, Sequence[tuple[x509.ExtensionType, bool]]] = {
    "none": (),
    "part-a": [(scope(place("a")), True)],
    "part-b": [(scope(place("b")), True)],
    "parts-a-and-c": [(scope(place("c") + place("a")), True)],
    "part-a-not-critical": [(scope(place("a")), False)],
    "part-c-not-critical": [(scope(place("c")), False)],
    "relative": [(scope(relative=RELATIVE), True)],
    "users": [(scope(users=True), True)],
    "authorities": [(scope(authorities=True), True)],
    "attributes": [(scope(attributes=True), True)],
    "users-of-part-a": [(scope(place("a"), users=True), True)],
    "some-reasons": [(scope(reasons=SOME_REASONS), True)],
    "indirect": [(scope(indirect=True), True)],
    "unknown": [(UNKNOWN_EXTENSION, False)],
    "unknown-critical": [(UNKNOWN_EXTENSION, True)],
    "number": [(x509.CRLNumber(7), False)],
    "number-critical": [(x509.CRLNumber(7), True)],
    "key": [(x509.AuthorityKeyIdentifier(OWN_KEY, None, None), False)],
    "key-critical": [(x509.AuthorityKeyIdentifier(OWN_KEY, None, None), True)],
    "other-key": [(x509.AuthorityKeyIdentifier(OTHER_KEY, None, None), False)],
    "serial": [(x509.AuthorityKeyIdentifier(None, UPWARDS, SERIAL), False)],
    "other-serial": [(x509.AuthorityKeyIdentifier(None, UPWARDS, SERIAL + 1), False)],
    "other-ca-above": [(x509.AuthorityKeyIdentifier(None, BY_OTHERS, SERIAL), False)],
}
"""Of a list."""
Entry = tuple[bool, Sequence[tuple[x509.ExtensionType, bool]]]
"""Is it of the certificate itself? And its extensions."""
REMOVED, SUPERSEDED = (
    x509.CRLReason(reason) for reason in (x509.ReasonFlags.remove_from_crl, x509.ReasonFlags.superseded)
)
ENTRIES: dict[str, Sequence[Entry]] = {
    "nobody": (),
    "revoked": [(True, ())],
    "with-a-reason": [(True, [(SUPERSEDED, False)])],
    "removed": [(True, [(REMOVED, False)])],
    "reason-critical": [(True, [(SUPERSEDED, True)])],
    "anothers-reason-critical": [(False, [(SUPERSEDED, True)])],
    "anothers-unknown-critical": [(False, [(UNKNOWN_EXTENSION, True)])],
    "of-another-ca": [(True, [(x509.CertificateIssuer(BY_OTHERS), True)])],
    "of-its-ca-by-name": [(True, [(x509.CertificateIssuer(BY_ITS_CA), True)])],
    "after-one-of-another-ca": [(False, [(x509.CertificateIssuer(BY_OTHERS), True)]), (True, ())],
    "after-others-again-its-ca": [
        (False, [(x509.CertificateIssuer(BY_OTHERS), True)]),
        (True, [(x509.CertificateIssuer(BY_ITS_CA), True)]),
    ],
    "twice": [(True, [(x509.CertificateIssuer(BY_OTHERS), True)]), (True, [(x509.CertificateIssuer(BY_ITS_CA), True)])],
}


@cache
def member(kind: str, points: str) -> kit.Issued:
    usages = {"server": [ExtendedKeyUsageOID.SERVER_AUTH], "client": [ExtendedKeyUsageOID.CLIENT_AUTH]}.get(kind)
    more = [(x509.CRLDistributionPoints(POINTS[points]), False)] if POINTS[points] else []
    return kit.issue(kind, kit.issuing(), usages=usages, ca=kind == "authority", more=more)


def crafted(
    issuer: kit.Issued,
    subject: kit.Issued,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    entries: Sequence[Entry],
) -> bytes:
    """A list in PEM."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(NOW - DAY).next_update(NOW + DAY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for own, of_entry in entries:
        serial = subject.certificate.serial_number if own else 4711
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
        for extension, critical in of_entry:
            entry = entry.add_extension(extension, critical=critical)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(cast("ec.EllipticCurvePrivateKey", issuer.key), hashes.SHA256()).public_bytes(Encoding.PEM)


def assert_read_alike(tmp_path: Path, content: bytes, subject: kit.Issued, issuer: kit.Issued) -> None:
    """Good, revoked, or of no use: one list, as a check of the subject alone reads it."""
    (tmp_path / "list.pem").write_bytes(content)
    (tmp_path / "issuer.pem").write_bytes(issuer.pem)
    (tmp_path / "root.pem").write_bytes(kit.root().pem)
    (tmp_path / "member.pem").write_bytes(subject.pem)
    said = run(
        "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", tmp_path / "root.pem",
        "-untrusted", tmp_path / "issuer.pem", "-crl_check", "-CRLfile", tmp_path / "list.pem", tmp_path / "member.pem",
    )  # fmt: skip
    errors = re.findall(r"^error (\d+) at", said.stderr, re.MULTILINE)
    theirs = "good" if said.returncode == 0 else "revoked" if errors == ["23"] else ""
    answer = dated(RevocationList(content).says_of(subject.der, issuer.der), RevocationMethod.CRL, NOW)
    assert theirs == WORDS.get(answer.state, ""), (answer, said.stderr)


@pytest.mark.parametrize("extensions", EXTENSIONS)
def test_extensions_of_lists(tmp_path: Path, extensions: str) -> None:
    """For certificates of beacons, of devices and of CAs; and with any kind of distribution points."""
    cases = [*product(("server", "client", "authority"), ("a",), ("nobody", "revoked"))]
    cases += product(("server",), POINTS.keys() - {"a"}, ("nobody",))
    cases += product(("client",), ("some-reasons", "of-others"), ("revoked",))
    for kind, points, entries in cases:
        subject = member(kind, points)
        content = crafted(kit.issuing(), subject, EXTENSIONS[extensions], ENTRIES[entries])
        assert_read_alike(tmp_path, content, subject, kit.issuing())


def test_a_delta_list_says_nothing_alone_though_openssl_takes_it_for_a_complete_one() -> None:
    """The one thing in which we're stricter than openssl without its support of deltas [RFC 5280 5.2.4]."""
    for kind, entries in product(("server", "client"), ("nobody", "revoked")):
        subject = member(kind, "a")
        content = crafted(kit.issuing(), subject, [(x509.DeltaCRLIndicator(1), True)], ENTRIES[entries])
        state = RevocationList(content).says_of(subject.der, kit.issuing().der).state
        assert state is RevocationState.WRONG_SCOPE


@pytest.mark.parametrize("entries", ENTRIES)
def test_entries_of_lists(tmp_path: Path, entries: str) -> None:
    for kind, extensions in product(("server", "client"), ("none", "indirect")):
        subject = member(kind, "a")
        content = crafted(kit.issuing(), subject, EXTENSIONS[extensions], ENTRIES[entries])
        assert_read_alike(tmp_path, content, subject, kit.issuing())


@pytest.mark.parametrize("kind", ["server", "client"])
@pytest.mark.parametrize("key_usage", [("key_cert_sign", "crl_sign"), ("key_cert_sign",), ("digital_signature",)])
def test_only_a_ca_that_may_sign_lists_is_believed(tmp_path: Path, key_usage: Sequence[str], kind: str) -> None:
    usage = [*key_usage, "key_cert_sign"]
    issuer = kit.issue("Corp Careful", kit.root(), ca=True, days=(-1000, 3000), key_usage=usage)
    subject = kit.issue(kind, issuer)
    for entries in ("nobody", "revoked"):
        assert_read_alike(tmp_path, crafted(issuer, subject, (), ENTRIES[entries]), subject, issuer)


Response = Callable[[kit.Issued], bytes]
"""Of a certificate that the issuing CA has issued."""


def delegated(*, days: tuple[float, float] = (-10, 400), more: bool = False) -> kit.Issued:
    extensions = [(UNKNOWN_EXTENSION, True)] if more else []
    return kit.issue("Responder", kit.issuing(), usages=[ExtendedKeyUsageOID.OCSP_SIGNING], days=days, more=extensions)


def renamed() -> kit.Issued:
    """The issuing CA's key under another name."""
    return kit.issue("Renamed", None, ca=True, key=kit.issuing().key)


REVOKED, UNKNOWN = ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN
RESPONSES: dict[str, Response] = {
    "by-the-issuer": lambda of: response(kit.issuing(), about=of),
    "by-the-issuer-by-name": lambda of: response(kit.issuing(), about=of, by_name=True),
    "by-its-responder": lambda of: response(responder(kit.issuing()), about=of),
    "by-its-responder-by-name": lambda of: response(delegated(), about=of, by_name=True),
    "by-an-old-responder": lambda of: response(delegated(days=(-30, -1)), about=of),
    "by-an-old-responder-revoked": lambda of: response(delegated(days=(-30, -1)), REVOKED, about=of),
    "by-an-early-responder": lambda of: response(delegated(days=(1, 30)), about=of),
    "by-a-responder-with-an-unknown-critical-extension": lambda of: response(delegated(more=True), about=of),
    "by-another": lambda of: response(responder(kit.other_root()), about=of),
    "by-a-server": lambda of: response(kit.server(), about=of),
    "says-another-signed-by-name": lambda of: response(kit.issuing(), about=of, named=renamed(), by_name=True),
    "revoked": lambda of: response(kit.issuing(), REVOKED, about=of),
    "unknown": lambda of: response(kit.issuing(), UNKNOWN, about=of),
    "of-another": lambda _: response(kit.issuing(), about=kit.issue("another", kit.issuing())),
    "of-another-ca": lambda of: response(kit.issuing(), about=of, issuer=kit.other_root()),
    "of-another-ca-by-a-responder": lambda of: response(delegated(), about=of, issuer=kit.root()),
    "by-another-hash": lambda of: response(kit.issuing(), about=of, digest=hashes.SHA256()),
    "expired": lambda of: response(kit.issuing(), about=of, begin=-3 * DAY, end=-DAY),
    "early": lambda of: response(kit.issuing(), about=of, begin=DAY, end=3 * DAY),
}


def told_by_openssl(tmp_path: Path, content: bytes, subject: kit.Issued) -> tuple[str, str]:
    """good, revoked, unknown or nothing; and all that was said."""
    write(tmp_path, subject)
    (tmp_path / "answer.der").write_bytes(content)
    said = run(
        "ocsp", "-respin", tmp_path / "answer.der", "-issuer", tmp_path / "issuing.pem",
        "-cert", tmp_path / "leaf.pem",
        "-CAfile", tmp_path / "root.pem", "-verify_other", tmp_path / "issuing.pem",
        "-attime", str(int(NOW.timestamp())),
    )  # fmt: skip
    told = said.stdout + said.stderr
    word = re.search(r"^(?:.*: )?(good|revoked|unknown)$", told, re.MULTILINE)
    return (word[1] if word and "Response verify OK" in told else ""), told


def write(tmp_path: Path, leaf: kit.Issued) -> None:
    for file, one in (("root.pem", kit.root()), ("issuing.pem", kit.issuing()), ("leaf.pem", leaf)):
        (tmp_path / file).write_bytes(one.pem)


@pytest.mark.parametrize("subject", [kit.server, kit.client], ids=["server", "client"])
@pytest.mark.parametrize("name", RESPONSES)
def test_responses(tmp_path: Path, name: str, subject: Callable[[], kit.Issued]) -> None:
    """openssl has no clock of ours for answers: what is dated wrong is compared by what it says alone. It has one for
    the responder's certificate."""
    content = RESPONSES[name](subject())
    theirs, told = told_by_openssl(tmp_path, content, subject())
    answer = read_response(content, subject().der, kit.issuing().der)
    ours = dated(replace(answer, this_update=None, next_update=None), RevocationMethod.OCSP, NOW).state
    assert theirs == WORDS.get(ours, ""), (ours, told)


def test_one_response_may_be_of_several_certificates(tmp_path: Path) -> None:
    """Made by openssl itself: of the server's and the client's, the second of them revoked."""
    write(tmp_path, kit.server())
    (tmp_path / "client.pem").write_bytes(kit.client().pem)
    (tmp_path / "key.pem").write_bytes(kit.issuing().key_pem)
    serials = [f"{one.certificate.serial_number:X}" for one in (kit.server(), kit.client())]
    serials = [serial.zfill(len(serial) + len(serial) % 2) for serial in serials]
    (tmp_path / "index.txt").write_text(
        f"V\t361124120000Z\t\t{serials[0]}\tunknown\t/CN=a\n"
        f"R\t361124120000Z\t261120120000Z\t{serials[1]}\tunknown\t/CN=b\n",
        encoding="ascii",
    )
    issuing = tmp_path / "issuing.pem"
    made = run(
        "ocsp", "-index", tmp_path / "index.txt", "-CA", issuing, "-rsigner", issuing, "-rkey", tmp_path / "key.pem",
        "-issuer", issuing, "-cert", tmp_path / "leaf.pem", "-cert", tmp_path / "client.pem",
        "-ndays", "1", "-respout", tmp_path / "both.der", "-noverify",
    )  # fmt: skip
    content = (tmp_path / "both.der").read_bytes()
    found = [read_response(content, one.der, kit.issuing().der).state for one in (kit.server(), kit.client())]
    assert found == [RevocationState.GOOD, RevocationState.REVOKED], made.stderr
