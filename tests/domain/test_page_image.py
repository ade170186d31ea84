"""Decoding: every kind of picture becomes upright RGB, small ones fast, hostile ones not at all."""

import contextlib
import io
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from comicreader.domain.errors import PageError
from comicreader.domain.page_image import MAX_PIXELS, decode_picture
from tests.fixtures.comic_files import PAGE_HEIGHT, PAGE_WIDTH, drawn_page, encoded, page_color, png_header

WHITE = (255, 255, 255)


def saved(picture: Image.Image, picture_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, picture_format, **options)
    return buffer.getvalue()


def middle(pixels: np.ndarray) -> tuple[int, ...]:
    return tuple(int(channel) for channel in pixels[pixels.shape[0] // 2, pixels.shape[1] // 2])


def is_near(one: tuple[int, ...], other: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(abs(int(a) - int(b)) <= tolerance for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
def test_every_format_is_decoded_whatever_it_is_called(picture_format: str) -> None:
    picture = decode_picture(encoded(drawn_page(2), picture_format), "page.txt")
    assert (picture.width, picture.height) == (PAGE_WIDTH, PAGE_HEIGHT)
    assert picture.pixels.shape == (PAGE_HEIGHT, PAGE_WIDTH, 3)
    assert picture.pixels.dtype == np.uint8
    assert is_near(middle(picture.pixels), page_color(2))
    assert is_near(tuple(picture.pixels[0, 0]), WHITE)


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
def test_a_smaller_size_keeps_the_proportions_and_the_full_size(picture_format: str) -> None:
    picture = decode_picture(encoded(drawn_page(2, 300, 400), picture_format), "page", max_side_px=100)
    assert (picture.width, picture.height) == (300, 400)
    assert picture.pixels.shape == (100, 75, 3)
    assert is_near(middle(picture.pixels), page_color(2))


def test_a_picture_is_never_enlarged() -> None:
    assert decode_picture(encoded(drawn_page(1)), "page", max_side_px=5000).pixels.shape[0] == PAGE_HEIGHT


def converted(mode: str) -> Image.Image:
    return Image.fromarray(drawn_page(3)).convert(mode)


def grey_of_sixteen_bits() -> Image.Image:
    return Image.fromarray(np.full((20, 30), 0x8000, np.uint16))


@pytest.mark.parametrize(
    ("data", "color"),
    [
        (saved(converted("CMYK"), "JPEG", quality=95), page_color(3)),
        (saved(converted("CMYK"), "TIFF"), page_color(3)),
        (saved(converted("YCbCr"), "TIFF"), page_color(3)),
        (saved(Image.fromarray(drawn_page(3)).quantize(8), "PNG"), page_color(3)),
        (saved(converted("L"), "PNG"), (174, 174, 174)),
        (saved(converted("LA"), "PNG"), (174, 174, 174)),
        (saved(converted("1"), "PNG"), None),
        (saved(grey_of_sixteen_bits(), "PNG"), (128, 128, 128)),
        (saved(grey_of_sixteen_bits(), "TIFF"), (128, 128, 128)),
        (saved(Image.fromarray(np.full((20, 30), 0.5, np.float32)), "TIFF"), (128, 128, 128)),
        (saved(Image.fromarray(np.full((20, 30), 200, np.int32)), "TIFF"), (200, 200, 200)),
    ],
    ids=[
        "CMYK JPEG", "CMYK TIFF", "YCbCr TIFF", "palette", "grey", "grey with alpha", "one bit",
        "16 bit PNG", "16 bit TIFF", "floating TIFF", "32 bit TIFF",
    ],
)  # fmt: skip
def test_every_kind_of_pixel_becomes_rgb(data: bytes, color: tuple[int, int, int] | None) -> None:
    for max_side_px in (None, 16):
        pixels = decode_picture(data, "page", max_side_px).pixels
        assert pixels.shape[2] == 3
        assert pixels.dtype == np.uint8
        assert color is None or is_near(middle(pixels), color)


def test_transparency_shows_white_paper_and_leaves_no_dark_fringe() -> None:
    layer = np.zeros((40, 40, 4), np.uint8)  # black where it is transparent
    layer[:, 20:] = (200, 0, 0, 255)
    for max_side_px in (None, 30):
        pixels = decode_picture(saved(Image.fromarray(layer), "PNG"), "page", max_side_px).pixels
        assert tuple(pixels[0, 0]) == WHITE
        assert tuple(pixels[0, -1]) == (200, 0, 0)
        assert pixels[..., 0].min() >= 199


def test_a_colour_that_a_palette_calls_transparent_is_white() -> None:
    picture = Image.new("P", (10, 10), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    for picture_format in ("GIF", "PNG"):
        pixels = decode_picture(saved(picture, picture_format, transparency=1), "page").pixels
        assert middle(pixels) == WHITE


@pytest.mark.parametrize("picture_format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_the_first_frame_of_several_is_the_page(picture_format: str) -> None:
    frames = [Image.fromarray(drawn_page(number)) for number in (1, 2)]
    data = saved(frames[0], picture_format, save_all=True, append_images=frames[1:])
    assert is_near(middle(decode_picture(data, "page").pixels), page_color(1))


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_makes_the_page_upright(picture_format: str, orientation: int) -> None:
    upright = np.full((40, 80, 3), 255, np.uint8)
    upright[:20, :40] = (200, 0, 0)  # the corner that must come out top left
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = Image.fromarray(upright)
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(stored, picture_format, exif=exif.tobytes())
    for max_side_px in (None, 40):
        picture = decode_picture(data, "page", max_side_px)
        assert (picture.width, picture.height) == (80, 40)
        height, width, _ = picture.pixels.shape
        assert width == 2 * height
        assert is_near(tuple(picture.pixels[height // 4, width // 4]), (200, 0, 0), 25)
        assert is_near(tuple(picture.pixels[3 * height // 4, 3 * width // 4]), WHITE, 25)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_unreadable_exif_data_do_not_keep_a_page_from_being_shown() -> None:
    data = saved(Image.fromarray(drawn_page(1)), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert decode_picture(data, "page").width == PAGE_WIDTH


def test_a_webtoon_strip_of_forty_million_pixels_opens() -> None:
    strip = Image.new("L", (800, 52_518), 255)
    picture = decode_picture(saved(strip, "JPEG", quality=50), "strip.jpg", max_side_px=8000)
    assert (picture.width, picture.height) == (800, 52_518)
    assert picture.pixels.shape == (8000, 122, 3)


def test_a_huge_png_is_refused_by_its_header() -> None:
    with pytest.raises(PageError) as refusal:
        decode_picture(png_header(30_000, 30_000), "bomb.png")
    assert refusal.value.sentence == (
        "bomb.png has 30,000 × 30,000 pixels; pictures of more than 89 million pixels are not opened."
    )


def test_the_limit_stands_where_pillow_begins_to_warn() -> None:
    assert MAX_PIXELS == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"just text", "is no picture of a kind that can be shown (JPEG, PNG, WebP, GIF, AVIF, TIFF, BMP)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is no picture of a kind that can be shown"),
        (encoded(drawn_page(1))[:-200], "is damaged"),
        (encoded(drawn_page(1), "JPEG")[:700], "is damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "is damaged"),
        (png_header(100, 100), "is damaged"),
    ],
    ids=["empty", "text", "PostScript", "cut PNG", "cut JPEG", "JPEG of zeros", "PNG without pixels"],
)
def test_what_cannot_be_shown_says_why_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(PageError) as error:
        decode_picture(data, "page 1.jpg")
    assert error.value.sentence.startswith("page 1.jpg ")
    assert words in error.value.sentence
    assert "\n" not in error.value.sentence


SMALL_FILES = [encoded(drawn_page(1, 24, 32), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.sampled_from(SMALL_FILES), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damage_anywhere_gives_a_picture_or_a_sentence(data: bytes, place: int, damage: bytes) -> None:
    place %= len(data)
    damaged = data[:place] + damage + data[place + len(damage) :]
    with contextlib.suppress(PageError):  # nothing else may come out
        assert decode_picture(damaged, "page", 16).pixels.shape[2] == 3


def test_a_bomb_in_the_colour_profile_of_a_png_is_not_unpacked() -> None:
    data = encoded(drawn_page(1))
    body = b"profile\0\0" + zlib.compress(bytes(50_000_000))
    chunk = len(body).to_bytes(4, "big") + b"iCCP" + body + zlib.crc32(b"iCCP" + body).to_bytes(4, "big")
    end_of_header = 33
    with pytest.raises(PageError, match="too large"):
        decode_picture(data[:end_of_header] + chunk + data[end_of_header:], "page")
