"""Who is who: a name for a box, and the question whether somebody is in another panel too."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from comicreader.services.library_characters import Character, tidy_name
from comicreader.ui.labels import quiet_label, wrapped_label
from comicreader.ui.scaled_picture import ScaledPicture

_SIZE = QSize(820, 640)
_CAST_PX = 170
_THUMBNAIL = QSize(84, 84)
_NAME_LETTERS = 60
_ID = Qt.ItemDataRole.UserRole


class NameDialog(QDialog):
    """Asks who is in a box. After it was accepted, `name` is the answer."""

    def __init__(self, picture: QPixmap, names: Sequence[str], parent: QWidget) -> None:
        """Prepare it.

        Args:
            picture: what is in the box.
            names: of those who are known in the book.
            parent: the window.
        """
        super().__init__(parent)
        self.setWindowTitle(self.tr("Who is this?"))
        shown = ScaledPicture(self.tr("What is in the box"), 180)
        shown.show_pixmap(picture)
        self._field = QComboBox()
        self._field.setEditable(True)
        self._field.addItems(list(names))
        self._field.setCurrentText("")
        self._field.setAccessibleName(self.tr("Name"))
        self._field.setObjectName("name")
        line = QLineEdit()
        self._field.setLineEdit(line)
        line.setPlaceholderText(self.tr("Name, as captions shall say it"))
        line.setMaxLength(_NAME_LETTERS)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(self.tr("That is the name"))
        self._ok.setEnabled(False)
        self._field.editTextChanged.connect(lambda _text: self._ok.setEnabled(bool(self.name)))
        self._ok.setProperty("role", "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(12)
        for part in (shown, self._field, buttons):
            layout.addWidget(part)
        self.resize(360, 360)
        self._field.setFocus()

    @property
    def name(self) -> str:
        """What was written."""
        return tidy_name(self._field.currentText())


class CharactersDialog(QDialog):
    """Asks panel by panel whether somebody is there, and shows where everybody is.

    Signals:
        chosen(int): somebody of the cast, by id.
        answered(bool): whether it is so.
        postponed(): the person cannot say, or does not want to.
        taken_back(): the last answer was wrong.
        asked_on(): the person wants to be asked although the rest is unlikely.
        withdrawn(str): somebody is not in the panel of this id after all.
        renamed(str): the chosen one has this name.
    """

    chosen = Signal(int)
    answered = Signal(bool)
    postponed = Signal()
    taken_back = Signal()
    asked_on = Signal()
    withdrawn = Signal(str)
    renamed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Characters"))
        self.resize(_SIZE)
        self.setModal(True)
        self._cast = QListWidget()
        self._cast.setAccessibleName(self.tr("Characters of this book"))
        self._cast.setFixedWidth(_CAST_PX)
        self._cast.currentItemChanged.connect(self._on_chosen)
        self._name = QLineEdit()
        self._name.setAccessibleName(self.tr("Name"))
        self._name.setMaxLength(_NAME_LETTERS)
        self._name.setFixedWidth(_CAST_PX)
        self._name.editingFinished.connect(self._on_renamed)
        self._question = wrapped_label()
        self._question.setObjectName("question")
        self._picture = ScaledPicture(self.tr("The panel that is asked about"), 240)
        self._note = quiet_label()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._yes = self._button(self.tr("&Yes"), "Y", lambda: self.answered.emit(True))
        self._no = self._button(self.tr("&No"), "N", lambda: self.answered.emit(False))
        self._later = self._button(self.tr("&Later"), "L", self.postponed.emit)
        self._back = self._button(self.tr("Take &back"), "Ctrl+Z", self.taken_back.emit)
        self._on = self._button(self.tr("&Ask on"), "A", self.asked_on.emit)
        self._known = QListWidget()
        self._known.setViewMode(QListView.ViewMode.IconMode)
        self._known.setIconSize(_THUMBNAIL)
        self._known.setFixedHeight(_THUMBNAIL.height() + 46)
        self._known.setFlow(QListView.Flow.LeftToRight)
        self._known.setWrapping(False)
        self._known.setMovement(QListView.Movement.Static)
        self._known.setAccessibleName(self.tr("Where this character is"))
        remove = QShortcut(QKeySequence("Del"), self._known, self._withdraw)
        remove.setContext(Qt.ShortcutContext.WidgetShortcut)
        self._lay_out()
        self.show_end("")

    def show_cast(self, cast: Sequence[tuple[Character, int]], chosen: int) -> None:
        """List who is in the book.

        Args:
            cast: each with the number of panels.
            chosen: whom it is about, by id.
        """
        was_blocked = self._cast.blockSignals(True)
        self._cast.clear()
        for character, count in cast:
            item = QListWidgetItem(f"{character.name}   {count}")
            item.setData(_ID, character.id)
            self._cast.addItem(item)
            if character.id == chosen:
                self._cast.setCurrentItem(item)
                if not self._name.hasFocus():
                    self._name.setText(character.name)
        self._cast.blockSignals(was_blocked)

    def show_known(self, places: Sequence[tuple[str, str, QPixmap]]) -> None:
        """Where the chosen one is: for each panel its id, what it is called, and its picture."""
        self._known.clear()
        for panel_id, text, picture in places:
            item = QListWidgetItem(QIcon(picture), text)
            item.setData(_ID, panel_id)
            item.setToolTip(self.tr("{place}: Del takes it back").format(place=text))
            self._known.addItem(item)

    def show_progress(self, done: int, total: int) -> None:
        """So many pages of so many were looked at."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setVisible(done < total)

    def show_question(self, question: str, place: str, picture: QPixmap) -> None:
        """Ask about a panel."""
        self._question.setText(question)
        self._note.setText(place)
        self._picture.show_pixmap(picture)
        self._picture.setAccessibleDescription(place)
        self._enable(is_question=True, can_go_on=False)
        if not self._name.hasFocus():
            self._yes.setFocus()

    def show_end(self, text: str, *, can_go_on: bool = False) -> None:
        """There is nothing to ask, or only what is unlikely."""
        self._question.setText(text)
        self._note.setText("")
        self._picture.show_pixmap(QPixmap())
        self._enable(is_question=False, can_go_on=can_go_on)

    def set_can_take_back(self, can: bool) -> None:
        """Whether there is an answer to take back."""
        self._back.setEnabled(can)

    def _enable(self, *, is_question: bool, can_go_on: bool) -> None:
        for button in (self._yes, self._no, self._later):
            button.setVisible(is_question)
        self._on.setVisible(can_go_on)

    def _button(self, text: str, key: str, clicked: object) -> QPushButton:
        button = QPushButton(text)
        button.setShortcut(QKeySequence(key))
        button.setToolTip(f"{text.replace('&', '')} ({key})")
        button.setAutoDefault(False)
        button.clicked.connect(clicked)
        return button

    def _lay_out(self) -> None:
        who = QVBoxLayout()
        who.addWidget(self._cast, 1)
        who.addWidget(QLabel(self.tr("Name")))
        who.addWidget(self._name)
        answers = QHBoxLayout()
        for button in (self._yes, self._no, self._later, self._on):
            answers.addWidget(button)
        answers.addStretch(1)
        answers.addWidget(self._back)
        answers.addWidget(self._button(self.tr("&Done"), "Ctrl+Return", self.accept))
        what = QVBoxLayout()
        what.setSpacing(10)
        what.addWidget(self._question)
        what.addWidget(self._picture, 1)
        what.addWidget(self._note)
        what.addLayout(answers)
        what.addWidget(self._bar)
        what.addWidget(self._known)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 18)
        layout.setSpacing(16)
        layout.addLayout(who)
        layout.addLayout(what, 1)

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(_ID))

    def _on_renamed(self) -> None:
        if name := tidy_name(self._name.text()):
            self.renamed.emit(name)

    def _withdraw(self) -> None:
        item = self._known.currentItem()
        if item is not None:
            self.withdrawn.emit(item.data(_ID))
