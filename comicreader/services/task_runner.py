"""The one place where background tasks start and end.

The event loop keeps only weak references to tasks, and nobody sees the error of a task that nobody awaits:
the runner keeps the tasks, reports their errors, and ends them all in order when the program closes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TypeVar

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class TaskRunner:
    """Starts coroutines in the running event loop and looks after them until they end."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        """Prepare a runner.

        Args:
            on_error: called in the loop's thread with the error of each task that fails.
        """
        self._on_error = on_error
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_closed = False

    def start(self, coro: Coroutine[object, object, _Result], *, name: str) -> asyncio.Task[_Result]:
        """Run a coroutine in the background.

        After `close` new work is refused: the task comes back cancelled before its first step, so that what
        happens while windows close (a last resize, say) needs no care.

        Args:
            coro: what to run.
            name: what it does, for logs.
        """
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        if self._is_closed:
            task.cancel()
        return task

    async def close(self) -> None:
        """Refuse new work, cancel all tasks and wait until they have ended."""
        self._is_closed = True
        while self._tasks:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _on_task_done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.info("task “%s” failed: %r", task.get_name(), error)
            self._on_error(error)
