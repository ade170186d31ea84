"""The book's pages as Qt sees a list: one row a page, its picture and its status as they become known."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage, QPixmap

from comicreader.services.page_status import PageStatus

PAGE_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class StripPage:
    """A page in the list.

    Attributes:
        number: from 1.
        picture: a small picture; None until it is there.
        is_broken: whether it cannot be shown.
        status: how far it is; None while its panels are not known.
    """

    number: int
    picture: QPixmap | None = None
    is_broken: bool = False
    status: PageStatus | None = None


class PageStripModel(QAbstractListModel):
    """Maps the fields of pages to roles."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pages: list[StripPage] = []

    def set_page_count(self, count: int) -> None:
        """Another book: nothing is known of its pages yet."""
        self.beginResetModel()
        self._pages = [StripPage(number) for number in range(1, count + 1)]
        self.endResetModel()

    def set_picture(self, page_index: int, image: QImage | None) -> None:
        """A page's small picture; None where it cannot be shown."""
        picture = QPixmap() if image is None else QPixmap.fromImage(image)
        self._set(page_index, replace(self._pages[page_index], picture=picture, is_broken=image is None))

    def set_status(self, page_index: int, status: PageStatus | None) -> None:
        """How far a page is."""
        self._set(page_index, replace(self._pages[page_index], status=status))

    def lacks_picture(self, page_index: int) -> bool:
        """Whether a page's picture is still to be brought."""
        return self._pages[page_index].picture is None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 # as Qt has it
        """Qt: number of pages."""
        return 0 if parent.isValid() else len(self._pages)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Qt: one field of a row."""
        if not index.isValid() or index.row() >= len(self._pages):
            return None
        page = self._pages[index.row()]
        if role == PAGE_ROLE:
            return page
        if role == Qt.ItemDataRole.DisplayRole:
            return str(page.number)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return self._words(page)
        return None

    def _set(self, page_index: int, page: StripPage) -> None:
        if page != self._pages[page_index]:
            self._pages[page_index] = page
            self.dataChanged.emit(self.index(page_index), self.index(page_index))

    def _words(self, page: StripPage) -> str:
        """All that the row shows, to be spoken."""
        words = [self.tr("Page {number}").format(number=page.number)]
        status = page.status
        if page.is_broken:
            words.append(self.tr("cannot be shown"))
        if status is not None:
            told, count = status.told_count, status.panel_count
            words.append(self.tr("{told} of {count} panels told").format(told=told, count=count))
            if status.is_doubtful:
                words.append(self.tr("its panels are uncertain"))
            if status.is_corrected:
                words.append(self.tr("its panels are yours"))
        return ", ".join(words)
