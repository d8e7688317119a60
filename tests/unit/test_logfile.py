"""The log file: what becomes of a start where it can't be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.command.logfile import FILE_NAME, log_to
from console.errors import StoreError


def test_a_log_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()  # for root too, no file that can be opened
    with pytest.raises(StoreError) as caught:
        log_to(tmp_path)
    assert str(tmp_path / FILE_NAME) in str(caught.value)
    assert caught.value.hint
