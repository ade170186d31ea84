"""What the command line says to bad input, and what it does without a display."""

from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest

from comicreader.services.paths import AppPaths

RunCli = Callable[..., int]


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("empty.cbz", b""),
            ("text.cbz", b"no comic at all, only text"),
            ("no members.cbz", b"PK\x05\x06" + bytes(18)),
            ("cut.pdf", b"%PDF-1.7\n1 0 obj"),
        ],
    )
    def test_what_is_no_book_is_one_sentence(
        self, run_cli: RunCli, tmp_path: Path, capsys, name: str, content: bytes
    ) -> None:
        (tmp_path / name).write_bytes(content)
        assert run_cli("panels", tmp_path / name) == 2
        assert_one_sentence(capsys)

    def test_a_missing_book_is_one_sentence_in_every_command(self, run_cli: RunCli, tmp_path: Path, capsys) -> None:
        for command in ([], ["narrate"], ["panels"]):
            assert run_cli(*command, tmp_path / "nothing.cbz") == 2
            assert_one_sentence(capsys)

    def test_a_book_with_a_password_opens_only_with_it(self, run_cli: RunCli, tmp_path: Path, capsys) -> None:
        writer = pypdf.PdfWriter()
        writer.add_blank_page(200, 300)
        writer.encrypt("open sesame", algorithm="RC4-128")
        writer.write(tmp_path / "locked.pdf")
        for wrong in ([], ["--password", "guess"]):
            assert run_cli("panels", tmp_path / "locked.pdf", *wrong) == 2
            assert_one_sentence(capsys)
        assert run_cli("panels", tmp_path / "locked.pdf", "--password", "open sesame") == 0

    def test_pages_the_book_does_not_have_are_one_sentence(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli("panels", draw_comic(pages=2), "--pages", "2-999999999999") == 2
        assert_one_sentence(capsys)

    @pytest.mark.parametrize("pages", ["0", "3-1", "x", "1-", "", "1;2"])
    def test_pages_that_are_no_list_are_refused(self, run_cli: RunCli, draw_comic, capsys, pages: str) -> None:
        with pytest.raises(SystemExit) as left:
            run_cli("panels", draw_comic(), f"--pages={pages}")
        assert left.value.code == 2
        assert "--pages" in capsys.readouterr().err

    def test_a_document_with_nowhere_to_go_is_said_before_the_work(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, tmp_path: Path, capsys
    ) -> None:
        for target in (tmp_path / "no folder" / "out.json", tmp_path):
            assert run_cli("narrate", draw_comic(), "--json", target) == 2
            assert_one_sentence(capsys)
        assert not app_paths.library_file.exists()

    def test_a_damaged_library_is_one_sentence_and_left_as_it_is(
        self, run_cli: RunCli, app_paths: AppPaths, draw_comic, capsys
    ) -> None:
        app_paths.data.mkdir()
        app_paths.library_file.write_bytes(b"garbage" * 1000)
        assert run_cli("panels", draw_comic()) == 2
        assert_one_sentence(capsys)
        assert app_paths.library_file.read_bytes() == b"garbage" * 1000


class TestWithoutDisplay:
    def test_a_book_is_told_instead_and_why(self, run_cli: RunCli, draw_comic, capsys) -> None:
        assert run_cli(draw_comic(columns=1)) == 0
        out, err = capsys.readouterr()
        assert out.startswith("Page 1\n\ncaption of")
        assert "no display" in err.splitlines()[0]

    def test_the_book_read_last_is_the_one_as_long_as_it_is_there(self, run_cli: RunCli, draw_comic, capsys) -> None:
        older, newer = draw_comic("older.cbz", pages=1), draw_comic("newer.cbz", pages=3)
        for book in (older, newer):
            assert run_cli("panels", book) == 0
        capsys.readouterr()
        assert run_cli() == 0
        assert "Page 3" in capsys.readouterr().out
        newer.unlink()
        assert run_cli() == 0
        assert "Page 2" not in capsys.readouterr().out


def assert_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("comicreader: ")
    assert "Traceback" not in line
