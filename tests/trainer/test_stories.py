"""Synthetic picture stories: what they promise about plots, descriptions, pages and files."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.dataset import load_records
from trainer.dataset_check import check
from trainer.dataset_pictures import LookCache
from trainer.panel_documents import load_documents
from trainer.synthetic import cast
from trainer.synthetic.cast import CLIP_ART, EMOJI_FONT
from trainer.synthetic.faces import Mood
from trainer.synthetic.stories import main, make_story, write_stories
from trainer.synthetic.story_bubbles import place_bubbles, set_words
from trainer.synthetic.story_cast import EXTRAS, NAMES, draw_cast
from trainer.synthetic.story_figures import DOWN, HOLDING, draw_figure
from trainer.synthetic.story_places import CARRIED, NIGHT, PLACES, drawings_of
from trainer.synthetic.story_plot import LEAST_PANELS, MOST_PANELS, draw_story
from trainer.synthetic.story_styles import FLAT, STYLES, restyled
from trainer.synthetic.story_words import describe

PAGE_PX = 400
needs_drawings = pytest.mark.skipif(
    not (EMOJI_FONT.exists() and CLIP_ART.is_dir()),
    reason="the Debian packages fonts-noto-color-emoji and openclipart-png are not installed",
)


def test_characters_of_a_story_cannot_be_taken_for_each_other() -> None:
    for seed in range(50):
        characters = draw_cast(random.Random(seed), 3)
        for what in ("kind", "extra", "coat"):
            assert len({getattr(character.look, what) for character in characters}) == 3
        assert len({character.name for character in characters}) == 3
        for character in characters:
            assert NAMES[character.name] == character.pronoun
            assert character.look.extra in EXTRAS
            assert character.look.extra_color != character.look.coat


def test_stories_of_all_plots_keep_to_their_grammar() -> None:
    goals = set()
    for seed in range(120):
        story = draw_story(random.Random(seed))
        goals.add(story.goal.split(" wants ")[1].split()[1])
        assert 2 <= len(story.characters) <= 3
        assert LEAST_PANELS <= len(story.beats) <= MOST_PANELS
        appearing = [part.character for beat in story.beats for part in beat.parts]
        assert set(appearing) == set(story.characters)
        assert story.characters[0].introduced in story.beats[0].narration
        for beat in story.beats:
            assert "{" not in beat.narration
            assert beat.narration[-1] == "."
            assert len(beat.lines) <= 2
            there = [part.character for part in beat.parts]
            speakers = [there.index(line.speaker) for line in beat.lines]
            assert speakers == sorted(set(speakers))
            assert sum(part.arms == HOLDING for part in beat.parts) + beat.near.count(beat.thing) <= 1
    assert goals == {"find", "have", "bring"}


def test_everybody_is_introduced_when_first_told_of_and_seen() -> None:
    for seed in range(60):
        story = draw_story(random.Random(seed))
        for character in story.characters:
            first = next(beat for beat in story.beats if any(part.character == character for part in beat.parts))
            assert character.introduced in first.narration or character.name in story.beats[0].narration


def test_descriptions_tell_what_is_seen_without_names_and_colours_only_where_they_are_seen() -> None:
    for seed in range(40):
        story = draw_story(random.Random(seed))
        for beat in story.beats:
            colored, plain = describe(beat, in_color=True), describe(beat, in_color=False)
            for text in (colored, plain):
                assert not any(character.name in text for character in story.characters)
                assert beat.place.words in text
                assert ("moon" in text) == (beat.sky == NIGHT)
                for part in beat.parts:
                    assert part.character.look.kind in text
                    assert part.character.look.extra in text
                assert (f"holds a{'n' * (beat.thing[0] in 'aeiou')} {beat.thing}" in text) == any(
                    part.arms == HOLDING for part in beat.parts
                )
            for part in beat.parts:
                assert f"{part.character.look.coat} coat" in colored
                assert f"{part.character.look.coat} coat" not in plain


def test_every_noun_of_a_story_has_a_drawing() -> None:
    nouns = {*CARRIED, *(noun for place in PLACES for noun in (*place.far, *place.near))}
    emoji = {noun for noun in nouns if any(drawing.emoji for drawing in drawings_of(noun))}
    assert nouns - emoji <= {"lantern"}  # there is clip art for it


def test_a_figure_stands_on_its_feet_and_turns_round() -> None:
    look = draw_cast(random.Random(1), 1)[0].look
    right = draw_figure(look, Mood.HAPPY, HOLDING, 60, flip=False)
    left = draw_figure(look, Mood.HAPPY, HOLDING, 60, flip=True)
    sad = draw_figure(look, Mood.SAD, HOLDING, 60, flip=False)
    assert right.picture.mode == "RGBA"
    assert right.picture.height >= 58
    assert right.hand[0] > right.origin[0]
    assert left.hand[0] < left.origin[0]
    assert right.head[3] < right.hand[1]
    changed = np.abs(np.asarray(right.picture, int) - np.asarray(sad.picture, int)).sum(axis=(1, 2)).nonzero()[0]
    assert right.head[1] <= changed.min()
    assert changed.max() <= right.head[3]


def test_a_look_is_the_same_whatever_the_figure_does() -> None:
    look = draw_cast(random.Random(2), 1)[0].look
    pictures = [draw_figure(look, mood, DOWN, 60, flip=False).picture for mood in (Mood.CALM, Mood.LAUGHING)]
    calm, laughing = (np.asarray(picture, int) for picture in pictures)
    assert calm.shape == laughing.shape
    assert (np.abs(calm - laughing).max(axis=2) > 40).mean() < 0.05


def test_bubbles_hold_their_words_and_do_not_overlap() -> None:
    texts = [set_words("Where is my umbrella, please?", 12, 90), set_words("Look there!", 12, 90)]
    assert " ".join(texts[0].lines) == "Where is my umbrella, please?"
    assert len(texts[0].lines) > 1
    first, second = place_bubbles(texts, [150, 40], (0, 0, 300, 200))
    assert 0 <= first[0] < first[2] <= second[0] < second[2] <= 300
    assert second[0] > 40


@pytest.mark.parametrize("style", STYLES)
def test_only_flat_colour_keeps_colours(style: str) -> None:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    art = np.stack([np.tile(ramp, (64, 1)), np.full((64, 64), 90, np.uint8), np.tile(ramp[::-1], (64, 1))], axis=2)
    art[30:33] = 20
    drawn = np.asarray(restyled(Image.fromarray(art), style, 1000))
    assert drawn.shape == art.shape
    assert (drawn[..., 0] == drawn[..., 2]).all() == (style != FLAT)
    assert drawn[31].mean() < drawn[8].mean()


@needs_drawings
def test_the_truth_lies_within_pages_and_no_bubble_covers_a_face() -> None:
    bubbles = 0
    for number in range(2):
        drawn = make_story(3, number, PAGE_PX)
        panels = [panel for page in drawn.pages for panel in page.panels]
        assert [panel.picture.beat.narration for panel in panels] == [beat.narration for beat in drawn.story.beats]
        for page in drawn.pages:
            for panel in page.panels:
                left, top, right, bottom = panel.box
                assert 0 <= left < right <= page.image.width
                assert 0 <= top < bottom <= page.image.height
                assert panel.outline.min() >= 0
                for shown in panel.picture.characters:
                    assert 0 <= shown.box[0] < shown.box[2] <= right - left
                    assert 0 <= shown.box[1] < shown.box[3] <= bottom - top
                    assert all(shown.head[1] >= bubble.box[3] for bubble in panel.picture.bubbles)
                for bubble in panel.picture.bubbles:
                    x0, y0, x1, y1 = (bubble.box[i] + (left, top)[i % 2] for i in range(4))
                    inside = np.asarray(page.image)[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4]
                    assert (inside == 255).all(axis=2).mean() > 0.4
                    bubbles += 1
    assert bubbles > 0


@needs_drawings
def test_written_stories_are_a_sound_data_set_and_panel_documents_the_same_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_stories(tmp_path / name, 1, 5, PAGE_PX)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert all((tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files)

    folder = tmp_path / "one"
    assert check(folder, LookCache(tmp_path / "cache")).is_sound
    records, bad = load_records(folder)
    assert not bad
    assert LEAST_PANELS <= len(records) <= MOST_PANELS
    assert all(record.split == "train" and record.narration and record.description for record in records)
    assert records[2].previous == (records[0].narration, records[1].narration)

    documents = load_documents(folder / "pages.json")
    assert sum(len(page.boxes) for page in documents[0].pages.values()) == len(records)
    raw = json.loads((folder / "pages.json").read_text(encoding="utf-8"))[0]
    panels = [panel for page in raw["pages"] for panel in page["panels"]]
    assert [panel["order"] for panel in panels] == list(range(1, len(records) + 1))
    assert [panel["narration"] for panel in panels] == [record.narration for record in records]
    names = {character["name"] for character in raw["cast"]}
    for panel, record in zip(panels, records, strict=True):
        assert {character["name"] for character in panel["characters"]} <= names
        assert [bubble["text"] for bubble in panel["bubbles"]] == [bubble["text"] for bubble in record.more["bubbles"]]
        assert {bubble["speaker"] for bubble in panel["bubbles"]} <= names
        with Image.open(record.image) as picture:
            assert list(picture.size) == panel["box"][2:]
    for page in raw["pages"]:
        with Image.open(folder / "books" / raw["file"] / page["name"]) as picture:
            assert picture.size == (page["width"], page["height"])


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    """The exit status of the command; 0 where it returns."""
    monkeypatch.setattr(sys, "argv", ["stories", *arguments])
    try:
        main()
    except SystemExit as stopped:
        return stopped.code
    return 0


def test_without_the_drawings_the_command_says_so_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cast, "EMOJI_FONT", tmp_path / "not installed.ttf")
    assert run_command(monkeypatch, str(tmp_path / "stories"), "--count", "1") == 2
    told = capsys.readouterr().err
    assert "fonts-noto-color-emoji" in told
    assert told.count("\n") == 1
    assert not (tmp_path / "stories").exists()


def test_pages_too_small_to_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, str(tmp_path / "stories"), "--page-size", "200") == 2
    assert capsys.readouterr().err == "Pages must be at least 400 pixels high.\n"


@needs_drawings
def test_the_command_writes_as_many_stories_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = str(tmp_path / "stories"), "--count", "1", "--seed", "7", "--page-size", "400"
    assert run_command(monkeypatch, *arguments) == 0
    assert [folder.name for folder in (tmp_path / "stories" / "books").iterdir()] == ["story-7-00000"]
