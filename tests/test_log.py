import logging
from pathlib import Path

import pytest

from comicreader.log import log_unexpected, logging_to

_log = logging.getLogger("comicreader.test")


def test_everything_goes_to_the_file_and_warnings_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log_file = tmp_path / "data" / "comicreader.log"
    with logging_to(log_file):
        _log.info("opened %s", "a book")
        _log.warning("no space is left")
    _log.warning("after the end")
    assert "INFO comicreader.test: opened a book" in log_file.read_text()
    assert "after the end" not in log_file.read_text()
    assert capsys.readouterr().err == "comicreader: no space is left\n"


def test_an_unexpected_error_is_kept_with_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log_file = tmp_path / "comicreader.log"
    with logging_to(log_file):
        try:
            raise ZeroDivisionError("a bug")
        except ZeroDivisionError as error:
            log_unexpected(type(error), error, error.__traceback__)
    assert "test_log.py" in log_file.read_text()
    assert "an error in Comic Reader itself: ZeroDivisionError: a bug" in capsys.readouterr().err


def test_ctrl_c_is_no_error_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(tmp_path / "comicreader.log"):
        log_unexpected(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (tmp_path / "comicreader.log").read_text() == ""
    assert "KeyboardInterrupt" in capsys.readouterr().err


def test_a_log_that_cannot_be_written_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    before = list(logging.getLogger().handlers)
    with logging_to(tmp_path / "file" / "comicreader.log"):
        pass
    assert "no log is kept" in capsys.readouterr().err
    assert logging.getLogger().handlers == before
