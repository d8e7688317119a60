"""The device's CA file and CA directory: what its TLS library gets out of them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from console.agent.snapshot import FileState
from console.identity import Same
from console.pki.certificates import certificate, subject_hash
from console.pki.loading import describe_head, load_directory_entry
from console.readiness.about import about
from console.readiness.case import Case
from console.readiness.checks.client_files import from_problem
from console.readiness.device_view import TrustSet, file_problem
from console.readiness.directory import invisible_entries, is_there
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_NEEDS = (Need.HTTPS, Need.DEVICE, Need.SERVER_CHECK)


@check(
    "device.ca-file",
    step=Step.TRUST_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="A CA file that is set exists and the agent's account can read it, whatever the CA directory holds.",
    source="handshake.md T-FILE-01 (measured: T061)",
    remedy="Put the CA certificates there, correct SSLCACertificateFile, or let the agent's account read it.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def ca_file(case: Case) -> Outcome:
    if case.device is None or case.preferences is None:
        return unknown("config.ini wasn't observed")
    path = case.device.ca_file(case.preferences)
    if not path:
        where = clean(case.preferences.ca_file, 200)
        return passed(
            f"No CA file is in use (the built-in one, {where}, isn't there)" if where else "No CA file is in use"
        )
    problem = file_problem(case.device.snapshot.file(path))
    if problem is None:
        return passed(f"The CA file {clean(path, 200)} is there and readable")
    return from_problem(problem, "The CA file", clean(path, 200))


@check(
    "device.ca-file-unreadable",
    step=Step.TRUST_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The CA file is PEM as OpenSSL reads it; one bad block anywhere makes OpenSSL refuse all of it.",
    source="handshake.md T-FILE-01, D-PEM-02, D-PEM-03, D-PEM-04 (measured: T063 to T088)",
    remedy="Rewrite the file as PEM: whole BEGIN/END CERTIFICATE blocks, each line end LF, nothing damaged.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def ca_file_unreadable(case: Case) -> Outcome:
    if case.device is None or case.preferences is None:
        return unknown("config.ini wasn't observed")
    path = case.device.ca_file(case.preferences)
    fact = case.device.snapshot.file(path) if path else None
    if fact is None or fact.state is not FileState.PRESENT:
        return not_applicable("There is no CA file to read")
    shown = clean(path, 200)
    if fact.content is None:
        if fact.size == 0:
            return failed(f"The CA file is empty: {shown}")
        return failed(f"The CA file isn't PEM: {describe_head(fact.head)}: {shown}")
    readings = [case.device.trust(case.preferences, skips_bom=skips) for skips in case.device.stack.skips_bom]
    loaded = [reading.file for reading in readings if reading.file is not None]
    errors = [file for file in loaded if file.error]
    if errors and len(errors) == len(loaded):
        at = f"block {errors[0].error_block}: " if errors[0].error_block else ""
        return failed(f"OpenSSL refuses the CA file: {at}{errors[0].error}: {shown}")
    if errors:
        return unknown(
            "The CA file begins with a byte order mark: OpenSSL 3.0 reads it, older versions don't, and the device's "
            f"version wasn't observed: {shown}",
            remedy="Remove the byte order mark.",
        )
    if fact.loads is None and any(label.endswith("PRIVATE KEY") for file in loaded for label in file.labels):
        return unknown(
            f"The CA file holds a private key too; whether OpenSSL can decode it wasn't found out: {shown}",
            remedy="Take the private key out of the CA file.",
        )
    if any(file.bom for file in loaded):
        return warned(f"A byte order mark begins the CA file; OpenSSL before 3.0 skips what follows: {shown}")
    return passed(f"The CA file {shown} holds {len(loaded[0].certificates)} certificate(s)")


@check(
    "device.ca-directory-names",
    step=Step.TRUST_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="Of a CA directory only files named by subject hash (HASH.0, HASH.1 …, lower case, without a gap) are seen.",
    source="handshake.md T-DIR-01 (measured: T049, T053, T055)",
    remedy="Run `openssl rehash DIRECTORY` on the device (c_rehash on old ones).",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def ca_directory_names(case: Case) -> Outcome:
    if case.device is None or case.preferences is None:
        return unknown("config.ini wasn't observed")
    path = case.preferences.ca_directory
    fact = case.device.snapshot.directory(path) if path else None
    if fact is None or not is_there(fact):
        return not_applicable("There is no CA directory")
    unseen = invisible_entries(fact)
    wrong = [
        entry.path.rpartition("/")[2]
        for entry in fact.entries
        if entry.content is not None and not _fits(entry.path, entry.content, old=case.device.stack.old_hash)
    ]
    names = sorted({*unseen, *wrong})
    if names:
        shown = ", ".join(clean(name, 60) for name in names[:5])
        return warned(
            f"OpenSSL never finds {shown} in the CA directory: the names aren't subject hashes",
            remedy=f"Run `openssl rehash {clean(path, 200)}` (c_rehash with an old OpenSSL).",
            evidence={"path": path},
        )
    return passed(f"Every CA certificate in {clean(path, 200)} can be found by its name")


def _fits(path: str, content: bytes, *, old: bool) -> bool:
    hashed = path.rpartition("/")[2].partition(".")[0]
    return any(subject_hash(anchor.der, old=old) == hashed for anchor in load_directory_entry(content).certificates)


@check(
    "device.trusted-expiry",
    step=Step.TRUST_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.INFORMATION,
    rule="The CA file holds no certificate that has expired.",
    source="handshake.md T-EXP-01 (measured: T091, T093)",
    remedy="Remove expired certificates from the CA file: they can hide valid ones of the same name.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def trusted_expiry(case: Case) -> Outcome:
    if case.device is None or case.preferences is None:
        return unknown("config.ini wasn't observed")
    trust = case.device.trust(case.preferences, skips_bom=case.device.stack.skips_bom[0])
    if not trust.from_file:
        return not_applicable("No certificate comes from a CA file")
    first_end = _first_end(Same(trust))
    if first_end is None or first_end >= case.device_now:
        return passed("No certificate of the CA file has expired")
    facts = [certificate(anchor.der) for anchor in trust.anchors[: trust.from_file]]
    expired = next(fact for fact in facts if fact.not_after is not None and fact.not_after < case.device_now)
    evidence = {"file": case.device.ca_file(case.preferences), **about(expired)}
    return warned(f"The CA file holds an expired certificate (“{clean(expired.label, 120)}”)", evidence=evidence)


@lru_cache(maxsize=20_000)
def _first_end(trust: Same[TrustSet]) -> datetime | None:
    """Of the certificates that come from the CA file: many devices have the same, with a hundred roots in it."""
    facts = (certificate(anchor.der) for anchor in trust.value.anchors[: trust.value.from_file])
    return min((fact.not_after for fact in facts if fact.not_after is not None), default=None)
