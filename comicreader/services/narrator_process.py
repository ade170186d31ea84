"""One life of the narrator's child process: requests in, their answers out, an orderly end.

`narrator` decides when a process starts and what its death means; this module only runs one.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

from comicreader.domain.errors import NarratorError
from comicreader.services.task_runner import TaskRunner
from trainer.events import (
    CancelRequest,
    CaptionPartial,
    CaptionWritten,
    Event,
    NarrateRequest,
    Ready,
    Request,
    RequestDone,
    RequestFailed,
    RunCancelled,
    RunFailed,
    RunFinished,
    StopRequest,
    decode_event,
    encode,
)

_log = logging.getLogger(__name__)

# A line with a page's captions has a few hundred bytes; asyncio's own 64 KiB would do for any but an odd event.
_LINE_LIMIT_BYTES = 16 << 20
_KEPT_STDERR_LINES = 20
_QUOTED_STDERR_LINES = 2

# While torch is being imported or a model loaded the child cannot hear; it has nothing to lose then.
_STOP_GRACE_S = 1.0
_TERMINATE_GRACE_S = 1.0

_Answer = CaptionPartial | CaptionWritten | RequestDone | RequestFailed


class RequestRefusedError(NarratorError):
    """One request could not be answered; the narrator is well."""


class ProcessEndedError(Exception):
    """The process that should have answered is gone."""


class NarratorProcess:
    """A running child that speaks `trainer.events`.

    Attributes:
        settled: set when the child is ready, or gone.
        has_ended: the child is gone and everything it wrote was read.
        is_dismissed: it was told to leave.
        failure: its own last word, where it said that it cannot go on.
    """

    def __init__(self, process: Process, on_event: Callable[[NarratorProcess, Event], None]) -> None:
        self.settled = asyncio.Event()
        self.has_ended = False
        self.is_dismissed = False
        self.failure: RunFailed | None = None
        self._process = process
        self._on_event = on_event
        self._answers: dict[str, asyncio.Queue[_Answer | None]] = {}  # None: there will be no more
        self._stderr_tail: deque[str] = deque(maxlen=_KEPT_STDERR_LINES)
        self._ended = asyncio.Event()

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str] | None,
        tasks: TaskRunner,
        on_event: Callable[[NarratorProcess, Event], None],
        on_end: Callable[[NarratorProcess], None],
    ) -> NarratorProcess:
        """Start a child.

        Args:
            command: program and arguments.
            environment: the child's environment; None: this process's.
            tasks: keeps the task that listens.
            on_event: called with each event that belongs to no request and is no last word.
            on_end: called once, when the child is gone and everything it wrote was read.

        Raises:
            NarratorError: the program cannot be started.
        """
        try:
            # A session of its own: Ctrl-C in a terminal is for the reader, which then stops the child in order.
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=environment,
                limit=_LINE_LIMIT_BYTES,
                start_new_session=True,
            )
        except OSError as error:
            raise NarratorError(f"The narrator cannot be started: {command[0]}: {error.strerror}.") from error
        _log.info("narrator's process %d started: %s", process.pid, " ".join(command))
        child = cls(process, on_event)
        tasks.start(child._live(on_end), name=f"narrator's process {process.pid}")
        return child

    async def answers(self, request: NarrateRequest) -> AsyncGenerator[CaptionPartial | CaptionWritten, None]:
        """Send a request and yield its captions; closing the generator cancels the request.

        Raises:
            ProcessEndedError: the child is gone.
            RequestRefusedError: it cannot answer this request.
        """
        if self.has_ended:
            raise ProcessEndedError
        queue = self._answers[request.request_id] = asyncio.Queue()
        is_open = True
        try:
            self.send(request)
            while is_open:
                answer = await queue.get()
                if self.is_dismissed:
                    answer = None  # another model may have taken over: what was still on its way is for nobody
                if isinstance(answer, CaptionPartial | CaptionWritten):
                    yield answer
                    continue
                is_open = False
                if answer is None:
                    raise ProcessEndedError
                if isinstance(answer, RequestFailed):
                    raise RequestRefusedError(answer.message)
        finally:
            del self._answers[request.request_id]
            if is_open:
                self.send(CancelRequest(request.request_id))

    async def close(self) -> None:
        """Ask the child to leave, then terminate it, then kill it; returns when it is gone."""
        self.is_dismissed = True
        try:
            self.send(StopRequest())
            if self._process.stdin is not None:
                self._process.stdin.close()
            if await self._ends_within(_STOP_GRACE_S):
                return
            self._signal(signal.SIGTERM)
            if await self._ends_within(_TERMINATE_GRACE_S):
                return
            _log.info("narrator's process %d has to be killed", self._process.pid)
        finally:
            if not self._ended.is_set():
                self._signal(signal.SIGKILL)
                await self._ended.wait()

    def obituary(self) -> str:
        """One sentence about how the child ended, with its last lines on stderr."""
        status = self._process.returncode or 0
        how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        last_lines = " / ".join(list(self._stderr_tail)[-_QUOTED_STDERR_LINES:])
        end = f"{how}: {last_lines}" if last_lines else how
        return f"The narrator stopped unexpectedly ({end})."

    async def _live(self, on_end: Callable[[NarratorProcess], None]) -> None:
        try:
            await asyncio.gather(self._read_events(), self._read_stderr())
            await self._process.wait()
        except ValueError as error:
            _log.warning("the narrator wrote a line that is too long: %s", error)
        finally:
            self._signal(signal.SIGKILL)  # only where nobody listens any more
            await self._process.wait()
            _log.info("narrator's process %d ended (%s)", self._process.pid, self._process.returncode)
            self.has_ended = True
            on_end(self)
            self.settled.set()
            self._ended.set()
            for queue in self._answers.values():
                queue.put_nowait(None)

    async def _read_events(self) -> None:
        async for line in _lines(self._process.stdout):
            event = decode_event(line)
            if isinstance(event, RunFailed):
                self.failure = event
            elif isinstance(event, _Answer):
                # what still comes for a cancelled request is for nobody
                if event.request_id in self._answers:
                    self._answers[event.request_id].put_nowait(event)
            elif not isinstance(event, RunFinished | RunCancelled):
                self._on_event(self, event)
                if isinstance(event, Ready):
                    self.settled.set()

    async def _read_stderr(self) -> None:
        async for line in _lines(self._process.stderr):
            if line:
                _log.info("narrator: %s", line)
                self._stderr_tail.append(line)

    def send(self, request: Request) -> None:
        """Write a request; what a dead child is sent is lost."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(encode(request).encode())

    async def _ends_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _signal(self, which: signal.Signals) -> None:
        if self._process.returncode is None:
            try:
                self._process.send_signal(which)
            except ProcessLookupError:
                _log.debug("narrator's process %d is gone already", self._process.pid)


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[str]:
    """The stream's lines until its end, without their newlines."""
    while stream is not None and (line := await stream.readline()):
        yield line.decode("utf-8", errors="replace").rstrip()
