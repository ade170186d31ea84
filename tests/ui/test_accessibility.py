"""What a person who listens, who needs contrast, or who has only a keyboard, gets of the window."""

from collections import Counter

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from comicreader.ui.actions import ActionId
from comicreader.ui.narration_box import NarrationBox
from comicreader.ui.theme import DARK, FAINT_INK, INK, LIGHT, PAPER, Colors
from tests.fixtures.live_reader import LiveReader, Program

# WCAG 2.2, level AA: text, and marks that carry a meaning
TEXT_CONTRAST = 4.5


def contrast(one: QColor, other: QColor) -> float:
    """WCAG's contrast ratio."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: QColor) -> float:
    channels = (color.redF(), color.greenF(), color.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "window"), ("text", "surface"), ("text", "field"), ("text", "hover"), ("text", "accent_soft"),
        ("text", "warning_soft"), ("text", "error_soft"), ("muted", "window"), ("muted", "surface"),
        ("accent_text", "accent"), ("accent_on_window", "window"), ("warning", "warning_soft"),
        ("error", "error_soft"), ("tooltip_text", "tooltip"),
    ],
)  # fmt: skip
def test_the_windows_text_stands_out_from_its_ground(colors: Colors, text: str, ground: str) -> None:
    assert contrast(QColor(getattr(colors, text)), QColor(getattr(colors, ground))) >= TEXT_CONTRAST


@pytest.mark.parametrize("ink", [INK, FAINT_INK], ids=["text", "hints"])
def test_ink_stands_out_from_the_paper(ink: QColor) -> None:
    assert contrast(ink, PAPER) >= TEXT_CONTRAST


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_box_is_painted_with_ink_on_paper_in_both_themes(program: Program, draw_comic, theme: str) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        (box,) = await reader.until(lambda: reader.boxes)
        ground, darkest = await reader.until(lambda: painted(box))
        assert contrast(ground, darkest) >= TEXT_CONTRAST

    def painted(box: NarrationBox) -> tuple[QColor, QColor] | None:
        colors = colors_of(box.grab(box.rect().adjusted(14, 14, -14, -14)).toImage())
        ground = QColor(colors.most_common(1)[0][0])
        return (ground, min(map(QColor, colors), key=luminance)) if ground == PAPER else None

    program.set_up(theme=theme)
    program.run(scenario, draw_comic())


def test_the_page_speaks_the_caption_of_the_panel_that_is_reached(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        assert reader.view.accessibleName() == "Page"
        for panel in (1, 2):
            await reader.until_at(1, panel)
            spoken = f"Panel {panel}. {reader.texts[panel - 1]} (Written by the narrator)"
            assert reader.view.accessibleDescription() == spoken
            reader.press("N")

    program.run(scenario, draw_comic(pages=1, columns=3))


def test_a_panel_without_a_caption_does_not_speak_the_one_before(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(reader.window.actions_table[ActionId.REGENERATE].isEnabled)
        assert reader.view.accessibleDescription() == "Panel 1. No caption yet."
        reader.press("R")
        await reader.until(lambda: reader.captions[0].is_standing)
        assert reader.view.accessibleDescription().startswith("Panel 1. caption of ")
        reader.press("N")
        await reader.until_at(1, 2)
        assert reader.view.accessibleDescription() == "Panel 2. No caption yet."

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic())


def test_the_page_speaks_what_the_person_has_written(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("E")
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("The moon rises.")
        reader.press("Ctrl+Return")
        await reader.until(lambda: not reader.editor)
        assert reader.view.accessibleDescription() == "Panel 1. The moon rises. (Yours)"

    program.run(scenario, draw_comic())


def test_the_message_bar_and_the_narrator_have_names_to_be_spoken(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.narrator == "Narrator failed")
        assert reader.window.messages.accessibleName() == reader.message
        names = [button.accessibleName() for button in reader.window.place_bar.findChildren(QAbstractButton)]
        assert names == [f"Narrator failed. {reader.message}"]

    program.set_up(narrator_model="missing")
    program.run(scenario, draw_comic())


def test_every_button_has_a_name(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("Shift+N")
        buttons = [button for button in reader.window.findChildren(QAbstractButton) if button.isVisible()]
        assert len(buttons) > 10
        inner = {"qt_toolbar_ext_button"}  # Qt's own
        nameless = [b for b in buttons if not (b.accessibleName() or b.text()) and b.objectName() not in inner]
        assert not nameless

    program.run(scenario, draw_comic())


def test_tab_reaches_the_page_the_list_and_the_narration(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await reader.until(lambda: reader.boxes)
        reached: set[QWidget] = set()
        for _ in range(40):
            reader.press("Tab")
            reached.add(QApplication.focusWidget())
        assert {reader.view, reader.window.captions.list_view, reader.boxes[0]} <= reached

    program.run(scenario, draw_comic())


def colors_of(image: QImage) -> Counter[int]:
    return Counter(image.pixel(x, y) for x in range(image.width()) for y in range(image.height()))
