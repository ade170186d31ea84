"""The list of captions beside the page: the page's panels in order, each with its picture and its text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QDockWidget,
    QLabel,
    QListView,
    QVBoxLayout,
    QWidget,
)

from comicreader.ui.caption_delegate import CaptionDelegate
from comicreader.ui.caption_editor import CaptionEditor
from comicreader.ui.caption_model import CAPTION_ROLE, CaptionModel, Index
from comicreader.ui.dock_header import dock_header
from comicreader.ui.panel_caption import PanelCaption
from comicreader.ui.theme import Theme

_MIN_WIDTH_PX = 220


class CaptionsDock(QDockWidget):
    """Shows and edits the captions of the current page.

    Signals:
        panel_picked(str): a row was chosen; the panel's id.
        edit_began(): a person writes in a row.
        save_requested(str, str, float): panel id, new text, seconds spent.
        close_requested(): the person wants the list out of sight.
    """

    panel_picked = Signal(str)
    edit_began = Signal()
    save_requested = Signal(str, str, float)
    close_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("captions")
        self.setWindowTitle(self.tr("Captions"))
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self._model = CaptionModel(self)
        self._list = _CaptionList(theme, self._model)
        self._summary = QLabel()
        self._summary.setObjectName("captionsSummary")
        self.setTitleBarWidget(self._header(theme))
        body = QWidget()
        body.setObjectName("captionsDock")
        body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(body)
        column.setContentsMargins(1, 0, 0, 0)
        column.addWidget(self._list)
        self.setWidget(body)
        self.setMinimumWidth(_MIN_WIDTH_PX)
        self._list.picked.connect(self.panel_picked)
        self._list.caption_delegate.edit_began.connect(self.edit_began)
        self._list.caption_delegate.save_requested.connect(self.save_requested)

    @property
    def list_view(self) -> QListView:
        """The list itself."""
        return self._list

    def set_captions(self, captions: tuple[PanelCaption, ...], summary: str) -> None:
        """Show a page's captions and a line about the page."""
        self._summary.setText(summary)
        self._model.set_captions(captions)

    def set_thumbnails(self, thumbnails: Sequence[QImage]) -> None:
        """Show the panels' pictures, in the order of the captions."""
        self._model.set_thumbnails(thumbnails)

    def set_current(self, panel_index: int | None) -> None:
        """Mark the panel that is being read."""
        self._list.mark(panel_index)

    def submit_edit(self) -> None:
        """Ask for saving what is being written, if anything is."""
        editor = self._list.caption_delegate.editor
        if editor is not None:
            editor.submit()

    def finish_edit(self, panel_id: str) -> None:
        """The text is safe: close its editor."""
        self._list.caption_delegate.finish_edit(panel_id)

    def fail_edit(self, panel_id: str, sentence: str) -> None:
        """The text could not be saved: its editor stays open."""
        self._list.caption_delegate.fail_edit(panel_id, sentence)

    def _header(self, theme: Theme) -> QWidget:
        return dock_header(
            "captionsHeader",
            self.tr("Captions"),
            self.tr("Hide the list of captions"),
            theme,
            self.close_requested.emit,
            self._summary,
        )


class _CaptionList(QListView):
    """The list view. An editor closes only when its text is safe.

    Signals:
        picked(str): a row was chosen by mouse or keys; the panel's id.
    """

    picked = Signal(str)

    def __init__(self, theme: Theme, model: CaptionModel) -> None:
        super().__init__()
        self.setObjectName("captionList")
        self.setAccessibleName(self.tr("Captions of this page"))
        self.setModel(model)
        self.caption_delegate = CaptionDelegate(theme, self)
        self.setItemDelegate(self.caption_delegate)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setMouseTracking(True)
        self._is_marking = False

    def mark(self, row: int | None) -> None:
        """Select a row without picking it."""
        self._is_marking = True
        index = self.model().index(-1 if row is None else row, 0)
        self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)
        self._is_marking = False

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Qt: another row is current."""
        super().currentChanged(current, previous)
        if current.isValid() and not self._is_marking:
            self.picked.emit(current.data(CAPTION_ROLE).panel_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Enter edits, besides F2."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.edit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def commitData(self, editor: QWidget) -> None:
        """Qt: something else wants attention; ask for saving."""
        if isinstance(editor, CaptionEditor):
            editor.submit()

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        """Qt: close an editor, unless its text is not safe yet."""
        if not (isinstance(editor, CaptionEditor) and editor.is_editing):
            super().closeEditor(editor, hint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: other widths wrap the text elsewhere."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()
