"""What is there while no book is open: a way to open one, and those that were open before."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from comicreader.ui.book_presenter import RecentBook
from comicreader.ui.theme import Theme, program_icon

_COLUMN_PX = 520
_ICON_PX = 72
# More would need scrolling to be found, and then the file dialog is quicker.
_MOST_SHOWN = 6


class Welcome(QScrollArea):
    """The empty state.

    Signals:
        open_requested(): the person wants to choose a file.
        demo_requested(): the person wants to see the demo comic.
        recent_requested(Path): one of the books that were open before.
        forget_requested(int): take that book off the list; its number in the library.
    """

    open_requested = Signal()
    demo_requested = Signal()
    recent_requested = Signal(object)
    forget_requested = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._recent_box = QVBoxLayout()
        self._recent_box.setSpacing(2)
        self._recent_title = QLabel(self.tr("Read lately"))
        self._recent_title.setProperty("role", "section")
        self._open = QPushButton(self.tr("Open a comic…"))
        self._open.setProperty("role", "primary")
        self._open.clicked.connect(self.open_requested)
        self._demo = QPushButton(self.tr("See the demo"))
        self._demo.clicked.connect(self.demo_requested)
        self.setWidget(self._body())
        self.show_recent(())

    def show_recent(self, books: tuple[RecentBook, ...]) -> None:
        """Show the books that were open before, newest first."""
        while (item := self._recent_box.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._recent_title.setVisible(bool(books))
        for book in books[:_MOST_SHOWN]:
            self._recent_box.addWidget(self._row(book))

    def _body(self) -> QWidget:
        picture = QLabel()
        picture.setPixmap(program_icon().pixmap(_ICON_PX, _ICON_PX))
        title = QLabel(self.tr("Comic Reader"))
        title.setObjectName("welcomeTitle")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.9)
        font.setBold(True)
        title.setFont(font)
        motto = QLabel(self.tr("Reads comics panel by panel and tells their story."))
        hint = QLabel(self.tr("or drop a file here: CBZ, CBR, CB7, CBT, PDF, pictures, a folder"))
        for label in (motto, hint):
            label.setProperty("role", "quiet")
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._open)
        buttons.addWidget(self._demo)
        buttons.addStretch()
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addStretch(2)
        for part in (picture, title):
            column.addWidget(part, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(motto)
        column.addSpacing(16)
        column.addLayout(buttons)
        column.addWidget(hint)
        column.addSpacing(26)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent_box)
        column.addStretch(3)
        inner = QWidget()
        inner.setMaximumWidth(_COLUMN_PX)
        inner.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        inner.setLayout(column)
        body = QWidget()
        body.setObjectName("welcome")
        body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(body)
        row.addWidget(inner)
        return body

    def _row(self, book: RecentBook) -> QWidget:
        record = book.record
        where = self.tr("not found") if book.is_missing else self._place(record.position.page_index, record.page_count)
        button = QPushButton()
        button.setObjectName("recentBook")
        metrics = QFontMetrics(button.font())
        title = metrics.elidedText(record.title, Qt.TextElideMode.ElideRight, _COLUMN_PX - 190)
        button.setText(f"{title}   ·   {where}")
        button.setEnabled(not book.is_missing)
        button.setToolTip(str(record.path))
        button.setAccessibleName(f"{record.title}, {where}")
        button.setIcon(self._theme.icon("book"))
        button.clicked.connect(lambda: self.recent_requested.emit(record.path))
        forget = QToolButton()
        forget.setIcon(self._theme.icon("close"))
        forget.setAccessibleName(self.tr("Take {title} off the list").format(title=record.title))
        forget.setToolTip(self.tr("Take off the list"))
        forget.clicked.connect(lambda: self.forget_requested.emit(record.book_id))
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(button, stretch=1)
        layout.addWidget(forget)
        return row

    def _place(self, page_index: int, page_count: int) -> str:
        return self.tr("page {page} of {count}").format(page=page_index + 1, count=page_count)
