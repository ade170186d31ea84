"""Several wordings of one caption, of which a person chooses."""

from __future__ import annotations

import html
import re
from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from comicreader.ui.labels import quiet_label

_WIDTH_PX = 560
_WORD = re.compile(r"\w+(?:['’]\w+)*")
# Shorter ones are mostly grammar.
_FEWEST_LETTERS = 4
_FEWEST_TO_COMPARE = 3


class WordingsDialog(QDialog):
    """Shows wordings as they are written. After it was accepted, `text` is the answer.

    Words that no other wording has are underlined: there the narrator guesses most.

    Attributes:
        texts: the wordings so far.
        text: the chosen one; empty before.
    """

    def __init__(self, count: int, parent: QWidget) -> None:
        """Prepare an empty one.

        Args:
            count: wordings that are on their way.
            parent: the window.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Choose a wording"))
        self.setMinimumWidth(_WIDTH_PX)
        self.texts: list[str] = []
        self.text = ""
        self._labels: list[QLabel] = []
        self._notes: list[QLabel] = []
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, count)
        note = self.tr("Press a number, or Esc to leave it as it is. Underlined: no other wording has it.")
        layout = self._column = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(12)
        layout.addLayout(self._rows)
        layout.addWidget(self._bar)
        layout.addWidget(quiet_label(note))

    def add(self, text: str, *, is_new: bool = True) -> None:
        """One more wording, or the caption that stands; the same one again is not shown twice."""
        self._bar.setValue(self._bar.value() + is_new)
        if text in self.texts:
            return
        self.texts.append(text)
        number = len(self.texts)
        label, card, row = QLabel(), QFrame(), QHBoxLayout()
        card.setObjectName("captionCard")
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # to be read aloud
        label.setAccessibleName(self.tr("Wording {number}: {text}").format(number=number, text=text))
        self._labels.append(label)
        button = QPushButton(self.tr("Take it ({number})").format(number=number))
        button.setAccessibleName(self.tr("Take wording {number}: {text}").format(number=number, text=text))
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._choose(text))
        QShortcut(QKeySequence(str(number)), self, lambda: self._choose(text))
        row.addWidget(label, 1)
        self._notes.append(quiet_label())
        self._notes[-1].setVisible(False)
        row.addWidget(self._notes[-1])
        row.addWidget(button)
        card.setLayout(row)
        self._rows.addWidget(card)
        self._mark()

    def end(self) -> None:
        """No more will come: say which one the others agree with."""
        self._bar.setVisible(False)
        place = most_agreed(self.texts)
        if place is not None:
            self._notes[place].setText(self.tr("the others\nagree most"))
            self._notes[place].setMinimumWidth(self._notes[place].sizeHint().width())
            self._notes[place].setVisible(True)
        self._fit()

    def _choose(self, text: str) -> None:
        self.text = text
        self.accept()

    def _mark(self) -> None:
        doubtful = doubtful_words(self.texts)
        for label, text, words in zip(self._labels, self.texts, doubtful, strict=True):
            label.setText(_underlined(text, words))
        self._fit()

    def _fit(self) -> None:
        """Be as high as the wordings are at this width: a layout of wrapped texts does not ask for it by itself."""
        self._column.activate()
        self.resize(self.width(), self._column.totalHeightForWidth(self.width()))


def doubtful_words(texts: list[str]) -> list[set[str]]:
    """For each text the longer words that no other text has, in small letters; none before there are three texts."""
    words = [{word.casefold() for word in _WORD.findall(text) if len(word) >= _FEWEST_LETTERS} for text in texts]
    if len(texts) < _FEWEST_TO_COMPARE:
        return [set() for _ in texts]
    counts = Counter(word for found in words for word in found)
    return [{word for word in found if counts[word] == 1} for found in words]


def most_agreed(texts: list[str]) -> int | None:
    """The place of the text that shares most words with the others (minimum Bayes risk, word sets' F1).

    None before there are three texts, or where none stands out.
    """
    words = [{word.casefold() for word in _WORD.findall(text)} for text in texts]
    if len(texts) < _FEWEST_TO_COMPARE:
        return None
    shared = [
        sum(2 * len(mine & other) / max(1, len(mine) + len(other)) for other in words if other is not mine)
        for mine in words
    ]
    best = max(shared)
    return shared.index(best) if shared.count(best) == 1 else None


def _underlined(text: str, words: set[str]) -> str:
    parts, end = [], 0
    for match in _WORD.finditer(text):
        parts.append(html.escape(text[end : match.start()]))
        word = html.escape(match[0])
        parts.append(f"<u>{word}</u>" if match[0].casefold() in words else word)
        end = match.end()
    return "".join([*parts, html.escape(text[end:])])
