"""A WS-Man server with a program behind it that plays what PowerShell may do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.winrm_lab import (
    Files,
    WinrmLab,
    make_files,
    winrm_lab,
)

PLAYER = """#!{python}
import base64, hashlib, json, sys, time
script, _, parameters = "".join(sys.stdin.read().split()).partition("|")
play = json.loads(base64.b64decode(parameters))
if "touch" in play:
    open(play["touch"], "x").close()
time.sleep(play.get("sleep", 0))
sys.stderr.write(play.get("stderr", ""))
sys.stdout.write(play.get("banner", ""))
if "die" in play:
    sys.exit(play["die"])
answer = {{"ok": True, "script": hashlib.sha256(base64.b64decode(script)).hexdigest(), "arguments": sys.argv[2:]}}
answer.update(play.get("answer", {{}}), echo=play.get("echo"), much="x" * play.get("much", 0))
sys.stdout.write("##B64##" + base64.b64encode(json.dumps(answer).encode()).decode() + "##END##")
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def player(tmp_path: Path) -> str:
    program = tmp_path / "player"
    program.write_text(PLAYER.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def basic(tmp_path: Path, files: Files, player: str) -> Iterator[WinrmLab]:
    directory = tmp_path / "b1"
    directory.mkdir()
    with winrm_lab(directory, "basic-https", files, player) as lab:
        yield lab
