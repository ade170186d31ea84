"""What a narrator knew before it learns anew: shown again now and then, and asked for, so that forgetting is seen.

    --replay-data FOLDER    its train split is shown again, its dev split is asked for
    without it              descriptions that come with the program, as texts alone: those of seven books in eight,
                            and those of the eighth

A narrator that learns one person's captions alone drifts away from everything else (McCloskey & Cohen 1989,
"Catastrophic Interference"); showing old records beside the new ones is the plainest remedy and hard to beat
(Rolnick et al. 2019, "Experience Replay for Continual Learning").
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from trainer.config import SftConfig
from trainer.dataset import DEV, NO_PICTURE, TRAIN, Record, StorySoFar, load_descriptions, load_records

_KEPT_RECORDS = 48
_ONE_BOOK_IN = 8


@dataclass(frozen=True, slots=True)
class KnownBefore:
    """What a narrator should not forget.

    Attributes:
        replay: shown again; empty where no share was asked for.
        kept: asked for before and during training, never shown.
    """

    replay: tuple[Record, ...] = ()
    kept: tuple[Record, ...] = ()


def known_before(config: SftConfig) -> KnownBefore:
    """Read what a run's narrator knew; nothing for a new one.

    Raises:
        DatasetError: the replay's data set cannot be read.
    """
    if config.replay_data:
        records = load_records(Path(config.replay_data))[0]
        shown = tuple(record for record in records if record.split == TRAIN)
        asked = tuple(record for record in records if record.split == DEV)
    elif config.model:
        texts = _shipped_texts()
        asked = tuple(text for text in texts if _is_asked(text.book))
        shown = tuple(text for text in texts if not _is_asked(text.book))
    else:
        return KnownBefore()
    return KnownBefore(shown if config.replay_share else (), asked[:: max(1, len(asked) // _KEPT_RECORDS)])


def _shipped_texts() -> tuple[Record, ...]:
    file = Path(__file__).resolve().parent.parent / "resources" / "datasets" / "storybook_descriptions.jsonl"
    so_far = StorySoFar()
    texts = []
    for name, seen in load_descriptions(file).items():
        book, _, page = name.rpartition("-")
        texts.append(so_far.put_before(Record(name, TRAIN, book, int(page), NO_PICTURE, "", seen.description), {}))
    return tuple(texts)


def _is_asked(book: str) -> bool:
    return zlib.crc32(book.encode()) % _ONE_BOOK_IN == 0
