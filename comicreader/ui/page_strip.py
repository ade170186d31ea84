"""The list of pages beside the page: small pictures, how much of each is told, and which ones are worth a look."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDockWidget,
    QListView,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.page_status import PageStatus
from comicreader.ui.dock_header import dock_header
from comicreader.ui.page_strip_delegate import PageStripDelegate
from comicreader.ui.page_strip_model import Index, PageStripModel
from comicreader.ui.theme import Theme

_WIDTH_PX = 140
# Scrolling passes many pages; only where it rests pictures are wanted.
_REST_MS = 80


class PageStrip(QDockWidget):
    """Shows the book's pages.

    Signals:
        page_picked(int): a page was chosen, from 0.
        pictures_wanted(tuple[int, ...]): these pages are in sight and have no picture yet.
        close_requested(): the person wants the list out of sight.
    """

    page_picked = Signal(int)
    pictures_wanted = Signal(object)
    close_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("pages")
        self.setWindowTitle(self.tr("Pages"))
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self._model = PageStripModel(self)
        self._list = _PageList(theme, self._model)
        self.setTitleBarWidget(self._header(theme))
        body = QWidget()
        body.setObjectName("pagesDock")
        body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 1, 0)
        column.addWidget(self._list)
        self.setWidget(body)
        self.setFixedWidth(_WIDTH_PX)
        self._list.picked.connect(self.page_picked)
        self._list.rested.connect(self._on_rested)

    @property
    def list_view(self) -> QListView:
        """The list itself."""
        return self._list

    def set_page_count(self, count: int) -> None:
        """Another book."""
        self._model.set_page_count(count)
        self._list.look_again()

    def set_picture(self, page_index: int, picture: QImage | None) -> None:
        """A page's small picture; None where it cannot be shown."""
        self._model.set_picture(page_index, picture)

    def set_status(self, page_index: int, status: PageStatus | None) -> None:
        """How far a page is."""
        self._model.set_status(page_index, status)

    def set_current(self, page_index: int) -> None:
        """Mark the page that is being read."""
        self._list.mark(page_index)

    def _on_rested(self) -> None:
        wanted = tuple(row for row in self._list.rows_in_sight() if self._model.lacks_picture(row))
        if wanted:
            self.pictures_wanted.emit(wanted)

    def _header(self, theme: Theme) -> QWidget:
        return dock_header(
            "pagesHeader", self.windowTitle(), self.tr("Hide the list of pages"), theme, self.close_requested.emit
        )


class _PageList(QListView):
    """The list view.

    Signals:
        picked(int): a row was chosen by mouse or keys.
        rested(): other rows are in sight now, and scrolling has stopped.
    """

    picked = Signal(int)
    rested = Signal()

    def __init__(self, theme: Theme, model: PageStripModel) -> None:
        super().__init__()
        self.setObjectName("pageList")
        self.setAccessibleName(self.tr("Pages of this comic"))
        self.setModel(model)
        self.setItemDelegate(PageStripDelegate(theme, self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._is_marking = False
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(_REST_MS)
        self._resting.timeout.connect(self.rested)
        self.verticalScrollBar().valueChanged.connect(self.look_again)

    def mark(self, row: int) -> None:
        """Select a row without picking it."""
        self._is_marking = True
        index = self.model().index(row, 0)
        self.setCurrentIndex(index)
        self.scrollTo(index)
        self._is_marking = False

    def look_again(self) -> None:
        """Other rows may be in sight; one looks once they have come to rest."""
        if self.isVisible():
            self._resting.start()

    def rows_in_sight(self) -> range:
        """The rows that are at least partly to be seen."""
        sight = self.viewport().rect()
        first, last = self.indexAt(sight.topLeft()), self.indexAt(sight.bottomLeft())
        if not first.isValid():
            return range(0)
        return range(first.row(), 1 + (last.row() if last.isValid() else self.model().rowCount() - 1))

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Qt: another row is current."""
        super().currentChanged(current, previous)
        if current.isValid() and not self._is_marking:
            self.picked.emit(current.row())

    def showEvent(self, event: QShowEvent) -> None:
        """Qt: what is in sight wants its pictures."""
        super().showEvent(event)
        self.look_again()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: more or fewer rows are in sight."""
        super().resizeEvent(event)
        self.look_again()
