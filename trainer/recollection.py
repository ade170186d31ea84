"""What the running narrator remembers of its person's captions, and what it makes of that for the next one.

    LearnRequest (picture, text) -> vectors -> memory, and back to the reader, which keeps them (`CaptionLearned`)
    LearnRequest (vectors)       -> memory
    next panel                   -> words of the captions of similar panels, same book first, come more readily; of
                                    several samples the one is taken that is nearest to them and least work to correct

Measured with a simulated reader (`tests/bench/simulated_reader.py`). The scorer whose vectors it compares is loaded
with the first caption that is learned.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from trainer.caption_memory import (
    FOR_CHOICE,
    FOR_WORDS,
    STRENGTH,
    CaptionMemory,
    Recalled,
    Remembered,
    favoured,
    favoured_words,
    suitability,
)
from trainer.captioner import EMBEDDED, Captioner, CaptionerError, Rank
from trainer.decoding import READING_TEMPERATURE, Decoding
from trainer.events import CaptionLearned, ForgetRequest, LearnRequest
from trainer.picture_encoder import PictureEncoder
from trainer.request_pictures import request_picture
from trainer.scorer import DualEncoder, load_scorer

FEWEST = 5
"""Captions from which a memory says anything: two or three say more of their panels than of their writer."""

SAMPLES = 4
"""Samples of which one is chosen; in one batch they cost less than two one by one."""


class Recollection:
    """The memory of one narrator's process."""

    def __init__(self, captioner: Captioner, base_weights: Path, report: Callable[[str, float | None], None]) -> None:
        """Remember nothing yet.

        Args:
            captioner: the narrator; its eyes are the scorer's where they are of one kind.
            base_weights: the folder of `trainer.base_weights`.
            report: is told what is being loaded.
        """
        self._captioner = captioner
        self._base_weights = base_weights
        self._report = report
        self._memory = CaptionMemory()
        self._loaded: DualEncoder | None = None

    def learn(self, request: LearnRequest) -> CaptionLearned | None:
        """Remember a caption.

        Returns:
            What is to be kept of it, without vectors where it has to be learned from its picture again; None where it
            came with the vectors of this scorer.

        Raises:
            OSError: its picture is none.
            ValueError: its picture is no base64 or too large.
            CaptionerError: the scorer cannot be loaded.
        """
        scorer = self._scorer()
        if request.seen_by == scorer.id and request.picture and request.meaning:
            picture, meaning = _vector(request.picture), _vector(request.meaning)
            answer = None
        elif request.jpeg_base64:
            picture = scorer.encode_pictures([request_picture(request.jpeg_base64)])[0].float().cpu()
            meaning = scorer.sentence_vectors([request.text])[0]
            answer = _learned(request, scorer.id, _letters(picture), _letters(meaning))
        else:  # another scorer's vectors, and nothing to make this one's of
            return _learned(request, scorer.id, "", "")
        self._memory.remember(request.panel_id, Remembered(request.book, request.text, picture, meaning))
        return answer

    def forget(self, request: ForgetRequest) -> None:
        """Remember nothing of a panel any more."""
        self._memory.forget(request.panel_id)

    def advice(
        self, panel_id: str, book: str, features: Tensor, picture: Image.Image, decoding: Decoding, *, chooses: bool
    ) -> tuple[Decoding, Rank | None]:
        """How to write a panel's caption with what is remembered; as without it where that is too little.

        Args:
            panel_id: the panel; its own caption is left out.
            book: its book.
            features: (1, V, D) the narrator's own.
            picture: the same, for a scorer with other eyes.
            decoding: how captions are chosen without.
            chooses: whether one of several samples is taken; who asks for other wordings wants to see them.

        Returns:
            The way of writing, and what chooses among the samples (None: as before).
        """
        if self._loaded is None or len(self._memory) < FEWEST or decoding.beams > 1 or decoding.contrast:
            return decoding, None
        place = self._place(features, picture)
        words = favoured_words(favoured(self._memory.recall(panel_id, book, place, FOR_WORDS), STRENGTH))
        way = replace(decoding, favoured_words="; ".join(filter(None, (decoding.favoured_words, words))))
        if not chooses:
            return way, None
        temperature, samples = decoding.temperature or READING_TEMPERATURE, max(SAMPLES, decoding.samples)
        recalled = self._memory.recall(panel_id, book, place, FOR_CHOICE)
        return replace(way, temperature=temperature, samples=samples), self._rank(recalled)

    def _rank(self, recalled: Sequence[Recalled]) -> Rank:
        def rank(_: Tensor, candidates: Sequence[Sequence[str]]) -> list[list[float]]:
            scorer = self._scorer()
            return [suitability(texts, scorer.sentence_vectors(texts), recalled).tolist() for texts in candidates]

        return rank

    def _place(self, features: Tensor, picture: Image.Image) -> Tensor:
        """The panel's picture as a unit vector: (E,)."""
        scorer = self._scorer()
        if scorer.encoder is getattr(self._captioner, "encoder", None):
            return scorer.encode_features(features)[0].float().cpu()
        return scorer.encode_pictures([picture])[0].float().cpu()

    def _scorer(self) -> DualEncoder:
        if self._loaded is None:
            eyes = getattr(self._captioner, "encoder", None)
            shared = eyes if isinstance(eyes, PictureEncoder) else None
            loaded = load_scorer(EMBEDDED, self._base_weights, self._report, shared)
            if not isinstance(loaded, DualEncoder):
                raise CaptionerError("model_not_found", "The embedded scorer is of another kind.")
            self._loaded = loaded
        return self._loaded


def _learned(request: LearnRequest, seen_by: str, picture: str, meaning: str) -> CaptionLearned:
    return CaptionLearned(request.panel_id, request.book, request.text, seen_by, picture, meaning)


def _letters(vector: Tensor) -> str:
    """A vector as text, half precision."""
    return base64.b64encode(vector.numpy().astype("<f2").tobytes()).decode()


def _vector(letters: str) -> Tensor:
    """The vector that `_letters` wrote.

    Raises:
        ValueError: it is none.
    """
    try:
        return torch.from_numpy(np.frombuffer(base64.b64decode(letters, validate=True), "<f2").astype(np.float32))
    except binascii.Error as error:
        raise ValueError(f"no vector: {error}") from error
