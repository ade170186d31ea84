"""The prefix family: a ViT's features become picture tokens in front of a causal language model.

    picture -> PictureEncoder (frozen ViT) -> 8 x 8 field + class token
            -> PictureProjector            -> 17 picture tokens in the language model's embedding space
            -> PictureWords                -> eight words that the picture suggests, as text
    [picture tokens][words][style prompt and previous captions][caption] -> language model with LoRA

Following Mokady et al. 2021 (ClipCap) for the prefix and Hu et al. 2021 for LoRA; the 2 x 2 folding of the field
is the pixel shuffle of SmolVLM (Marafioti et al. 2025).

Letters: B records, V = 65 feature vectors, P = 17 picture tokens, T text tokens, D features, E embedding width.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.pytorch_utils import Conv1D

from trainer.base_weights import BaseWeightsError, resolve
from trainer.captioner import (
    NARRATOR_FILE,
    OPENINGS,
    CaptionerError,
    Decoding,
    Prompt,
    Rank,
    Report,
    WrittenCaption,
    begun_behind_space,
)
from trainer.device import best_device, inference_dtype
from trainer.generation import Writing, shared_prompts
from trainer.picture_encoder import GRID, PictureEncoder
from trainer.picture_words import UNSURE, PictureWords
from trainer.ranking import choose, ranking
from trainer.seen_words import SeenWords, WordTokens
from trainer.tensor_files import save_tensors
from trainer.token_rules import Vocabulary
from trainer.vision import take_along, taken_along

_log = logging.getLogger(__name__)

FOLD = 2
"""Side of the square of field vectors that make one picture token."""

PICTURE_TOKENS = (GRID // FOLD) ** 2 + 1

CONTEXT_TOKENS = 96
"""Most tokens of previous captions: three captions of ordinary length."""

WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class NarratorCard:
    """The facts a saved narrator needs to be put together again (`narrator.json`).

    Attributes:
        id: names the checkpoint.
        title: for people.
        vision: picture encoder, as `trainer.vision` names it.
        language: language model, "base:..." or a hub name.
        lora_rank: rank of the adapters; 0 where there are none.
        lora_alpha: the adapters' update is scaled by alpha / rank.
        words: what `PictureWords` knows.
        vision_layers: the picture encoder's layers that are joined; empty for the last one.
        tells_how_sure: whether its prompts part the likely words from the less likely ones.
        family: always "prefix".
    """

    id: str
    title: str
    vision: str
    language: str
    lora_rank: int
    lora_alpha: int
    words: tuple[str, ...] = ()
    vision_layers: tuple[int, ...] = ()
    tells_how_sure: bool = False
    family: str = "prefix"


class PictureProjector(nn.Module):
    """Feature vectors to picture tokens; also holds the tokens that stand for "no picture"."""

    def __init__(self, feature_size: int, embedding_size: int) -> None:
        super().__init__()
        folded = feature_size * FOLD * FOLD
        self.field = nn.Sequential(
            nn.LayerNorm(folded), nn.Linear(folded, 2 * embedding_size), nn.GELU(),
            nn.Linear(2 * embedding_size, embedding_size),
        )  # fmt: skip
        self.summary = nn.Sequential(nn.LayerNorm(feature_size), nn.Linear(feature_size, embedding_size))
        # Not zero: the norm of a token that is all zeros has no gradient.
        self.absent = nn.Parameter(0.02 * torch.randn(PICTURE_TOKENS, embedding_size))
        self.place = nn.Parameter(0.02 * torch.randn(PICTURE_TOKENS, embedding_size))
        self.norm = nn.RMSNorm(embedding_size)

    def forward(self, features: Tensor, present: Tensor | None = None) -> Tensor:
        """Project.

        Args:
            features: (B, V, D).
            present: (B,) bool; False replaces a record's picture by the "no picture" tokens.

        Returns:
            (B, P, E).
        """
        batch, _, size = features.shape
        side = GRID // FOLD
        field = features[:, 1:].reshape(batch, side, FOLD, side, FOLD, size).transpose(2, 3)
        tokens = torch.cat(
            [self.summary(features[:, :1]), self.field(field.reshape(batch, side * side, FOLD * FOLD * size))], dim=1
        )
        if present is not None:
            tokens = torch.where(present[:, None, None], tokens, self.absent.to(tokens.dtype))
        return self.norm(tokens + self.place)  # type: ignore[no-any-return]


class PrefixCaptioner:
    """A narrator of the prefix family.

    Attributes:
        card: what it is made of.
        encoder: the frozen ViT.
        projector: features to picture tokens.
        words: features to words for the prompt.
        language: the causal language model, adapters merged or attached.
        tokenizer: of the language model.
    """

    def __init__(
        self,
        card: NarratorCard,
        encoder: PictureEncoder,
        projector: PictureProjector,
        words: PictureWords,
        language: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
    ) -> None:
        self.card = card
        self.encoder = encoder
        self.projector = projector
        self.words = words
        self.language = language
        self.tokenizer = tokenizer
        self._vocabulary = Vocabulary(tokenizer)
        self._word_tokens: WordTokens | None = None

    @property
    def id(self) -> str:
        """The checkpoint's id."""
        return self.card.id

    @property
    def title(self) -> str:
        """The narrator's name for people."""
        return self.card.title

    @property
    def end_id(self) -> int:
        """The token that ends a caption."""
        return int(self.tokenizer.eos_token_id)

    @torch.inference_mode()
    def encode(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Encode pictures: (B, V, D)."""
        return self.encoder(pictures)  # type: ignore[no-any-return]

    def prompt_tokens(self, prompt: Prompt, words: Sequence[str]) -> list[int]:
        """The text tokens before what is written: the picture's words, context, the style's opening words, `begun`."""
        seen = self._tokens(self._in_words(words)) if words else []
        opening = self._tokens("\n" + OPENINGS[prompt.style]) + self._tokens(begun_behind_space(prompt))
        if not prompt.previous:
            return seen + self._tokens("Picture story.") + opening
        return seen + self._tokens("Picture story. So far:") + self._context_tokens(prompt) + opening

    def _in_words(self, words: Sequence[str]) -> str:
        """The line that tells what a picture suggests."""
        if not self.card.tells_how_sure:
            return f"Maybe {', '.join(words)}.\n"
        unsure = [word.removesuffix(UNSURE) for word in words if word.endswith(UNSURE)]
        sure = [word for word in words if not word.endswith(UNSURE)]
        parts = [f"{how} {', '.join(row)}." for how, row in (("Seen:", sure), ("Maybe", unsure)) if row]
        return " ".join(parts) + "\n"

    def caption_tokens(self, text: str, limit: int) -> list[int]:
        """A reference caption's tokens and the end token; cut at `limit` tokens in all."""
        return [*self._tokens(" " + text)[: limit - 1], self.end_id]

    def _context_tokens(self, prompt: Prompt) -> list[int]:
        """The end of what was told before; empty where nothing was."""
        return self._tokens(" " + " ".join(prompt.previous))[-CONTEXT_TOKENS:] if prompt.previous else []

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def embed(
        self, features: Tensor, token_rows: Sequence[Sequence[int]], present: Tensor | None, pad_left: bool
    ) -> tuple[Tensor, Tensor]:
        """Put picture and text tokens together.

        Args:
            features: (B, V, D).
            token_rows: B lists of text tokens.
            present: (B,) bool or None, as in `PictureProjector`.
            pad_left: pad before the picture (to generate) instead of behind the text (to train).

        Returns:
            Embeddings (B, P + T, E) and valid_mask (B, P + T), True where a token stands.
        """
        embedding = self.language.get_input_embeddings()  # type: ignore[operator]
        device, longest = embedding.weight.device, max(map(len, token_rows))
        shown = None if present is None else present.to(device)
        picture = self.projector(features.to(device, next(self.projector.parameters()).dtype), shown)
        picture = picture.to(embedding.weight.dtype)
        rows, masks = [], []
        for image_tokens, tokens in zip(picture, token_rows, strict=True):
            text = embedding(torch.tensor(tokens, device=device))
            padding = text.new_zeros(longest - len(tokens), text.shape[-1])
            valid = torch.ones(len(image_tokens) + len(tokens), dtype=torch.bool, device=device)
            absent = valid.new_zeros(len(padding))
            rows.append(torch.cat([padding, image_tokens, text] if pad_left else [image_tokens, text, padding]))
            masks.append(torch.cat([absent, valid] if pad_left else [valid, absent]))
        return torch.stack(rows), torch.stack(masks)

    def check(self, decoding: Decoding) -> None:
        """Whether the fields of `decoding` go together; see `Captioner.check`."""
        decoding.validate()

    def write(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        rank: Rank | None = None,
    ) -> list[WrittenCaption]:
        """Write one caption for each picture; see `Captioner.write`."""
        rank = rank or ranking(decoding)
        return choose(features, self.write_candidates(features, prompts, decoding, on_text, should_stop), rank)

    @torch.inference_mode()
    def write_candidates(
        self,
        features: Tensor,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        on_text: Callable[[str], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[list[WrittenCaption]]:
        """Write candidates for each picture; see `Captioner.write_candidates`."""
        self.check(decoding)
        embedded, valid_mask = self._embed_prompts(features, prompts, decoding)
        told = [self._context_tokens(prompt) for prompt in prompts]
        trusted = self.words.tells_how_sure and bool(self.words.words)
        own = []
        if trusted and decoding.seen_words:
            lifts = decoding.seen_words * self.words.lifts(features)
            begun = [self._tokens(begun_behind_space(prompt)) for prompt in prompts]
            own = [SeenWords(self._known_tokens(), lifts, begun, decoding.copies)]
        writing = Writing(decoding, prompts, told, self._vocabulary, [self.end_id], own=own)
        arguments = writing.arguments(on_text, should_stop)
        if decoding.copies > 1:
            positions = (valid_mask.long().cumsum(-1) - 1).clamp(min=0)
            arguments["past_key_values"] = shared_prompts(
                self.language, decoding.copies, inputs_embeds=embedded, attention_mask=valid_mask.long(),
                position_ids=positions, logits_to_keep=1,
            )  # fmt: skip
        output = self.language.generate(  # type: ignore[operator]
            inputs_embeds=embedded.repeat_interleave(decoding.samples, dim=0),
            attention_mask=valid_mask.long().repeat_interleave(decoding.samples, dim=0),
            eos_token_id=self.end_id,
            pad_token_id=self.end_id,
            **arguments,
        )
        written = writing.captions(output)
        return self._weighed(features, written) if trusted else written

    def _known_tokens(self) -> WordTokens:
        """The tokens of what `words` knows; made once, and again when it has learned anew."""
        if self._word_tokens is None or self._word_tokens.known != self.words.words:
            self._word_tokens = WordTokens(self._vocabulary, self.words.words)
        return self._word_tokens

    def _weighed(self, features: Tensor, written: list[list[WrittenCaption]]) -> list[list[WrittenCaption]]:
        """The captions, each with the mean chance of the words that it names; with 0 where it names none it knows."""
        known, weighed = self._known_tokens(), []
        for row, chances in zip(written, self.words.chances(features).cpu(), strict=True):
            named = [known.named(caption.text) for caption in row]
            weighed.append(
                [
                    replace(caption, confidence=float(chances[numbers].mean()) if numbers else 0.0)
                    for caption, numbers in zip(row, named, strict=True)
                ]
            )
        return weighed

    def _embed_prompts(self, features: Tensor, prompts: Sequence[Prompt], decoding: Decoding) -> tuple[Tensor, Tensor]:
        """Embeddings and valid_mask of the prompts, as from `embed`; guided, those without pictures stand behind."""
        suggested = self.words.best(features)
        rows = [self.prompt_tokens(prompt, words) for prompt, words in zip(prompts, suggested, strict=True)]
        if not decoding.is_guided:
            return self.embed(features, rows, None, pad_left=True)
        rows += [self.prompt_tokens(prompt, ()) for prompt in prompts]
        present = torch.arange(len(rows)) < len(prompts)
        return self.embed(torch.cat([features, features]), rows, present, pad_left=True)


def new_prefix(card: NarratorCard, base_weights: Path) -> PrefixCaptioner:
    """A narrator on its base weights with an untrained projector, no words and no adapters.

    Raises:
        CaptionerError: base weights are missing.
    """
    try:
        language = resolve(card.language, base_weights)
        encoder = PictureEncoder(card.vision, base_weights, card.vision_layers).eval()
        model = AutoModelForCausalLM.from_pretrained(language, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(language)
    except BaseWeightsError as error:
        raise CaptionerError("model_not_found", str(error), "python -m trainer fetch-base") from error
    except (OSError, ValueError) as error:
        raise CaptionerError("model_not_found", f"The base models of “{card.title}” cannot be read: {error}") from error
    model.requires_grad_(False)
    projector = PictureProjector(encoder.size, model.config.hidden_size)
    # Picture tokens start as long as word embeddings are: a longer prefix drowns the text, a shorter one is not heard.
    typical = model.get_input_embeddings().weight.float().norm(dim=-1).mean() / model.config.hidden_size**0.5
    nn.init.constant_(projector.norm.weight, float(typical))
    words = PictureWords(encoder.size, card.words, tells_how_sure=card.tells_how_sure)
    return PrefixCaptioner(card, encoder, projector, words, model, tokenizer)


@dataclass(frozen=True, slots=True)
class SavedNarrator:
    """What a saved narrator's folder holds.

    Attributes:
        card: the facts.
        projector: the projector's state.
        words: the state of `PictureWords`.
        adapters: "<layer>.lora_A" (rank, in) and "<layer>.lora_B" (out, rank) for each adapted layer.
    """

    card: NarratorCard
    projector: dict[str, Tensor]
    words: dict[str, Tensor]
    adapters: dict[str, Tensor]


def read_saved(folder: Path) -> SavedNarrator:
    """Read a saved narrator's own weights, in single precision.

    Raises:
        CaptionerError: a file is missing or damaged.
    """
    try:
        card = NarratorCard(**json.loads((folder / NARRATOR_FILE).read_text()))
        card = replace(
            card, vision=taken_along(card.vision, folder), words=tuple(card.words),
            vision_layers=tuple(card.vision_layers),
        )  # fmt: skip
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise CaptionerError("model_not_found", f"The narrator in {folder} cannot be read: {error}") from error
    parts: dict[str, dict[str, Tensor]] = {"projector": {}, "words": {}, "lora": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value.float()
    return SavedNarrator(card, parts["projector"], parts["words"], parts["lora"])


def load_prefix(folder: Path, base_weights: Path, report: Report) -> PrefixCaptioner:
    """Load a saved narrator to write with, its adapters merged into the language model.

    Raises:
        CaptionerError: a file is missing, damaged, or does not fit its base models.
    """
    report("Loading the narrator", None)
    saved = read_saved(folder)
    captioner = new_prefix(saved.card, base_weights)
    try:
        captioner.projector.load_state_dict(saved.projector)
        if saved.card.words:
            captioner.words.load_state_dict(saved.words)
        merge_adapters(captioner.language, saved.adapters, saved.card.lora_alpha / max(1, saved.card.lora_rank))
    except (RuntimeError, KeyError, AttributeError) as error:
        _log.error("%s: %s", folder, error)
        raise CaptionerError("model_not_found", f"The weights in {folder} do not fit this program's models.") from error
    device = best_device()
    dtype = inference_dtype(device)
    captioner.encoder.to(device, dtype)
    captioner.projector.to(device)
    captioner.words.to(device).eval()
    captioner.language.to(device, dtype)
    return captioner


def save_prefix(
    captioner: PrefixCaptioner, projector: dict[str, Tensor], adapters: dict[str, Tensor], folder: Path
) -> None:
    """Write what was trained: `narrator.json`, and projector, words and adapters in half precision.

    An encoder that was tuned here goes along.

    Args:
        captioner: gives card and words.
        projector: the projector's state.
        adapters: as in `SavedNarrator`.
        folder: exists; is filled.
    """
    tensors = {f"projector.{name}": value for name, value in projector.items()}
    tensors |= {f"words.{name}": value for name, value in captioner.words.state_dict().items()}
    tensors |= {f"lora.{name}": value for name, value in adapters.items()}
    save_tensors({name: value.half() for name, value in tensors.items()}, folder / WEIGHTS_FILE)
    card = replace(captioner.card, vision=take_along(captioner.card.vision, folder))
    (folder / NARRATOR_FILE).write_text(json.dumps(asdict(card), indent=2) + "\n")


@torch.no_grad()
def merge_adapters(language: nn.Module, adapters: dict[str, Tensor], scale: float) -> None:
    """Add each adapter's update B A to its layer's weight, so that inference costs nothing more."""
    for name, down in adapters.items():
        if name.endswith(".lora_A"):
            layer = language.get_submodule(name.removesuffix(".lora_A"))
            up = adapters[name.removesuffix("A") + "B"]
            weight, update = layer.get_parameter("weight"), up.float() @ down.float()  # (out, in)
            if isinstance(layer, Conv1D):  # GPT-2's layers keep their weight the other way round
                update = update.T
            weight.add_(update.to(weight), alpha=scale)
