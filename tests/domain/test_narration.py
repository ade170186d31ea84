import pytest

from comicreader.domain.narration import IMPORTED, PERSON, Caption, model_source, reading_seconds


def test_only_what_a_model_wrote_is_a_proposal() -> None:
    assert Caption("She waits.", model_source("embedded-1", "description")).is_proposal
    assert not Caption("She waits.", PERSON).is_proposal
    assert not Caption("She waits.", IMPORTED).is_proposal


def test_a_longer_text_stays_longer_and_a_faster_reader_goes_on_sooner() -> None:
    text = "one two three four five six"
    assert reading_seconds(text, 180) - reading_seconds("", 180) == pytest.approx(2.0)
    assert reading_seconds(text, 360) - reading_seconds("", 360) == pytest.approx(1.0)


def test_a_panel_without_text_is_looked_at_all_the_same() -> None:
    assert reading_seconds("", 180) > 1.0
