"""The PowerShell scripts as text: they parse, they are dull, they repeat the same prologue. Nothing here runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from adapters.winrm.envelope import OPERATIONS, command_line, script, stdin
from adapters.winrm.httpsys import DEFAULT_FLAGS
from console.errors import ConfigurationError
from console.iis.snapshot import HttpSysRecord

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "adapters" / "winrm" / "scripts"
BOOT = ROOT / "adapters" / "winrm" / "boot.ps1"
FILES = [*sorted(SCRIPTS.glob("*.ps1")), BOOT]
LINT = Path(os.environ.get("MTLS_CONSOLE_PS51LINT") or ROOT.parent / "shared" / "tools" / "ps51lint")

needs_lint = pytest.mark.skipif(
    not LINT.is_file(), reason=f"ps51lint is not at {LINT} (MTLS_CONSOLE_PS51LINT names it)"
)


def parse_errors(text: bytes) -> bool:
    parser = Parser(Language(tree_sitter_powershell.language()))
    return parser.parse(text).root_node.has_error


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(LINT), str(path)], capture_output=True, text=True, timeout=120, check=False
    )


def test_each_operation_is_one_script_and_each_script_one_operation() -> None:
    assert {path.stem for path in SCRIPTS.iterdir()} == set(OPERATIONS)
    for operation in OPERATIONS:
        lines = script(operation).splitlines()
        assert lines[0] == f"# operation: {operation}"
        assert lines[1] == "param([string]$payload)"


@pytest.mark.parametrize("name", ["", "snapshot.ps1", "../boot", "Snapshot", "set-access\n", "/etc/passwd", "nope"])
def test_no_other_name_reads_a_file(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no operation"):
        stdin(name, {})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_scripts_are_plain_ascii(path: Path) -> None:
    data = path.read_bytes()
    assert all(byte in (9, 10) or 32 <= byte < 127 for byte in data)
    assert b"\t" not in data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_scripts_parse(path: Path) -> None:
    assert not parse_errors(path.read_bytes())


def test_a_torn_script_does_not_parse() -> None:
    assert parse_errors(script("set-access").rpartition("}")[0].encode())


@needs_lint
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_scripts_are_clean_in_ps51lint(path: Path) -> None:
    result = lint(path)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@needs_lint
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("& netsh http show sslcert", "NativeStatus"),
        ("$x = $payload ?? 1", "NewSyntax"),
        ("Invoke-Expression $payload", "DynamicCode"),
        ("Get-ItemProperty -LiteralPth 'HKLM:\\SOFTWARE'", "ParameterNotIn51"),
        ("ConvertTo-Json @{ a = 1 }", "ConvertToJson"),
    ],
)
def test_ps51lint_finds_what_it_should(tmp_path: Path, line: str, rule: str) -> None:
    bad = tmp_path / "bad.ps1"
    bad.write_text(script("restart-site") + line + "\n", encoding="ascii")
    result = lint(bad)
    assert result.returncode == 1
    assert rule in result.stdout


def test_shared_blocks_are_identical() -> None:
    """PowerShell can't import here: what several scripts need is repeated, between `# shared: NAME` and `# end`."""
    copies: dict[str, set[str]] = defaultdict(set)
    for operation in OPERATIONS:
        text = script(operation)
        blocks = re.findall(r"^# shared: (\w+)\n(.*?)^# end$", text, re.MULTILINE | re.DOTALL)
        assert blocks[0][0] == "prologue"
        assert text.count("# shared: ") == len(blocks)
        for name, body in blocks:
            copies[name].add(body)
    assert {name: len(bodies) for name, bodies in copies.items()} == dict.fromkeys(copies, 1)
    assert set(copies) == {"prologue", "configuration", "flags", "binding", "httpsys"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_end_of_a_script_is_an_answer(operation: str) -> None:
    text = script(operation)
    assert text.rstrip().endswith(
        "} catch {\n  Write-Answer @{ ok = $false; refused = $refused; phase = $phase; "
        'message = "$($_.Exception.GetBaseException().Message)" }\n}'
    )
    assert text.count("Write-Answer @{") == 2


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name.startswith("set-")])
def test_every_write_is_compared_before_and_read_back_after(operation: str) -> None:
    phases = re.findall(r"^ *\$phase = '([a-z ]+)'", script(operation), re.MULTILINE)
    assert phases[0] == "start"
    assert phases.index("compare") < phases.index("read back")
    assert phases[-1] == "read back"
    assert {"commit", "write"} & set(phases)


def test_script_and_reader_name_the_same_bits_of_http_sys() -> None:
    text = script("set-httpsys")
    table = text.partition("$bits = @{")[2].partition("}")[0]
    assert {name: int(bit) for name, bit in re.findall(r"(\w+) = (\d+)", table)} == DEFAULT_FLAGS
    assert f"$row.flags -band {sum(DEFAULT_FLAGS.values())};" in text
    switches = {field.name for field in fields(HttpSysRecord) if field.type == "bool"}
    assert set(DEFAULT_FLAGS) < switches
    for name in switches - set(DEFAULT_FLAGS):
        assert f"{name}=$(Get-Word $after.{name})" in text


def test_the_command_line_is_constant_and_short() -> None:
    line = command_line()
    assert line.startswith(
        "powershell.exe -NoProfile -NonInteractive -OutputFormat Text -ExecutionPolicy Bypass -EncodedCommand "
    )
    assert len(line) < 2000
    assert "|" not in line


@pytest.mark.parametrize("operation", OPERATIONS)
def test_stdin_comes_in_short_lines(operation: str) -> None:
    lines = stdin(operation, {"site": "x" * 50_000}).split(b"\r\n")
    assert lines.pop() == b""
    assert all(0 < len(line) <= 8000 for line in lines)
    assert b"".join(lines).count(b"|") == 1
