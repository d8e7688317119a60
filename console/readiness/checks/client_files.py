"""The device's own certificate and key: the first thing that its TLS library loads, whatever the beacon asks for."""

from __future__ import annotations

from console.agent.preferences import CLIENT_CERTIFICATE, CLIENT_KEY
from console.agent.snapshot import FileFact, FileState, KeyFact
from console.pki import strength
from console.pki.certificates import certificate
from console.pki.loading import LoadedFile, describe_head
from console.readiness.about import about
from console.readiness.case import Case
from console.readiness.client_file_remedies import file_remedy
from console.readiness.device_view import FileProblem, file_problem
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, Severity, check

_NEEDS = (Need.HTTPS, Need.DEVICE, Need.CLIENT_CERTIFICATE)
_HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _path(case: Case, preference: str) -> str:
    return case.preferences.value(preference).value or "" if case.preferences is not None else ""


def _named(case: Case, preference: str) -> str:
    value = case.preferences.value(preference) if case.preferences is not None else None
    return f"{value.preference.name} ({clean(value.value or 'not set', 200)})" if value is not None else preference


def from_problem(problem: FileProblem, what: str, named: str, remedy: str = "") -> Outcome:
    """A file that can't be used, or of which that isn't known."""
    evidence = {"file": named}
    if problem.kind == "missing":
        return failed(f"{what} doesn't exist: {named}", remedy=remedy, evidence=evidence)
    text = clean(problem.text, 250)
    if problem.certain:
        return failed(f"{what} can't be used, {text}: {named}", remedy=remedy, evidence=evidence)
    return unknown(f"{what} may be unusable, {text}: {named}", evidence=evidence)


def _key(case: Case) -> KeyFact | None:
    return case.device.snapshot.key(_path(case, CLIENT_KEY)) if case.device is not None else None


def _certificate_fact(case: Case) -> FileFact | None:
    return case.device.snapshot.file(_path(case, CLIENT_CERTIFICATE)) if case.device is not None else None


@check(
    "device.client-certificate-file",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The client certificate file exists, is a file, and the agent's account can read it.",
    source="handshake.md D-PATH-01, D-PATH-02, D-PATH-03 (measured: T227, T229)",
    remedy="Put the certificate there, correct the path in config.ini, or let the agent's account read it.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_certificate_file(case: Case) -> Outcome:
    named = _named(case, CLIENT_CERTIFICATE)
    if not _path(case, CLIENT_CERTIFICATE):
        return unknown(f"{named}: where the agent finds its certificate isn't known")
    problem = file_problem(_certificate_fact(case))
    if problem is not None:
        remedy = file_remedy(case, CLIENT_CERTIFICATE, problem, _certificate_fact(case))
        return from_problem(problem, "The client certificate file", named, remedy)
    return passed(f"{named} is there and readable")


@check(
    "device.client-key-file",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The private key file exists, is a file, and the agent's account can read it.",
    source="handshake.md D-PATH-01, D-PATH-03 (measured: T175, T213, T225)",
    remedy="Put the key there, correct the path in config.ini, or let the agent's account (and it alone) read it.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_key_file(case: Case) -> Outcome:
    named = _named(case, CLIENT_KEY)
    if not _path(case, CLIENT_KEY):
        return unknown(f"{named}: where the agent finds its key isn't known")
    key = _key(case)
    problem = file_problem(key.file if key is not None else None)
    if problem is not None:
        remedy = file_remedy(case, CLIENT_KEY, problem, key.file if key is not None else None)
        return from_problem(problem, "The private key file", named, remedy)
    return passed(f"{named} is there and readable")


@check(
    "device.client-certificate-unreadable",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The client certificate file is PEM as OpenSSL reads it, and every block in it is whole.",
    source="handshake.md D-CRT-01, D-PEM-02, D-PEM-03 (measured: T177, T179, T185, T189)",
    remedy="Write the file as PEM: the device's certificate first, then its intermediates, one block after another.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_certificate_unreadable(case: Case) -> Outcome:
    named = _named(case, CLIENT_CERTIFICATE)
    fact = _certificate_fact(case)
    if fact is None or fact.state is not FileState.PRESENT:
        return not_applicable("There is no client certificate file to read")
    if fact.content is None:
        return failed(f"The client certificate file isn't PEM: {describe_head(fact.head)}: {named}")
    errors = [chain for chain in case.client_chains if chain.error]
    if errors and len(errors) == len(case.client_chains):
        return failed(f"The client certificate file is damaged: {_block(errors[0])}: {named}")
    if errors:
        return unknown(
            "The client certificate file begins with a byte order mark: OpenSSL 3.0 reads it, older ones don't, and "
            f"the device's version wasn't observed: {named}",
            remedy="Remove the byte order mark.",
        )
    if any(chain.bom for chain in case.client_chains):
        return warned(f"A byte order mark begins the certificate file; OpenSSL before 3.0 can't read it: {named}")
    return passed(f"{named} holds {len(case.client_chain)} certificate(s)")


def _block(loaded: LoadedFile) -> str:
    return f"block {loaded.error_block}: {loaded.error}" if loaded.error_block else loaded.error


@check(
    "device.client-key-unusable",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The key file holds a private key in PEM that isn't encrypted (there is no preference for a passphrase).",
    source="handshake.md D-KEY-01, D-KEY-02, D-KEY-04 (measured: T171, T178, T187)",
    remedy="Put the unencrypted private key there as PEM (on the device: openssl pkey -in OLD -out NEW), mode 0600.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_key_unusable(case: Case) -> Outcome:
    named = _named(case, CLIENT_KEY)
    key = _key(case)
    if key is None or (file_problem(key.file) is not None and key.file.state is not FileState.UNREADABLE):
        return not_applicable("There is no private key file to load")
    labels = ", ".join(clean(label, 40) for label in key.labels[:4])
    if key.encrypted or "ENCRYPTED" in next(iter(_private(key)), ""):
        return failed(
            f"The private key is protected by a passphrase, which the agent can't give: {named}",
            evidence={"labels": labels},
        )
    if key.spki_sha256 and key.spki_sha256 != _HASH_OF_NOTHING:
        if odd := _odd_label(case, key):
            return failed(f"{odd}: {named}", evidence={"labels": labels})
        return passed(f"{named} loads on the device", {"by": key.how})
    if not any(label.endswith("PRIVATE KEY") for label in key.labels):
        what = f"{labels}" if labels else describe_head(key.file.head)
        if key.file.head[:3] == b"\xef\xbb\xbf" and key.file.head[3:4] != b"\xef" and not key.how:  # one mark alone
            return unknown(f"{named} begins with a byte order mark; whether the device can load it wasn't observed")
        return failed(f"The key file holds no private key in PEM ({what}): {named}", evidence={"labels": labels})
    if case.device is not None and case.device.snapshot.tls.openssl and key.file.state is FileState.PRESENT:
        return failed(
            f"The device's own OpenSSL can't load the private key: {named}", evidence={"said": key.why_unknown}
        )
    why = clean(key.why_unknown) or "no tool there could load it"
    return unknown(f"Whether {named} loads wasn't found out on the device: {why}")


def _odd_label(case: Case, key: KeyFact) -> str:
    """The label promises another kind of key than there is: `openssl pkey` loads it, the TLS library doesn't."""
    place = _place_of_key(case)
    labels = _private(key)
    if place is None or not labels:
        return ""
    kind = certificate(case.client_chain[place]).key_kind
    if not kind or {"PRIVATE KEY", f"{kind.upper()} PRIVATE KEY"} & {*labels}:
        return ""
    return f"The key's BEGIN line says “{clean(labels[0], 40)}”, but it is of the kind {kind}"


def _private(key: KeyFact) -> tuple[str, ...]:
    """Labels of private keys, in order; one that can't be decoded is passed over for the next."""
    return tuple(label for label in key.labels if label.endswith("PRIVATE KEY"))


@check(
    "device.client-certificate-order",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The first certificate of the file is the device's own; CA certificates come after it.",
    source="handshake.md D-CRT-02 (measured: T191; OpenSSL reports it as a key error)",
    remedy="Reorder the file: the certificate that belongs to the key first, then its intermediates.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_certificate_order(case: Case) -> Outcome:
    place = _place_of_key(case)
    if place is None:
        return not_applicable("The key's public half isn't known, or fits no certificate of the file")
    if place > 0:
        return failed(
            f"Wrong order: the key fits certificate {place + 1} of the file, the first is used: "
            f"{_named(case, CLIENT_CERTIFICATE)}"
        )
    return passed("The first certificate of the file is the device's own")


@check(
    "device.client-key-mismatch",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="The private key belongs to the first certificate (public keys compared; the key stays on the device).",
    source="handshake.md D-KEY-03 (measured: T169)",
    remedy="Put the key that belongs to the certificate there, or have a certificate issued for this key.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_key_mismatch(case: Case) -> Outcome:
    key = _key(case)
    if key is None or not case.client_chain or key.encrypted:
        return not_applicable("There is no certificate, or no key, to compare")
    if not key.spki_sha256 or key.spki_sha256 == _HASH_OF_NOTHING:
        if file_problem(key.file) is not None or not any(label.endswith("PRIVATE KEY") for label in key.labels):
            return not_applicable("The key can't be loaded")
        return unknown(
            f"Whether key and certificate belong together wasn't found out: {clean(key.why_unknown) or 'no tool'}"
        )
    place = _place_of_key(case)
    if place == 0:
        return passed("The key belongs to the certificate")
    if place is not None:
        return not_applicable("The key belongs to a later certificate of the file")
    return failed(
        "The private key belongs to none of the certificates in the file",
        evidence={
            "files": f"{_named(case, CLIENT_KEY)}, {_named(case, CLIENT_CERTIFICATE)}",
            **about(certificate(case.client_chain[0])),
            "public key of the key file (SHA-256)": key.spki_sha256,
            "public key of the certificate (SHA-256)": certificate(case.client_chain[0]).spki_sha256,
        },
    )


def _place_of_key(case: Case) -> int | None:
    """Which certificate of the file, from 0, the key belongs to."""
    key = _key(case)
    if key is None or not key.spki_sha256 or key.spki_sha256 == _HASH_OF_NOTHING:
        return None
    hashes = [certificate(der).spki_sha256 for der in case.client_chain]
    return hashes.index(key.spki_sha256.lower()) if key.spki_sha256.lower() in hashes else None


@check(
    "device.client-certificate-weak",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=Side.DEVICE,
    rule="Keys and signatures in the client certificate file are strong enough for the device's security level.",
    source="handshake.md K-03 (measured: T217, T219: OpenSSL refuses to load them)",
    remedy="Have the certificate reissued with RSA 2048 or more (or P-256) and SHA-256.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_certificate_weak(case: Case) -> Outcome:
    if not case.client_chain or case.device is None:
        return not_applicable("No client certificate can be loaded")
    stack = case.device.stack
    weak = {level: weak_at(case.client_chain, level, stack.before_3) for level in stack.levels}
    found = [text for text in weak.values() if text]
    if not found:
        return passed("The client certificate is strong enough")
    if len(found) == len(weak):
        return failed(f"OpenSSL won't load the client certificate at security level {min(weak)}: {found[0]}")
    bad = min(level for level, text in weak.items() if text)
    return unknown(f"{found[0]}, refused from security level {bad} on; the device's level wasn't observed")


def weak_at(chain: tuple[bytes, ...], level: int, before_3: bool) -> str:
    """The first certificate that OpenSSL won't send at this security level, as half a sentence; empty: none."""
    needed = strength.needed_bits(level)
    for der in chain:
        facts = certificate(der)
        bits = strength.key_bits(facts, before_3=before_3)
        if bits is not None and bits < needed:
            return f"the key of “{clean(facts.label, 80)}” is too weak ({facts.key_kind} {facts.key_bits})"
        digest = strength.digest_bits(facts, before_3=before_3)
        if not facts.self_signed and digest is not None and digest < needed:
            return f"the signature of “{clean(facts.label, 80)}” is too weak ({facts.digest})"
    return ""


@check(
    "device.client-key-exposed",
    step=Step.CLIENT_FILES,
    side=Side.DEVICE,
    refused_by=None,
    severity=Severity.RISK,
    rule="Nobody but the agent's account may read or write the private key.",
    source="handshake.md D-PATH-04",
    remedy="chmod 600 the key file, with the agent's account as its owner.",
    needs=_NEEDS,
    part=Part.DEVICE,
)
def client_key_exposed(case: Case) -> Outcome:
    key = _key(case)
    if key is None or key.file.state is not FileState.PRESENT:
        return not_applicable("There is no private key file")
    if key.file.mode is None:
        return unknown("The key file's mode wasn't observed")
    if key.file.mode & 0o022:
        return warned(
            f"Others may write the private key (mode {key.file.mode & 0o7777:04o})",
            remedy=_chmod(case),
            evidence={"file": _named(case, CLIENT_KEY), "owner": f"{key.file.owner}:{key.file.group}"},
        )
    if key.file.mode & 0o044:
        return warned(
            f"Others may read the private key (mode {key.file.mode & 0o7777:04o})",
            remedy=_chmod(case),
            evidence={"file": _named(case, CLIENT_KEY), "owner": f"{key.file.owner}:{key.file.group}"},
        )
    return passed("The private key is closed to others")


def _chmod(case: Case) -> str:
    user = clean(case.device.snapshot.agent_user, 40) if case.device is not None else ""
    owner = f", with {user} as its owner" if user else ""
    return f"chmod 600 {clean(_path(case, CLIENT_KEY), 200)}{owner}."
