"""Two narrators side by side: blind choices panel by panel, then the tally and the measures.

waiting -> choosing (whose caption is whose stays hidden) -> result (use the new one, or keep the old)
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.library_runs import FIRST, SAME, SECOND, Tally
from comicreader.services.narrator_comparison import Comparison, MeasureRow, Pair, sign_test
from comicreader.ui.labels import quiet_label, wrapped_label
from comicreader.ui.scaled_picture import ScaledPicture
from trainer.dataset import TRAIN

_SIZE = QSize(820, 700)
_PICTURE_MIN_PX = 240
_CAPTION_MIN_PX = 76
_CAPTION_SCALE = 1.15
_CHANCE_P = 0.05
_DIGITS = {"chrf": 1, "bleu": 2, "mean_words": 1}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A pair as it is on the screen."""

    pair: Pair
    is_first_left: bool


class ComparisonDialog(QDialog):
    """Asks and shows; whoever wires it keeps the choices. It does not block the window.

    Signals:
        chosen(Pair, str): FIRST, SECOND or SAME.
        use_requested(): let the new narrator write from now on.
    """

    chosen = Signal(object, str)
    use_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Compare two narrators"))
        self.resize(_SIZE)
        self._comparison: Comparison | None = None
        self._left: list[_Shown] = []
        self._tally = Tally()
        self._pages = QStackedWidget()
        self._wait, self._bar = _text(), QProgressBar()
        self._place, self._honesty = _title(""), _text("quiet")
        self._picture = ScaledPicture(self.tr("The panel"), _PICTURE_MIN_PX)
        self._texts = (_caption(), _caption())
        self._result, self._figures_note = _text(), _text("quiet")
        self._table = QTableWidget(0, 4)
        for page in (self._waiting_page(), self._choosing_page(), self._result_page()):
            self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.addWidget(self._pages)
        self.show_progress(self.tr("Starting…"), None)

    # What it is told

    def show_progress(self, text: str, done_frac: float | None) -> None:
        """How far the writing is."""
        self._wait.setText(text)
        self._bar.setRange(0, 0 if done_frac is None else 100)
        self._bar.setValue(round(100 * (done_frac or 0)))

    def show_comparison(self, comparison: Comparison, tally: Tally) -> None:
        """Both narrators have written; the person chooses.

        Args:
            comparison: what they wrote.
            tally: of choices made between the two before.
        """
        self._comparison, self._tally = comparison, tally
        chance = random.Random()
        pairs = [pair for pair in comparison.pairs if pair.first != pair.second]
        chance.shuffle(pairs)
        self._left = [_Shown(pair, chance.random() < 0.5) for pair in pairs]
        alike = len(comparison.pairs) - len(pairs)
        notes = [
            self.tr("The new narrator learned from these panels: its data set holds out no others.")
            if comparison.split == TRAIN
            else self.tr("Neither narrator learned from these panels.")
        ]
        if alike:
            notes.append(self.tr("For {count} more panels both wrote the same.").format(count=alike))
        self._honesty.setText(" ".join(notes))
        self._pages.setCurrentIndex(1)
        self._show_next()

    # Choosing

    def _show_next(self) -> None:
        if not self._left:
            self._show_result()
            return
        shown = self._left[0]
        total = sum(pair.first != pair.second for pair in self._comparison.pairs) if self._comparison else 0
        self._place.setText(
            self.tr("Which caption fits the picture better? {number} of {total}").format(
                number=total - len(self._left) + 1, total=total
            )
        )
        self._picture.show_pixmap(QPixmap(str(shown.pair.picture)), self.tr("The picture cannot be shown."))
        captions = (shown.pair.first, shown.pair.second)
        in_order = captions if shown.is_first_left else captions[::-1]
        for name, label, text in zip("AB", self._texts, in_order, strict=True):
            label.setText(text)
            label.setAccessibleName(self.tr("Caption {name}: {text}").format(name=name, text=text))

    def _choose(self, side: int | None) -> None:
        """The left caption (0), the right one (1), or neither."""
        if self._pages.currentIndex() != 1 or not self._left:
            return
        shown = self._left.pop(0)
        chosen = SAME if side is None else FIRST if (side == 0) == shown.is_first_left else SECOND
        counted = {FIRST: self._tally.first, SECOND: self._tally.second, SAME: self._tally.same}
        counted[chosen] += 1
        self._tally = Tally(counted[FIRST], counted[SECOND], counted[SAME])
        self.chosen.emit(shown.pair, chosen)
        self._show_next()

    # The result

    def _show_result(self) -> None:
        if self._comparison is None:
            return
        self._pages.setCurrentIndex(2)
        tally = self._tally
        sentence = self.tr(
            "You chose the new narrator {new} times, the one so far {old} times, neither {same}."
        ).format(new=tally.second, old=tally.first, same=tally.same)
        self._result.setText(f"{sentence} {self._verdict(sign_test(tally.second, tally.first))}")
        rows, books = self._comparison.measures, self._comparison.books
        self._table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            for column, text in enumerate(self._cells(row, has_interval=books > 1)):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self._table.setItem(place, column, item)
        note = self.tr("Likeness to what a person wrote, {panels} panels of {books} books, 95 % intervals by book.")
        if books == 1:
            note = self.tr("Likeness to what a person wrote, {panels} panels. Of one book no interval can be told.")
        note = note.format(panels=len(self._comparison.pairs), books=books)
        self._figures_note.setText(note)

    def _verdict(self, p: float) -> str:
        tally = self._tally
        if not tally.first + tally.second:
            return self.tr("Without choices, only the figures below speak.")
        if p >= _CHANCE_P:
            return self.tr("That may well be chance (sign test, p = {p:.2f}).").format(p=p)
        better = self.tr("new one") if tally.second > tally.first else self.tr("one so far")
        return self.tr("The {better} is better by more than chance (sign test, p = {p:.3f}).").format(
            better=better, p=p
        )

    def _cells(self, row: MeasureRow, *, has_interval: bool) -> tuple[str, str, str, str]:
        names = {
            "chrf": self.tr("Letters and words shared (chrF++)"),
            "bleu": self.tr("Phrases shared (BLEU)"),
            "similarity": self.tr("Alike in meaning (-1 to 1)"),
            "distinct_2": self.tr("Different word pairs (0 to 1)"),
            "mean_words": self.tr("Words a caption"),
        }
        digits = _DIGITS.get(row.name, 3)

        def number(value: float | None, sign: str = "") -> str:
            return "–" if value is None else f"{value:{sign}.{digits}f}"

        more = "–"
        if has_interval and row.low is not None and row.high is not None:
            more = self.tr("{low} to {high}").format(low=number(row.low, "+"), high=number(row.high, "+"))
        return names.get(row.name, row.name), number(row.first), number(row.second), more

    # Parts

    def _waiting_page(self) -> QWidget:
        self._bar.setTextVisible(False)
        stop = QPushButton(self.tr("Cancel"))
        stop.clicked.connect(self.reject)
        return _page(
            _title(self.tr("Both narrators write…")),
            _text(
                "quiet", self.tr("You can read on meanwhile. Then you choose, without knowing whose caption is whose.")
            ),
            self._wait,
            self._bar,
            None,
            _row(None, stop),
        )

    def _choosing_page(self) -> QWidget:
        columns = QHBoxLayout()
        columns.setSpacing(14)
        for name, label in zip("AB", self._texts, strict=True):
            frame = QFrame()
            frame.setObjectName("captionCard")
            inside = QVBoxLayout(frame)
            inside.addWidget(_text("quiet", name))
            inside.addWidget(label, 1)
            columns.addWidget(frame, 1)
        buttons = []
        for text, key, side in (
            (self.tr("A fits better (1)"), "1", 0),
            (self.tr("Neither (0)"), "0", None),
            (self.tr("B fits better (2)"), "2", 1),
        ):
            button = QPushButton(text)
            button.clicked.connect(lambda _checked, side=side: self._choose(side))
            QShortcut(QKeySequence(key), self, lambda side=side: self._choose(side))
            buttons.append(button)
        enough = QPushButton(self.tr("Enough: show the figures"))
        enough.clicked.connect(self._show_result)
        return _page(
            self._place, self._picture, columns, _row(buttons[0], None, buttons[1], None, buttons[2]),
            self._honesty, _row(None, enough),
        )  # fmt: skip

    def _result_page(self) -> QWidget:
        use = QPushButton(self.tr("Use the new narrator"))
        use.setProperty("role", "primary")
        use.clicked.connect(self._on_use)
        keep = QPushButton(self.tr("Keep the one so far"))
        keep.clicked.connect(self.reject)
        table = self._table
        table.setHorizontalHeaderLabels(["", self.tr("So far"), self.tr("New"), self.tr("New has more by")])
        table.setAccessibleName(self.tr("Measures of both narrators"))
        table.verticalHeader().hide()
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        table.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        first = QTableWidgetItem(self.tr("Measure"))
        first.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setHorizontalHeaderItem(0, first)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return _page(
            _title(self.tr("What was found")), self._result, table, self._figures_note, None, _row(None, keep, use)
        )

    def _on_use(self) -> None:
        self.use_requested.emit()
        self.accept()


def _page(*parts: QWidget | QHBoxLayout | None) -> QWidget:
    """Parts under each other; None is empty room."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(12)
    for part in parts:
        if part is None:
            column.addStretch(1)
        elif isinstance(part, QWidget):
            column.addWidget(part, 1 if isinstance(part, ScaledPicture) else 0)
        else:
            column.addLayout(part)
    return page


def _row(*parts: QWidget | None) -> QHBoxLayout:
    """Parts beside each other; None is empty room."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for part in parts:
        if part is None:
            row.addStretch(1)
        else:
            row.addWidget(part)
    return row


def _text(role: str = "", text: str = "") -> QLabel:
    label = quiet_label(text) if role == "quiet" else wrapped_label(text)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    return label


def _title(text: str) -> QLabel:
    label = _text("", text)
    font = label.font()
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 1.15)
    label.setFont(font)
    return label


def _caption() -> QLabel:
    label = _text()
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    label.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # to be read aloud
    label.setMinimumHeight(_CAPTION_MIN_PX)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * _CAPTION_SCALE)
    label.setFont(font)
    return label
