"""Cache keys for what is immutable and large: the object itself, or a number that no other object ever had."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from itertools import count
from typing import Generic, TypeVar

_SERIALS = count(1)

T = TypeVar("T")


class Same(Generic[T]):
    """Equal to another only where both hold the very same object; keeps it alive, so that its id stays its own."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def new_serial() -> int:
    """A number that was never given before (unlike an id, which is used again after its object has gone)."""
    return next(_SERIALS)


@lru_cache(maxsize=50_000)
def serial_of(content: Hashable) -> int:
    """The same number for equal contents (after very many others it may be another one): cheap to compare and hash."""
    del content
    return new_serial()
