"""Ways to change a draft of a pair; the vocabularies are made of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.truth.odd_pair import Change, Draft


def together(*changes: Change) -> Change:
    def change(draft: Draft) -> None:
        for one in changes:
            one(draft)

    return change


def set_fields(**values: object) -> Change:
    """Fields of the draft."""

    def change(draft: Draft) -> None:
        for name, value in values.items():
            setattr(draft, name, value)

    return change


def change_recipe(who: str, **values: object) -> Change:
    """Of `root`, `issuing`, `server` or `client`."""

    def change(draft: Draft) -> None:
        setattr(draft, who, replace(getattr(draft, who), **values))

    return change


def set_keys(which: str, **values: object) -> Change:
    """Of a table of the SPEC (`beacon`, `device`, `use`, `binding`) or of `preferences`."""

    def change(draft: Draft) -> None:
        getattr(draft, which).update(values)

    return change


def rewrite(which: str, how: Callable[[bytes], bytes]) -> Change:
    """The text of `ca`, `crt` or `key`."""

    def change(draft: Draft) -> None:
        draft.texts[which] = how

    return change


def include(which: str, word: str) -> Change:
    """In `missing` or `private`."""

    def change(draft: Draft) -> None:
        getattr(draft, which).add(word)

    return change
