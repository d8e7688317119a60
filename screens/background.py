"""Blocking service calls off the event loop, on daemon threads of our own.

Textual's thread workers share asyncio's small default executor and hold up quitting until they end; a host that
doesn't answer would do both.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(call: Callable[[], Result]) -> Result:
    """Run `call` and wait for it; whatever it raises is raised here. Cancelling forgets the result, not the call."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # handed over to the waiting coroutine, which alone may judge it
            _tell(loop, fail, error)
        else:
            _tell(loop, settle, result)

    threading.Thread(target=run, name="mtls-console-call", daemon=True).start()
    return await future


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[Result], None], value: Result) -> None:
    if not loop.is_closed():  # else the console has quit meanwhile, and nobody waits
        loop.call_soon_threadsafe(callback, value)
