"""The data of a training run: records, the features of their pictures, and the words the pictures suggest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from trainer.config import ConfigError, SftConfig
from trainer.dataset import (
    DEV,
    NO_PICTURE,
    STYLES,
    TRAIN,
    DatasetError,
    Record,
    load_descriptions,
    load_records,
)
from trainer.dataset_check import readable_records, refuse_leaks
from trainer.events import Event, Loading
from trainer.picture_encoder import FeatureCache, FrozenEncoder, PictureEncoder, training_features
from trainer.picture_words import PictureWords, cross_fitted_words, known_words, learn_words, telling
from trainer.policy import Trainee
from trainer.policy_prefix import PrefixTrainee
from trainer.prefix_captioner import PrefixCaptioner
from trainer.replay import KnownBefore, known_before
from trainer.tensor_files import save_tensors
from trainer.vision import is_folded, read_card, tuned_folder

_FEATURE_REPORT_EVERY = 50
_SHOWN_FILE, _WEIGHTS_FILE = "shown.json", "weights.safetensors"

Words = dict[Path, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Records:
    """What is learned and what it is judged by.

    Attributes:
        train: learned.
        dev: looked at now and then; taken evenly from the dev split, so that all books are represented.
        before: what the narrator knew already.
    """

    train: tuple[Record, ...]
    dev: tuple[Record, ...]
    before: KnownBefore

    @property
    def images(self) -> list[Path]:
        """Every picture."""
        every = (*self.train, *self.dev, *self.before.replay, *self.before.kept)
        return [record.image for record in every if record.image != NO_PICTURE]

    @property
    def fingerprint(self) -> str:
        """Names what is learned: a run that goes on must find it unchanged."""
        digest = hashlib.sha256()
        for record in (*self.train, *self.before.replay):
            told = [record.told_as(style) for style in STYLES]
            seen = [record.standalone, record.tags] if record.standalone or record.tags else []
            digest.update(json.dumps([record.id, record.image.name, told, *seen]).encode())
        return digest.hexdigest()


def read_records(config: SftConfig, looks: Path, emit: Callable[[Event], None]) -> Records:
    """Read the data sets.

    Args:
        config: says which.
        looks: folder of what is known of pictures from earlier runs.
        emit: takes every event.

    Raises:
        DatasetError: there is no such data set, nothing in it to learn from, or something of the test split in what
            would be learned.
    """

    def report(done: int, count: int) -> None:
        emit(Loading("Comparing the splits' pictures", done / count))

    descriptions = load_descriptions(Path(config.descriptions)) if config.descriptions else None
    records, bad = load_records(Path(config.data), descriptions)
    if bad:
        emit(
            Loading(f"{len(bad)} lines of the data set are left out; the first: line {bad[0].number}, {bad[0].reason}")
        )
    extra = load_records(Path(config.extra_data))[0] if config.extra_data else ()
    before = known_before(config)
    replay = tuple(record for record in before.replay if record.image != NO_PICTURE)
    readable, unreadable = readable_records((*records, *extra, *replay), looks)
    if unreadable:
        emit(Loading(f"{len(unreadable)} records are left out; the first: {unreadable[0]}"))
    refuse_leaks(readable, looks, report)
    old = {id(record) for record in replay}
    train = tuple(record for record in readable if record.split == TRAIN and id(record) not in old)
    own = {record.image for record in records}
    dev = tuple(record for record in readable if record.split == DEV and record.image in own)
    if not train:
        raise DatasetError(f"The data set {config.data} has no record in its split “train”.")
    return Records(train, dev[:: max(1, len(dev) // config.dev_records)], before)


def look_at_pictures(
    encoder: FrozenEncoder, records: Records, base_weights: Path, emit: Callable[[Event], None]
) -> dict[Path, Tensor]:
    """Encode every picture, once; (V, D) each.

    Args:
        encoder: looks; of one tuned in folds, at each picture the part that left it out.
        records: give the pictures.
        base_weights: the folder of `trainer.base_weights`; features are cached beside it.
        emit: takes every event.
    """

    def report(done: int, count: int) -> None:
        if done % _FEATURE_REPORT_EVERY == 0 or done == count:
            emit(Loading("Looking at the pictures", done / count))

    if isinstance(encoder, PictureEncoder):
        features = training_features(encoder, records.images, base_weights, report)
    else:
        features = FeatureCache(base_weights.parent / "features").features_of(encoder, records.images, report)
    return features | {NO_PICTURE: features[records.train[0].image]}  # any: it is masked


def suggested_words(
    trainee: Trainee,
    records: Records,
    features: dict[Path, Tensor],
    config: SftConfig,
    folder: Path,
    base_weights: Path,
    emit: Callable[[Event], None],
) -> Words:
    """What each picture suggests; nothing in a family that is not told words.

    A new narrator first learns which words there are, and a known one does where it is asked to. What it learned is
    kept in `folder`, because a run that goes on must be shown the same. An encoder that was tuned on these very
    pictures, and not in folds, suggests far better words for them than for new ones: training pictures are shown those
    of the encoder as it was before.
    """
    if not isinstance(trainee, PrefixTrainee):
        if config.relearn_words:
            raise ConfigError("relearn_words is for narrators of the prefix family; this one is told no words.")
        return {}
    captioner, shown = trainee.captioner, Words()
    if not config.model or config.relearn_words:
        if not (folder / _SHOWN_FILE).exists():
            told = telling(records.train)
            size, known = captioner.encoder.size, known_words(told)
            untuned = _untuned(captioner, base_weights)
            seen = features if untuned is None else look_at_pictures(
                untuned, records, base_weights, emit
            )  # fmt: skip
            cross_fitted = cross_fitted_words(
                records.train, seen, known, size, config.seed,
                lambda done, count: emit(Loading("Learning words for pictures", done / count)),
            )  # fmt: skip
            _save(learn_words(told, features, known, size, config.seed), cross_fitted, folder)
        captioner.words, shown = _load(captioner.encoder.size, folder)
        captioner.card = replace(
            captioner.card, words=captioner.words.words, tells_how_sure=captioner.words.tells_how_sure
        )
    for image in records.images:
        if image not in shown:
            shown[image] = captioner.words.best(features[image][None])[0]
    return shown


def _untuned(captioner: PrefixCaptioner, base_weights: Path) -> PictureEncoder | None:
    """The narrator's encoder as it was before it was tuned; None where it never was, or was in folds."""
    folder = tuned_folder(captioner.card.vision)
    if folder is None or is_folded(captioner.card.vision):
        return None
    encoder = PictureEncoder(read_card(folder).base, base_weights, captioner.encoder.layers).eval()
    weights = next(captioner.encoder.parameters())
    return encoder.to(weights.device, weights.dtype)


def _save(words: PictureWords, shown: Words, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(words.state_dict(), folder / _WEIGHTS_FILE)
    listed = {
        "words": words.words,
        "tells_how_sure": words.tells_how_sure,
        "shown": {str(image): found for image, found in shown.items()},
    }
    part = folder / f"{_SHOWN_FILE}.part"
    part.write_text(json.dumps(listed))
    part.replace(folder / _SHOWN_FILE)  # last: it says that the folder is whole


def _load(size: int, folder: Path) -> tuple[PictureWords, Words]:
    listed = json.loads((folder / _SHOWN_FILE).read_text())
    words = PictureWords(size, listed["words"], tells_how_sure=listed.get("tells_how_sure", False))
    words.load_state_dict(load_file(folder / _WEIGHTS_FILE))
    return words.eval(), {Path(image): tuple(found) for image, found in listed["shown"].items()}
