"""The data set that a person's captions make: looked through, searched, mended, left out of, and moved elsewhere."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.data_set_browsing import Entry
from comicreader.services.library_records import ACCEPT, CHOOSE
from comicreader.ui.labels import quiet_label
from comicreader.ui.scaled_picture import ScaledPicture
from trainer.dataset import NARRATION

_SIZE = QSize(1020, 680)
_PICTURE_MIN_PX = 180
_TEXT_HEIGHT_PX = 92
_DETAIL_WIDTH_PX = 380


class Shown(Enum):
    """Which captions are listed."""

    ALL = "all"
    WRITTEN = "written"
    KEPT = "kept"
    LEFT_OUT = "left out"


class DataSetDialog(QDialog):
    """Asks and shows; whoever wires it changes the library. It does not block the window.

    Signals:
        picture_wanted(Entry): of the caption that is looked at; `show_picture` brings it.
        text_changed(str, str): panel id and the new caption.
        excluded(str, bool): panel id, and whether it is left out from now on.
        licence_changed(int, str): book and the terms on which its pictures may be used.
        visit_requested(Entry): show the panel in its book.
        export_requested(): write everything into one file.
        import_requested(): take a data set in from such a file or a folder.
    """

    picture_wanted = Signal(object)
    text_changed = Signal(str, str)
    excluded = Signal(str, bool)
    licence_changed = Signal(int, str)
    visit_requested = Signal(object)
    export_requested = Signal()
    import_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Data set of your captions"))
        self.resize(_SIZE)
        self._entries: tuple[Entry, ...] = ()
        self._search, self._filter = QLineEdit(), QComboBox()
        self._count = quiet_label()
        self._table = QTableWidget(0, 4)
        self._picture = ScaledPicture(self.tr("The panel"), _PICTURE_MIN_PX)
        self._text, self._origin = QPlainTextEdit(), quiet_label()
        self._licence = QLineEdit()
        self._keep = QPushButton(self.tr("Keep the change"))
        self._leave_out = QPushButton(self.tr("Leave out"))
        self._visit = QPushButton(self.tr("Show in the book"))
        self._lay_out()
        self._join()
        self._show_entry()

    # What it is told

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """The captions there are; the one that was looked at stays so."""
        chosen = self._entry()
        self._entries = entries
        self._table.blockSignals(True)
        self._table.clearContents()
        self._table.setRowCount(len(entries))
        for row, entry in enumerate(entries):
            for column, text in enumerate(self._cells(entry)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if entry.caption.is_excluded:
                    item.setForeground(self.palette().placeholderText())
                self._table.setItem(row, column, item)
        self._table.blockSignals(False)
        self._narrow()
        ids = [entry.caption.panel.id for entry in entries]
        if chosen is not None and chosen.caption.panel.id in ids:
            self._table.setCurrentCell(ids.index(chosen.caption.panel.id), 0)
        elif entries:
            self._table.setCurrentCell(0, 0)
        self._show_entry()

    def show_picture(self, entry: Entry, jpeg: bytes, problem: str) -> None:
        """The panel of a caption, or why it cannot be shown; ignored when another is looked at by now."""
        shown = self._entry()
        if shown is not None and shown.caption.panel.id == entry.caption.panel.id:
            pixmap = QPixmap()
            pixmap.loadFromData(jpeg)
            self._picture.show_pixmap(pixmap, problem)

    # The list

    def _cells(self, entry: Entry) -> tuple[str, str, str, str]:
        caption, place = entry.caption, entry.place
        where = self.tr("unknown book") if place is None else place.title
        spot = "" if place is None else f"{place.page_index + 1} · {caption.number}"
        return caption.text, where, spot, self._act(entry)

    def _act(self, entry: Entry) -> str:
        if entry.caption.is_excluded:
            return self.tr("left out")
        if entry.caption.act == ACCEPT:
            return self.tr("kept as it was")
        if entry.caption.act == CHOOSE:
            return self.tr("chosen")
        return self.tr("corrected") if entry.caption.drafts else self.tr("written")

    def _narrow(self) -> None:
        """Show what is sought and hide the rest."""
        sought = self._search.text().casefold().split()
        wanted = self._filter.currentData()
        shown = 0
        for row, entry in enumerate(self._entries):
            texts = [*self._cells(entry), *(draft.text for draft in entry.caption.drafts)]
            everything = " ".join(texts).casefold()
            is_shown = all(word in everything for word in sought) and _belongs(entry, wanted)
            self._table.setRowHidden(row, not is_shown)
            shown += is_shown
        used = sum(not entry.caption.is_excluded for entry in self._entries)
        self._count.setText(
            self.tr("{shown} shown of {all}; {used} are learned from.").format(
                shown=shown, all=len(self._entries), used=used
            )
            if self._entries
            else self.tr("There is no caption of yours yet: correct some with E, or keep good ones with K.")
        )

    def _entry(self) -> Entry | None:
        row = self._table.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None

    # The caption that is looked at

    def _show_entry(self) -> None:
        entry = self._entry()
        for part in (self._text, self._licence, self._leave_out, self._visit):
            part.setEnabled(entry is not None)
        self._text.setPlainText("" if entry is None else entry.caption.text)
        self._origin.setText("" if entry is None else self._told(entry))
        place = None if entry is None else entry.place
        self._licence.setEnabled(place is not None)
        self._visit.setEnabled(place is not None)
        self._licence.setText("" if place is None else place.licence)
        is_out = entry is not None and entry.caption.is_excluded
        self._leave_out.setText(self.tr("Take in again") if is_out else self.tr("Leave out"))
        self._picture.show_pixmap(QPixmap())
        self._check_text()
        if entry is not None:
            self.picture_wanted.emit(entry)

    def _told(self, entry: Entry) -> str:
        """Where a caption comes from."""
        caption, place = entry.caption, entry.place
        lines = []
        if place is not None:
            lines.append(
                self.tr("{title}, page {page}, panel {panel}").format(
                    title=place.title, page=place.page_index + 1, panel=caption.number
                )
            )
        lines += [self.tr("The narrator wrote: {text}").format(text=draft.text) for draft in caption.drafts]
        if caption.act == ACCEPT:
            lines.append(self.tr("You kept the narrator's caption as it was."))
        elif caption.seconds >= 1:
            lines.append(self.tr("You wrote at it for {seconds} s.").format(seconds=round(caption.seconds)))
        is_story = caption.style == NARRATION
        lines.append(self.tr("It tells the story.") if is_story else self.tr("It describes what is seen."))
        return "\n".join(lines)

    def _check_text(self) -> None:
        entry, text = self._entry(), self._text.toPlainText().strip()
        self._keep.setEnabled(entry is not None and bool(text) and text != entry.caption.text)

    def _on_current_changed(self, row: int, _column: int, row_before: int, _column_before: int) -> None:
        if row != row_before:
            self._show_entry()

    def _on_keep(self) -> None:
        entry = self._entry()
        if entry is not None:
            self.text_changed.emit(entry.caption.panel.id, self._text.toPlainText().strip())

    def _on_leave_out(self) -> None:
        entry = self._entry()
        if entry is not None:
            self.excluded.emit(entry.caption.panel.id, not entry.caption.is_excluded)

    def _on_licence(self) -> None:
        entry = self._entry()
        if entry is not None and entry.place is not None and self._licence.text().strip() != entry.place.licence:
            self.licence_changed.emit(entry.place.book_id, self._licence.text().strip())

    def _on_visit(self) -> None:
        entry = self._entry()
        if entry is not None:
            self.visit_requested.emit(entry)

    # Parts

    def _join(self) -> None:
        self._search.textChanged.connect(self._narrow)
        self._filter.currentIndexChanged.connect(self._narrow)
        self._table.currentCellChanged.connect(self._on_current_changed)
        self._table.cellActivated.connect(lambda *_: self._on_visit())
        self._text.textChanged.connect(self._check_text)
        self._keep.clicked.connect(self._on_keep)
        self._leave_out.clicked.connect(self._on_leave_out)
        self._licence.editingFinished.connect(self._on_licence)
        self._visit.clicked.connect(self._on_visit)

    def _lay_out(self) -> None:
        self._search.setPlaceholderText(self.tr("Search captions, books, and what the narrator wrote"))
        self._search.setAccessibleName(self.tr("Search"))
        self._search.setClearButtonEnabled(True)
        self._filter.setAccessibleName(self.tr("Which captions"))
        for text, shown in (
            (self.tr("All captions"), Shown.ALL),
            (self.tr("Corrected or written"), Shown.WRITTEN),
            (self.tr("Kept as they were"), Shown.KEPT),
            (self.tr("Left out"), Shown.LEFT_OUT),
        ):
            self._filter.addItem(text, shown)
        table = self._table
        table.setHorizontalHeaderLabels(
            [self.tr("Caption"), self.tr("Book"), self.tr("Page · panel"), self.tr("How it came")]
        )
        table.setAccessibleName(self.tr("Your captions"))
        table.verticalHeader().hide()
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._text.setFixedHeight(_TEXT_HEIGHT_PX)
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName(self.tr("Caption"))
        self._licence.setPlaceholderText(self.tr("Licence of this book's pictures, such as CC BY 4.0"))
        self._licence.setAccessibleName(self.tr("Licence of this book's pictures"))
        body = QSplitter()
        body.setChildrenCollapsible(False)
        body.addWidget(table)
        body.addWidget(self._detail())
        body.setStretchFactor(0, 1)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._search, 1)
        top.addWidget(self._filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addWidget(body, 1)
        layout.addLayout(self._bottom())

    def _detail(self) -> QWidget:
        detail = QWidget()
        detail.setMinimumWidth(_DETAIL_WIDTH_PX)
        column = QVBoxLayout(detail)
        column.setContentsMargins(12, 0, 0, 0)
        column.setSpacing(8)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._visit, self._leave_out, self._keep):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        column.addWidget(self._picture, 1)
        column.addWidget(self._text)
        column.addLayout(buttons)
        column.addWidget(self._origin)
        column.addWidget(self._licence)
        return detail

    def _bottom(self) -> QHBoxLayout:
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self._count, 1)
        for text, signal in (
            (self.tr("Import…"), self.import_requested),
            (self.tr("Export…"), self.export_requested),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(signal)
            bottom.addWidget(button)
        close = QPushButton(self.tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        bottom.addWidget(close)
        return bottom


def _belongs(entry: Entry, wanted: Shown) -> bool:
    caption = entry.caption
    if wanted is Shown.LEFT_OUT:
        return caption.is_excluded
    if wanted is Shown.KEPT:
        return caption.act == ACCEPT
    return wanted is not Shown.WRITTEN or caption.act != ACCEPT
