"""The narrator as the reader sees it: asks for captions, answers as they are written.

The model runs in a child process that speaks `trainer.events` (`narrator_process`). It is started by the first
request, started again when it dies, and stopped in order when the reader closes; torch stays out of this process.

    NARRATOR STATE   ABSENT --first request--> LOADING --Ready--> READY --death--> ABSENT, next request starts anew
                                     third death in a minute, or the child says it cannot go on --> FAILED
                                     use_model: whatever it was --> LOADING
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from enum import Enum

from comicreader.domain.errors import NarratorError
from comicreader.services.narrator_process import NarratorProcess, ProcessEndedError
from comicreader.services.task_runner import TaskRunner
from trainer.events import (
    CaptionLearned,
    CaptionPartial,
    CaptionWritten,
    Event,
    ForgetRequest,
    LearnRequest,
    Loading,
    NarrateRequest,
    Ready,
)

_log = logging.getLogger(__name__)

EMBEDDED_MODEL = "embedded"

# Turning pages must stay smooth while two cores write captions.
_NICE = 5

# The first death may be bad luck; who dies three times in a minute will go on doing so.
_MOST_DEATHS = 3
_DEATHS_WINDOW_S = 60.0
_BACK_OFF_S = (0.0, 0.1, 0.5)


class NarratorPhase(Enum):
    """What can be expected of the narrator."""

    ABSENT = "absent"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NarratorState:
    """How the narrator is.

    Attributes:
        kind: what can be expected of it.
        message: what it does, its title, or why it failed; for the person.
        done_frac: how far loading is, 0 to 1; None where that cannot be known.
        model_id: the checkpoint that writes, while READY; empty otherwise.
    """

    kind: NarratorPhase
    message: str = ""
    done_frac: float | None = None
    model_id: str = ""


def default_command() -> list[str]:
    """The narrator's program: everything but the model.

    `-P` keeps the folder the reader was started in, which may be a downloaded one, out of the child's imports.
    The model is added by the caller: a folder, "embedded", or a hub name that a person picked.
    """
    return [sys.executable, "-P", "-m", "trainer", "serve", "--nice", str(_NICE)]


class Narrator:
    """Writes captions in a child process. To be used in one event loop."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        on_state: Callable[[NarratorState], None],
        on_learned: Callable[[CaptionLearned], None] | None = None,
        environment: Mapping[str, str] | None = None,
        model: str = EMBEDDED_MODEL,
    ) -> None:
        """Prepare a narrator; nothing is started yet.

        Args:
            command: the program without its model, as `default_command` has it; `--model` is added.
            on_state: called in the loop with every new state.
            on_learned: called in the loop with what is made of captions that `send` has it learn.
            environment: the child's environment; None: this process's.
            model: "embedded", a directory, or a hub name.
        """
        self._command = tuple(command)
        self._on_state = on_state
        self._on_learned = on_learned
        self._environment = None if environment is None else {**environment, "HF_HUB_DISABLE_TELEMETRY": "1"}
        self._model = model
        self._state = NarratorState(NarratorPhase.ABSENT)
        self._tasks = TaskRunner(lambda error: _log.error("the narrator's listener failed", exc_info=error))
        self._changing_process = asyncio.Lock()
        self._process: NarratorProcess | None = None
        self._deaths: deque[float] = deque(maxlen=_MOST_DEATHS)
        self._model_id = ""
        self._is_closed = False

    @property
    def state(self) -> NarratorState:
        """The newest state."""
        return self._state

    @property
    def model_id(self) -> str:
        """The checkpoint that wrote the newest answer; empty until a process with this model was ready."""
        return self._model_id

    async def ready(self) -> None:
        """Start the narrator if need be and wait until it takes requests.

        Raises:
            NarratorError: it has failed, or is closed.
        """
        await self._ready_process()

    async def narrate(self, request: NarrateRequest) -> AsyncGenerator[CaptionPartial | CaptionWritten, None]:
        """Ask for the captions of a page; closing the iterator cancels the request.

        When the process dies, it is started again once and asked for the rest.

        Raises:
            RequestRefusedError: this request cannot be answered, others can.
            NarratorError: the narrator has failed, died twice over this request, or is closed.
        """
        written: dict[str, str] = {}
        was_asked_again = False
        while True:
            process = await self._ready_process()
            try:
                async with aclosing(process.answers(_without_written(request, written))) as answers:
                    async for answer in answers:
                        if isinstance(answer, CaptionWritten):
                            written[answer.panel_id] = answer.text
                        yield answer
                return
            except ProcessEndedError as error:
                if was_asked_again and not process.is_dismissed:
                    raise NarratorError(process.obituary()) from error
                was_asked_again |= not process.is_dismissed

    def send(self, request: LearnRequest | ForgetRequest) -> None:
        """Have the running process learn or forget something; lost where there is none that is ready."""
        if self._process is not None and self._state.kind is NarratorPhase.READY:
            self._process.send(request)

    async def use_model(self, model: str) -> None:
        """Let another model write from now on; open requests are asked of it again.

        It begins to load at once; the states tell how that goes. Naming the current model again gives one that
        failed another chance.
        """
        async with self._changing_process:
            if model == self._model and self._state.kind is not NarratorPhase.FAILED:
                return
            self._model = model
            self._model_id = ""
            self._deaths.clear()
            await self._dismiss()
            if not self._is_closed:
                with suppress(NarratorError):  # the state says it
                    self._process = await self._start()

    async def close(self) -> None:
        """Refuse new requests, end the open ones, and stop the child; returns when it is gone."""
        self._is_closed = True
        async with self._changing_process:
            await self._dismiss()
        await self._tasks.close()
        self._set_state(NarratorState(NarratorPhase.ABSENT))

    async def _ready_process(self) -> NarratorProcess:
        """A process that takes requests; waits while it loads, starts another when it dies meanwhile."""
        while True:
            process = await self._current_process()
            await process.settled.wait()
            if not process.has_ended:
                return process

    async def _current_process(self) -> NarratorProcess:
        async with self._changing_process:
            if self._is_closed:
                raise NarratorError("The narrator is closed.")
            if self._state.kind is NarratorPhase.FAILED:
                raise NarratorError(self._state.message)
            if self._process is None:
                await asyncio.sleep(_BACK_OFF_S[len(self._deaths)])
                self._process = await self._start()
            return self._process

    async def _start(self) -> NarratorProcess:
        self._set_state(NarratorState(NarratorPhase.LOADING, "The narrator is starting"))
        command = [*self._command, "--model", self._model]
        try:
            return await NarratorProcess.start(command, self._environment, self._tasks, self._on_event, self._on_end)
        except NarratorError as error:
            self._set_state(NarratorState(NarratorPhase.FAILED, error.sentence))
            raise

    async def _dismiss(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            await process.close()

    def _on_event(self, process: NarratorProcess, event: Event) -> None:
        if process.is_dismissed:
            return
        if isinstance(event, Loading):
            self._set_state(NarratorState(NarratorPhase.LOADING, event.message, event.done_frac))
        elif isinstance(event, Ready):
            self._model_id = event.model_id
            self._set_state(NarratorState(NarratorPhase.READY, event.title, model_id=event.model_id))
        elif isinstance(event, CaptionLearned):
            if self._on_learned is not None:
                self._on_learned(event)
        else:
            _log.info("an event of no use here: %s", event)

    def _on_end(self, process: NarratorProcess) -> None:
        if process.is_dismissed:
            return
        self._process = None
        self._set_state(self._state_after_death(process))

    def _state_after_death(self, process: NarratorProcess) -> NarratorState:
        if process.failure is not None:
            return NarratorState(NarratorPhase.FAILED, f"{process.failure.message} {process.failure.hint}".strip())
        obituary = process.obituary()
        _log.warning("%s", obituary)
        now = time.monotonic()
        self._deaths.append(now)
        while self._deaths[0] < now - _DEATHS_WINDOW_S:
            self._deaths.popleft()
        if len(self._deaths) < _MOST_DEATHS:
            return NarratorState(NarratorPhase.ABSENT, obituary)
        return NarratorState(NarratorPhase.FAILED, f"{obituary} It keeps doing so and is not started again.")

    def _set_state(self, state: NarratorState) -> None:
        if state != self._state:
            _log.info("narrator is %s: %s", state.kind.value, state.message)
            self._state = state
            self._on_state(state)


def _without_written(request: NarrateRequest, written: Mapping[str, str]) -> NarrateRequest:
    """The rest of a request: captions that were written already become context."""
    panels = tuple(
        replace(panel, jpeg_base64="", text=written[panel.panel_id]) if panel.panel_id in written else panel
        for panel in request.panels
    )
    return replace(request, panels=panels)
