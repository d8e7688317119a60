"""What the README and docs/fleet.md show is what the program reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.agent.profile import AgentProfile
from console.fleet.loading import KEYS, load_fleet

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "fleet.md"


def _examples(path: Path) -> list[str]:
    return re.findall(r"```toml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("key", sorted({key for keys in KEYS.values() for key in keys}))
def test_every_key_is_documented(key: str) -> None:
    assert re.search(rf"(^|[`\[.]){key}\b", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_examples_load(tmp_path: Path) -> None:
    for name in ("winrm-ca.pem", "my-agent.toml"):
        (tmp_path / name).write_text("")
    fleet_example, profile_example = _examples(DOCUMENT)
    (readme_example,) = (text for text in _examples(ROOT / "README.md") if "[[beacon]]" in text)
    for number, text in enumerate((fleet_example, readme_example)):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        fleet = load_fleet(path)
        assert fleet.policy.soon_days == 30
    path = tmp_path / "profile.toml"
    path.write_text(profile_example)
    assert AgentProfile.load(path).preference("WhatConfigIniReallyHolds").id == "SSLClientCertificateFile"
