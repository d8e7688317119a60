"""The registry as a whole: ids, words, and the page made of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.readiness import catalogue
from console.readiness.all_checks import CHECKS
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
