"""The registry as a whole: ids, words, and the page made of it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import console
from console.readiness import catalogue
from console.readiness.all_checks import CHECKS
from console.readiness.beside import BESIDE
from console.readiness.model import Side, Step
from console.readiness.registry import check

PAGE = Path(__file__).resolve().parents[2] / "docs" / "checks.md"


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue.render(), (
        "run: python -m console.readiness.catalogue > docs/checks.md"
    )


def test_ids_are_readable_and_unique() -> None:
    ids = [known.id for known in CHECKS]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"(device|beacon|pair|network)\.[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids)


def test_every_check_says_what_it_is() -> None:
    for known in CHECKS:
        assert known.rule.endswith("."), known.id
        assert known.remedy.endswith("."), known.id
        assert known.source, known.id


def test_an_id_can_be_taken_once() -> None:
    with pytest.raises(ValueError, match="two checks"):
        check(CHECKS[0].id, step=Step.CONNECT, side=Side.PAIR, refused_by=None, rule=".", source=".", remedy=".")(
            CHECKS[0].judge
        )


def test_findings_beside_the_rules_have_ids_of_their_own() -> None:
    ids = [known.id for known in BESIDE]
    assert len(ids) == len(set(ids))
    assert not set(ids) & {known.id for known in CHECKS}
    for known in BESIDE:
        assert known.rule.endswith("."), known.id
        assert known.remedy.endswith("."), known.id
        assert known.source, known.id
        assert f"### {known.id}\n" in PAGE.read_text(encoding="utf-8"), known.id


def test_no_finding_is_made_whose_id_is_not_in_the_catalogue() -> None:
    """Every place that makes a Finding names it by a word of the catalogue, but for the two that are given theirs."""
    named, given = set[str](), set[str]()
    for module in pkgutil.walk_packages(console.__path__, "console."):
        for value in _names_of_findings(module.name):
            (named if re.fullmatch(r"[a-z]+\.[a-z0-9-]+", value) else given).add(value)
    assert named <= {known.id for known in CHECKS} | {known.id for known in BESIDE}
    assert len(named) >= 4, "the search finds those that it's meant to find"
    assert given == {
        "check.id in console.readiness.judge",  # of a registered check
    }


def _names_of_findings(name: str) -> Iterator[str]:
    """The first argument of every Finding(…) in a module: its text, or where that isn't fixed its source."""
    module = importlib.import_module(name)
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Finding":
            said = node.args[0] if node.args else next(one.value for one in node.keywords if one.arg == "check")
            value = said.value if isinstance(said, ast.Constant) else getattr(module, ast.unparse(said), None)
            yield value if isinstance(value, str) else f"{ast.unparse(said)} in {name}"
