"""agent-profile.toml: what is shipped, what a user's file changes, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.agent.profile import AgentProfile, PreferenceKind, Provenance
from console.errors import ConfigurationError


def _override(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return path


def test_assumed_names_are_marked_and_have_no_default() -> None:
    profile = AgentProfile.load()
    for name in ("SSLClientCertificateFile", "SSLClientPrivateKeyFile"):
        preference = profile.preference(name.lower())
        assert preference.provenance is Provenance.ASSUMED
        assert preference.default is None


def test_every_preference_is_explained() -> None:
    profile = AgentProfile.load()
    assert len(profile.preferences) >= 20
    for preference in profile.preferences:
        assert preference.help, preference.name
        assert preference.source, preference.name
        assert profile.sections_of(preference), preference.name


def test_sections() -> None:
    profile = AgentProfile.load()
    own = [component.section for component in profile.components.values()]
    assert list(profile.sections_of(profile.preference("CheckServerCertificate"))) == [*own, r"ManageSoft\Common"]
    selector = profile.sections_of(profile.preference("SelectorAlgorithm"))
    assert selector == (r"ManageSoft\NetSelector\CurrentVersion",)
    assert profile.component("uploader").name == "Uploader"


def test_a_user_corrects_a_name_without_code(tmp_path: Path) -> None:
    path = _override(
        tmp_path,
        """
[preference.SSLClientCertificateFile]
name = "RealName"
provenance = "observed"
[preference.Brand_New]
kind = "int"
[paths]
config_ini = "/elsewhere/config.ini"
""",
    )
    profile = AgentProfile.load(path)
    preference = profile.preference("SSLClientCertificateFile")
    assert (preference.name, preference.provenance) == ("RealName", Provenance.OBSERVED)
    assert profile.preference("realname") is preference
    assert profile.preference("Brand_New").kind is PreferenceKind.INT
    assert profile.paths["config_ini"] == "/elsewhere/config.ini"
    assert profile.nearest("RealNam") == "RealName"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[preferense.X]", ("preferense", "preference")),
        ("[preference.X]\nkinds = 'bool'", ("kinds", "kind", "preference.X")),
        ("[preference.X]\nkind = 'boolean'", ("kind", "bool")),
        ("[preference.X]\nprovenance = 3", ("provenance", "a number")),
        ("[preference.X]\ncomponents = ['Loader']", ("components", "Loader")),
        ("[paths]\nconfig = '/x'", ("config", "config_ini")),
        ("[preference.X]\nname = 'SSLDirectory'", ("SSLDirectory",)),
        ("schema = 2", ("schema",)),
        ("[revocation]\nnewer_than = '19'", ("newer_than", "newer_since")),
        ("[revocation]\nnewer_since = 'last year'", ("newer_since", "'last year'", "unknown")),
        ("x = !", ("TOML", "line 1")),
    ],
)
def test_mistakes_name_file_key_and_nearest(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AgentProfile.load(_override(tmp_path, text))
    for name in ("profile.toml", *names):
        assert name in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        AgentProfile.load(tmp_path / "absent.toml")
