"""The running narrator: requests in on stdin, captions out as events, until told to stop.

    stdin -> reading thread -> open requests -> this loop, one caption at a time -> events

One request is one page. The newest request comes first: after each caption the loop looks whether a newer
one has arrived, so that a reader who turned the page is not kept waiting by the page before; the older
request goes on afterwards. Within a request each caption is conditioned on the captions before it. Of several captions
a scorer takes one, and with it says how sure it is.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from PIL import Image
from torch import Tensor

from trainer.captioner import Captioner, CaptionerError, Prompt, Report, WrittenCaption, load_captioner
from trainer.dataset import CONTEXT_CAPTIONS
from trainer.decoding import READING_TEMPERATURE, SIMILARITY, Decoding
from trainer.device import best_device, set_threads
from trainer.events import (
    CancelRequest,
    CaptionPartial,
    CaptionWritten,
    Event,
    Loading,
    NarrateRequest,
    PanelPicture,
    Ready,
    RequestDone,
    RequestFailed,
    RunFinished,
    StopRequest,
    decode_request,
)
from trainer.prefix_captioner import PrefixCaptioner
from trainer.ranking import by_certainty, choose, ranking
from trainer.scoreboard import Embed
from trainer.scorer import DualEncoder, load_scorer
from trainer.sentence_encoder import SentenceEncoder

_log = logging.getLogger(__name__)

_MAX_PICTURE_PIXELS = 4096 * 4096  # a crop is at most 448 px a side; far above is not ours


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
                else:
                    _log.warning("not a request: %.80s", line.rstrip())
                self._changed.notify()
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def newest(self) -> _Job | None:
        """Wait for an open request and return the newest; None when stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._stopped)
            return None if self._stopped else self._jobs[-1]

    def close(self, job: _Job) -> None:
        """Forget a request that is answered."""
        with self._changed:
            self._jobs.remove(job)


class _Writer:
    """A narrator, the way it writes, and who judges it."""

    def __init__(
        self, captioner: Captioner, decoding: Decoding, scorer: DualEncoder | None, embed: Embed | None
    ) -> None:
        """Put them together.

        Raises:
            ConfigError: what `decoding` chooses by is not there.
        """
        self._captioner = captioner
        self._decoding = decoding
        self._scorer = scorer
        self._embed = embed
        # Refuses now what it would refuse later.
        ranking(decoding, embed, by_certainty(scorer, scorer.encode_features) if scorer else None)

    def write(
        self,
        picture: Image.Image,
        prompt: Prompt,
        reworded: bool,
        on_text: Callable[[str], None],
        should_stop: Callable[[], bool],
    ) -> WrittenCaption:
        """Write a picture's caption; of several that were judged, its confidence is their `certainty`."""
        features = self._captioner.encode([picture])
        decoding = _reworded(self._decoding) if reworded else self._decoding
        candidates = self._captioner.write_candidates(features, [prompt], decoding, on_text, should_stop)
        if should_stop():  # nobody will see it
            return candidates[0][0]
        if len(candidates[0]) == 1 or self._scorer is None:
            return choose(features, candidates, ranking(decoding, self._embed))[0]
        placed = self._placed(self._scorer, picture, features)
        texts = [caption.text for caption in candidates[0]]
        sure = by_certainty(self._scorer, lambda _: placed)(features, [texts])
        chosen = choose(features, candidates, ranking(decoding, self._embed, lambda *_: sure))[0]
        return dataclasses.replace(chosen, confidence=sure[0][candidates[0].index(chosen)])

    def _placed(self, scorer: DualEncoder, picture: Image.Image, features: Tensor) -> Tensor:
        """The picture as the scorer places it, (1, E); a narrator with the scorer's own eyes has looked already."""
        if isinstance(self._captioner, PrefixCaptioner) and self._captioner.encoder is scorer.encoder:
            return scorer.encode_features(features)
        return scorer.encode_pictures([picture])


def serve(
    model: str,
    scorer: str,
    base_weights: Path,
    threads: int,
    decoding: Decoding,
    exact: bool,
    stream: TextIO,
    emit: Callable[[Event], None],
) -> RunFinished:
    """Load a narrator and answer requests until `stop` or the end of the stream.

    Args:
        model: "embedded", a directory or a hub name.
        scorer: "embedded" or a directory (`load_scorer`): judges the captions; empty: none, then a caption's confidence
            is the mean probability of its tokens, which says little.
        base_weights: the folder of `trainer.base_weights`.
        threads: CPU threads; 0 leaves the choice to torch.
        decoding: how captions are chosen; where that always gives the same words, another wording is sampled.
        exact: leave the weights as they are on a CPU too.
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
    if not exact and best_device().type == "cpu":
        captioner.quantise()
    embed = SentenceEncoder(base_weights) if decoding.samples > 1 and decoding.utility == SIMILARITY else None
    writer = _Writer(captioner, decoding, _judge(scorer, captioner, base_weights, report), embed)
    emit(Ready(captioner.id, captioner.title, round(time.monotonic() - started, 2)))
    while (job := inbox.newest()) is not None:
        if job.cancelled or job.next_panel >= len(job.request.panels):
            inbox.close(job)
            emit(RequestDone(job.request.request_id, cancelled=job.cancelled))
            continue
        try:
            _write_next(writer, job, inbox, emit)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            inbox.close(job)
            emit(RequestFailed(job.request.request_id, f"A panel's picture cannot be read: {error}"))
    return RunFinished("The narrator has stopped.")


def _write_next(writer: _Writer, job: _Job, inbox: Inbox, emit: Callable[[Event], None]) -> None:
    """Write the next panel's caption, or take the one that stands."""
    request, panel = job.request, job.request.panels[job.next_panel]
    job.next_panel += 1
    if panel.text is not None:
        job.told.append(panel.text)
        return
    started = time.monotonic()
    told = tuple(text for text in job.told[-CONTEXT_CAPTIONS:] if text)
    # The same picture and variation are told in the same words, after a restart too.
    seed = zlib.crc32(panel.jpeg_base64.encode(), request.variation)
    written = writer.write(
        _decode(panel),
        Prompt(told, request.style, seed),
        reworded=request.variation > 0,
        on_text=lambda text: emit(CaptionPartial(request.request_id, panel.panel_id, text)),
        should_stop=lambda: job.cancelled or inbox.stopped,
    )
    if job.cancelled or inbox.stopped:
        return
    job.told.append(written.text)
    seconds = round(time.monotonic() - started, 3)
    emit(CaptionWritten(request.request_id, panel.panel_id, written.text, round(written.confidence, 4), seconds))


def _judge(name: str, captioner: Captioner, base_weights: Path, report: Report) -> DualEncoder | None:
    """The scorer that judges captions; None where none is wanted."""
    if not name:
        return None
    eyes = captioner.encoder if isinstance(captioner, PrefixCaptioner) else None
    scorer = load_scorer(name, base_weights, report, eyes)
    if not isinstance(scorer, DualEncoder):
        raise CaptionerError(
            "model_not_found", f"“{name}” says nothing of how likely a caption is; it has no backdrop."
        )
    return scorer


def _reworded(decoding: Decoding) -> Decoding:
    """A way of choosing that can give other words for the same picture."""
    if decoding.temperature:
        return decoding
    return dataclasses.replace(decoding, temperature=READING_TEMPERATURE, beams=1, contrast=0.0)


def _decode(panel: PanelPicture) -> Image.Image:
    """The panel's picture.

    Raises:
        OSError: no picture.
        ValueError: no base64, or larger than any crop.
    """
    with Image.open(io.BytesIO(panel.image_bytes), formats=("JPEG", "PNG")) as picture:
        if picture.width * picture.height > _MAX_PICTURE_PIXELS:
            raise ValueError("it is too large")
        picture.load()
        return picture.convert("RGB")
