"""What a caption is chosen by: the options of every way of decoding, as command line and report see them.

    temperature 0                greedy, or with `beams` beam search, or with `contrast` contrastive search
    temperature above 0          sampling, and with `samples` the one that the others agree with, or that fits best

The ways themselves: `generation` runs transformers' `generate`, `token_rules` says which tokens are allowed,
`contrastive` looks ahead, `ranking` chooses among whole captions. Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer.config import ConfigError, Options, option

CHRF = "chrf"
SIMILARITY = "similarity"
FIT = "fit"
UTILITIES = (CHRF, SIMILARITY, FIT)

READING_TEMPERATURE = 0.6
"""The likeliest words one after the other soon tell one sentence again and again; at 0.8 the story loses its thread.
Read on two comics, 21 panels each."""

FAVOUR = 2.0
"""What a favoured word's tokens get where nobody says how much: seven times the odds, and the sentence stays whole."""

_MOST_FAVOUR = 20.0


@dataclass(frozen=True, slots=True)
class Decoding(Options):
    """How a caption is chosen among the likely ones.

    Attributes:
        max_tokens: longest caption.
        min_words: the caption does not end before; 0 sets no limit. Cut-off sentences are kept where it needs them.
        max_words: no further word is begun; the caption ends at a sentence's end before, or is led to one. 0: no limit.
        temperature: 0 takes the likeliest token each time; above, tokens are sampled.
        top_k: tokens that sampling keeps; 0 keeps all.
        top_p: share of the probability that sampling keeps.
        samples: captions sampled for each picture, of which `ranking` chooses one.
        utility: what a sample is taken for: agreeing with the others in letters and words (CHRF) or in meaning
            (SIMILARITY, MiniLM), or its fit to the picture (FIT, a scorer).
        beams: sequences followed at a time by beam search.
        contrast: weight of not resembling what stands before (Su et al. 2022, alpha); 0 is no contrastive search.
        contrast_tokens: tokens that contrastive search looks at.
        guidance: how far to go from what would be written without the picture to what is written with it and beyond
            (Ho & Salimans 2021; Kornblith et al. 2023 for captions); 1 is the narrator itself.
        seen_words: weight of what the narrator's classifier of words sees in the picture (`seen_words`); 0: none. Only
            narrators whose classifier says how sure it is have it.
        repetition_penalty: above 1 makes words already used less likely (Keskar et al. 2019, CTRL).
        no_repeat_ngram: sequences of this many tokens never come twice; 0 allows them.
        no_copy_ngram: nor do sequences of this many tokens of the captions before it; 0 allows them.
        picture_talk: allow "in this picture", "we see" and the like (`metrics.talks_of_picture`).
        bad_phrases: phrases never to be written, semicolons between them; whole words, capitals alike.
        favoured_words: words that shall come more readily, semicolons between them, each with a number behind "=" that
            is added to the scores of its tokens (`favoured_words`); without one FAVOUR is.
        seed: of the sampling; `captioner.Prompt` has another for each caption.
    """

    max_tokens: int = option(48, "Longest caption, tokens.", 1, 1024)
    min_words: int = option(0, "Fewest words of a caption; 0 sets no limit.", 0, 500)
    max_words: int = option(0, "Most words of a caption; 0 sets no limit.", 0, 500)
    temperature: float = option(0.0, "0 takes the likeliest token each time; above, tokens are sampled.", 0.0, 10.0)
    top_k: int = option(0, "Tokens that sampling keeps; 0 keeps all.", 0, 10**6)
    top_p: float = option(0.9, "Share of the probability that sampling keeps.", 0.0, 1.0)
    samples: int = option(1, "Captions sampled for each picture, of which one is taken.", 1, 256)
    utility: str = option(
        CHRF, "What one is taken for: agreeing with the others, chrf or similarity, or its fit to the picture, fit."
    )
    beams: int = option(1, "Sequences followed at a time; above 1 is beam search.", 1, 64)
    contrast: float = option(
        0.0, "Weight of not resembling what stands before; above 0 is contrastive search.", 0.0, 1.0
    )
    contrast_tokens: int = option(4, "Tokens that contrastive search looks at each time.", 2, 64)
    guidance: float = option(
        1.0, "Above 1 writes more of what only this picture suggests; costs twice the time.", 0.0, 10.0
    )
    seen_words: float = option(
        1.5, "How much likelier words become that the picture shows, and less likely ones that it does not.", 0.0, 10.0
    )
    repetition_penalty: float = option(1.15, "Above 1 makes words already used less likely.", 0.1, 10.0)
    no_repeat_ngram: int = option(3, "Sequences of this many tokens never come twice; 0 allows them.", 0, 100)
    no_copy_ngram: int = option(4, "Nor do those of the captions before; 0 allows them.", 0, 100)
    picture_talk: bool = option(True, "Allow “in this picture”, “we see” and the like.")
    bad_phrases: str = option("", "Phrases never to be written, semicolons between them.")
    favoured_words: str = option("", "Words that shall come more readily, semicolons between them: Pepper=2; broom.")
    seed: int = option(0, "Seed of the sampling.", 0, 2**32 - 1)

    @property
    def copies(self) -> int:
        """Sequences written at the same time for one caption."""
        return max(self.beams, self.samples)

    @property
    def is_guided(self) -> bool:
        """Whether the narrator also writes without the picture."""
        return self.guidance != 1

    @property
    def is_chosen_at_the_end(self) -> bool:
        """Whether there is no text to show before all of it is written."""
        return self.copies > 1

    def phrases(self) -> tuple[str, ...]:
        """The phrases of `bad_phrases`."""
        return tuple(phrase.strip() for phrase in self.bad_phrases.split(";") if phrase.strip())

    def favours(self) -> dict[str, float]:
        """The words of `favoured_words`, each with what is added to the scores of its tokens.

        Raises:
            ConfigError: what stands behind a word's "=" is no number from -20 to 20.
        """
        found = {}
        for part in self.favoured_words.split(";"):
            word, says_how_much, number = (side.strip() for side in part.partition("="))
            try:
                weight = float(number) if says_how_much else FAVOUR
            except ValueError:
                weight = math.nan
            if not abs(weight) <= _MOST_FAVOUR:
                raise ConfigError(
                    f"favoured_words has “{part.strip()}”; behind “=” it must have a number to {_MOST_FAVOUR:g}."
                )
            if word:
                found[word] = weight
        return found

    def validate(self) -> None:
        """Check every field, and that no two ask for different ways.

        Raises:
            ConfigError: names the field and the fix.
        """
        Options.validate(self)
        self.favours()
        if self.utility not in UTILITIES:
            raise ConfigError(f"utility is “{self.utility}”; it must be one of {', '.join(UTILITIES)}.")
        if self.max_words and self.min_words > self.max_words:
            raise ConfigError(f"min_words is {self.min_words}; it must not be above max_words, {self.max_words}.")
        if self.samples > 1 and not self.temperature:
            raise ConfigError(
                f"samples is {self.samples} with temperature 0, which writes the same each time; raise it."
            )
        if self.beams > 1 and self.temperature:
            raise ConfigError("beams and temperature ask for different ways of choosing; set temperature to 0.")
        if self.contrast and (self.beams > 1 or self.temperature or self.is_guided):
            raise ConfigError("contrast goes with beams 1, temperature 0 and guidance 1 only.")
