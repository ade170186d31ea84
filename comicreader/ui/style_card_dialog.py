"""How one book is told: the card a person reads and changes, in plain words."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from trainer.config import ConfigError
from trainer.style_card import MOST_WORDS, StyleCard

_WIDTH_PX = 480
_NAMES_HEIGHT_PX = 96
_BECOMES = "="


class StyleCardDialog(QDialog):
    """Asks for a book's card. After it was accepted, `card` is the answer."""

    def __init__(self, card: StyleCard, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("How this book is told"))
        self.setMinimumWidth(_WIDTH_PX)
        self.card = card
        self._names = QPlainTextEdit("\n".join(f"{said} {_BECOMES} {name}" for said, name in card.names))
        self._names.setObjectName("names")
        self._names.setPlaceholderText(self.tr("the girl = Pepper\nthe cat = Carrot"))
        self._names.setFixedHeight(_NAMES_HEIGHT_PX)
        self._names.setTabChangesFocus(True)
        self._use = QLineEdit(", ".join(card.use))
        self._use.setObjectName("use")
        self._avoid = QLineEdit(", ".join(card.avoid))
        self._avoid.setObjectName("avoid")
        self._fewest, self._most = _words_box(card.fewest_words), _words_box(card.most_words)
        self._problem = QLabel()
        self._problem.setProperty("role", "problem")
        self._problem.setWordWrap(True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._lay_out()
        for field in (self._names, self._use, self._avoid):
            field.textChanged.connect(self._check)
        for box in (self._fewest, self._most):
            box.valueChanged.connect(self._check)
        self._check()

    def _check(self) -> None:
        """Take over what is written, or say what is wrong with it."""
        problem = ""
        try:
            self.card = self._written()
        except ConfigError as error:
            problem = str(error)
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)

    def _written(self) -> StyleCard:
        names = []
        for line in self._names.toPlainText().splitlines():
            said, becomes, name = (part.strip() for part in line.partition(_BECOMES))
            if line.strip() and not (becomes and said and name):
                raise ConfigError(self.tr("Write a name as “the girl = Pepper”, one on each line."))
            if line.strip():
                names.append((said, name))
        card = StyleCard(
            tuple(names), _words(self._use.text()), _words(self._avoid.text()), self._fewest.value(), self._most.value()
        )
        card.validate()
        return card

    def _lay_out(self) -> None:
        length = QHBoxLayout()
        length.setSpacing(8)
        length.addWidget(QLabel(self.tr("from")))
        length.addWidget(self._fewest)
        length.addWidget(QLabel(self.tr("to")))
        length.addWidget(self._most)
        length.addWidget(QLabel(self.tr("words")))
        length.addStretch(1)
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setVerticalSpacing(6)
        rows: tuple[tuple[str, QWidget, str], ...] = (
            (self.tr("&Names"), self._names, self.tr("What the narrator says, and who that is.")),
            (self.tr("Words to &use"), self._use, self.tr("They come more readily; commas between them.")),
            (self.tr("Words to &avoid"), self._avoid, self.tr("They are never written, nor their plurals.")),
        )
        for label, field, note in rows:
            field.setAccessibleName(label.replace("&", ""))
            field.setAccessibleDescription(note)
            form.addRow(label, field)
            quiet = QLabel(note)
            quiet.setProperty("role", "quiet")
            form.addRow("", quiet)
        self._fewest.setAccessibleName(self.tr("Fewest words of a caption"))
        self._most.setAccessibleName(self.tr("Most words of a caption"))
        form.addRow(self.tr("Length"), length)
        hint = QLabel(self.tr("It holds for this book at once and after it was closed; captions of yours stay."))
        hint.setProperty("role", "quiet")
        hint.setWordWrap(True)
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Tell it so"))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(hint)
        layout.addWidget(self._buttons)


def _words_box(value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, MOST_WORDS)
    box.setSpecialValueText("–")
    box.setValue(value)
    return box


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
