"""What evidence says of a certificate: enough to find the very one again, on either machine."""

from __future__ import annotations

from console.pki.certificates import Certificate

_LONGEST = 160
_USES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}


def about(facts: Certificate) -> dict[str, str]:
    """Subject, SHA-256 and validity. Times in ISO form: they are facts of the certificate, no reading of a clock."""
    said = {"subject": facts.subject[:_LONGEST], "SHA-256": facts.sha256}
    if facts.not_before is not None and facts.not_after is not None:
        said["valid"] = f"{facts.not_before:%Y-%m-%dT%H:%M:%SZ} to {facts.not_after:%Y-%m-%dT%H:%M:%SZ}"
    return said


def use_names(facts: Certificate) -> str:
    """Extended key usages by name; empty: the certificate names none."""
    return ", ".join(_USES.get(use, use) for use in facts.extended_key_usage or ())


def strength_of(facts: Certificate) -> str:
    """`rsa 1024, sha1`."""
    return f"{facts.curve or f'{facts.key_kind} {facts.key_bits}'}, {facts.digest}"
