"""The one place where an error becomes something to look at."""

from __future__ import annotations

from typing import Any

from textual.app import App

from console.errors import MtlsConsoleError
from screens.text import plain

_SECONDS = 12.0


def show_error(app: App[Any], error: MtlsConsoleError) -> None:
    """A notification: where and in which phase as its title, then what happened and what to do."""
    title = ": ".join(part for part in (error.target, error.phase) if part) or "That didn't work"
    body = plain(error.message) + (f"\n{plain(error.hint)}" if error.hint else "")
    app.notify(body, title=plain(title), severity="error", timeout=_SECONDS, markup=False)


def tell(app: App[Any], message: str, *, warning: bool = False) -> None:
    """Something worth a word; never one for each host."""
    app.notify(plain(message), severity="warning" if warning else "information", markup=False)
