"""Work that keeps nearly all it makes rests Python's cycle collector, and wakes it whatever happens."""

from __future__ import annotations

import gc

import pytest

from console.services.collector import collector_paused


class _Node:
    """Part of a cycle with itself."""

    def __init__(self) -> None:
        self.me = self


def test_what_was_made_is_old_at_once() -> None:
    gc.collect()
    with collector_paused():
        assert not gc.isenabled()
        made = [_Node() for _ in range(2000)]
    assert gc.isenabled()
    old = set(map(id, gc.get_objects(generation=2)))
    assert all(id(node) in old for node in made)
    assert not gc.get_freeze_count()


def test_cycles_made_meanwhile_are_still_found() -> None:
    with collector_paused():
        _Node()
    before = gc.collect()
    assert before >= 1


def test_it_wakes_after_a_failure_and_stays_asleep_for_the_outer_one() -> None:
    with collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
    with pytest.raises(ValueError, match="judging"), collector_paused():
        raise ValueError("judging")
    assert gc.isenabled()
