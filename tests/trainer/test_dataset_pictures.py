from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from drawn_stories import drawn
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from trainer.dataset_pictures import LARGEST_PX, NEAR_BITS, Look, LookCache, look_at, near_links, nearest

SEEDS = range(12)


def stored(picture: Image.Image, kind: str = "PNG", **options: int) -> io.BytesIO:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    stream.seek(0)
    return stream


def shape(picture: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    look = look_at(stored(picture, kind, **options))
    assert isinstance(look, Look)
    return look.shape


def cut(picture: Image.Image, frac: float) -> Image.Image:
    return ImageOps.crop(picture, round(frac * min(picture.size)))


COPIES = {
    "jpeg": lambda p: shape(p, "JPEG", quality=40),
    "webp": lambda p: shape(p, "WEBP", quality=50),
    "smaller": lambda p: shape(p.resize((p.width // 2, p.height // 2))),
    "larger": lambda p: shape(p.resize((p.width * 3, p.height * 3))),
    "squeezed": lambda p: shape(p.resize((p.width, p.height * 3 // 4))),
    "cut by 2 %": lambda p: shape(cut(p, 0.02)),
    "lighter": lambda p: shape(ImageEnhance.Brightness(p).enhance(1.2)),
    "darker": lambda p: shape(ImageEnhance.Brightness(p).enhance(0.7)),
    "more contrast": lambda p: shape(ImageEnhance.Contrast(p).enhance(1.2)),
    "grey": lambda p: shape(p.convert("L")),
    "palette": lambda p: shape(p.quantize(64)),
    "softer": lambda p: shape(p.filter(ImageFilter.GaussianBlur(1))),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_changed_copy_is_found_among_others(copy: str) -> None:
    originals = [shape(drawn(seed, (320, 240))) for seed in SEEDS]
    copies = [COPIES[copy](drawn(seed, (320, 240))) for seed in SEEDS]
    found = nearest(copies, originals)
    assert [twin and twin.index for twin in found] == list(SEEDS)


def test_other_pictures_are_not_taken_for_copies() -> None:
    shapes = [shape(drawn(seed)) for seed in range(80)]
    assert list(near_links(shapes)) == []
    assert nearest(shapes[:40], shapes[40:]) == [None] * 40


def test_blank_pictures_are_like_no_other() -> None:
    white, black = shape(Image.new("RGB", (60, 60), "white")), shape(Image.new("RGB", (60, 60), "black"))
    assert white == black == b""
    assert nearest([white], [white, black]) == [None]
    assert nearest([shape(drawn(1))], [white]) == [None]
    assert list(near_links([white, black])) == []


def test_a_picture_on_clear_ground_is_the_picture_on_white() -> None:
    clear = Image.new("RGBA", (160, 120), (0, 0, 0, 0))
    white = Image.new("RGB", (160, 120), "white")
    for ground in (clear, white):
        ground.paste(drawn(3, (80, 90)), (50, 20))
    assert nearest([shape(clear)], [shape(white)]) != [None]


def test_copies_are_linked_in_chains_not_in_all_pairs() -> None:
    one, other = shape(drawn(1)), shape(drawn(2))
    near = bytearray(one)
    for bit in range(NEAR_BITS):
        near[bit // 8] ^= 128 >> bit % 8
    beyond = bytearray(near)
    beyond[-1] ^= 1
    assert sorted(near_links([one] * 50 + [other, bytes(near)])) == [(0, place) for place in (*range(1, 50), 51)]
    assert list(near_links([one, bytes(beyond)])) == []


def test_the_nearest_of_many_is_named_with_its_bits() -> None:
    one = shape(drawn(1))
    near = bytes([one[0] ^ 1]) + one[1:]
    (twin,) = nearest([near], [b"", shape(drawn(2)), one, one])
    assert twin is not None
    assert (twin.index, twin.bits) == (2, 1)
    assert nearest([], [one]) == []
    assert nearest([one], []) == [None]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be decoded"),
        (b"not a picture", "cannot be decoded"),
        (stored(drawn(1)).getvalue()[:900], "cannot be decoded"),
        (stored(Image.new("RGB", (1, 1))).getvalue(), "1 x 1 pixels, too few"),
        (stored(Image.new("1", (10_000, LARGEST_PX // 10_000 + 1))).getvalue(), "pixels, more than 89 million"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_cannot_be_used_says_why(content: bytes, reason: str) -> None:
    look = look_at(io.BytesIO(content))
    assert isinstance(look, str)
    assert reason in look


def test_looks_are_kept_until_the_picture_changes(tmp_path: Path) -> None:
    file, broken, gone = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "none.png"
    drawn(1).save(file)
    broken.write_bytes(b"no")
    cache = LookCache(tmp_path / "cache")
    seen: list[tuple[int, int]] = []

    def look() -> dict[Path, Look | str]:
        seen.clear()
        return cache.looks_of([file, broken, file, gone], lambda done, count: seen.append((done, count)))

    first = look()
    assert seen == [(3, 3)]
    assert first[file] == Look(160, 120, shape(drawn(1)))
    assert isinstance(first[broken], str)
    assert "No such file" in str(first[gone])
    assert look() == first
    assert seen == [(2, 2)]  # what is broken may be mended any time
    drawn(2, (90, 90)).save(file)
    assert look()[file] == Look(90, 90, shape(drawn(2, (90, 90))))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["looks_1.json"]


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 3}', json.dumps({"a": [1, 2, "xy"]})])
def test_a_spoilt_cache_is_made_anew(tmp_path: Path, content: str) -> None:
    drawn(1).save(tmp_path / "a.png")
    (tmp_path / "looks_1.json").write_text(content)
    looks = LookCache(tmp_path).looks_of([tmp_path / "a.png"])
    assert isinstance(looks[tmp_path / "a.png"], Look)
    assert LookCache(tmp_path).looks_of([tmp_path / "a.png"]) == looks


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    drawn(1).save(tmp_path / "a.png")
    (tmp_path / "file").write_text("")
    looks = LookCache(tmp_path / "file" / "cache").looks_of([tmp_path / "a.png"])
    assert isinstance(looks[tmp_path / "a.png"], Look)
