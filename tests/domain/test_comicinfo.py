"""ComicInfo.xml: read what is there, survive what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicreader.domain.book import BookInfo, Direction
from comicreader.domain.comicinfo import MAX_COMIC_INFO_BYTES, parse_comic_info, title_for_display

WHOLE = "<Title>The Potion</Title><Series>Pepper</Series><Number>6</Number><Manga>YesAndRightToLeft</Manga>"
EXPECTED = BookInfo("The Potion", "Pepper", "6", Direction.RIGHT_TO_LEFT)


@pytest.mark.parametrize(
    "data",
    [
        f"<ComicInfo>{WHOLE}</ComicInfo>".encode(),
        f'<?xml version="1.0" encoding="utf-8"?>\n<ComicInfo>{WHOLE}</ComicInfo>'.encode("utf-8-sig"),
        f'<?xml version="1.0" encoding="utf-16"?><ComicInfo>{WHOLE}</ComicInfo>'.encode("utf-16"),
        f'<ComicInfo xmlns="https://anansi-project.github.io/comicinfo">{WHOLE}</ComicInfo>'.encode(),
        f'<c:ComicInfo xmlns:c="urn:any">{WHOLE}</c:ComicInfo>'.encode(),
        f'\n\n <?xml version="1.0"?><ComicInfo>{WHOLE}</ComicInfo>'.encode(),
    ],
    ids=["plain", "with BOM", "UTF-16", "namespace", "prefixed root", "space before the declaration"],
)
def test_the_fields_are_read_however_the_file_is_written(data: bytes) -> None:
    assert parse_comic_info(data) == EXPECTED


@pytest.mark.parametrize("manga", ["Yes", "No", "Unknown", ""])
def test_only_yes_and_right_to_left_sets_a_direction(manga: str) -> None:
    data = f"<ComicInfo><Manga>{manga}</Manga></ComicInfo>".encode()
    assert parse_comic_info(data).direction is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<ComicInfo><Title>cut",
        b"no xml at all",
        b'<?xml version="1.0" encoding="klingon"?><ComicInfo/>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ComicInfo><Title>&b;</Title></ComicInfo>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ComicInfo><Title>&f;</Title></ComicInfo>',
        b"<SomethingElse><Title>x</Title></SomethingElse>",
        b"<ComicInfo><Title>" + b"x" * MAX_COMIC_INFO_BYTES + b"</Title></ComicInfo>",
    ],
    ids=["empty", "cut off", "text", "unknown encoding", "entity bomb", "outside entity", "other root", "too large"],
)
def test_a_bad_file_says_nothing(data: bytes) -> None:
    assert parse_comic_info(data) == BookInfo()


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    parse_comic_info(b"<ComicInfo>" + data)
    parse_comic_info(data)


@pytest.mark.parametrize(
    ("info", "title"),
    [
        (BookInfo("The Potion", "Pepper", "6"), "Pepper 6: The Potion"),
        (BookInfo("", "Pepper", "6"), "Pepper 6"),
        (BookInfo("The Potion", "Pepper", ""), "Pepper: The Potion"),
        (BookInfo("The Potion", "", "6"), "The Potion"),
        (BookInfo("", "", "6"), "file"),
        (BookInfo(), "file"),
    ],
)
def test_the_title_is_made_of_what_is_known(info: BookInfo, title: str) -> None:
    assert title_for_display(info, "file") == title
