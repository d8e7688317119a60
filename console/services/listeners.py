"""Who wants to hear about which targets something new is known."""

from __future__ import annotations

import threading
from collections.abc import Callable

ChangeListener = Callable[[frozenset[str]], None]
"""Names of the targets about which something new is known. Called from any thread; must not raise."""


class Listeners:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[ChangeListener] = []

    def add(self, listener: ChangeListener) -> Callable[[], None]:
        """Returns the function that ends the subscription."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return end

    def tell(self, targets: frozenset[str]) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(targets)
