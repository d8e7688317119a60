"""From worker threads to the screen: events wait in a queue and are drained ten times a second, never one by one."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from console.services.events import JobEvent, JobFinished
from console.services.job import Job

DRAIN_SECONDS = 0.1


@dataclass
class News(Message):
    """What happened since the last drain. Sent to the screen in front; others look afresh when they come back."""

    changed: frozenset[str] = frozenset()
    """Targets about which something new is known."""
    events: tuple[tuple[Job, JobEvent], ...] = ()

    @property
    def finished(self) -> tuple[Job, ...]:
        return tuple(job for job, event in self.events if isinstance(event, JobFinished))


class Feed:
    """Thread-safe on the way in; `drain` belongs to the event loop."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[frozenset[str] | tuple[Job, JobEvent]] = queue.SimpleQueue()
        self._ends: list[Callable[[], None]] = []

    def estate_changed(self, names: frozenset[str]) -> None:
        self._waiting.put(names)

    def follow(self, job: Job) -> None:
        self._ends.append(job.subscribe(lambda event: self._waiting.put((job, event))))

    def drain(self) -> News | None:
        changed: set[str] = set()
        events: list[tuple[Job, JobEvent]] = []
        while True:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, frozenset):
                changed |= item
            else:
                events.append(item)
        return News(frozenset(changed), tuple(events)) if changed or events else None

    def close(self) -> None:
        for end in self._ends:
            end()
