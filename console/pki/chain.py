"""Is a chain trusted? pyOpenSSL's X509StoreContext decides; what it has no public way to be asked, this module adds.

Added: purpose (extended key usage, key usage, Netscape type), limits of TRUSTED CERTIFICATE blocks and the security
level, all applied to the chain that OpenSSL built, in OpenSSL's own way (crypto/x509/x509_vfy.c, x509_trust.c,
v3_purp.c). Agreement with real handshakes: docs/truth.md.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from OpenSSL import crypto

from console.identity import Same
from console.pki import strength
from console.pki.certificates import ANY_USE, CLIENT_AUTH, SERVER_AUTH, Certificate, certificate, openssl_certificate
from console.pki.loading import Anchor

_NETSCAPE_BIT = {SERVER_AUTH: 0x40, CLIENT_AUTH: 0x80}
_GATED_CRYPTO = ("1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1")
"""Server-gated crypto: OpenSSL takes it for server use."""
_TLS_USAGES = frozenset({"digital_signature", "key_encipherment", "key_agreement"})


_CALENDAR_BEGINS = datetime.min.replace(tzinfo=UTC) + timedelta(seconds=1)
_CALENDAR_ENDS = datetime.max.replace(tzinfo=UTC) - timedelta(seconds=1)
"""RFC 5280 4.1.2.5: a certificate that never expires ends 9999-12-31 23:59:59."""


@dataclass(frozen=True, slots=True)
class ChainOptions:
    purpose: str = SERVER_AUTH
    """SERVER_AUTH as OpenSSL checks it; empty: no purpose is asked."""
    partial: bool = True
    """A trusted certificate that isn't self-signed may end the chain."""
    level: int = 0
    """Security level; 0: any."""
    before_3: bool = False
    """The verifier's OpenSSL is older than 3.0."""


@dataclass(frozen=True, slots=True)
class ChainResult:
    ok: bool
    code: int = 0
    """OpenSSL's X509_V_ERR_… number."""
    depth: int = 0
    text: str = ""
    at_fault: bytes = b""
    """The certificate that the error is about, where there is one."""
    chain: tuple[bytes, ...] = ()
    """Leaf first; empty where none was built."""

    @property
    def anchor(self) -> Certificate | None:
        return certificate(self.chain[-1]) if self.chain else None


def verify_chain(
    trust: tuple[Anchor, ...], leaf: bytes, sent: tuple[bytes, ...], at: datetime, options: ChainOptions
) -> ChainResult:
    """Build and check the chain of `leaf`. `sent`: further certificates of the peer, in its order. Never raises."""
    known = _known(Same(trust))
    moment = _same_for(known, leaf, sent, at)
    return _verify(known, leaf, sent, moment, options)


class _Trust:
    """One for equal sets of anchors: itself as a key it's compared and hashed at once, however many they are."""

    def __init__(self, anchors: tuple[Anchor, ...]) -> None:
        self.anchors = anchors
        self.by_der = {anchor.der: anchor for anchor in anchors}
        self.changes = _changes(tuple(self.by_der))


@lru_cache(maxsize=20_000)
def _known(trust: Same[tuple[Anchor, ...]]) -> _Trust:
    return _trust_of(trust.value)


_trust_of = lru_cache(maxsize=20_000)(_Trust)


def _same_for(trust: _Trust, leaf: bytes, sent: tuple[bytes, ...], at: datetime) -> datetime:
    """One moment that stands for all between two changes of validity: results can be kept while clocks go on."""
    both = (trust.changes, _changes((leaf, *sent)))
    gone_by = [changes[place - 1] for changes in both if (place := bisect_right(changes, at))]
    if gone_by:
        return max(gone_by)
    to_come = [changes[0] for changes in both if changes]
    return max(min(to_come), _CALENDAR_BEGINS) - timedelta(seconds=1) if to_come else at


@lru_cache(maxsize=20_000)
def _changes(ders: tuple[bytes, ...]) -> tuple[datetime, ...]:
    """When one of the certificates begins or has ended, in order."""
    moments: set[datetime] = set()
    for facts in map(certificate, ders):
        if facts.not_before is not None:
            moments.add(facts.not_before)
        if facts.not_after is not None and facts.not_after < _CALENDAR_ENDS:
            moments.add(facts.not_after + timedelta(seconds=1))
    return tuple(sorted(moments))


@lru_cache(maxsize=50_000)
def _verify(trust: _Trust, leaf: bytes, sent: tuple[bytes, ...], at: datetime, options: ChainOptions) -> ChainResult:
    subject = openssl_certificate(leaf)
    if subject is None:
        return ChainResult(False, 0, 0, "the certificate can't be decoded", leaf)
    others = [loaded for der in sent if (loaded := openssl_certificate(der)) is not None]
    context = crypto.X509StoreContext(_store(trust.anchors, at, options.partial), subject, others)
    try:
        built = tuple(_der(member) for member in context.get_verified_chain())
    except crypto.X509StoreContextError as error:
        code, depth, text = error.errors[:3]
        return ChainResult(False, int(code), int(depth), str(text), _der_or_nothing(error.certificate))
    except crypto.Error:
        return ChainResult(False, 0, 0, "OpenSSL can't check this chain", leaf)
    return _afterwards(trust, built, options)


def _store(trust: tuple[Anchor, ...], at: datetime, partial: bool) -> crypto.X509Store:
    store = crypto.X509Store()
    for anchor in trust:
        loaded = openssl_certificate(anchor.der)
        if loaded is not None:
            store.add_cert(loaded)
    store.set_time(at)
    if partial:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    return store


def _der(member: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, member)


def _der_or_nothing(member: crypto.X509) -> bytes:
    try:
        return _der(member)
    except crypto.Error:
        return b""


def _afterwards(trust: _Trust, built: tuple[bytes, ...], options: ChainOptions) -> ChainResult:
    chain = tuple(certificate(der) for der in built)
    limits = trust.by_der
    first_trusted = next((depth for depth, der in enumerate(built) if depth and der in limits), len(built) - 1)
    for depth, facts in enumerate(chain):
        trusted = _uses_of(limits.get(facts.der), options.purpose) if depth >= first_trusted else None
        if trusted is False:
            return _refused(28, "certificate rejected", depth, facts, built)
        if trusted is None and not fits_purpose(facts, options.purpose, as_issuer=depth > 0):
            return _refused(26, "unsuitable certificate purpose", depth, facts, built)
    return _by_level(chain, built, options)


def _by_level(chain: tuple[Certificate, ...], built: tuple[bytes, ...], options: ChainOptions) -> ChainResult:
    needed = strength.needed_bits(options.level)
    if not needed:
        return ChainResult(True, chain=built)
    for depth, facts in enumerate(chain):
        bits = strength.key_bits(facts, before_3=options.before_3)
        if bits is not None and bits < needed:
            kind = "EE" if depth == 0 else "CA"
            return _refused(66 if depth == 0 else 67, f"{kind} certificate key too weak", depth, facts, built)
        digest = strength.digest_bits(facts, before_3=options.before_3)
        if depth < len(chain) - 1 and digest is not None and digest < needed:
            return _refused(68, "CA signature digest algorithm too weak", depth, facts, built)
    return ChainResult(True, chain=built)


def _refused(code: int, text: str, depth: int, facts: Certificate, built: tuple[bytes, ...]) -> ChainResult:
    return ChainResult(False, code, depth, text, facts.der, built)


def _uses_of(anchor: Anchor | None, purpose: str) -> bool | None:
    """What a TRUSTED CERTIFICATE block says of the use: True, False (rejected), None: nothing."""
    if anchor is None or not purpose:
        return None
    if {purpose, ANY_USE} & {*anchor.rejected_uses}:
        return False
    if anchor.trusted_uses is not None:
        return bool({purpose, ANY_USE} & {*anchor.trusted_uses})
    return None


def fits_purpose(facts: Certificate, purpose: str, *, as_issuer: bool) -> bool:
    """OpenSSL's purpose rule: of extended key usages the use itself must be named (`any` alone isn't enough)."""
    if not purpose:
        return True
    uses = facts.extended_key_usage
    accepted = {purpose, *(_GATED_CRYPTO if purpose == SERVER_AUTH else ())}
    if uses is not None and not accepted & {*uses}:
        return False
    if as_issuer:
        return True
    if facts.netscape_type is not None and not facts.netscape_type & _NETSCAPE_BIT.get(purpose, 0xFF):
        return False
    return facts.key_usage is None or bool(facts.key_usage & _TLS_USAGES)
