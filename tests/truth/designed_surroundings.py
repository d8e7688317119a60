"""Designed pairs of accounts, clocks, systems, and of strength and versions on both sides."""

from __future__ import annotations

from collections.abc import Mapping

from tests.truth.designed import Designed
from tests.truth.odd_edits import change_recipe, include, set_fields, set_keys, together
from tests.truth.odd_pair import Change, Draft


def _ok(change: Change) -> Designed:
    return Designed(change, "ok")


def _device(change: Change) -> Designed:
    return Designed(change, "device")


_HASHED = (("{hash}.0", "root"),)


_NOWHERE = set_fields(anchors=("other",))


def _as_nobody(*changes: Change) -> Change:
    return together(*changes, set_keys("device", run_as="nobody"))


def _rooted(change: Change, expected: str) -> Designed:
    return Designed(change, expected, needs_root=True)


ACCOUNTS: Mapping[str, Designed] = {
    "everything readable": _rooted(_as_nobody(), "ok"),
    "key for root alone": _rooted(_as_nobody(set_fields(modes={"key.pem": 0o600})), "device"),
    "key for root alone, agent is root": _ok(set_fields(modes={"key.pem": 0o600})),
    "key for nobody to read, agent is root": _rooted(set_fields(modes={"key.pem": 0o000}), "ok"),
    "certificate for root alone": _rooted(_as_nobody(set_fields(modes={"crt.pem": 0o600})), "device"),
    "CA file for root alone": _rooted(_as_nobody(set_fields(modes={"ca.pem": 0o640})), "device"),
    "CA file for root alone, server unchecked": _rooted(
        _as_nobody(
            set_fields(modes={"ca.pem": 0o640}),
            set_keys("preferences", CheckServerCertificate="False"),
        ),
        "ok",
    ),
    "folder of the files closed": _rooted(_as_nobody(set_fields(modes={".": 0o700})), "device"),
    "folder of the files can't be listed": _rooted(_as_nobody(set_fields(modes={".": 0o711})), "ok"),
    "folder of the files can be listed alone": _rooted(_as_nobody(set_fields(modes={".": 0o744})), "device"),
    "CA directory closed": _rooted(
        _as_nobody(_NOWHERE, set_fields(directory=_HASHED, modes={"certs": 0o700})), "device"
    ),
    "CA directory closed, CA file right": _rooted(
        _as_nobody(set_fields(directory=_HASHED, modes={"certs": 0o700})), "ok"
    ),
    "CA directory can't be listed": _rooted(
        _as_nobody(_NOWHERE, set_fields(directory=_HASHED, modes={"certs": 0o711})), "ok"
    ),
    "client certificate in a closed folder, off and ignored": _rooted(
        _as_nobody(
            set_fields(modes={"key.pem": 0o600}),
            set_keys("preferences", AddClientCertificateAndKey="False"),
            set_keys("beacon", client_certificates="ignore"),
        ),
        "ok",
    ),
    "key for root alone, login by password": _rooted(
        _as_nobody(set_fields(modes={"key.pem": 0o600}), set_keys("device", login="password")), "device"
    ),
}


def _clocked(device: str = "", beacon: str = "") -> Change:
    words = [set_keys("device", clock=device)] if device else []
    return together(*words, *([set_keys("beacon", clock=beacon)] if beacon else []))


def _in_shell(shell: object) -> Change:
    def change(draft: Draft) -> None:
        draft.device["shell"] = shell

    return change


_UNCHECKED = set_keys("preferences", CheckServerCertificate="False")


SURROUNDINGS: Mapping[str, Designed] = {
    "device far ahead": _device(_clocked("2031-06-01T00:00:00Z")),
    "device far ahead, server unchecked": _ok(together(_clocked("2031-06-01T00:00:00Z"), _UNCHECKED)),
    "device in 1970": _device(_clocked("1970-01-02T00:00:00Z")),
    "device in 1970, server unchecked": _ok(together(_clocked("1970-01-02T00:00:00Z"), _UNCHECKED)),
    "device an hour ahead": _ok(_clocked("+1h")),
    "device a day behind": _ok(_clocked("-1d")),
    "device behind the certificate's begin": _device(together(_clocked("-40d"))),
    "device's clock mends an expired server": _ok(together(change_recipe("server", days=(-300, -2)), _clocked("-10d"))),
    "device's clock mends an early server": _ok(together(change_recipe("server", days=(2, 300)), _clocked("+10d"))),
    "beacon far ahead": Designed(_clocked("", "+900d"), "beacon 403"),
    "beacon far behind": Designed(_clocked("", "-500d"), "beacon 403"),
    "beacon far ahead, off, accepted": _ok(
        together(
            _clocked("", "+900d"),
            set_keys("preferences", AddClientCertificateAndKey="False"),
            set_keys("beacon", client_certificates="accept"),
        )
    ),
    "beacon far ahead, ignored": _ok(together(_clocked("", "+900d"), set_keys("beacon", client_certificates="ignore"))),
    "beacon far ahead, minimal check": Designed(
        together(_clocked("", "+900d"), set_keys("beacon", check_issuer=False)), "beacon 403"
    ),
    "beacon's clock mends an expired client": _ok(
        together(change_recipe("client", days=(-300, -2)), _clocked("", "-10d"))
    ),
    "both far ahead": _device(_clocked("+900d", "+900d")),
    "both far ahead, server unchecked": Designed(together(_clocked("+900d", "+900d"), _UNCHECKED), "beacon 403"),
    "both in 1970, server unchecked": Designed(
        together(_clocked("1970-01-02T00:00:00Z", "1970-01-02T00:00:00Z"), _UNCHECKED), "beacon 403"
    ),
    "shell dash": _ok(_in_shell(["dash"])),
    "shell bash as sh": _ok(_in_shell("/bin/bash")),
    "shell bash in POSIX mode": _ok(_in_shell(["bash", "--posix"])),
    "login by password": _ok(set_keys("device", login="password")),
    "another login's name": _ok(set_keys("device", user="flxrasvc")),
    **{f"system {name}": _ok(set_keys("device", os=name)) for name in ("aix", "solaris", "hpux", "darwin")},
    **{
        f"system {name}, key missing": _device(together(set_keys("device", os=name), include("missing", "key")))
        for name in ("aix", "solaris", "hpux", "darwin")
    },
}


def _weakness(kind: str, who: str) -> Change:
    """`kind` on one member; what signs with SHA-1 or MD5 is RSA."""
    values = {"key": f"rsa1024#{who}"} if kind == "1024 bits" else {"digest": kind}
    weak = change_recipe(who, **values)
    if who == "client" and kind != "1024 bits":
        return together(change_recipe("client", key="rsa2048#client"), weak)
    return weak


def _strength_cases() -> dict[str, Designed]:
    """Level 1 needs 80 bits, level 2 needs 112: RSA 1024 has 80, SHA-1 63, MD5 39. A root's own signature is exempt."""
    cases = {}
    for kind in ("sha1", "md5", "1024 bits"):
        for who in ("server", "client", "issuing", "root"):
            for level in (None, 2, 1, 0):
                weak = {"1024 bits": 80}.get(kind, 0) < {None: 112, 2: 112, 1: 80, 0: 0}[level]
                exempt = who == "root" and kind != "1024 bits"
                change = _weakness(kind, who)
                if level is not None:
                    change = together(change, set_keys("device", seclevel=level))
                named = "no level" if level is None else f"level {level}"
                cases[f"{kind} of {who}, {named}"] = Designed(change, "device" if weak and not exempt else "ok")
    return cases


_BY_ROOT = set_fields(client_issuer="root", shown=("client",))


STRENGTH: Mapping[str, Designed] = {
    **_strength_cases(),
    "weak server, unchecked": _ok(together(_weakness("1024 bits", "server"), _UNCHECKED)),
    "SHA-1 server, unchecked": _ok(together(_weakness("sha1", "server"), _UNCHECKED)),
    "SHA-1 issuer that is trusted too": _ok(
        together(change_recipe("issuing", digest="sha1"), set_fields(anchors=("issuing",)), _BY_ROOT)
    ),
    "SHA-1 issuer trusted beside its root": _ok(
        together(
            change_recipe("issuing", digest="sha1"),
            set_fields(anchors=("root", "issuing"), sent=("server",)),
            _BY_ROOT,
        )
    ),
}


def _ranges() -> dict[str, Designed]:
    """The device's range against the beacon's, at each security level.

    TLS 1.0 and 1.1 sign with SHA-1 and MD5: OpenSSL 3.0 speaks them at level 0 alone.
    """
    versions = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    cases = {}
    for level in (None, 1, 0):
        for maximum in versions:
            for beacon in (("TLSv1", "TLSv1.1"), ("TLSv1.1", "TLSv1.2"), ("TLSv1.2", "TLSv1.3"), ("TLSv1.3",)):
                common = [name for name in beacon if versions.index(name) <= versions.index(maximum)]
                usable = [name for name in common if level == 0 or name not in versions[:2]]
                words: dict[str, object] = {"tls_max": maximum, "tls_min": "TLSv1"}
                if level is not None:
                    words["seclevel"] = level
                change = together(set_keys("device", **words), set_keys("beacon", protocols=list(beacon)))
                named = "no level" if level is None else f"level {level}"
                cases[f"device up to {maximum}, {named}, beacon {' '.join(beacon)}"] = Designed(
                    change, "ok" if usable else "pair"
                )
    return cases


RANGES: Mapping[str, Designed] = {
    **_ranges(),
    "device from TLS 1.3 on, beacon 1.2": Designed(
        together(set_keys("device", tls_min="TLSv1.3"), set_keys("beacon", protocols=["TLSv1.2"])), "pair"
    ),
    "device from TLS 1.3 on, both": _ok(set_keys("device", tls_min="TLSv1.3")),
    "device from TLS 1.2 on, beacon 1.0 and 1.1": Designed(
        together(set_keys("device", tls_min="TLSv1.2"), set_keys("beacon", protocols=["TLSv1", "TLSv1.1"])), "pair"
    ),
}
