"""One pair built from raw files: a good one, with changes laid over it. What is built goes into a SPEC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from OpenSSL import crypto

from fixtures.lab.iis_directory import IisDirectory
from tests.truth.odd_certificates import Made, Recipe, authority, make

ROOT = authority("Corp Root", key="rsa2048")
ISSUING = authority("Corp Issuing", key="rsa2048#issuing", path_length=0)
SERVER = Recipe()
"""Without names of its own: the host's."""
CLIENT = Recipe(names=("device",), key="p256#client", uses=("client",))
OTHER = authority("Other Root", key="p256#other")
Change = Callable[["Draft"], None]


@dataclass(slots=True)
class Draft:
    """Every choice that a pair is made of. Changes edit it, then `build` makes files of it."""

    host: str
    root: Recipe = ROOT
    issuing: Recipe = ISSUING
    server: Recipe = SERVER
    client: Recipe = CLIENT
    client_issuer: str = "issuing"
    """issuing | root | other | self."""
    sent: tuple[str, ...] = ("server", "issuing")
    anchors: tuple[str, ...] = ("root",)
    """Of the CA file; names of `Cast`."""
    directory: tuple[tuple[str, str], ...] | None = None
    """(form of the name, whose certificate); None: no directory is named."""
    shown: tuple[str, ...] = ("client", "issuing")
    """Of the client certificate file."""
    key: str = "client"
    key_form: str = "pkcs8"
    texts: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    """What happens to `ca`, `crt`, `key` afterwards."""
    missing: set[str] = field(default_factory=set)
    preferences: dict[str, str] = field(default_factory=dict)
    beacon: dict[str, Any] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)
    use: dict[str, Any] = field(default_factory=dict)
    binding: dict[str, Any] = field(default_factory=dict)
    more_bindings: tuple[tuple[dict[str, Any], str], ...] = ()
    """(binding, whose certificate)."""
    more_uses: tuple[dict[str, Any], ...] = ()
    roots: tuple[str, ...] = ("root",)
    intermediates: tuple[str, ...] = ("issuing",)
    private: set[str] = field(default_factory=set)
    """Files that root alone may read."""
    modes: dict[str, int] = field(default_factory=dict)
    """Of files and folders, relative to the device's raw folder; set last."""
    rename: dict[str, str] = field(default_factory=dict)
    """Files of the raw folder that get another name, `link:` before it: that name becomes a symbolic link to it."""
    settings: tuple[Callable[[IisDirectory], None], ...] = ()
    """Changes of the beacon's directory while the lab runs, as an administrator makes them."""
    config: Callable[[str], str] = str
    """What happens to the text of config.ini."""


class Cast:
    """The certificates that a draft's words mean."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self.root = make(draft.root)
        self.issuing = make(draft.issuing, self.root)

    def __getitem__(self, name: str) -> Made:
        draft = self._draft
        base, _, how = name.partition("/")
        if base == "root":
            return make(_how(draft.root, how)) if how else self.root
        if base == "issuing":
            return make(_how(draft.issuing, how), self.root) if how else self.issuing
        if base == "server":
            issuer = None if how == "self" else self.root if how == "root" else self.issuing
            return make(self._server(how), issuer)
        if base == "client":
            issuers = {"issuing": self.issuing, "root": self.root, "other": make(OTHER), "self": None}
            return make(_how(draft.client, how), issuers[draft.client_issuer])
        if base == "cross":
            # The corporate root, signed by the other one.
            return make(replace(draft.root, days=_days(how)), make(OTHER))
        if base == "subca":
            return make(authority("Corp Sub", key="p256#sub"), self.issuing)
        if base == "leaf-of-subca":
            return make(self._server(how), self["subca"])
        return make(OTHER)

    def _server(self, how: str) -> Recipe:
        recipe = self._draft.server
        if not recipe.names and recipe.san is None:
            recipe = replace(recipe, names=(self._draft.host[:60],), san=(f"dns:{self._draft.host}",))
        if how == "elsewhere":
            return replace(recipe, names=("elsewhere",), san=("dns:elsewhere.example",))
        return _how(recipe, "" if how in ("self", "root") else how)


def _days(how: str) -> tuple[int, int]:
    return {"expired": (-400, -2), "future": (5, 400)}.get(how, (-300, 700))


def _how(recipe: Recipe, how: str) -> Recipe:
    """`expired`, `future`, `renewed`, `fake` (same name, another key), `fake-bare` (no key identifiers either)."""
    if how in ("expired", "future", "renewed"):
        return replace(recipe, days=_days(how))
    if how.startswith("fake"):
        return replace(recipe, key="rsa2048#fake", identifiers=how == "fake")
    return recipe


def build(draft: Draft, name: str, directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write the files below `directory`/`name`; the beacon's and the device's table, relative to `directory`."""
    cast = Cast(draft)
    place = directory / name
    (place / "client").mkdir(parents=True)

    def bundle(names: tuple[str, ...]) -> bytes:
        return b"".join(cast[word].pem for word in names)

    for file, content in (
        ("chain.pem", bundle(draft.sent)),
        ("key.pem", cast[draft.sent[0]].key_pem()),
        ("roots.pem", bundle(draft.roots)),
        ("intermediates.pem", bundle(draft.intermediates)),
    ):
        (place / file).write_bytes(content)
    certificate = bundle(draft.shown)
    files = {"ca": bundle(draft.anchors), "crt": certificate, "key": cast[draft.key].key_pem(draft.key_form)}
    for kind, content in files.items():
        path = place / "client" / f"{kind}.pem"
        if kind not in draft.missing:
            path.write_bytes(draft.texts.get(kind, _same)(content))
            path.chmod(0o600 if kind in draft.private else 0o644)
    _write_directory(draft, cast, place / "client" / "certs")
    _write_config(draft, place)
    _arrange(draft, place / "client")
    return _beacon(draft, cast, name, place), _device(draft, name)


def _same(data: bytes) -> bytes:
    return data


def _write_directory(draft: Draft, cast: Cast, folder: Path) -> None:
    if draft.directory is None:
        return
    folder.mkdir()
    for form, words in draft.directory:
        members = [cast[word] for word in words.split("+")]
        hashed = crypto.X509.from_cryptography(members[0].certificate).subject_name_hash()
        content = b"".join(member.pem for member in members)
        path = folder / form.format(hash=f"{hashed:08x}", HASH=f"{hashed:08X}", wrong="0badcafe")
        if path.suffix == ".link":
            path.with_suffix("").symlink_to("gone.pem")
        elif path.suffix == ".der":
            path.with_suffix("").write_bytes(members[0].der)
        elif path.suffix == ".junk":
            path.with_suffix("").write_bytes(
                content + b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
            )
        else:
            path.write_bytes(content)


def _arrange(draft: Draft, folder: Path) -> None:
    for old, new in draft.rename.items():
        target = folder / new.removeprefix("link:")
        target.parent.mkdir(parents=True, exist_ok=True)
        if new.startswith("link:"):
            target.symlink_to(old)
        else:
            (folder / old).rename(target)
    for name, mode in draft.modes.items():
        (folder / name).chmod(mode)


def _write_config(draft: Draft, place: Path) -> None:
    values = {
        "AddClientCertificateAndKey": "True",
        "CheckServerCertificate": "True",
        "CheckCertificateRevocation": "False",
        "SSLCACertificateFile": "{root}/client/ca.pem",
        "SSLCACertificatePath": "{root}/client/certs" if draft.directory is not None else "{root}/client/none",
        "SSLClientCertificateFile": "{root}/client/crt.pem",
        "SSLClientPrivateKeyFile": "{root}/client/key.pem",
        **draft.preferences,
    }
    sections: dict[str, list[str]] = {}
    for key, value in values.items():
        component, dot, preference = key.rpartition(".")
        section = rf"ManageSoft\{component}\CurrentVersion" if dot else r"ManageSoft\Common"
        sections.setdefault(section, []).append(f"{preference}={value}")
    blocks = [f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items()]
    (place / "config.ini").write_text(draft.config("\n".join(blocks)))


def _beacon(draft: Draft, cast: Cast, name: str, place: Path) -> dict[str, Any]:
    files = {"chain": f"{name}/chain.pem", "key": f"{name}/key.pem"}
    bindings = [{"certificate_files": files, **_filled(draft, draft.binding)}]
    for number, (binding, word) in enumerate(draft.more_bindings):
        (place / f"chain{number}.pem").write_bytes(cast[word].pem + cast.issuing.pem)
        (place / f"key{number}.pem").write_bytes(cast[word].key_pem())
        more = {"chain": f"{name}/chain{number}.pem", "key": f"{name}/key{number}.pem"}
        bindings.append({"certificate_files": more, **_filled(draft, binding)})
    return {
        "name": f"b-{name}",
        "host": draft.host,
        "trusted_file": f"{name}/roots.pem",
        "intermediates_file": f"{name}/intermediates.pem",
        "binding": bindings,
        **draft.beacon,
    }


def _filled(draft: Draft, binding: dict[str, Any]) -> dict[str, Any]:
    if "{host}" in binding.get("host", "") and ":" in draft.host:
        return {}  # Windows has no binding with an IPv6 address as its host name
    return {**binding, "host": binding["host"].replace("{host}", draft.host)} if "host" in binding else binding


def _device(draft: Draft, name: str) -> dict[str, Any]:
    use = {"beacon": f"b-{name}", "host": draft.host, "port": "listener", **draft.use}
    return {
        "name": f"d-{name}",
        "config_ini": f"{name}/config.ini",
        "files": {"client/": f"{name}/client"},
        "use": [use, *({**use, **more} for more in draft.more_uses)],
        **draft.device,
    }
