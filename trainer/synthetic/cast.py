"""Who and what can stand in a synthetic scene: common nouns of picture stories and their emoji.

Drawings come from two Debian packages, read where they are installed and never shipped: `fonts-noto-color-emoji`
(SIL Open Font License 1.1) and `openclipart-png` (public domain), whose file names carry English nouns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

EMOJI_FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
CLIP_ART = Path("/usr/share/openclipart/png")

_EMOJI_SIZE_PX = 109  # the only size the bitmap font holds
_CLIP_ART_FOLDERS = ("animals", "people", "food", "plants", "buildings", "transportation", "recreation", "tools")

BEINGS = {
    "girl": "👧", "boy": "👦", "woman": "👩", "man": "👨", "old man": "👴", "old woman": "👵", "baby": "👶",
    "princess": "👸", "prince": "🤴", "wizard": "🧙", "fairy": "🧚", "vampire": "🧛", "ghost": "👻", "robot": "🤖",
    "policeman": "👮", "elf": "🧝", "mermaid": "🧜", "skeleton": "💀", "snowman": "⛄", "detective": "🕵",
    "runner": "🏃", "dancer": "💃", "swimmer": "🏊", "cat": "🐈", "dog": "🐕", "horse": "🐎", "cow": "🐄", "pig": "🐖",
    "sheep": "🐑", "goat": "🐐", "rabbit": "🐇", "mouse": "🐁", "chicken": "🐔", "rooster": "🐓", "chick": "🐤",
    "duck": "🦆", "owl": "🦉", "bird": "🐦", "parrot": "🦜", "penguin": "🐧", "eagle": "🦅", "frog": "🐸",
    "crocodile": "🐊", "turtle": "🐢", "snake": "🐍", "lizard": "🦎", "dragon": "🐉", "dinosaur": "🦕", "whale": "🐋",
    "dolphin": "🐬", "fish": "🐟", "octopus": "🐙", "crab": "🦀", "snail": "🐌", "butterfly": "🦋", "bee": "🐝",
    "ant": "🐜", "spider": "🕷", "lion": "🦁", "tiger": "🐅", "leopard": "🐆", "elephant": "🐘", "giraffe": "🦒",
    "zebra": "🦓", "monkey": "🐒", "gorilla": "🦍", "bear": "🐻", "wolf": "🐺", "fox": "🦊", "squirrel": "🐿",
    "hedgehog": "🦔", "camel": "🐪", "deer": "🦌", "kangaroo": "🦘", "hippo": "🦛", "bat": "🦇", "swan": "🦢",
}  # fmt: skip

PEOPLE = ("girl", "boy", "woman", "man", "old man", "old woman", "baby", "princess", "wizard", "cat", "dog")
"""Whom stories are about; the two animals belong to nearly every family of them."""

THINGS = {
    "tree": "🌳", "fir tree": "🌲", "palm tree": "🌴", "flower": "🌼", "rose": "🌹", "sunflower": "🌻", "cactus": "🌵",
    "mushroom": "🍄", "house": "🏠", "castle": "🏰", "church": "⛪", "school": "🏫", "tent": "⛺", "hut": "🛖",
    "mountain": "⛰", "volcano": "🌋", "fire": "🔥", "fountain": "⛲", "car": "🚗", "bus": "🚌", "truck": "🚚",
    "train": "🚂", "bicycle": "🚲", "boat": "⛵", "ship": "🚢", "plane": "✈", "rocket": "🚀", "tractor": "🚜",
    "apple": "🍎", "banana": "🍌", "orange": "🍊", "cake": "🎂", "bread": "🍞", "egg": "🥚", "carrot": "🥕",
    "pumpkin": "🎃", "watermelon": "🍉", "cup": "☕", "bowl": "🥣", "bottle": "🍾", "book": "📖", "lamp": "🪔",
    "candle": "🕯", "bed": "🛏", "chair": "🪑", "door": "🚪", "key": "🔑", "clock": "🕰", "sword": "⚔", "crown": "👑",
    "hat": "🎩", "bag": "👜", "gift": "🎁", "bell": "🔔", "phone": "📱", "telescope": "🔭", "potion": "⚗",
    "magic wand": "🪄", "crystal ball": "🔮", "broom": "🧹", "basket": "🧺", "bucket": "🪣", "ladder": "🪜",
    "umbrella": "☂", "kite": "🪁", "ball": "⚽", "balloon": "🎈", "drum": "🥁", "guitar": "🎸", "camera": "📷",
    "computer": "💻", "letter": "✉", "mirror": "🪞", "box": "📦", "axe": "🪓", "hammer": "🔨", "rope": "🪢",
}  # fmt: skip

SKY = {
    "sun": "☀", "moon": "🌙", "full moon": "🌕", "star": "⭐", "cloud": "☁", "rainbow": "🌈", "rain cloud": "🌧",
    "lightning": "⚡", "flying saucer": "🛸", "bird": "🐦", "plane": "✈", "kite": "🪁", "balloon": "🎈",
}  # fmt: skip


class CastError(Exception):
    """The drawings' packages are not installed; the text is one sentence for the person."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One way a noun can look: an emoji, or a clip-art file."""

    noun: str
    emoji: str = ""
    file: Path | None = None


def drawings() -> dict[str, list[Drawing]]:
    """Every noun's drawings, in a fixed order.

    Raises:
        CastError: a package is missing.
    """
    if not EMOJI_FONT.exists() or not CLIP_ART.is_dir():
        raise CastError("Scenes are drawn from the Debian packages fonts-noto-color-emoji and openclipart-png.")
    found = {noun: [Drawing(noun, emoji=emoji)] for noun, emoji in (BEINGS | THINGS | SKY).items()}
    for folder in _CLIP_ART_FOLDERS:
        for file in sorted((CLIP_ART / folder).rglob("*.png")):
            words = re.findall(r"[a-z]+", file.stem.lower())
            named = [noun for noun in found if " " not in noun and noun in words]
            if len(named) == 1:  # two nouns: which of them it shows cannot be known
                found[named[0]].append(Drawing(named[0], file=file))
    return found


def draw(drawing: Drawing, size_px: int) -> Image.Image:
    """The drawing on transparent ground, cut to its ink, its longest side `size_px`: RGBA."""
    if drawing.file is not None:
        with Image.open(drawing.file) as opened:
            picture = opened.convert("RGBA")
    else:
        font = ImageFont.truetype(str(EMOJI_FONT), _EMOJI_SIZE_PX)
        picture = Image.new("RGBA", (160, 160))
        ImageDraw.Draw(picture).text((12, 12), drawing.emoji, font=font, embedded_color=True)
    box = picture.getchannel("A").getbbox()
    picture = picture.crop(box) if box else picture
    scale = size_px / max(picture.size)
    return picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.LANCZOS
    )
