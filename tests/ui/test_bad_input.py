"""Files that are no comics, or broken ones: one clear sentence, and the book that is open stays open."""

import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

from tests.fixtures.comic_files import numbered_pages, png_header, write_cb7, write_cbz, write_encrypted_cbz
from tests.fixtures.live_reader import LiveReader, Program

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # said of every dialog where there is no screen

PASSWORD = "sesame"


def missing(folder: Path) -> Path:
    return folder / "missing.cbz"


def empty_file(folder: Path) -> Path:
    path = folder / "nothing.cbz"
    path.touch()
    return path


def empty_zip(folder: Path) -> Path:
    return write_cbz(folder / "empty.cbz", {})


def texts_only(folder: Path) -> Path:
    return write_cbz(folder / "texts.cbz", {"read me.txt": b"no pictures", "notes/more.txt": b"none here"})


def no_archive(folder: Path) -> Path:
    path = folder / "prose.cbz"
    path.write_text("This is no archive at all.\n" * 40)
    return path


def empty_folder(folder: Path) -> Path:
    path = folder / "empty folder"
    path.mkdir()
    return path


@pytest.mark.parametrize("make", [missing, empty_file, empty_zip, texts_only, no_archive, empty_folder])
def test_what_is_no_comic_is_said_in_one_sentence_and_the_open_book_stays(
    program: Program, draw_comic, tmp_path: Path, make
) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        title, path = reader.window.windowTitle(), make(tmp_path)
        reader.drop(path)
        message = await reader.until(lambda: reader.message)
        assert message.endswith(".")
        assert path.name in message
        assert reader.window.windowTitle() == title
        reader.press("N")
        await reader.until_at(1, 2)

    program.run(scenario, draw_comic())


def test_without_a_book_a_failure_leaves_the_welcome_page(program: Program, tmp_path: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.message)
        assert reader.window.welcome.isVisible()

    program.run(scenario, missing(tmp_path))


def encrypted_zip(folder: Path) -> Path:
    return write_encrypted_cbz(folder / "secret.cbz", numbered_pages(2), PASSWORD.encode())


def encrypted_7z(folder: Path) -> Path:
    return write_cb7(folder / "secret.cb7", numbered_pages(2), PASSWORD)


@pytest.mark.parametrize("make", [encrypted_zip, encrypted_7z])
def test_a_password_is_asked_for_until_it_is_right(program: Program, tmp_path: Path, make) -> None:
    async def scenario(reader: LiveReader) -> None:
        dialog = await reader.until_asked()
        asked = sentence(dialog)
        assert dialog.findChild(QLineEdit).echoMode() is QLineEdit.EchoMode.Password
        reader.type("open!")
        reader.press("Return")
        dialog = await reader.until_asked(after=dialog)
        assert sentence(dialog) != asked
        assert sentence(dialog).startswith("The password does not open secret.")
        reader.type(PASSWORD)
        reader.press("Return")
        await reader.until_at(1)
        assert "of 2" in reader.place

    program.run(scenario, make(tmp_path))


def test_who_has_no_password_goes_on_with_the_open_book(program: Program, draw_comic, tmp_path: Path) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        reader.drop(encrypted_zip(tmp_path))
        await reader.until_asked()
        reader.press("Esc")
        await reader.until_back()
        reader.press("N")
        await reader.until_at(1, 2)

    program.run(scenario, draw_comic())


def test_of_a_truncated_archive_the_whole_pages_are_read(program: Program, draw_comic, tmp_path: Path) -> None:
    whole = draw_comic(pages=6).read_bytes()
    cut = tmp_path / "cut.cbz"
    cut.write_bytes(whole[: len(whole) * 2 // 3])

    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        assert reader.message.endswith(".")
        reader.press("PgDown")
        await reader.until_at(2)

    program.run(scenario, cut)


BROKEN_PAGES = {
    "of no bytes": b"",
    "of garbage": b"\x89PNG\r\n\x1a\n" + b"garbage" * 30,
    "of 30,000 x 30,000": png_header(30_000, 30_000),
}


@pytest.mark.parametrize("page", BROKEN_PAGES.values(), ids=BROKEN_PAGES)
def test_a_page_that_cannot_be_shown_says_why_and_reading_goes_on(
    program: Program, draw_comic, tmp_path: Path, page: bytes
) -> None:
    book = draw_comic(pages=3)
    with zipfile.ZipFile(book) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    broken = write_cbz(tmp_path / "broken.cbz", {**members, "page 2.png": page})

    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("PgDown")
        reason = await reader.until(lambda: reader.page == 1 and reader.view.accessibleDescription())
        assert "page 2.png" in reason
        assert reason.endswith(".")
        assert reader.captions == reader.boxes == []
        assert reader.place.startswith("Page 2 of 3")
        reader.press("E", "R", "K")  # nothing here to edit
        reader.press("N")
        await reader.until_at(3)
        await reader.until_told()
        reader.press("Shift+N")
        await reader.until(lambda: reader.page == 1)

    program.run(scenario, broken)


def test_a_picture_of_an_impossible_size_is_refused_as_a_book(program: Program, tmp_path: Path) -> None:
    picture = tmp_path / "bomb.png"
    picture.write_bytes(png_header(30_000, 30_000))

    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.message or reader.page is not None)
        said = reader.message or reader.view.accessibleDescription()
        assert "bomb.png" in said
        QTest.mouseClick(reader.view.viewport(), Qt.MouseButton.LeftButton)  # nothing to find there

    program.run(scenario, picture)


def test_what_is_no_file_cannot_be_dropped(program: Program) -> None:
    async def scenario(reader: LiveReader) -> None:
        assert not reader.drop()

    program.run(scenario)


def sentence(dialog) -> str:
    return dialog.findChild(QLabel).text()
