"""Writing captions, on the page and in the list: what a person wrote is in the library and stays."""

import sqlite3
from contextlib import closing
from pathlib import Path

from PySide6.QtWidgets import QListView

from tests.fixtures.live_reader import LiveReader, Program, double_click

MODEL, PERSON = "model:fake-embedded/description", "person"


def test_what_is_written_on_the_page_is_in_the_library_when_the_editor_closes(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("E")
        editor = await reader.until_editing()
        assert editor.toPlainText() == reader.texts[0]
        reader.press("Ctrl+A")
        reader.type("A knight rides out.")
        reader.press("Ctrl+Return")
        assert reader.editor, "closed before it could be safe"
        await reader.until(lambda: not reader.editor)
        assert reader.stored(1) == ("A knight rides out.", PERSON)
        assert reader.edits() == [("edit", "A knight rides out.")]
        assert reader.texts[0] == reader.boxes[0].caption.text == "A knight rides out."
        assert reader.view.hasFocus()

    program.run(scenario, draw_comic())


def test_what_is_written_in_the_list_is_in_the_library_when_the_editor_closes(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.double_click_row(2)
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("The dragon wakes.")
        reader.press("Ctrl+Return")
        await reader.until(lambda: not reader.editor)
        assert reader.stored(2) == ("The dragon wakes.", PERSON)
        assert reader.texts[1] == "The dragon wakes."
        await reader.until_at(1, 2)

    program.run(scenario, draw_comic())


def test_enter_in_the_list_edits_the_current_row(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.click_row(1)
        reader.press("Down", "Return")
        await reader.until_editing()
        reader.type(" Then it rains.")
        reader.press("Ctrl+Return")
        await reader.until(lambda: not reader.editor)
        assert reader.stored(2) == (reader.texts[1], PERSON)
        assert reader.texts[1].endswith(" previous Then it rains.")

    program.run(scenario, draw_comic())


def test_a_double_click_on_a_box_edits_it(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        (box,) = await reader.until(lambda: reader.boxes)
        double_click(box, box.rect().center())
        await reader.until_editing()
        assert box.is_editing

    program.run(scenario, draw_comic())


def test_esc_gives_up_and_the_caption_is_as_it_was(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        before = reader.texts[0]
        for begin in (lambda: reader.press("E"), lambda: reader.double_click_row(1)):
            begin()
            await reader.until_editing()
            reader.type("never mind")
            reader.press("Esc")
            await reader.until(lambda: not reader.editor)
            assert reader.texts[0] == reader.boxes[0].caption.text == before
        assert reader.stored(1) == (before, MODEL)
        assert reader.edits() == []

    program.run(scenario, draw_comic())


def test_while_writing_every_key_belongs_to_the_text(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("E")
        editor = await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("no edge: page + KR")
        reader.press("Return")
        reader.type("Nine")
        assert editor.toPlainText() == "no edge: page + KR\nNine"
        await reader.until_at(1, 1)
        reader.press("Ctrl+Z", "Ctrl+A")
        reader.type("In the end")
        reader.press("Ctrl+Return")
        await reader.until(lambda: not reader.editor)
        assert reader.edits() == [("edit", "In the end")]

    program.run(scenario, draw_comic())


def test_going_on_in_the_book_saves_what_is_being_written(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        first, panels = reader.panels[0].id, reader.panels
        reader.press("E")
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("Written in passing.")
        reader.press_tool("Next page")
        await reader.until_at(2)
        await reader.until(lambda: not reader.editor)
        assert reader.edits() == [("edit", "Written in passing.")]
        reader.press("PgUp")
        await reader.until(lambda: reader.panels == panels and reader.texts and reader.texts[0])
        assert reader.captions[0].panel_id == first
        assert reader.texts[0] == "Written in passing."

    program.run(scenario, draw_comic())


def test_going_on_in_the_book_saves_what_is_being_written_in_the_list(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.double_click_row(2)
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("Written in passing.")
        reader.press_tool("Next page")
        await reader.until_at(2)
        await reader.until(reader.edits)
        assert reader.edits() == [("edit", "Written in passing.")]
        await reader.until(lambda: not reader.editor)

    program.run(scenario, draw_comic())


def test_a_click_on_the_page_saves_what_is_being_written(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        for begin in (lambda: reader.press("E"), lambda: reader.double_click_row(1)):
            begin()
            await reader.until_editing()
            reader.type(" And so on.")
            reader.click(2)
            await reader.until(lambda: not reader.editor)
            await reader.until_at(1, 2)
            reader.press("Shift+N")
            await reader.until_at(1, 1)
        assert reader.stored(1) == (reader.texts[0], PERSON)
        assert reader.texts[0].endswith(" And so on. And so on.")

    program.run(scenario, draw_comic(columns=2, rows=2))


def test_captions_that_arrive_meanwhile_leave_the_text_being_written_alone(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        for panel, begin in ((1, lambda: reader.press("E")), (2, lambda: reader.double_click_row(2))):
            await reader.until(lambda panel=panel: reader.captions and reader.captions[panel - 1].is_standing)
            begin()
            editor = await reader.until_editing()
            reader.press("Ctrl+A")
            reader.type("Half a sen")
            await reader.until(lambda panel=panel: reader.captions[panel].is_standing)
            assert reader.editor is editor
            assert editor.toPlainText() == "Half a sen"
            reader.type("tence.")
            reader.press("Ctrl+Return")
            await reader.until(lambda: not reader.editor)
            assert reader.stored(panel) == ("Half a sentence.", PERSON)

    program.narrator += ("--delay", "0.4")
    program.run(scenario, draw_comic(pages=1, columns=3))


def test_what_is_being_written_is_saved_when_the_program_is_closed(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        reader.press("E")
        await reader.until_editing()
        reader.press("Ctrl+A")
        reader.type("Last words.")

    program.run(scenario, draw_comic())
    with closing(sqlite3.connect(program.paths.library_file)) as library:
        assert library.execute("SELECT kind, result_text FROM edits").fetchall() == [("edit", "Last words.")]


def test_undo_and_redo_walk_through_the_edits_wherever_they_are(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        generated = reader.texts[0]
        await reader.write("First.")
        await reader.write("Second.")
        reader.press("PgDown")
        await reader.until_at(2)
        reader.press("Ctrl+Z")
        await reader.until_at(1, 1)
        await reader.until(lambda: reader.texts and reader.texts[0] == "First.")
        reader.press("Ctrl+Z")
        await reader.until(lambda: reader.texts[0] == generated)
        assert reader.stored(1) == (generated, MODEL)
        reader.press("Ctrl+Shift+Z", "Ctrl+Shift+Z")
        await reader.until(lambda: reader.texts[0] == "Second.")
        assert reader.stored(1) == ("Second.", PERSON)
        kinds = [kind for kind, _ in reader.edits()]
        assert kinds == ["edit", "edit", "undo", "undo", "redo", "redo"]

    program.run(scenario, draw_comic())


def test_a_caption_is_written_anew_as_often_as_asked_and_that_can_be_undone(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        first = reader.texts[0]
        for variation in ("variation 1", "variation 2"):
            reader.press("R")
            await reader.until(lambda words=variation: reader.texts[0].endswith(words))
        assert reader.stored(1) == (reader.texts[0], MODEL)
        reader.press("Ctrl+Z", "Ctrl+Z")
        await reader.until(lambda: reader.texts[0] == first)

    program.run(scenario, draw_comic())


def test_a_persons_text_is_never_written_anew(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        await reader.write("Mine.")
        reader.press("R")
        reader.press("N", "R")  # the other one is the narrator's
        await reader.until(lambda: reader.texts[1].endswith("variation 1"))
        assert reader.stored(1) == ("Mine.", PERSON)

    program.run(scenario, draw_comic())


def test_keeping_a_caption_as_it_is_makes_it_the_persons(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        text = reader.texts[0]
        reader.press("K")
        await reader.until(lambda: reader.captions[0].byline == "Yours")
        assert reader.stored(1) == (text, PERSON)
        assert reader.edits() == [("accept", text)]

    program.run(scenario, draw_comic())


def test_a_caption_can_be_written_before_the_narrator_comes_to_it(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until(lambda: reader.captions and reader.captions[0].state.value == "waiting")
        await reader.write("I was first.")
        await reader.until_told()
        assert reader.texts[0] == "I was first."
        assert reader.stored(1) == ("I was first.", PERSON)

    program.narrator += ("--delay", "0.6")
    program.run(scenario, draw_comic(pages=1))


def test_without_a_narrator_captions_are_written_all_the_same(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1)
        await reader.until(lambda: reader.captions)
        await reader.write("By hand.")
        assert reader.stored(1) == ("By hand.", PERSON)

    program.set_up(narrate_automatically=False)
    program.run(scenario, draw_comic())


def test_an_edit_that_cannot_be_saved_stays_open_and_can_be_tried_again(program: Program, draw_comic) -> None:
    async def scenario(reader: LiveReader) -> None:
        await reader.until_told()
        with closing(sqlite3.connect(program.paths.library_file)) as other:
            other.execute("CREATE TRIGGER full BEFORE INSERT ON edits BEGIN SELECT RAISE(ABORT, 'disk full'); END")
            reader.press("E")
            await reader.until_editing()
            reader.press("Ctrl+A")
            reader.type("Not lost.")
            reader.press("Ctrl+Return")
            await reader.until(lambda: "disk full" in reader.message)
            assert reader.editor
            assert reader.editor.toPlainText() == "Not lost."
            other.execute("DROP TRIGGER full")
        reader.press_button("Try again")
        await reader.until(lambda: not reader.editor)
        assert reader.stored(1) == ("Not lost.", PERSON)

    program.run(scenario, draw_comic())


def test_what_is_written_before_the_narrator_is_done_is_not_covered_by_its_words(
    program: Program, draw_comic, tmp_path: Path
) -> None:
    log = tmp_path / "narrator.log"
    program.narrator += ("--delay", "3", "--log", str(log))
    seen: list[str] = []

    async def scenario(reader: LiveReader) -> None:
        await reader.until_at(1, 1)
        await reader.until(lambda: log.exists() and '"narrate"' in log.read_text())
        model = reader.window.captions.findChild(QListView).model()
        model.dataChanged.connect(lambda *_: seen.extend(reader.texts[:1]))
        await reader.write("Mine.")
        await reader.until_told()
        assert reader.stored(1) == ("Mine.", PERSON)

    program.run(scenario, draw_comic(pages=1, columns=2))
    assert set(seen[seen.index("Mine.") :]) == {"Mine."}
