"""Pages narrated by a real child process into a real library."""

import asyncio
import io
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image

from comicreader.domain.book import PageImage
from comicreader.domain.narration import PERSON, Caption, model_source
from comicreader.domain.panels import Panel
from comicreader.services.book_narrator import BookNarrator, CaptionUpdate
from comicreader.services.library import Library
from comicreader.services.narrator import Narrator, NarratorPhase
from trainer.events import NarrateRequest, decode_request

Result = TypeVar("Result")

FAKE = model_source("fake-embedded", "description")
COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


class Scene:
    """A page of three panels side by side, its library and its narrator."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.log = folder / "requests"
        self.command = [*command, "--log", str(self.log)]
        self.library = Library.open(folder / "library.sqlite3")
        self.page = make_page("p1")
        self.panels = self.library.store_detected_panels("p1", [box_panel(i) for i in range(3)], "d")
        self.ids = [panel.id for panel in self.panels]

    def run(self, act: Callable[[BookNarrator, Narrator], Coroutine[object, object, Result]]) -> Result:
        """Act with a narrator that is closed afterwards."""

        async def main() -> Result:
            narrator = Narrator(self.command, on_state=lambda state: None)
            try:
                return await act(BookNarrator(self.library, narrator), narrator)
            finally:
                await narrator.close()

        return asyncio.run(main())

    def narrate(self, previous: tuple[str, ...] = (), **more: object) -> list[CaptionUpdate]:
        """Narrate the page and return all updates."""

        async def act(book_narrator: BookNarrator, _: Narrator) -> list[CaptionUpdate]:
            updates = book_narrator.narrate_page(self.page, self.panels, previous, **more)  # type: ignore[arg-type]
            return [update async for update in updates]

        return self.run(act)

    def requests(self) -> list[NarrateRequest]:
        """What the narrator was asked."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        asked = [decode_request(line) for line in lines]
        return [request for request in asked if isinstance(request, NarrateRequest)]

    def captions(self) -> list[Caption | None]:
        """What stands, in reading order."""
        standing = self.library.captions_of("p1")
        return [standing.get(panel_id) for panel_id in self.ids]


def make_page(page_id: str, scale: float = 1.0) -> PageImage:
    pixels = np.zeros((round(600 * scale), round(900 * scale), 3), np.uint8)
    for i, colour in enumerate(COLOURS):
        pixels[:, round(300 * i * scale) : round(300 * (i + 1) * scale)] = colour
    return PageImage(page_id, "1.png", 900, 600, pixels)


def box_panel(index: int) -> Panel:
    x = 300 * index
    return Panel(((x, 0), (x + 300, 0), (x + 300, 600), (x, 600)))


@pytest.fixture
def scene(tmp_path: Path, fake_narrator: list[str]) -> Iterator[Scene]:
    made = Scene(tmp_path, fake_narrator)
    yield made
    made.library.close()


def texts(scene: Scene) -> list[str | None]:
    return [None if caption is None else caption.text.split(" after ")[-1] for caption in scene.captions()]


def test_a_page_is_told_in_order_and_kept(scene: Scene) -> None:
    updates = scene.narrate(previous=("x", "y"))
    assert [(update.panel_id, update.is_final) for update in updates] == [
        (panel_id, is_final) for panel_id in scene.ids for is_final in (False, True)
    ]
    assert texts(scene) == ["2 previous", "3 previous", "4 previous"]
    assert [update.caption for update in updates if update.is_final] == scene.captions()
    last = scene.captions()[2]
    assert last is not None
    assert (last.source, last.confidence, last.context) == (FAKE, 0.5, tuple(scene.ids[:2]))
    (request,) = scene.requests()
    assert request.previous == ("x", "y")


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0])
def test_each_panel_is_shown_as_its_part_of_the_page(scene: Scene, scale: float) -> None:
    scene.page = make_page("p1", scale)
    scene.narrate()
    for shown, colour in zip(scene.requests()[0].panels, COLOURS, strict=True):
        picture = Image.open(io.BytesIO(shown.image_bytes))
        assert picture.format == "JPEG"
        assert picture.size == ((150, 300) if scale == 0.5 else (224, 448))
        assert np.abs(np.asarray(picture).astype(int) - colour).max() < 12


def test_a_panel_of_no_size_at_the_edge_does_no_harm(scene: Scene) -> None:
    flat = Panel(((900, 600), (900, 600), (900, 600)))
    scene.panels = scene.library.store_detected_panels("p1", [flat], "d2")
    (update,) = [update for update in scene.narrate() if update.is_final]
    assert update.caption.text.startswith("caption of")


def test_a_persons_text_is_context_and_stays(scene: Scene) -> None:
    scene.library.save_edit(scene.ids[1], "Mine")
    updates = scene.narrate()
    assert {update.panel_id for update in updates} == {scene.ids[0], scene.ids[2]}
    assert [panel.text for panel in scene.requests()[0].panels] == [None, "Mine", None]
    assert scene.captions()[1] == Caption("Mine", PERSON)


def test_a_page_that_is_told_needs_no_narrator(scene: Scene) -> None:
    scene.narrate()

    async def act(book_narrator: BookNarrator, narrator: Narrator) -> None:
        assert [update async for update in book_narrator.narrate_page(scene.page, scene.panels, ())] == []
        assert narrator.state.kind is NarratorPhase.ABSENT

    scene.run(act)
    assert len(scene.requests()) == 1


def test_only_what_is_missing_is_told(scene: Scene) -> None:
    scene.library.store_generated(scene.ids[0], Caption("Told before", FAKE))
    scene.narrate()
    assert [panel.text for panel in scene.requests()[0].panels] == ["Told before", None, None]


def test_another_models_proposals_are_written_anew(scene: Scene) -> None:
    for panel_id in scene.ids:
        scene.library.store_generated(panel_id, Caption("Older", model_source("older", "description")))

    async def act(book_narrator: BookNarrator, narrator: Narrator) -> list[CaptionUpdate]:
        await narrator.use_model("embedded again")
        return [update async for update in book_narrator.narrate_page(scene.page, scene.panels, ())]

    assert sum(update.is_final for update in scene.run(act)) == 3
    assert {caption.source for caption in scene.captions() if caption} == {
        model_source("fake-embedded again", "description")
    }


def test_in_another_style_what_the_narrator_told_is_told_anew(scene: Scene) -> None:
    scene.narrate()
    scene.library.save_edit(scene.ids[1], "Mine")

    async def act(book_narrator: BookNarrator, _: Narrator) -> list[CaptionUpdate]:
        book_narrator.style = "narration"
        return [update async for update in book_narrator.narrate_page(scene.page, scene.panels, ())]

    assert sum(update.is_final for update in scene.run(act)) == 2
    assert [request.style for request in scene.requests()] == ["description", "narration"]
    sources = [caption.source for caption in scene.captions() if caption]
    assert sources == [model_source("fake-embedded", "narration"), PERSON, model_source("fake-embedded", "narration")]


def test_one_panel_can_be_told_anew_from_what_stands_before_it(scene: Scene) -> None:
    scene.narrate()
    updates = scene.narrate(only=scene.ids[1], variation=7)
    assert {update.panel_id for update in updates} == {scene.ids[1]}
    request = scene.requests()[1]
    assert [panel.panel_id for panel in request.panels] == scene.ids[:2]
    assert request.variation == 7
    assert texts(scene) == ["0 previous", "1 previous, variation 7", "2 previous"]


def test_a_panel_without_text_is_no_context_when_one_is_told_alone(scene: Scene) -> None:
    scene.narrate(only=scene.ids[2])
    assert [panel.panel_id for panel in scene.requests()[0].panels] == [scene.ids[2]]
    assert texts(scene) == [None, None, "0 previous"]


def test_a_persons_text_is_not_told_anew(scene: Scene) -> None:
    scene.library.save_edit(scene.ids[1], "Mine")
    assert scene.narrate(only=scene.ids[1], variation=1) == []
    assert scene.requests() == []


def test_a_panel_that_is_gone_is_not_told(scene: Scene) -> None:
    assert scene.narrate(only="gone") == []


def test_a_text_written_meanwhile_by_a_person_is_what_stands(scene: Scene) -> None:
    scene.command += ["--delay", "0.05"]

    async def act(book_narrator: BookNarrator, _: Narrator) -> list[CaptionUpdate]:
        finals = []
        async for update in book_narrator.narrate_page(scene.page, scene.panels, ()):
            if not update.is_final and update.panel_id == scene.ids[0]:
                scene.library.save_edit(scene.ids[2], "Mine")
            if update.is_final:
                finals.append(update)
        return finals

    assert scene.run(act)[2].caption == Caption("Mine", PERSON)


def test_closing_the_updates_cancels_the_rest(scene: Scene) -> None:
    scene.command += ["--delay", "0.02"]

    async def act(book_narrator: BookNarrator, narrator: Narrator) -> None:
        async with aclosing(book_narrator.narrate_page(scene.page, scene.panels, ())) as updates:
            async for update in updates:
                if update.is_final:
                    break
        other = make_page("p2")
        panels = scene.library.store_detected_panels("p2", [box_panel(0)], "d")
        assert len([update async for update in book_narrator.narrate_page(other, panels, ())]) == 2

    scene.run(act)
    assert texts(scene) == ["0 previous", None, None]
    assert any(json.loads(line)["type"] == "cancel" for line in scene.log.read_text().splitlines())


def test_the_story_so_far_is_the_last_three_captions_in_order(scene: Scene) -> None:
    (alone,) = scene.library.store_detected_panels("p0", [box_panel(0)], "d")
    scene.library.save_edit(alone.id, "zero")
    for panel_id, text in zip(scene.ids, ("one", "", "three"), strict=True):
        scene.library.save_edit(panel_id, text)

    async def act(book_narrator: BookNarrator, _: Narrator) -> None:
        assert book_narrator.previous_captions(()) == ()
        assert book_narrator.previous_captions(("unknown",)) == ()
        assert book_narrator.previous_captions(("p0",)) == ("zero",)
        assert book_narrator.previous_captions(("p0", "unknown", "p1")) == ("zero", "one", "three")
        assert book_narrator.previous_captions(("p0", "p1", "p1")) == ("three", "one", "three")

    scene.run(act)
