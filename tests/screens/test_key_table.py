"""The README's key table follows the action registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from screens.key_table import with_key_table


def test_the_readme_shows_the_keys_that_the_console_has() -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert with_key_table(page) == page, "run `python -m screens.key_table README.md`"


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="keys"):
        with_key_table("# nothing here")
