"""The running narrator: requests in on stdin, captions out as events, until told to stop.

    stdin -> reading thread -> open requests -> this loop, one caption at a time -> events

One request is one page. The newest request comes first: after each caption the loop looks whether a newer
one has arrived, so that a reader who turned the page is not kept waiting by the page before; the older
request goes on afterwards. Within a request each caption is conditioned on the captions before it.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TextIO

from PIL import Image

from trainer.captioner import Captioner, CaptionerError, Prompt, Rank, load_captioner
from trainer.config import ConfigError
from trainer.dataset import CONTEXT_CAPTIONS
from trainer.decoding import READING_TEMPERATURE, SIMILARITY, Decoding
from trainer.device import set_threads
from trainer.events import (
    CancelRequest,
    CaptionPartial,
    CaptionWritten,
    Event,
    ForgetRequest,
    LearnRequest,
    Loading,
    NarrateRequest,
    Ready,
    RequestDone,
    RequestFailed,
    RunFinished,
    StopRequest,
    decode_request,
)
from trainer.ranking import load_fit, ranking
from trainer.recollection import Recollection
from trainer.request_pictures import request_picture
from trainer.sentence_encoder import SentenceEncoder
from trainer.style_card import StyleCard

_log = logging.getLogger(__name__)


@dataclasses.dataclass(slots=True)
class _Job:
    """A request being answered.

    Attributes:
        request: what was asked.
        next_panel: index of the panel to write next.
        told: captions before it, this page's included.
        cancelled: set by the reading thread.
    """

    request: NarrateRequest
    told: list[str]
    next_panel: int = 0
    cancelled: bool = False


class Inbox:
    """Open requests, filled by the reading thread, emptied by the writing loop."""

    def __init__(self) -> None:
        self._jobs: list[_Job] = []
        self._lessons: deque[LearnRequest | ForgetRequest] = deque()
        self._changed = threading.Condition()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop` or the end of stdin was read."""
        return self._stopped

    def follow(self, stream: TextIO) -> None:
        """Read requests until `stop` or the end; unknown lines are logged and left out."""
        for line in stream:
            request = decode_request(line)
            if isinstance(request, StopRequest):
                break
            with self._changed:
                if isinstance(request, NarrateRequest):
                    self._jobs.append(_Job(request, list(request.previous)))
                elif isinstance(request, CancelRequest):
                    for job in self._jobs:
                        job.cancelled |= job.request.request_id == request.request_id
                elif isinstance(request, LearnRequest | ForgetRequest):
                    self._lessons.append(request)
                else:
                    _log.warning("not a request: %.80s", line.rstrip())
                self._changed.notify()
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def next(self) -> _Job | LearnRequest | ForgetRequest | None:
        """Wait for something to do and return it: what is to be learned first, then the newest request.

        None when stopped.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._lessons or self._jobs or self._stopped)
            if self._stopped:
                return None
            return self._lessons.popleft() if self._lessons else self._jobs[-1]

    def close(self, job: _Job) -> None:
        """Forget a request that is answered."""
        with self._changed:
            self._jobs.remove(job)


@dataclasses.dataclass(frozen=True, slots=True)
class _Writer:
    """A narrator and the way it writes.

    Attributes:
        captioner: the narrator.
        decoding: how it chooses.
        rank: how it chooses among whole captions.
        recollection: what it remembers of the person's captions.
    """

    captioner: Captioner
    decoding: Decoding
    rank: Rank
    recollection: Recollection


def serve(
    model: str,
    scorer: str,
    base_weights: Path,
    threads: int,
    decoding: Decoding,
    stream: TextIO,
    emit: Callable[[Event], None],
) -> RunFinished:
    """Load a narrator and answer requests until `stop` or the end of the stream.

    Args:
        model: "embedded", a directory or a hub name.
        scorer: what several samples are chosen by where `decoding` says by fit ("embedded" or a directory).
        base_weights: the folder of `trainer.base_weights`.
        threads: CPU threads; 0 leaves the choice to torch.
        decoding: how captions are chosen; where that always gives the same words, another wording is sampled.
        stream: requests, one JSON object a line.
        emit: takes every event.

    Raises:
        CaptionerError: the narrator or the scorer cannot be loaded.
        ConfigError: the narrator cannot write as `decoding` says.
        BaseWeightsError: what `decoding` chooses by is not in the folder.
    """
    inbox = Inbox()
    threading.Thread(target=inbox.follow, args=(stream,), daemon=True, name="requests").start()
    started = time.monotonic()
    emit(Loading("Starting the narrator"))
    set_threads(threads)

    def report(text: str, done_frac: float | None) -> None:
        emit(Loading(text, done_frac))

    captioner = load_captioner(model, base_weights, report)
    captioner.check(decoding)
    embed = SentenceEncoder(base_weights) if decoding.samples > 1 and decoding.utility == SIMILARITY else None
    fit = load_fit(scorer, decoding, captioner, base_weights, report)
    recollection = Recollection(captioner, base_weights, lambda *_: None)
    writer = _Writer(captioner, decoding, ranking(decoding, embed, fit), recollection)
    emit(Ready(captioner.id, captioner.title, round(time.monotonic() - started, 2)))
    while (job := inbox.next()) is not None:
        if not isinstance(job, _Job):
            _learn(recollection, job, emit)
            continue
        if job.cancelled or job.next_panel >= len(job.request.panels):
            inbox.close(job)
            emit(RequestDone(job.request.request_id, cancelled=job.cancelled))
            continue
        try:
            _write_next(writer, job, inbox, emit)
        except ConfigError as error:
            inbox.close(job)
            emit(RequestFailed(job.request.request_id, f"The captions cannot be written as the book asks for: {error}"))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            inbox.close(job)
            emit(RequestFailed(job.request.request_id, f"A panel's picture cannot be read: {error}"))
    return RunFinished("The narrator has stopped.")


def _learn(recollection: Recollection, lesson: LearnRequest | ForgetRequest, emit: Callable[[Event], None]) -> None:
    """Remember or forget a caption; one that cannot be remembered does no harm."""
    if isinstance(lesson, ForgetRequest):
        recollection.forget(lesson)
        return
    try:
        learned = recollection.learn(lesson)
    except (OSError, ValueError, Image.DecompressionBombError, CaptionerError) as error:
        _log.warning("a caption is not remembered: %s", error)
        return
    if learned is not None:
        emit(learned)


def _write_next(writer: _Writer, job: _Job, inbox: Inbox, emit: Callable[[Event], None]) -> None:
    """Write the next panel's caption, or take the one that stands."""
    request, panel = job.request, job.request.panels[job.next_panel]
    job.next_panel += 1
    if panel.text is not None:
        job.told.append(panel.text)
        return
    started = time.monotonic()
    card = StyleCard.from_json(request.style_card)
    decoding = card.decoding(_reworded(writer.decoding) if request.variation else writer.decoding)
    decoding = _without_names(decoding, set(request.cast) - set(panel.names))
    picture = request_picture(panel.jpeg_base64)
    features = writer.captioner.encode([picture])
    decoding, rank = writer.recollection.advice(
        panel.panel_id, request.book, features, picture, decoding, chooses=not request.variation
    )
    writer.captioner.check(decoding)
    told = tuple(text for text in job.told[-CONTEXT_CAPTIONS:] if text)
    # The same picture and variation are told in the same words, after a restart too.
    seed = zlib.crc32(panel.jpeg_base64.encode(), request.variation)
    written = writer.captioner.write(
        features,
        [Prompt(told, request.style, seed, _in_one(panel.names))],
        decoding,
        on_text=lambda text: emit(CaptionPartial(request.request_id, panel.panel_id, card.renamed(text))),
        should_stop=lambda: job.cancelled or inbox.stopped,
        rank=rank or writer.rank,
    )[0]
    if job.cancelled or inbox.stopped:
        return
    text = card.renamed(written.text)
    job.told.append(text)
    seconds = round(time.monotonic() - started, 3)
    emit(CaptionWritten(request.request_id, panel.panel_id, text, round(written.confidence, 4), seconds))


def _reworded(decoding: Decoding) -> Decoding:
    """A way of choosing that can give other words for the same picture."""
    if decoding.temperature:
        return decoding
    return dataclasses.replace(decoding, temperature=READING_TEMPERATURE, beams=1, contrast=0.0)


def _without_names(decoding: Decoding, absent: Collection[str]) -> Decoding:
    """A way of writing that says none of these names."""
    return dataclasses.replace(decoding, bad_phrases="; ".join(filter(None, [decoding.bad_phrases, *sorted(absent)])))


def _in_one(names: Sequence[str]) -> str:
    """Names as a sentence begins with them: "Pepper, Carrot and Saffron"."""
    *before, last = names or ("",)
    return f"{', '.join(before)} and {last}" if before else last
