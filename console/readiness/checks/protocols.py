"""TLS versions, ciphers and kinds of keys that both sides can speak."""

from __future__ import annotations

from console.pki.certificates import certificate
from console.pki.cipher_names import key_kind
from console.pki.strength import OFFERED_CURVES
from console.readiness.beacon_view import ClientMode
from console.readiness.case import Case
from console.readiness.ciphers import Shared, offered, offered_by_every_library, shared
from console.readiness.model import Side, Step
from console.readiness.outcome import Outcome, clean, failed, not_applicable, passed, unknown, warned
from console.readiness.registry import Need, Part, check
from console.readiness.stack import VERSIONS


@check(
    "pair.tls-version",
    step=Step.HELLO,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule="Device and beacon have a TLS version in common.",
    source="handshake.md P-TLS-01, P-TLS-02, B-TLS-01 (measured: T239 to T244)",
    remedy="Update the device's TLS library (TLS 1.2 needs OpenSSL 1.0.1), or enable TLS 1.2 on the beacon.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def tls_version(case: Case) -> Outcome:
    if case.device is None or case.endpoint is None or case.endpoint.versions is None:
        return unknown("The beacon's TLS versions weren't observed")
    stack = case.device.stack
    speaks = dict(zip(VERSIONS, stack.speaks, strict=True))
    accepts = case.endpoint.versions
    evidence = {
        "beacon": ", ".join(accepts) or "none",
        "device": ", ".join(version for version in VERSIONS if speaks[version]) or "not observed",
        "library": stack.described,
    }
    common = [version for version in accepts if speaks.get(version)]
    if common:
        return passed(f"Both speak {common[-1]}", evidence)
    if any(speaks.get(version) is None for version in accepts):
        return unknown(
            f"The beacon takes {evidence['beacon']}; which TLS versions the device speaks wasn't observed "
            "(no openssl or curl seen there)",
            evidence=evidence,
        )
    if any(begins for version, begins in zip(VERSIONS, stack.begins, strict=True) if version in accepts):
        return not_applicable("A handshake begins; where it ends, pair.old-tls-signatures tells")
    return failed(
        f"No TLS version in common: the beacon takes {evidence['beacon']}, the device speaks others", evidence=evidence
    )


@check(
    "pair.server-key-curve",
    step=Step.HELLO,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule="The device offers the kind of key in the beacon's certificate (P-256, P-384, P-521, RSA, Ed25519).",
    source="handshake.md K-02, P-TLS-03 (measured: T157 to T165)",
    remedy="Have the beacon's certificate reissued with RSA 2048 or P-256.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def server_key_curve(case: Case) -> Outcome:
    leaf = case.endpoint.leaf if case.endpoint is not None else b""
    if not leaf:
        return unknown("The beacon's certificate wasn't seen")
    facts = certificate(leaf)
    openssl = case.device.stack.openssl if case.device is not None else None
    if facts.key_kind == "ec" and facts.curve not in OFFERED_CURVES:
        if openssl is not None and openssl < (1, 1, 0):
            return unknown(f"The beacon's key is on {facts.curve}; whether so old an OpenSSL offers it isn't known")
        return failed(f"The beacon's key is on the curve {facts.curve}, which the device doesn't offer")
    if facts.key_kind == "dsa":
        if openssl is None or openssl < (1, 1, 0):
            return unknown("The beacon's key is a DSA key; whether the device's library still offers it isn't known")
        return failed("The beacon's key is a DSA key, for which OpenSSL offers no cipher from 1.1.0 on")
    if facts.key_kind in ("ed25519", "ed448"):
        if openssl is None:
            return unknown(
                f"The beacon's key is {facts.key_kind}, known from OpenSSL 1.1.1 on; the device's isn't known"
            )
        if openssl < (1, 1, 1):
            return failed(f"The beacon's key is {facts.key_kind}, which OpenSSL knows from 1.1.1 on")
    if not facts.key_kind:
        return not_applicable("The kind of the beacon's key isn't one that this rule knows")
    return passed(f"The device offers the kind of the beacon's key ({facts.curve or facts.key_kind})")


@check(
    "pair.cipher",
    step=Step.HELLO,
    side=Side.PAIR,
    refused_by=Side.PAIR,
    rule=(
        "On TLS 1.2 device and beacon have a cipher in common for the kind of key in the beacon's certificate, as far "
        "as either lists its ciphers (CipherString of openssl.cnf; Windows' order of cipher suites)."
    ),
    source="handshake.md P-TLS-03; windows.md 2.5 (TLS 1.3 ciphers fit every key)",
    remedy="Widen CipherString in the device's openssl.cnf (DEFAULT), or have the beacon's certificate reissued.",
    needs=(Need.HTTPS, Need.DEVICE),
    part=Part.TRUST,
)
def cipher(case: Case) -> Outcome:
    leaf = case.endpoint.leaf if case.endpoint is not None else b""
    if case.device is None or case.endpoint is None or not leaf:
        return unknown("The beacon's certificate wasn't seen")
    versions = case.newest_version
    if not versions or versions == ("TLSv1.3",):
        return not_applicable("TLS 1.3 is negotiated, or no version at all")
    listed = case.device.stack.ciphers
    names = offered(listed) if listed else offered_by_every_library()
    kind = "rsa" if certificate(leaf).key_kind == "rsa" else "ecdsa"
    if names is None:
        return unknown(f"The device's cipher list isn't understood: {clean(listed, 120)}")
    evidence = {"device": listed or "its library's own ciphers", "versions": ", ".join(versions)}
    if names and not any(key_kind(name) == kind for name in names):
        return failed(
            f"The device's cipher list has none for the beacon's {kind.upper()} key, and TLS 1.2 needs one",
            evidence=evidence,
        )
    suites = case.endpoint.snapshot.schannel.cipher_suites
    if suites is not None and names:
        return _common_cipher(case, shared(names, suites, kind, versions[-1]), kind, evidence)
    if not listed:
        return passed("The device's library offers its own ciphers, for RSA and ECDSA keys")
    return passed(f"The device offers ciphers for {kind.upper()} keys", evidence)


_SUITES = "Add suites for this kind of key to the beacon's SSL Cipher Suite Order (group policy), or remove the policy."


def _common_cipher(case: Case, found: Shared, kind: str, evidence: dict[str, str]) -> Outcome:
    """By the lists of both; that of the device is complete only where it is configured."""
    evidence = evidence | {"beacon": ", ".join(sorted(found.beacon)) or "none for this kind of key"}
    if found.both:
        return passed(
            f"Both have ciphers for {kind.upper()} keys", evidence | {"common": ", ".join(sorted(found.both))}
        )
    if not found.beacon and case.endpoint is not None and case.endpoint.tls_seen:
        return passed("The beacon answered the console's hello with a cipher that its list doesn't show", evidence)
    if len(case.newest_version) > 1:
        return unknown("No TLS 1.2 cipher in common; whether they speak TLS 1.3 wasn't observed", evidence=evidence)
    if not found.beacon:
        return failed(
            f"The beacon's cipher suites have none for its own {kind.upper()} key on {case.newest_version[0]}",
            side=Side.BEACON,
            remedy=_SUITES,
            evidence=evidence,
        )
    if case.device is None or not case.device.stack.ciphers:
        return unknown(
            "Whether the device's library has one of the beacon's ciphers wasn't observed", evidence=evidence
        )
    return failed("No cipher in common for the beacon's key", evidence=evidence)


@check(
    "pair.client-key-kind",
    step=Step.CLIENT_CERTIFICATE,
    side=Side.PAIR,
    refused_by=Side.BEACON,
    rule=(
        "The device's key is of a kind that a handshake can use and Windows is known to take: RSA, P-256, P-384 or "
        "P-521. With another curve OpenSSL sends no certificate on TLS 1.3; on TLS 1.2 the beacon breaks off."
    ),
    source="handshake.md K-04 (curves measured; whether Schannel takes Ed25519, which OpenSSL sends, isn't known)",
    remedy="Have the device's certificate reissued for an RSA 2048 or P-256 key.",
    needs=(Need.HTTPS, Need.DEVICE, Need.CLIENT_CERTIFICATE),
)
def client_key_kind(case: Case) -> Outcome:
    if not case.client_chain:
        return not_applicable("No client certificate can be loaded")
    facts = certificate(case.client_chain[0])
    if not facts.key_kind:
        return unknown("The kind of the device's key can't be read")
    if facts.key_kind == "rsa" or facts.curve in OFFERED_CURVES:
        return passed(f"Windows takes the kind of the device's key ({facts.curve or facts.key_kind})")
    if case.mode is ClientMode.IGNORE and not (case.endpoint is not None and case.endpoint.asks_first):
        return not_applicable("The beacon doesn't ask for a client certificate here")
    if facts.key_kind == "ec":
        return _odd_curve(case, facts.curve)
    if facts.key_kind == "dsa" and case.newest_version == ("TLSv1.3",) and case.mode is ClientMode.REQUIRE:
        text = "The device's key is a DSA key, which can't be shown on TLS 1.3, and the beacon requires a certificate"
        return failed(text, side=Side.DEVICE)
    return warned(f"Windows may not take the device's {facts.key_kind} key in a client certificate", risk=True)


def _odd_curve(case: Case, curve: str) -> Outcome:
    text = f"The device's key is on the curve {clean(curve, 40)}, which no beacon takes"
    if case.mode is None or not case.newest_version:
        return unknown(f"{text}; whether the beacon asks for a certificate, and by which TLS version, wasn't observed")
    if case.mode is ClientMode.REQUIRE:
        return failed(f"{text}, and the beacon requires a certificate", side=Side.DEVICE)
    if "TLSv1.3" not in case.newest_version:
        return failed(f"{text}: it breaks the handshake off", side=Side.DEVICE)
    if len(case.newest_version) > 1:
        return unknown(f"{text}; whether they speak TLS 1.3, on which none is sent, wasn't observed")
    return warned(f"{text}: on TLS 1.3 the device sends no certificate, on TLS 1.2 the handshake fails", risk=True)
