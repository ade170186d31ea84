import os
import shutil
from pathlib import Path

import pytest

from comicreader.domain.book import Direction
from comicreader.domain.errors import BookError
from comicreader.domain.narration import model_source
from comicreader.domain.navigation import Position
from comicreader.services.library import Library

PAGE = "5f3a/page 1.png"
MODEL = model_source("model-1", "description")


def test_a_new_book_starts_at_its_beginning(library: Library, draw_comic) -> None:
    record = library.remember_book(draw_comic(), "Title", 2)
    assert (record.title, record.page_count, record.direction, record.position) == ("Title", 2, None, Position(0))


def test_place_and_direction_are_there_after_a_restart(library_file: Path, draw_comic) -> None:
    book = draw_comic()
    with Library.open(library_file) as library:
        book_id = library.remember_book(book, "Title", 2).book_id
        library.set_position(book_id, Position(1, 3))
        library.set_direction(book_id, Direction.RIGHT_TO_LEFT)
    with Library.open(library_file) as library:
        record = library.remember_book(book, "Title", 2)
    assert (record.book_id, record.position, record.direction) == (
        book_id,
        Position(1, 3),
        Direction.RIGHT_TO_LEFT,
    )


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_moved_book_keeps_its_place(library: Library, draw_comic, tmp_path: Path, is_folder: bool) -> None:
    book = draw_comic()
    if is_folder:
        book = tmp_path / "folder"
        shutil.unpack_archive(tmp_path / "comic.cbz", book, "zip")
    book_id = library.remember_book(book, "Title", 2).book_id
    library.set_position(book_id, Position(1))
    moved = book.rename(tmp_path / "elsewhere")
    record = library.remember_book(moved, "Title", 2)
    assert (record.book_id, record.position, record.path) == (book_id, Position(1), moved)
    assert len(library.recent_books()) == 1


def test_a_copy_is_a_book_of_its_own(library: Library, draw_comic, tmp_path: Path) -> None:
    book = draw_comic()
    copy = Path(shutil.copy(book, tmp_path / "copy.cbz"))
    assert library.remember_book(book, "A", 2).book_id != library.remember_book(copy, "A", 2).book_id


def test_a_changed_file_keeps_its_place(library: Library, draw_comic) -> None:
    book_id = library.remember_book(draw_comic(), "A", 2).book_id
    library.set_position(book_id, Position(1))
    record = library.remember_book(draw_comic(pages=3), "A", 3)
    assert (record.book_id, record.page_count, record.position) == (book_id, 3, Position(1))


def test_a_book_moved_over_another_one_is_not_taken_for_it(library: Library, draw_comic) -> None:
    first, second = draw_comic("1.cbz"), draw_comic("2.cbz", seed=9)
    first_id = library.remember_book(first, "1", 2).book_id
    second_id = library.remember_book(second, "2", 2).book_id
    second.replace(first)
    assert library.remember_book(first, "2", 2).book_id == second_id
    assert [record.book_id for record in library.recent_books()] == [second_id]
    draw_comic("1 again.cbz")  # the same pictures, so the same file
    assert library.remember_book(first.with_name("1 again.cbz"), "1", 2).book_id == first_id


def test_recent_books_come_newest_first(library: Library, draw_comic) -> None:
    for number in (1, 2, 3):
        library.remember_book(draw_comic(f"{number}.cbz", seed=10 * number), str(number), 2)
    library.remember_book(draw_comic("1.cbz", seed=10), "1", 2)
    assert [record.title for record in library.recent_books(limit=2)] == ["1", "3"]


def test_names_that_are_no_text_are_kept(library: Library, draw_comic, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.cbz")
    draw_comic().rename(odd)
    library.remember_book(odd, odd.stem, 2)
    assert library.recent_books()[0].path == odd


def test_a_missing_book_is_one_sentence(library: Library, tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be read"):
        library.remember_book(tmp_path / "nothing.cbz", "A", 1)


def test_forgetting_a_book_keeps_what_was_written(library: Library, draw_comic, two_panels) -> None:
    record = library.remember_book(draw_comic(), "A", 2)
    library.set_position(record.book_id, Position(1))
    library.add_bookmark(record.book_id, Position(1))
    panel = library.store_detected_panels(PAGE, two_panels, "d1")[0]
    library.save_edit(panel.id, "Mine")
    library.forget_book(record.book_id)
    assert library.recent_books() == ()
    assert library.captions_of(PAGE)[panel.id].text == "Mine"
    assert library.remember_book(record.path, "A", 2).position == Position(0)


def test_bookmarks_are_kept_once_and_in_order(library: Library, draw_comic) -> None:
    book_id = library.remember_book(draw_comic(), "A", 2).book_id
    for position in (Position(1, 2), Position(0), Position(1), Position(0), Position(1, 2)):
        library.add_bookmark(book_id, position)
    assert library.bookmarks(book_id) == (Position(0), Position(1), Position(1, 2))
    library.remove_bookmark(book_id, Position(1))
    assert library.bookmarks(book_id) == (Position(0), Position(1, 2))
