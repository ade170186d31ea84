"""The captions of the current page as a Qt list: one row a panel, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage, QPixmap

from comicreader.ui.panel_caption import PanelCaption

CAPTION_ROLE = Qt.ItemDataRole.UserRole + 1
"""The row's whole `PanelCaption`."""

Index: TypeAlias = QModelIndex | QPersistentModelIndex


class CaptionModel(QAbstractListModel):
    """Maps the fields of captions to roles. Nothing is written through it: saving takes time and may fail."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._captions: tuple[PanelCaption, ...] = ()
        self._thumbnails: tuple[QPixmap, ...] = ()

    def set_captions(self, captions: tuple[PanelCaption, ...]) -> None:
        """Show these captions; rows of the same panels stay what they are to the view."""
        old, new = self._captions, captions
        if [caption.panel_id for caption in old] != [caption.panel_id for caption in new]:
            self.beginResetModel()
            self._captions, self._thumbnails = new, ()
            self.endResetModel()
            return
        self._captions = new
        for row, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                self.dataChanged.emit(self.index(row), self.index(row))

    def set_thumbnails(self, thumbnails: Sequence[QImage]) -> None:
        """Show these pictures beside the captions, one for each row."""
        self._thumbnails = tuple(QPixmap.fromImage(image) for image in thumbnails)
        if self._captions:
            last = self.index(len(self._captions) - 1)
            self.dataChanged.emit(self.index(0), last, [Qt.ItemDataRole.DecorationRole])

    def row_of(self, panel_id: str) -> int | None:
        """The row of a panel."""
        return next((row for row, caption in enumerate(self._captions) if caption.panel_id == panel_id), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 # as Qt has it
        """Qt: number of panels."""
        return 0 if parent.isValid() else len(self._captions)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Qt: one field of a row."""
        if not index.isValid() or index.row() >= len(self._captions):
            return None
        caption = self._captions[index.row()]
        if role == CAPTION_ROLE:
            return caption
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return caption.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return caption.spoken
        if role == Qt.ItemDataRole.DecorationRole and index.row() < len(self._thumbnails):
            return self._thumbnails[index.row()]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Qt: every caption can be edited."""
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if index.isValid() else Qt.ItemFlag.NoItemFlags)
