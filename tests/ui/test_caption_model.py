"""The model behind the list of captions."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap

from comicreader.ui.caption_model import CAPTION_ROLE, CaptionModel
from comicreader.ui.panel_caption import CaptionState, PanelCaption

TOLD = PanelCaption("a", 1, "A knight rides out.", CaptionState.GENERATED)
WAITING = PanelCaption("b", 2, state=CaptionState.WAITING)


def thumbnail() -> QImage:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    return image


@pytest.mark.parametrize("is_python", [False, True])
def test_it_keeps_qts_rules_through_all_changes(qtmodeltester, qapp, is_python: bool) -> None:
    model = CaptionModel()
    model.set_captions((TOLD, WAITING))
    qtmodeltester.check(model, force_py=is_python)  # and looks on from now on
    for captions in ((TOLD, PanelCaption("b", 2, "The dragon wakes.")), (WAITING,), ()):
        model.set_captions(captions)
        model.set_thumbnails([thumbnail()] * len(captions))


def test_a_row_has_its_text_its_picture_and_what_is_spoken(qapp) -> None:
    model = CaptionModel()
    model.set_captions((TOLD, WAITING))
    model.set_thumbnails([thumbnail(), thumbnail()])
    row = model.index(0)
    assert row.data() == row.data(Qt.ItemDataRole.EditRole) == TOLD.text
    assert row.data(CAPTION_ROLE) == TOLD
    assert row.data(Qt.ItemDataRole.AccessibleTextRole) == "Panel 1. A knight rides out. (Written by the narrator)"
    assert isinstance(row.data(Qt.ItemDataRole.DecorationRole), QPixmap)
    assert row.flags() & Qt.ItemFlag.ItemIsEditable
    assert model.row_of("b") == 1
    assert model.row_of("nowhere") is None


def test_another_text_changes_its_row_and_another_page_resets_all(qtbot) -> None:
    model = CaptionModel()
    model.set_captions((TOLD, WAITING))
    with qtbot.waitSignal(model.dataChanged) as changed, qtbot.assertNotEmitted(model.modelReset):
        model.set_captions((TOLD, PanelCaption("b", 2, "The dragon wakes.", CaptionState.PERSON)))
    assert (changed.args[0].row(), changed.args[1].row()) == (1, 1)
    with qtbot.assertNotEmitted(model.dataChanged):
        model.set_captions(tuple(model.index(row).data(CAPTION_ROLE) for row in range(2)))
    with qtbot.waitSignal(model.modelReset):
        model.set_captions((PanelCaption("c", 1),))


def test_pictures_of_the_page_before_are_not_shown_on_the_next(qapp) -> None:
    model = CaptionModel()
    model.set_captions((TOLD,))
    model.set_thumbnails([thumbnail()])
    model.set_captions((PanelCaption("c", 1),))
    assert model.index(0).data(Qt.ItemDataRole.DecorationRole) is None
