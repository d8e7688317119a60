"""Tables, the machine they were measured on, and a fresh process for each measurement."""

from __future__ import annotations

import os
import platform
import resource
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        widths = [max(len(row[n]) for row in (self.columns, *self.rows)) for n in range(len(self.columns))]
        rows = (self.columns, tuple("-" * width for width in widths), *self.rows)
        lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([f"## {self.title}", *(f"| {line} |" for line in lines), *self.notes, ""])


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one piece of work. CPU is this process's own: on a machine that is shared it is the steadier one."""

    wall: float
    cpu: float


def timed(work: Callable[[], T]) -> tuple[T, Spent]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Spent(time.perf_counter() - wall, time.process_time() - cpu)


def children_cpu() -> float:
    """CPU seconds of child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def alone(work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
    """Run in a fresh interpreter on one core: no cache is warm, and memory counts from nothing."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_one_core) as pool:
        return pool.submit(work, *values, **named).result()


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def resident_bytes() -> int:
    """This process's memory now. Linux tells; elsewhere the peak stands for it."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return peak_bytes()


def peak_bytes() -> int:
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * 1024


def machine() -> str:
    """One line: when, on what."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores {cpu or platform.machine()}{load}, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    )


def _lines(path: str) -> Sequence[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else ()


def times(more: float, less: float) -> str:
    """How often `less` fits into `more`."""
    return f"{more / less:.1f}x" if less else "-"


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.1f} ms"
